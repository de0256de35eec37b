"""Walls of words: squares filled with words that were cut out of other samples.

A photo of a street shows a handful of words, so a step of few photos compares few. To find words costs the same in an
empty square as in a full one: with walls a step teaches several times as much about reading in nearly the same time.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.random import Generator

from textsearch.training.legibility import SMALLEST_LEGIBLE, height_of
from textsearch.training.samples import Sample, WordLabel
from textsearch.training.sources import RandomSource
from textsearch.types import ByteArray, FloatArray

_MARGIN = 0.15
"""What is cut out around a word, as part of the height of its box."""

_HEIGHTS = (10.0, 56.0)
"""Least and greatest height of a row, pixels; every ratio is as likely."""

_LARGEST_FACTOR = 2.0
"""Words are enlarged by no more: photos show small letters, but hardly ever blown up ones."""

_GAPS = (2, 14)
"""Least and greatest distance between words and between rows, pixels."""

_SAMPLES = 150
"""Samples that are looked through for words; a wall is left as it is if these are not enough."""


@dataclass(frozen=True, eq=False)
class _Piece:
    """A word with what is around it.

    Attributes:
        pixels: (h, w, 3) uint8.
        words: the word, and what of others lies within the piece, which counts neither way.
    """

    pixels: ByteArray
    words: tuple[WordLabel, ...]

    def resized(self, height: int, widest: int) -> _Piece:
        """Return the piece at most `height` high, and squeezed if it would be wider than `widest`."""
        high, wide = self.pixels.shape[:2]
        factor = min(height / high, _LARGEST_FACTOR)
        size = (min(max(1, round(wide * factor)), widest), max(1, round(high * factor)))
        shrunk = cv2.INTER_AREA if factor < 1 else cv2.INTER_LINEAR
        pixels = cv2.resize(self.pixels, size, interpolation=shrunk).astype(np.uint8)
        scale = np.array([size[0] / wide, size[1] / high], np.float32)
        return _Piece(pixels, tuple(_relabelled(word, word.polygon * scale) for word in self.words))


class Walls:
    """Squares of words, row below row; fulfils `RandomSource`.

    Args:
        source: gives the samples whose legible words are cut out.
        side: width and height of a wall, pixels.
    """

    def __init__(self, source: RandomSource, side: int) -> None:
        self.source = source
        self.side = side

    def draw(self, generator: Generator) -> Sample:
        """Return one wall, (side, side, 3); between the words is a plain colour.

        Raises:
            TextSearchError: as the source.
        """
        image = np.full((self.side, self.side, 3), generator.integers(0, 256, 3), np.uint8)
        labels: list[WordLabel] = []
        pieces = self._pieces(generator)
        piece = next(pieces, None)
        top = int(generator.integers(*_GAPS))
        height = _random_height(generator)
        left, begun = int(generator.integers(*_GAPS)), False
        while piece is not None and top + height <= self.side:
            fitted = piece.resized(height, self.side)
            high, wide = fitted.pixels.shape[:2]
            if left + wide > self.side and begun:
                top += height + int(generator.integers(*_GAPS))
                left, begun, height = int(generator.integers(*_GAPS)), False, _random_height(generator)
                continue
            left = min(left, self.side - wide)
            image[top : top + high, left : left + wide] = fitted.pixels
            place = np.array([left, top], np.float32)
            labels += [_relabelled(word, word.polygon + place) for word in fitted.words]
            left, begun = left + wide + int(generator.integers(*_GAPS)), True
            piece = next(pieces, None)
        return Sample(image, tuple(labels))

    def _pieces(self, generator: Generator) -> Iterator[_Piece]:
        """Cut the words out of one sample after the other."""
        for _ in range(_SAMPLES):
            yield from pieces_of(self.source.draw(generator))


def pieces_of(sample: Sample) -> Iterator[_Piece]:
    """Cut out every legible word that lies and is high enough to be read."""
    lowest = [word.polygon.min(axis=0) for word in sample.words]
    highest = [word.polygon.max(axis=0) for word in sample.words]
    bounds = np.array(sample.image.shape[1::-1])
    for number, word in enumerate(sample.words):
        wide, high = highest[number] - lowest[number]
        standing = high > wide and len(word.text) > 2
        if not word.legible or standing or height_of(word.polygon) < SMALLEST_LEGIBLE:
            continue
        start = np.floor(np.maximum(lowest[number] - _MARGIN * high, 0)).astype(int)
        end = np.ceil(np.minimum(highest[number] + _MARGIN * high, bounds)).astype(int)
        if (end <= start).any():
            continue
        others = [
            WordLabel(np.clip(other.polygon, start, end) - start.astype(np.float32), "", legible=False)
            for place, other in enumerate(sample.words)
            if place != number and (lowest[place] < end).all() and (highest[place] > start).all()
        ]
        # What the border of the photo cut off would lie on other words.
        own = _relabelled(word, np.clip(word.polygon, start, end) - start.astype(np.float32))
        yield _Piece(sample.image[start[1] : end[1], start[0] : end[0]], (own, *others))


def _random_height(generator: Generator) -> int:
    return round(float(np.exp(generator.uniform(*np.log(_HEIGHTS)))) * (1 + 2 * _MARGIN))


def _relabelled(word: WordLabel, polygon: FloatArray) -> WordLabel:
    """Return a word at another place."""
    return WordLabel(polygon.astype(np.float32), word.text, word.legible)
