"""The pictures of the acceptance benchmark: signs on walls and streets, in a font given, seen well or badly.

Pillow and numpy alone draw them, with the brushes of the demonstration gallery; the same seed gives the same pictures.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.random import Generator
from PIL import Image, ImageDraw, ImageFilter, ImageFont

from textsearch.brushes import (
    HEIGHT,
    WIDTH,
    Colour,
    Point,
    board,
    bricks,
    buildings,
    gradient,
    grain,
    put,
    put_seen_from_the_side,
)

Look = Literal["plain", "blurred", "noisy", "slanted"]
LOOKS: tuple[Look, ...] = ("plain", "blurred", "noisy", "slanted")
"""How a picture is seen: "plain" well; "blurred" at a third of the resolution and out of focus; "noisy" with little
contrast, strong noise and strong compression; "slanted" from the side and turned."""

_SIGNS = """
airport aisle antiques apple arena arrival art audio avenue baby bacon badge bagel bakery ball balloon bane banner
banter barber bargain barn basket bath beach beans bicycle bike bingo bistro boat bonus book boots bottle bowling
bread brewery bridge bronze bus butcher butter button cable cake camera candle canteen cape care cart carton carve
cash castle catering cellar centre chapel cheese chicken choice cinema circle circus city clinic clock coal coast
cobbler cocoa coffee coin cold college corner cotton council counter court cover crane cream credit crystal curry
curtain cycle dairy dance danger deli dental depot design diner doctor dollar door dragon dress drink drive eagle
east electric elevator emergency engine enquiry entrance espresso estate event exhibit exist express factory family
farmer fashion ferry festival film finance fire fish flats flower forest fork fortune fountain fresh fruit funeral
furniture gallery garage garden gate gifts glass gold goods grand grill grocery guard guest guitar gym hall hammer
harbour hardware harvest hat health heating heritage hill hobby holiday home honey horse hose hospice host hostel
hours house ice income info ink inn insurance interior island ivory jacket jeans jewel juice junction keys kiosk
kitchen knife lake lamp laundry lawyer leather legal lemon level library lift light lime line lodge london loans
loop lose lottery lounge lunch machine magic mail main manor map marble marina market master meadow meat medical
memory mill mint mirror mobile model money monitor motor museum music nail national needle news noodle north notary
nursery oak ocean office oil olive onion opal opera opening optic orange orchard oven owner oyster paint palace
paper parade park parking party passage pasta path patient pearl pedal pension people pepper phase phone photo piano
pier pilot pink pizza plants plaza police pond pool post pottery press prince print private public quality quarter
queen quick radio railway ranch rapid receipt record rental repair rescue restaurant river road rocket roof rose
route royal safe sailing salad sales salon salt sand sauce sauna scale school science secure service shade ship
shirt shoes shop silver skate slate smile smoke soap socket solar soup south spare spice sport spring square stable
stadium staff stairs station steel stone storage strand street studio sugar summer sun super supply surgery sweet
swim table tailor talk tank tape taxi tea temple tennis terminal theatre ticket tile timber tobacco toilet tools
tower toys track trade traffic trail train travel trophy truck tunnel union uniform valley vegan vending village
vintage visitor voice waffle walk warehouse washing watch water wedding west wheel window wine winter wood wool
works yard yellow yoga zebra zone
"""

WORDS = tuple(_SIGNS.split())
"""What the other signs say: common words, some of them only a letter or two away from a query."""

_SHRINK = 2  # The brushes draw at twice the size, as in the demonstration gallery.

_COLOURS: tuple[tuple[Colour, Colour], ...] = (
    ((250, 248, 240), (150, 28, 32)),
    ((24, 26, 30), (238, 232, 214)),
    ((255, 220, 70), (26, 44, 92)),
    ((245, 250, 245), (18, 112, 72)),
    ((20, 36, 84), (226, 236, 244)),
    ((90, 20, 24), (244, 226, 190)),
)
"""Ink and ground of the signs."""

_BACKGROUNDS = 9


def draw_scene(texts: Sequence[str], font: Path, look: Look, random: Generator) -> Image.Image:
    """Return a picture of 960 x 720 pixels with one sign for each text, all of them legible for a person.

    Args:
        texts: what the signs say, one line each, three signs at most.
        font: font file.
        look: how the picture is seen.
        random: places, colours, noise.
    """
    picture = _background(int(random.integers(_BACKGROUNDS))).copy()
    band = HEIGHT / len(texts)
    for number, text in enumerate(texts):
        ink, ground = _COLOURS[random.integers(len(_COLOURS))]
        if look == "noisy":
            ink = _faint(ink, ground)
        sign = _sign(text, font, int(random.integers(90, 131)), ink, ground, (0.8 * WIDTH, 0.7 * band))
        room = WIDTH / 2 - 0.55 * sign.width
        centre = (WIDTH / 2 + random.uniform(-room, room), band * (number + random.uniform(0.4, 0.6)))
        if look == "slanted":
            put_seen_from_the_side(picture, sign, _seen_from_the_side(sign.size, centre, random))
        else:
            put(picture, sign, centre, random.uniform(-2, 2))
    return _seen(picture.resize((WIDTH // _SHRINK, HEIGHT // _SHRINK), Image.Resampling.LANCZOS), look, random)


def save_scene(picture: Image.Image, look: Look, path: Path) -> None:
    """Write a picture as JPEG; a noisy one strongly compressed."""
    path.parent.mkdir(parents=True, exist_ok=True)
    picture.save(path, quality=40 if look == "noisy" else 90)


def draw_distractors(
    folder: Path, count: int, fonts: Sequence[Path], without: Sequence[str], seed: int
) -> Iterator[Path]:
    """Draw scenes with other words, number plates and years, in all fonts and looks; yield their paths.

    Args:
        folder: where the JPEG files go.
        count: how many.
        fonts: font files.
        without: lower-case words; no sign shows a text that contains one of them.
        seed: of everything random.
    """
    words = [word for word in WORDS if not any(wanted in word for wanted in without)]
    for number in range(count):
        random = np.random.default_rng((seed, number))
        texts = [_other_text(words, without, random) for _ in range(random.integers(1, 4))]
        look, font = LOOKS[int(random.integers(len(LOOKS)))], fonts[int(random.integers(len(fonts)))]
        path = folder / f"{number:04d}.jpg"
        save_scene(draw_scene(texts, font, look, random), look, path)
        yield path


def _other_text(words: Sequence[str], without: Sequence[str], random: Generator) -> str:
    """Return a few words, a number plate or a year with a word."""
    while True:
        kind = random.random()
        chosen = random.choice(words, int(random.integers(1, 4))).tolist()
        if kind < 0.1:
            letters = "".join(random.choice(list("ABCDEFGHJKLMNOPRSTUVWXYZ"), 5))
            chosen = [f"{letters[:2]}{random.integers(10, 70)}", letters[2:]]
        elif kind < 0.2:
            chosen = [chosen[0], str(random.integers(2010, 2026))]
        text = " ".join(chosen)
        styled = [text.upper(), text.title(), text][random.integers(3)]
        if not any(wanted in text.lower().replace(" ", "") for wanted in without):
            return str(styled)


@lru_cache(maxsize=_BACKGROUNDS)
def _background(number: int) -> Image.Image:
    """Return one of a few full pictures: a street, a brick wall or a plain wall."""
    random = np.random.default_rng(number)
    if number % 3 == 0:
        picture = gradient((150, 185, 215), (214, 222, 226), (150, 146, 140))
        buildings(picture, random, 1100, (160 - 10 * number, 150, 146))
        ImageDraw.Draw(picture).rectangle((0, 1100, WIDTH, HEIGHT), (96, 96, 98))
        return picture
    if number % 3 == 1:
        return bricks((138 - 8 * number, 84, 70), (112, 102, 96), random)
    shade = int(random.integers(90, 190))
    return gradient((shade, shade - 8, shade - 20), (shade - 30, shade - 34, shade - 40))


def _sign(text: str, font: Path, size: int, ink: Colour, ground: Colour, room: Point) -> Image.Image:
    """Return a board with the text, no larger than the room for it."""
    face = ImageFont.truetype(font, size)
    left, top, right, bottom = face.getbbox(text)
    letters = Image.new("RGBA", (int(right - left), int(bottom - top)), (*ink, 0))
    ImageDraw.Draw(letters).text((-left, -top), text, fill=(*ink, 255), font=face)
    sign = board(letters, ground, 0.45)
    scale = min(1.0, room[0] / sign.width, room[1] / sign.height)
    if scale < 1:
        sign = sign.resize((int(sign.width * scale), int(sign.height * scale)), Image.Resampling.LANCZOS)
    return sign


def _faint(ink: Colour, ground: Colour) -> Colour:
    """Return an ink that stands out from its ground by a third of what it did."""
    red, green, blue = (int((a + 2 * b) / 3) for a, b in zip(ink, ground, strict=True))
    return red, green, blue


def _seen_from_the_side(size: tuple[int, int], centre: Point, random: Generator) -> list[Point]:
    """Return the corners of a board whose far end looks half as high, turned by 8 to 16 degrees."""
    width, height = 0.7 * size[0], size[1]
    far = 0.5 * height
    left, right = (height, far) if random.random() < 0.5 else (far, height)
    angle = np.deg2rad(random.uniform(8, 16) * random.choice([-1, 1]))
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    corners = np.array([[-width, -left], [width, -right], [width, right], [-width, left]]) / 2
    return [(float(x + centre[0]), float(y + centre[1])) for x, y in corners @ turn.T]


def _seen(picture: Image.Image, look: Look, random: Generator) -> Image.Image:
    if look == "blurred":
        third = picture.resize((picture.width // 3, picture.height // 3), Image.Resampling.BOX)
        picture = third.filter(ImageFilter.GaussianBlur(0.8)).resize(picture.size, Image.Resampling.BICUBIC)
    return grain(picture, random, 28.0 if look == "noisy" else 5.0)
