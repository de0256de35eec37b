"""Drawing what was found on the photo it was found in."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from PIL import Image, ImageDraw, ImageFont

from textsearch.images import read_image

if TYPE_CHECKING:
    from textsearch.hits import Hit, Match
    from textsearch.types import Points, Regions

_COLOURS = {"exact": (38, 194, 86), "partial": (255, 168, 0), "similar": (60, 150, 255), "knowledge": (190, 110, 255)}
_FOUND = (255, 64, 129)
_TINT = 72
"""How strongly marked letters are coloured, of 255."""

_WIDE_FONTS = ("NotoSansCJK-Regular.ttc", "DejaVuSans.ttf", "Arial Unicode.ttf", "msyh.ttc", "arial.ttf")
"""Fonts with more than ASCII that a machine may have; Pillow looks for them in the system's font folders."""

Font = ImageFont.FreeTypeFont | ImageFont.ImageFont


@dataclass(frozen=True)
class _Mark:
    """A polygon to draw, its colour, the label that stands on it, and the letters in it that are marked, if only some.

    Without letters the polygon is all that is drawn.
    """

    polygon: Points
    colour: tuple[int, int, int]
    label: str
    letters: Points = ()


def draw_hit(hit: Hit) -> Image.Image:
    """Return the photo of a hit, upright, with the matched regions drawn on it.

    A region is green for an exact match, orange for a partial one, blue for a similar one, violet where it says what is
    known; its label is the text that was read and the match's score. Where only some of a region's letters match, they
    are marked inside it. Where no text says it, the photo itself is outlined.

    Raises:
        ImageError: the photo is gone or cannot be decoded any more.
    """
    photo = Image.fromarray(read_image(hit.path))
    marks = [_mark(match) for match in hit.matches]
    if hit.kind == "knowledge" and not marks and hit.facts:
        right, bottom = photo.width - 1.0, photo.height - 1.0
        around = ((0.0, 0.0), (right, 0.0), (right, bottom), (0.0, bottom))
        marks = [_Mark(around, _COLOURS["knowledge"], f"{hit.facts[0].name} {hit.score:.0f}")]
    return _draw(photo, marks)


def _mark(match: Match) -> _Mark:
    letters = () if match.letters == match.polygon else match.letters
    return _Mark(match.polygon, _COLOURS[match.kind], f"{match.text} {match.score:.0f}".strip(), letters)


def draw_regions(image: Image.Image, regions: Regions) -> Image.Image:
    """Return a copy of an upright photo with every text region and its transcript drawn on it.

    Args:
        image: the photo, in the pixels that the regions' polygons are given in.
        regions: what was found in it.
    """
    outlines = [tuple((float(x), float(y)) for x, y in polygon) for polygon in regions.polygons]
    return _draw(image, [_Mark(outline, _FOUND, text) for outline, text in zip(outlines, regions.texts, strict=True)])


def _draw(image: Image.Image, marks: Iterable[_Mark]) -> Image.Image:
    """Return a copy of the image with outlines first and labels above them, both sized to the image."""
    drawn = image.convert("RGB")
    if drawn is image:
        drawn = image.copy()
    marks = list(marks)
    _tint(drawn, marks)
    pen = ImageDraw.Draw(drawn)
    width = max(3, round(max(drawn.size) / 320))
    for mark in marks:
        # Around letters that are marked themselves, the outline of the region steps back.
        _outline(pen, mark.polygon, mark.colour, max(1, width // 3) if mark.letters else width)
        if mark.letters:
            _outline(pen, mark.letters, mark.colour, width)
    for mark in marks:
        if mark.label:
            _write_label(pen, mark, drawn.size)
    return drawn


def _tint(drawn: Image.Image, marks: Iterable[_Mark]) -> None:
    """Lay colour over the marked letters, thin enough to read them through it."""
    for mark in marks:
        if mark.letters:
            ground = Image.new("L", drawn.size)
            ImageDraw.Draw(ground).polygon(mark.letters, fill=_TINT)
            drawn.paste(mark.colour, mask=ground)


def _outline(pen: ImageDraw.ImageDraw, polygon: Points, colour: tuple[int, int, int], width: int) -> None:
    """Draw a closed line on a dark ground."""
    outline = [*polygon, polygon[0], polygon[1]]  # the second point again, to join the last corner
    pen.line(outline, (0, 0, 0), width + 2, joint="curve")
    pen.line(outline, colour, width, joint="curve")


def _write_label(pen: ImageDraw.ImageDraw, mark: _Mark, size: tuple[int, int]) -> None:
    """Write the label on its own ground above the polygon, or below it where the picture ends."""
    text, font = _font_for(mark.label, max(12, round(max(size) / 52)))
    left, top, right, bottom = pen.textbbox((0, 0), text, font=font)
    pad = max(2.0, (bottom - top) / 5)
    width, height = right - left + 2 * pad, bottom - top + 2 * pad
    xs, ys = [x for x, _ in mark.polygon], [y for _, y in mark.polygon]
    x = max(0.0, min(*xs, size[0] - width))
    y = min(ys) - height if min(ys) >= height else min(max(ys), size[1] - height)
    pen.rectangle((x, y, x + width, y + height), fill=mark.colour)
    ink = (255, 255, 255) if sum(mark.colour) < 450 else (0, 0, 0)
    pen.text((x + pad - left, y + pad - top), text, fill=ink, font=font)


def _font_for(text: str, size: int) -> tuple[str, Font]:
    """Return a font that has the text's letters, and the text; without one, the text in the letters Pillow has.

    Pillow's built-in font knows little more than ASCII, and an unknown letter would be an empty box.
    """
    built_in = ImageFont.load_default(size=size)
    if text.isascii():
        return text, built_in
    for name in _WIDE_FONTS:
        try:
            font = ImageFont.truetype(name, size)
        except OSError:
            continue
        missing = bytes(font.getmask("\uffff"))
        if all(letter.isspace() or bytes(font.getmask(letter)) != missing for letter in text):
            return text, font
    plain = unicodedata.normalize("NFKD", text)
    return "".join(c if c.isascii() else "?" for c in plain if not unicodedata.combining(c)), built_in
