"""Lines of text drawn along a curve, on a photo: straight, bent, S-shaped, turned, and as a column of upright letters.

Letters stay rigid and stand across the curve, as a sign painter or a drawing program sets them.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray
from PIL import Image, ImageChops, ImageDraw, ImageFont

from textsearch.types import ByteArray

SIDE = 640
"""Width and height of a picture, pixels."""

_SPACING = 0.1
"""Room between letters, in font sizes, so that they do not overlap on the inner side of a curve."""

_STEPS = 256


@dataclass(frozen=True)
class Shape:
    """How a line runs.

    Attributes:
        name: for the table.
        arc: degrees by which the direction turns from end to end, clockwise: over a hill if positive, through a valley
            if negative.
        waves: whether the direction turns by `arc` and back again, an S.
        turn: degrees by which the whole line is turned, clockwise.
        stacked: upright letters below each other instead.
    """

    name: str
    arc: float = 0.0
    waves: bool = False
    turn: float = 0.0
    stacked: bool = False

    def curve(self, length: float) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Return points (_STEPS + 1, 2) at equal distances, the box around them centred, and their directions, rad."""
        place = np.linspace(0.0, 1.0, _STEPS + 1)
        angles = math.radians(self.arc) * (1 - np.abs(2 * place - 1) if self.waves else place)
        angles += math.radians(self.turn) - angles.mean()
        if self.stacked:
            angles = np.full_like(place, math.pi / 2)
        steps = np.stack([np.cos(angles), np.sin(angles)], axis=-1)[1:] * length / _STEPS
        points = np.concatenate([np.zeros((1, 2)), steps.cumsum(axis=0)])
        points -= (points.max(axis=0) + points.min(axis=0)) / 2
        return points, np.zeros_like(angles) if self.stacked else angles


def read_fonts(folder: Path, sample: str) -> list[Path]:
    """Return the font files below a folder that draw every character of `sample` differently."""
    found = []
    for path in sorted([*folder.rglob("*.ttf"), *folder.rglob("*.otf")]):
        try:
            font = ImageFont.truetype(path, 24)
            drawn = {bytes(font.getmask(character)) for character in sample}
        except OSError:
            continue  # a file in another format; the fonts that are left are counted in the result
        if len(drawn) == len(sample):
            found.append(path)
    return found


def draw_line(
    text: str, shape: Shape, font: ImageFont.FreeTypeFont, photo: ByteArray, generator: Generator
) -> Image.Image:
    """Draw a line along a shape, in an ink that stands out, on a photo (SIDE, SIDE, 3)."""
    outline = max(1, round(font.size / 20)) if generator.random() < 0.5 else 0
    tiles = [_tile(letter, font, outline) for letter in text]
    mask, halo = _along(tiles, _advances(text, shape, font), shape)
    middle = photo[SIDE // 4 : -SIDE // 4, SIDE // 4 : -SIDE // 4].mean()
    light, dark = generator.integers(200, 256, 3), generator.integers(0, 60, 3)
    ink, edge = (dark, light) if middle > 110 else (light, dark)
    picture = Image.fromarray(photo)
    picture.paste(_colour(edge), mask=halo)
    picture.paste(_colour(ink), mask=mask)
    return picture


def _colour(values: NDArray[np.int64]) -> tuple[int, ...]:
    return tuple(int(value) for value in values)


def _advances(text: str, shape: Shape, font: ImageFont.FreeTypeFont) -> list[float]:
    """Return the room each letter takes along the line, pixels."""
    if shape.stacked:
        _, top, _, bottom = font.getbbox("H")
        return [1.25 * (bottom - top)] * len(text)
    return [font.getlength(letter) + _SPACING * font.size for letter in text]


def _tile(letter: str, font: ImageFont.FreeTypeFont, outline: int) -> tuple[Image.Image, Image.Image]:
    """Draw one letter, and its outline, each on a square of its own with the middle of the capitals in its middle."""
    side = round(3 * font.size)
    _, top, _, bottom = font.getbbox("H")
    at = (side / 2 - font.getlength(letter) / 2, side / 2 - (top + bottom) / 2)
    tiles = Image.new("L", (side, side)), Image.new("L", (side, side))
    ImageDraw.Draw(tiles[0]).text(at, letter, font=font, fill=255)
    if outline:
        ImageDraw.Draw(tiles[1]).text(at, letter, font=font, fill=255, stroke_width=outline)
    return tiles


def _along(
    tiles: Sequence[tuple[Image.Image, Image.Image]], advances: Sequence[float], shape: Shape
) -> tuple[Image.Image, Image.Image]:
    """Set the letters along the curve; return their mask and that of their outlines, (SIDE, SIDE) each."""
    length = sum(advances)
    points, angles = shape.curve(length)
    ticks = np.linspace(0.0, length, len(points))
    middles = np.cumsum(advances) - np.array(advances) / 2
    masks = [Image.new("L", (SIDE, SIDE)), Image.new("L", (SIDE, SIDE))]
    for pair, middle in zip(tiles, middles, strict=True):
        x, y = (np.interp(middle, ticks, points[:, axis]) + SIDE / 2 for axis in (0, 1))
        degrees = math.degrees(np.interp(middle, ticks, angles))
        for number, tile in enumerate(pair):
            layer = Image.new("L", (SIDE, SIDE))
            corner = (round(x - tile.width / 2), round(y - tile.height / 2))
            layer.paste(tile.rotate(-degrees, Image.Resampling.BICUBIC), corner)
            masks[number] = ImageChops.lighter(masks[number], layer)
    return masks[0], masks[1]
