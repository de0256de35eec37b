"""A small gallery of drawn scenes with text in them, to try the program on without a photo at hand.

Pillow and numpy alone draw it: no font, picture or download is needed, and the same seed gives the same pictures. The
text is written as it is met outside: on signs seen from the side, rotated, downwards, bent, small, faint.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFilter

from textsearch.brushes import (
    HEIGHT,
    WIDTH,
    board,
    bricks,
    buildings,
    glow,
    gradient,
    grain,
    lettering,
    put,
    put_in_an_arc,
    put_seen_from_the_side,
    waved,
)

_SHRINK = 2  # Pillow's lines and polygons have hard edges; drawing at twice the size and shrinking softens them.


@dataclass(frozen=True)
class Scene:
    """One drawn picture of the gallery.

    Attributes:
        path: where it was written.
        words: the text drawn in it, as a person would write it down; empty for the picture without text.
    """

    path: Path
    words: tuple[str, ...]


@dataclass(frozen=True)
class Question:
    """A query to put to the gallery, and the name of the picture that answers it.

    Attributes:
        query: what to search for.
        answer: file name of the scene that must come first.
        lesson: what the query shows, in a few words.
    """

    query: str
    answer: str
    lesson: str


QUESTIONS = (
    Question("coca cola", "lorry.jpg", "two words on a waving ribbon"),
    Question("exit", "corridor.jpg", "a small sign at the end of a corridor"),
    Question("sale", "warehouse.jpg", "a part of the word WHOLESALE, seen from the side"),
    Question("hottel", "hotel.jpg", "misspelt, and written downwards"),
    Question("RE16", "car.jpg", "the first half of a number plate"),
    Question("cafe", "cafe.jpg", "without the accent, on a round sign"),
)
"""What `textsearch demo` asks, each with its one right answer."""


def file_names() -> tuple[str, ...]:
    """Return the file names of the gallery, in the order in which they are drawn."""
    return tuple(f"{name}.jpg" for name, _, _ in _SCENES)


def draw_gallery(folder: Path, seed: int = 7) -> list[Scene]:
    """Draw the gallery into a folder, which is made if it is missing; files of the same name are overwritten.

    Args:
        folder: where the JPEG files go, 960 x 720 pixels each.
        seed: seed of the grain and the clutter; the text and its place do not depend on it.

    Raises:
        OSError: the folder cannot be made or written.
    """
    folder.mkdir(parents=True, exist_ok=True)
    scenes = []
    for number, (name, words, draw) in enumerate(_SCENES):
        random = np.random.default_rng((seed, number))
        picture = draw(random).convert("RGB").resize((WIDTH // _SHRINK, HEIGHT // _SHRINK), Image.Resampling.LANCZOS)
        path = folder / f"{name}.jpg"
        grain(picture, random).save(path, quality=90)
        scenes.append(Scene(path, words))
    return scenes


def _lorry(random: np.random.Generator) -> Image.Image:
    picture = gradient((150, 190, 225), (215, 228, 235), (190, 190, 185))
    buildings(picture, random, 1040, (168, 172, 180))
    draw = ImageDraw.Draw(picture)
    draw.rectangle((0, 1040, WIDTH, HEIGHT), (92, 92, 96))
    draw.rectangle((0, 1225, WIDTH, 1240), (222, 222, 215))
    draw.rounded_rectangle((140, 360, 1400, 1060), 24, (186, 20, 30))
    draw.rounded_rectangle((1410, 560, 1800, 1060), 60, (172, 16, 26))
    draw.polygon([(1500, 610), (1690, 610), (1760, 800), (1500, 800)], (40, 58, 72))
    draw.rectangle((130, 1050, 1810, 1090), (38, 38, 42))
    for x in (330, 560, 1580):
        draw.ellipse((x - 95, 1000, x + 95, 1190), (26, 26, 28))
        draw.ellipse((x - 42, 1053, x + 42, 1137), (165, 165, 170))
    ribbon = Image.new("RGBA", (1180, 120), (150, 10, 20, 255))
    put(picture, waved(ribbon, 30, 1.0), (770, 900))
    put(picture, waved(lettering("COCA COLA", 185, (255, 250, 245), 4, 0.02), 30, 1.0), (770, 650))
    put(picture, lettering("Enjoy", 84, (255, 240, 235), 1), (380, 465), 6)
    return picture


def _pharmacy(random: np.random.Generator) -> Image.Image:
    picture = gradient((24, 28, 60), (66, 52, 92), (120, 82, 96))
    buildings(picture, random, 900, (44, 42, 66))
    draw = ImageDraw.Draw(picture)
    draw.rectangle((160, 560, 1760, HEIGHT), (58, 56, 62))
    for x in (260, 790, 1320):
        draw.rectangle((x, 900, x + 360, HEIGHT - 60), (214, 226, 206))
        draw.rectangle((x + 20, 920, x + 340, HEIGHT - 80), (188, 206, 184))
    sign = lettering("PHARMACY", 190, (120, 255, 150), 5, 0.06)
    glow(picture, sign, (960, 730))
    put(picture, sign, (960, 730))
    cross = Image.new("RGBA", (260, 260), (0, 0, 0, 0))
    marks = ImageDraw.Draw(cross)
    marks.rectangle((90, 10, 170, 250), (90, 255, 130, 255))
    marks.rectangle((10, 90, 250, 170), (90, 255, 130, 255))
    glow(picture, cross, (960, 380), 40)
    put(picture, cross, (960, 380))
    return picture


def _corridor(random: np.random.Generator) -> Image.Image:
    picture = gradient((206, 204, 196), (226, 224, 214), (206, 204, 196))
    draw = ImageDraw.Draw(picture)
    left, top, right, bottom = 720, 480, 1200, 940
    draw.polygon([(0, HEIGHT), (left, bottom), (right, bottom), (WIDTH, HEIGHT)], (124, 112, 100))
    draw.polygon([(0, 0), (left, top), (right, top), (WIDTH, 0)], (238, 237, 230))
    draw.rectangle((left, top, right, bottom), (182, 178, 166))
    for near, far in ((0.08, 0.34), (0.52, 0.66), (0.76, 0.84)):  # shares of the way to the far wall
        lamp_width = 190 * (1 - near)
        lamp = [(WIDTH / 2 - lamp_width, top * near), (WIDTH / 2 + lamp_width, top * near)]
        draw.line(lamp, (255, 255, 250), int(34 * (1 - near)))
        floors = [HEIGHT - (HEIGHT - bottom) * share for share in (near, far)]
        heights = [0.72 * (floor - top * share) for floor, share in zip(floors, (near, far), strict=True)]
        low = [(left * share, floor) for share, floor in zip((near, far), floors, strict=True)]
        high = [(x, y - height) for (x, y), height in zip(low, heights, strict=True)]
        draw.polygon([*low, *reversed(high)], (156, 124, 90))
    draw.rectangle((850, 640, 1070, bottom), (112, 126, 140))
    sign = board(lettering("EXIT", 70, (250, 255, 250), 2, 0.05), (10, 140, 72), 0.5)
    glow(picture, sign, (960, 560), 18)
    put(picture, sign, (960, 560))
    del random  # every brush of this scene is ruled
    return picture


def _shop_door(random: np.random.Generator) -> Image.Image:
    picture = bricks((132, 74, 60), (96, 84, 78), random)
    draw = ImageDraw.Draw(picture)
    draw.rectangle((520, 90, 1400, HEIGHT), (44, 66, 58))
    draw.rectangle((600, 180, 1320, 1290), (112, 132, 138))
    draw.polygon([(600, 180), (900, 180), (600, 820)], (136, 156, 160))
    draw.ellipse((1335, 760, 1385, 810), (206, 178, 96))
    draw.line([(960, 330), (760, 520)], (60, 52, 44), 8)
    draw.line([(960, 330), (1160, 490)], (60, 52, 44), 8)
    sign = board(lettering("OPEN", 190, (250, 244, 230), 6, 0.04), (160, 34, 36), 0.32, (240, 226, 200))
    put(picture, sign, (960, 630), 9)
    put(picture, lettering("Mon - Sat  9 - 18", 62, (236, 238, 232), 1), (960, 1080))
    return picture


def _hotel(random: np.random.Generator) -> Image.Image:
    picture = gradient((92, 132, 182), (178, 200, 216), (236, 214, 186))
    buildings(picture, random, 1300, (140, 132, 128))
    draw = ImageDraw.Draw(picture)
    draw.rectangle((620, 140, 1420, HEIGHT), (206, 186, 156))
    for row in range(240, 1100, 400):
        for column in (920, 1190):
            draw.rectangle((column, row, column + 170, row + 250), (78, 92, 108))
            draw.rectangle((column, row + 250, column + 170, row + 266), (232, 220, 200))
    draw.rectangle((0, 1300, WIDTH, HEIGHT), (104, 100, 98))
    sign = board(lettering("HOTEL", 170, (255, 246, 214), 6, 0.03), (28, 52, 96), 0.3, (214, 180, 104))
    put(picture, sign, (690, 560), -90)
    return picture


def _warehouse(random: np.random.Generator) -> Image.Image:
    picture = gradient((128, 152, 176), (196, 206, 212), (150, 148, 142))
    wall = Image.new("RGBA", (1700, 900), (176, 182, 186, 255))
    draw = ImageDraw.Draw(wall)
    for x in range(0, 1700, 34):
        draw.rectangle((x, 0, x + 15, 900), (164, 170, 176, 255))
    draw.rectangle((200, 480, 640, 900), (92, 100, 112, 255))
    draw.rectangle((980, 480, 1420, 900), (92, 100, 112, 255))
    for y in range(500, 900, 46):
        draw.line([(200, y), (640, y)], (78, 86, 98, 255), 6)
        draw.line([(980, y), (1420, y)], (78, 86, 98, 255), 6)
    name = lettering("WHOLESALE", 230, (24, 50, 96), 8, 0.03)
    wall.alpha_composite(name, ((wall.width - name.width) // 2, 150))
    put_seen_from_the_side(picture, wall, [(120, 180), (1840, 470), (1840, 1100), (120, 1240)])
    ground = [(0, 1252), (120, 1240), (1840, 1100), (WIDTH, 1095), (WIDTH, HEIGHT), (0, HEIGHT)]
    ImageDraw.Draw(picture).polygon(ground, (118, 116, 112))
    for _ in range(500):
        x, y = int(random.integers(0, WIDTH)), int(random.integers(1270, HEIGHT))
        ImageDraw.Draw(picture).ellipse((x, y, x + 8, y + 4), (104, 102, 98))
    return picture


def _car(random: np.random.Generator) -> Image.Image:
    picture = gradient((186, 200, 206), (206, 210, 206), (128, 128, 126))
    buildings(picture, random, 760, (152, 156, 158))
    draw = ImageDraw.Draw(picture)
    draw.rectangle((0, 760, WIDTH, HEIGHT), (110, 110, 112))
    draw.polygon([(620, 460), (1300, 460), (1440, 720), (480, 720)], (30, 62, 104))
    draw.polygon([(660, 496), (1260, 496), (1360, 700), (560, 700)], (62, 76, 88))
    draw.rounded_rectangle((420, 700, 1500, 1100), 70, (38, 78, 128))
    draw.rounded_rectangle((400, 1000, 1520, 1140), 40, (28, 54, 90))
    for x in (450, 1310):
        draw.rounded_rectangle((x, 760, x + 160, 850), 24, (176, 28, 30))
    for x in (470, 1270):
        draw.rounded_rectangle((x, 1120, x + 180, 1240), 30, (24, 24, 26))
    plate = board(lettering("RE16 TGK", 84, (24, 24, 20), 3, 0.05), (244, 206, 62), 0.3, (40, 38, 30))
    put(picture, plate, (960, 930))
    return picture


def _cafe(random: np.random.Generator) -> Image.Image:
    picture = bricks((196, 182, 160), (168, 154, 134), random, rows=18)
    draw = ImageDraw.Draw(picture)
    draw.rectangle((200, 1120, 1720, HEIGHT), (74, 54, 44))
    for x in range(200, 1720, 190):
        draw.polygon([(x, 1120), (x + 95, 1120), (x + 80, 1290), (x - 15, 1290)], (228, 216, 196))
    draw.line([(960, 0), (960, 130)], (40, 36, 34), 16)
    draw.ellipse((460, 120, 1460, 1120), (40, 36, 34))
    draw.ellipse((490, 150, 1430, 1090), (98, 52, 40))
    draw.ellipse((660, 320, 1260, 920), (246, 236, 216))
    put_in_an_arc(picture, lettering("FRESH COFFEE", 110, (250, 238, 214), 3, 0.08), (960, 620), 330)
    put(picture, lettering("Café", 230, (72, 38, 28), 6), (960, 610))
    draw.line([(790, 780), (1130, 780)], (72, 38, 28), 8)
    return picture


def _chalkboard(random: np.random.Generator) -> Image.Image:
    picture = gradient((168, 138, 104), (148, 118, 88))
    draw = ImageDraw.Draw(picture)
    draw.rectangle((310, 120, 1610, 1340), (112, 82, 54))
    draw.rectangle((370, 180, 1550, 1280), (50, 58, 54))
    for _ in range(70):
        x, y = int(random.integers(380, 1400)), int(random.integers(190, 1260))
        draw.line([(x, y), (x + int(random.integers(20, 140)), y + int(random.integers(-8, 8)))], (56, 64, 60), 14)
    put(picture, lettering("SOUP OF THE DAY", 112, (226, 226, 214), 1, 0.03), (960, 360), 2)
    for y, dish, price in ((590, "Tomato", "4.50"), (770, "Mushroom", "5.20"), (950, "Lentil", "4.80")):
        put(picture, lettering(dish, 96, (206, 210, 196)), (720, y), 1)
        put(picture, lettering(price, 96, (230, 206, 140)), (1340, y), 1)
    put(picture, lettering("Thank you!", 84, (212, 170, 170)), (960, 1150), -3)
    return picture


def _motorway(random: np.random.Generator) -> Image.Image:
    picture = gradient((108, 156, 206), (196, 216, 228), (134, 150, 110))
    draw = ImageDraw.Draw(picture)
    hills = [(0, 900), *((x, 850 + int(random.integers(-50, 40))) for x in range(160, WIDTH, 160)), (WIDTH, 880)]
    draw.polygon([*hills, (WIDTH, HEIGHT), (0, HEIGHT)], (112, 134, 86))
    draw.polygon([(820, 880), (940, 880), (1740, HEIGHT), (180, HEIGHT)], (104, 104, 108))
    draw.polygon([(876, 900), (884, 900), (970, HEIGHT), (930, HEIGHT)], (232, 232, 226))
    draw.rectangle((1130, 600, 1160, 1180), (128, 130, 134))
    draw.rectangle((1640, 560, 1672, 1260), (128, 130, 134))
    sign = Image.new("RGBA", (1200, 700), (18, 72, 150, 255))
    marks = ImageDraw.Draw(sign)
    marks.rounded_rectangle((18, 18, 1181, 681), 40, None, (250, 250, 250, 255), 14)
    for y, town, distance in ((110, "Bergen", "42"), (410, "Airport", "7")):
        sign.alpha_composite(lettering(town, 190, (250, 250, 250), 3), (90, y))
        number = lettering(distance, 190, (250, 250, 250), 3)
        sign.alpha_composite(number, (1100 - number.width, y))
    put_seen_from_the_side(picture, sign, [(1010, 250), (1790, 170), (1790, 740), (1010, 660)])
    return picture


def _bookshelf(random: np.random.Generator) -> Image.Image:
    picture = gradient((84, 60, 42), (66, 46, 32))
    draw = ImageDraw.Draw(picture)
    titles = ("POETRY", "HISTORY", "GARDENING", "MOUNTAINS", "CHESS", "Cookery", "OCEANS")
    colours = ((126, 34, 40), (28, 66, 96), (48, 98, 64), (206, 188, 150), (36, 36, 42), (190, 112, 44), (24, 96, 110))
    x = 130
    for title, colour in zip(titles, colours, strict=True):
        width, top = int(random.integers(190, 250)), int(random.integers(150, 290))
        draw.rounded_rectangle((x, top, x + width, 1270), 14, colour)
        for band in (top + 70, 1190):
            draw.rectangle((x, band, x + width, band + 12), (222, 196, 128))
        ink = (40, 34, 30) if sum(colour) > 400 else (244, 232, 204)
        put(picture, lettering(title, 112, ink, 2, 0.06), (x + width / 2, 730), -90)
        x += width + 8
    draw.rectangle((0, 1270, WIDTH, 1330), (132, 96, 64))
    return picture


def _fog(random: np.random.Generator) -> Image.Image:
    picture = gradient((202, 208, 212), (190, 198, 204), (170, 180, 186))
    draw = ImageDraw.Draw(picture)
    for y in range(820, HEIGHT, 26):
        start = int(random.integers(0, 500))
        draw.line([(start, y), (start + int(random.integers(500, 1400)), y + 4)], (162, 174, 182), 8)
    draw.rectangle((700, 560, 730, 1240), (138, 146, 150))
    draw.rectangle((1190, 560, 1220, 1240), (138, 146, 150))
    sign = board(lettering("NO SWIMMING", 120, (132, 140, 146), 3, 0.05), (186, 192, 196), 0.6, (150, 158, 162))
    put(picture, sign, (960, 520), -2)
    return picture.filter(ImageFilter.GaussianBlur(2.2))


def _lake(random: np.random.Generator) -> Image.Image:
    picture = gradient((60, 60, 110), (196, 110, 104), (250, 190, 116), (70, 60, 84), (34, 38, 64))
    draw = ImageDraw.Draw(picture)
    draw.ellipse((860, 560, 1060, 760), (255, 232, 176))
    ridge = [(x, 760 - int(random.integers(30, 190))) for x in range(0, WIDTH + 160, 160)]
    draw.polygon([(0, 780), *ridge, (WIDTH, 780)], (56, 44, 66))
    for _ in range(90):
        y = int(random.integers(800, HEIGHT))
        x = int(random.normal(960, (y - 740) * 0.4))
        draw.line([(x - 70, y), (x + 70, y)], (216, 156, 120), 4)
    return picture


_SCENES: tuple[tuple[str, tuple[str, ...], Callable[[np.random.Generator], Image.Image]], ...] = (
    ("lorry", ("Enjoy", "COCA", "COLA"), _lorry),
    ("pharmacy", ("PHARMACY",), _pharmacy),
    ("corridor", ("EXIT",), _corridor),
    ("shop-door", ("OPEN", "Mon", "Sat", "9", "18"), _shop_door),
    ("hotel", ("HOTEL",), _hotel),
    ("warehouse", ("WHOLESALE",), _warehouse),
    ("car", ("RE16", "TGK"), _car),
    ("cafe", ("FRESH", "COFFEE", "Café"), _cafe),
    ("chalkboard", ("SOUP", "DAY", "Tomato", "Mushroom", "Lentil", "Thank", "you!"), _chalkboard),
    ("motorway", ("Bergen", "42", "Airport", "7"), _motorway),
    ("bookshelf", ("POETRY", "HISTORY", "GARDENING", "MOUNTAINS", "CHESS", "Cookery", "OCEANS"), _bookshelf),
    ("fog", ("NO", "SWIMMING"), _fog),
    ("lake", (), _lake),
)
