"""Words drawn flat: the ink of a block of lines, and its colours on a transparent layer."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import cv2
import numpy as np
from numpy.random import Generator
from PIL import Image, ImageDraw, ImageFont

from textsearch.types import ByteArray, FloatArray

_SOLID = 64
"""Coverage from which a pixel counts as ink when a word is measured."""

_BLACK = np.zeros(3, np.float32)
_WHITE = np.full(3, 255, np.float32)
_PROBE_SIZE = 24
_SYMBOLS = ("symbol", "dingbat", "d050000l")
"""In the names of common fonts that have signs in the places of letters, as no look at single glyphs can tell."""

_UNASSIGNED = "\U0010fffe"
"""A code point that no font has, so that its glyph is the one for missing letters."""


class Typefaces:
    """Font files, and which letters each of them has.

    Args:
        files: .ttf and .otf files that can be opened; those that hold symbols for letters are passed over.
    """

    def __init__(self, files: Sequence[Path]) -> None:
        self.files = [file for file in files if not any(sign in file.name.lower() for sign in _SYMBOLS)]
        self._known: dict[Path, dict[str, bool]] = {}

    def choose(self, text: str, generator: Generator) -> Path | None:
        """Return a random font that has every letter of a text, None if a few tries find none."""
        letters = sorted(set(text) - {" "})
        for _ in range(8):
            file = self.files[int(generator.integers(len(self.files)))]
            if self._has(file, letters):
                return file
        return None

    def _has(self, file: Path, letters: Sequence[str]) -> bool:
        known = self._known.setdefault(file, {})
        unknown = [letter for letter in letters if letter not in known]
        if unknown:
            font = ImageFont.truetype(str(file), _PROBE_SIZE)
            missing = bytes(font.getmask(_UNASSIGNED))
            for letter in unknown:
                mask = font.getmask(letter)
                known[letter] = mask.getbbox() is not None and bytes(mask) != missing
        return all(known[letter] for letter in letters)


@dataclass(frozen=True, eq=False)
class Lettering:
    """The ink of a block of words, upright and flat.

    Attributes:
        ink: (H, W) float32, 0 to 1.
        texts: N words.
        boxes: (N, 4) float32, left, top, right, bottom of each word's ink, in pixels between pixel edges.
        size: size of the font, pixels.
    """

    ink: FloatArray
    texts: tuple[str, ...]
    boxes: FloatArray
    size: int

    @property
    def extent(self) -> FloatArray:
        """Return left, top, right, bottom of all words together, (4,) float32."""
        return np.concatenate([self.boxes[:, :2].min(axis=0), self.boxes[:, 2:].max(axis=0)])


@dataclass(frozen=True)
class Setting:
    """How lines are set, lengths in font sizes.

    Attributes:
        tracking: extra space between letters.
        gap: space between words.
        leading: distance between baselines.
        alignment: 0 for flush left, 0.5 for centred, 1 for flush right.
        margin: empty space around the ink.
    """

    tracking: float = 0.0
    gap: float = 0.3
    leading: float = 1.25
    alignment: float = 0.5
    margin: float = 0.6


def draw_lines(lines: Sequence[Sequence[str]], file: Path, size: int, setting: Setting) -> Lettering | None:
    """Draw lines of words.

    Args:
        lines: words of each line.
        file: a font that has all letters.
        size: its size, pixels.
        setting: how to set the lines.

    Returns:
        The ink, or None if no word leaves any.
    """
    font = ImageFont.truetype(str(file), size)
    tracking = setting.tracking * size
    gap = setting.gap * size + 2 * max(0.0, tracking)  # spread letters would else stand as far apart as words
    rows = [[(text, *_draw_word(text, font, tracking)) for text in line] for line in lines]
    lengths = [sum(length + gap for _, _, _, length in row) - gap for row in rows]
    placed: list[tuple[str, ByteArray, int, int]] = []
    for number, (row, whole) in enumerate(zip(rows, lengths, strict=True)):
        pen = (max(lengths) - whole) * setting.alignment
        baseline = number * setting.leading * size
        for text, ink, (left, top), length in row:
            if ink.size:
                placed.append((text, ink, round(pen + left), round(baseline + top)))
            pen += length + gap
    if not placed:
        return None
    margin = int(np.ceil(setting.margin * size)) + 2
    left = min(x for _, _, x, _ in placed) - margin
    top = min(y for _, _, _, y in placed) - margin
    right = max(x + ink.shape[1] for _, ink, x, _ in placed) + margin
    bottom = max(y + ink.shape[0] for _, ink, _, y in placed) + margin
    canvas = np.zeros((bottom - top, right - left), np.uint8)
    boxes = []
    for _, ink, x, y in placed:
        window = canvas[y - top : y - top + ink.shape[0], x - left : x - left + ink.shape[1]]
        np.maximum(window, ink, out=window)
        boxes.append([x - left, y - top, x - left + ink.shape[1], y - top + ink.shape[0]])
    texts = tuple(text for text, _, _, _ in placed)
    return Lettering((canvas / np.float32(255)).astype(np.float32), texts, np.array(boxes, np.float32), size)


def _draw_word(text: str, font: ImageFont.FreeTypeFont, tracking: float) -> tuple[ByteArray, tuple[int, int], float]:
    """Return a word's ink (h, w) uint8 cut tight, where that lies seen from the pen's start, and the pen's way."""
    length = font.getlength(text)
    size = round(font.size)
    canvas = Image.new("L", (int(length + max(0.0, tracking) * len(text)) + 3 * size, 4 * size))
    brush = ImageDraw.Draw(canvas)
    start, baseline = size, 2 * size + size // 2
    if tracking:
        length = 0.0
        for letter in text:
            brush.text((start + length, baseline), letter, fill=255, font=font, anchor="ls")
            length += max(0.2 * size, font.getlength(letter) + tracking)
        length -= tracking
    else:
        brush.text((start, baseline), text, fill=255, font=font, anchor="ls")
    box = canvas.point(_ONLY_SOLID).getbbox()
    if box is None:
        return np.zeros((0, 0), np.uint8), (0, 0), length
    return np.asarray(canvas.crop(box)), (box[0] - start, box[1] - baseline), length


