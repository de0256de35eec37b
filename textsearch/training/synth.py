"""Drawn words: one word in a random font and colour on a piece of photo, then made hard to read."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import cv2
import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from textsearch.alphabet import normalise
from textsearch.geometry import rectify
from textsearch.lines import STRIP_HEIGHT
from textsearch.training.crops import Crop
from textsearch.training.datasets.photos import read_photo
from textsearch.types import ByteArray

_LETTERS = "abcdefghijklmnopqrstuvwxyz"
_CHARACTERS = _LETTERS + "0123456789"
_DRAWN_HEIGHT = 64
_LONGEST_STRIP = 640


class DrawnWords:
    """Endlessly varied drawings of words from a lexicon, numbers and random letters.

    Args:
        words: the lexicon.
        fonts: font files; unreadable ones, and fonts without the drawn letters, show as boxes, so pass text fonts.
        backgrounds: photos to draw on; plain colours are used as well, and alone if there are none.
        count: crops per pass.
    """

    def __init__(self, words: Sequence[str], fonts: Sequence[Path], backgrounds: Sequence[Path], count: int) -> None:
        self.words = words
        self.fonts = fonts
        self.backgrounds = backgrounds
        self.count = count

    def crops(self, generator: Generator) -> Iterator[Crop]:
        """Yield `count` crops.

        Raises:
            TextSearchError: a background cannot be read.
        """
        photos = [read_photo(path) for path in self._some_backgrounds(generator)]
        for _ in range(self.count):
            text = self._text(generator)
            yield Crop(
                draw_word(text, self._font(generator), _background(photos, generator), generator), normalise(text)
            )

    def _some_backgrounds(self, generator: Generator) -> list[Path]:
        chosen = min(len(self.backgrounds), 100)
        return [self.backgrounds[i] for i in generator.choice(len(self.backgrounds), chosen, replace=False)]

    def _font(self, generator: Generator) -> ImageFont.FreeTypeFont:
        size = int(generator.integers(28, 52))
        return ImageFont.truetype(str(self.fonts[int(generator.integers(len(self.fonts)))]), size)

    def _text(self, generator: Generator) -> str:
        kind = generator.random()
        if kind < 0.8:
            text = self.words[int(generator.integers(len(self.words)))]
        elif kind < 0.9:
            text = "".join(generator.choice(list("0123456789"), int(generator.integers(1, 8))))
        else:
            text = "".join(generator.choice(list(_CHARACTERS), int(generator.integers(2, 11))))
        case = generator.random()
        return text.upper() if case < 0.5 else text.capitalize() if case < 0.75 else text.lower()


def draw_word(text: str, font: ImageFont.FreeTypeFont, background: ByteArray, generator: Generator) -> ByteArray:
    """Draw a word on a background and degrade it.

    Args:
        text: the word.
        font: its font.
        background: (H, W, 3) uint8; resized to the drawing's size.
        generator: source of all randomness.

    Returns:
        (48, W, 3) uint8, as cut out by an imperfect detector.
    """
    left, top, right, bottom = font.getbbox(text)
    width, height = int(right - left), int(bottom - top)
    margin = 24
    size = (max(width, 4) + 2 * margin, max(height, 4) + 2 * margin)
    canvas = Image.fromarray(cv2.resize(background, size).astype(np.uint8))
    ink = _ink(np.asarray(canvas), generator)
    brush = ImageDraw.Draw(canvas)
    stroke = int(generator.integers(1, 3)) if generator.random() < 0.15 else 0
    outline = tuple(int(value) for value in generator.integers(0, 256, 3))
    brush.text((margin - left, margin - top), text, font=font, fill=ink, stroke_width=stroke, stroke_fill=outline)
    corners = np.array([[0, 0], [width, 0], [width, height], [0, height]], np.float32) + margin
    drawn, corners = _tilt(np.asarray(canvas), corners, generator)
    grown = corners + (corners - corners.mean(axis=0)) * generator.uniform(0.0, 0.1)
    grown += generator.normal(0, 0.06 * height, (4, 2))
    return degrade(rectify(drawn, grown.astype(np.float32), STRIP_HEIGHT, _LONGEST_STRIP), generator)


def _ink(canvas: ByteArray, generator: Generator) -> tuple[int, ...]:
    """Choose a colour that differs from the mean of the background, sometimes only just."""
    mean = canvas.reshape(-1, 3).mean(axis=0)
    for _ in range(20):
        ink = generator.integers(0, 256, 3)
        if np.abs(ink - mean).mean() > generator.uniform(25, 90):
            break
    return tuple(int(value) for value in ink)


def _tilt(canvas: ByteArray, corners: np.ndarray, generator: Generator) -> tuple[ByteArray, np.ndarray]:
    """Look at the canvas from a little aside; return it with the moved corners (4, 2) float32."""
    height, width = canvas.shape[:2]
    frame = np.array([[0, 0], [width, 0], [width, height], [0, height]], np.float32)
    moved = (frame + generator.normal(0, 0.05 * height, (4, 2))).astype(np.float32)
    transform = cv2.getPerspectiveTransform(frame, moved)
    tilted = cv2.warpPerspective(canvas, transform, (width, height), borderMode=cv2.BORDER_REPLICATE)
    return tilted.astype(np.uint8), cv2.perspectiveTransform(corners[None], transform)[0].astype(np.float32)


def degrade(strip: ByteArray, generator: Generator) -> ByteArray:
    """Blur, shrink, darken, add noise and compress, each with some probability; the shape stays."""
    height, width = strip.shape[:2]
    image: ByteArray = strip
    if generator.random() < 0.5:
        factor = generator.uniform(0.2, 0.8)
        small = (max(6, int(width * factor)), max(8, int(height * factor)))
        image = cv2.resize(cv2.resize(image, small, interpolation=cv2.INTER_AREA), (width, height)).astype(np.uint8)
    if generator.random() < 0.3:
        image = cv2.GaussianBlur(image, (0, 0), generator.uniform(0.5, 2.5)).astype(np.uint8)
    if generator.random() < 0.2:
        length = int(generator.integers(3, 9))
        kernel = np.zeros((length, length), np.float32)
        kernel[length // 2] = 1 / length
        image = cv2.filter2D(image, -1, kernel).astype(np.uint8)
    values: NDArray[np.floating] = image.astype(np.float32)
    if generator.random() < 0.5:
        values = (values - 127) * generator.uniform(0.3, 1.2) + 127 + generator.uniform(-50, 50)
    if generator.random() < 0.5:
        values = values + generator.normal(0, generator.uniform(2, 18), values.shape)
    image = np.clip(values, 0, 255).astype(np.uint8)
    if generator.random() < 0.4:
        _, data = cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, int(generator.integers(20, 80))])
        image = cv2.imdecode(data, cv2.IMREAD_COLOR).astype(np.uint8)  # type: ignore[union-attr]
    return image


def _background(photos: Sequence[ByteArray], generator: Generator) -> ByteArray:
    """Return a random piece of a photo, or a plain colour."""
    if not photos or generator.random() < 0.4:
        return np.full((8, 8, 3), generator.integers(0, 256, 3), np.uint8)
    photo = photos[int(generator.integers(len(photos)))]
    height, width = photo.shape[:2]
    tall, wide = int(generator.integers(16, max(17, height // 3))), int(generator.integers(32, max(33, width // 2)))
    top, left = int(generator.integers(0, max(1, height - tall))), int(generator.integers(0, max(1, width - wide)))
    return photo[top : top + tall, left : left + wide]