_ONLY_SOLID = [0] * _SOLID + [255] * (256 - _SOLID)


@dataclass(frozen=True, eq=False)
class Paint:
    """How ink is coloured, colours (3,) float32 0 to 255, lengths in pixels.

    Attributes:
        fill: colour of the ink, at its top if it runs into another.
        foot: colour at the bottom; the same as `fill` for plain ink.
        opacity: of the whole, 0 to 1.
        outline: colour around the ink, None for none.
        outline_width: how wide it is.
        hollow: only the outline is drawn.
        shadow: offset x, y of a soft dark copy, None for none.
        embossed: the ink has the colour of its ground and shows only by light and shade at its edges.
    """

    fill: FloatArray
    foot: FloatArray
    opacity: float = 1.0
    outline: FloatArray | None = None
    outline_width: int = 0
    hollow: bool = False
    shadow: tuple[int, int] | None = None
    embossed: bool = False
    texture: ByteArray | None = field(default=None)


def paint(lettering: Lettering, chosen: Paint) -> FloatArray:
    """Return a layer (H, W, 4) float32: red, green, blue 0 to 255 multiplied by alpha, and alpha 0 to 1."""
    ink = lettering.ink
    planes = np.zeros((4, *ink.shape), np.float32)
    if chosen.shadow is not None:
        soft = cv2.GaussianBlur(_shifted(ink, *chosen.shadow), (0, 0), 0.5 + 0.03 * lettering.size)
        _lay_over(planes, _BLACK, np.asarray(0.7 * soft, np.float32))
    if chosen.outline is not None:
        wide = 2 * chosen.outline_width + 1
        grown = cv2.dilate(ink, cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (wide, wide)))
        _lay_over(planes, chosen.outline, np.asarray(grown - ink if chosen.hollow else grown, np.float32))
    if chosen.embossed:
        deep = max(1, round(0.03 * lettering.size))
        light = _shifted(ink, deep, deep) - _shifted(ink, -deep, -deep)
        _lay_over(planes, _WHITE, 0.8 * np.maximum(-light, 0))
        _lay_over(planes, _BLACK, 0.8 * np.maximum(light, 0))
        _lay_over(planes, chosen.fill, 0.3 * ink)
    elif not chosen.hollow:
        _lay_over(planes, _inside(lettering, chosen), ink)
    if chosen.opacity < 1:
        planes *= np.float32(chosen.opacity)
    return np.asarray(cv2.merge(list(planes)))


def _inside(lettering: Lettering, chosen: Paint) -> FloatArray:
    """Return the colours of the ink, (3,) or (3, H, 1) or (3, H, W) float32."""
    height, width = lettering.ink.shape
    if chosen.texture is not None:
        return cv2.resize(chosen.texture, (width, height)).transpose(2, 0, 1).astype(np.float32)
    if np.array_equal(chosen.fill, chosen.foot):
        return chosen.fill
    top, bottom = lettering.extent[1], lettering.extent[3]
    depth = np.clip((np.arange(height) - top) / (bottom - top), 0, 1).astype(np.float32)
    return _faded(chosen.fill, chosen.foot, depth)


def _faded(top: FloatArray, bottom: FloatArray, depth: FloatArray) -> FloatArray:
    """Return colours (3, H, 1) between two colours (3,), by depth (H,) from 0 to 1."""
    return (top[:, None] * (1 - depth) + bottom[:, None] * depth)[:, :, None]


def board(lettering: Lettering, margin: float, roundness: float, colours: FloatArray) -> FloatArray:
    """Return a layer like `paint` with a sign board under the words.

    Args:
        lettering: the words.
        margin: how far the board reaches beyond them, pixels.
        roundness: radius of the corners as a part of the margin.
        colours: (3, 3) float32: at the top, at the bottom, of the rim.
    """
    height, width = lettering.ink.shape
    left, top, right, bottom = lettering.extent + np.array([-margin, -margin, margin, margin])
    shape = Image.new("L", (width, height))
    frame = (max(0, int(left)), max(0, int(top)), min(width, int(right)) - 1, min(height, int(bottom)) - 1)
    rim = max(1, int(margin / 5))
    brush = ImageDraw.Draw(shape)
    brush.rounded_rectangle(frame, roundness * margin, fill=128, outline=255, width=rim)
    values = np.asarray(shape)
    planes = np.zeros((4, height, width), np.float32)
    depth = np.linspace(0, 1, height, dtype=np.float32)
    _lay_over(planes, _faded(colours[0], colours[1], depth), (values > 0).astype(np.float32))
    _lay_over(planes, colours[2], (values == 255).astype(np.float32))
    return np.asarray(cv2.merge(list(planes)))


def _lay_over(planes: FloatArray, colour: FloatArray, alpha: FloatArray) -> None:
    """Lay a colour over the planes (4, H, W) of a layer where alpha (H, W) says, in place.

    Plane by plane: with the colours side by side NumPy needs several times as long.
    """
    rest = 1 - alpha
    for plane, value in zip(planes, colour, strict=False):
        plane *= rest
        plane += value * alpha
    planes[3] *= rest
    planes[3] += alpha


def _shifted(ink: FloatArray, right: int, down: int) -> FloatArray:
    """Return the ink moved by whole pixels; it has a margin wider than any shift."""
    return np.roll(ink, (down, right), axis=(0, 1))
