"""Sources of word crops: strips of text with what is written on them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.random import Generator

from textsearch.alphabet import normalise
from textsearch.encoder import Encoder
from textsearch.geometry import is_vertical, order_corners, overlap, rectify
from textsearch.layout import corners
from textsearch.lines import STRIP_HEIGHT
from textsearch.training.datasets.photos import AnnotatedPhoto, read_photo
from textsearch.training.datasets.words import Words
from textsearch.types import ByteArray, FloatArray

_LONGEST_STRIP = 640


@dataclass(frozen=True, eq=False)
class Crop:
    """One word as the recogniser gets it: a strip (48, W, 3) uint8 RGB, and the word, normalised."""

    strip: ByteArray
    word: str


class CropSource(Protocol):
    """Anything that yields word crops; a fresh pass may differ in its random parts only by the generator given."""

    def crops(self, generator: Generator) -> Iterator[Crop]:
        """Yield every crop once."""
        ...


def _legible(photo: AnnotatedPhoto) -> Iterator[tuple[FloatArray | None, str]]:
    """Yield the outer corners (4, 2) of the words that count, None where a word fills its photo, and the words."""
    for annotation in photo.words:
        word = normalise(annotation.text)
        if word and annotation.legible:
            yield (None if annotation.polygon is None else corners(annotation.polygon)), word


class AnnotatedWords:
    """The legible words of a words.jsonl, cut along their polygons with a little random play.

    Args:
        annotations: the file; images are relative to its folder.
        split: only rows of this split, None for all.
        copies: how many times each word is cut, each time differently.
    """

    def __init__(self, annotations: Path, split: str | None, copies: int) -> None:
        self.photos = Words(annotations, split)
        self.copies = copies

    def crops(self, generator: Generator) -> Iterator[Crop]:
        """Yield every crop once.

        Raises:
            TextSearchError: the annotations or a photo cannot be read.
        """
        for photo in self.photos.photos():
            pixels = read_photo(photo.path)
            for outer, word in _legible(photo):
                for _ in range(self.copies):
                    yield Crop(self._cut(pixels, outer, generator), word)

    @staticmethod
    def _cut(photo: ByteArray, corners: FloatArray | None, generator: Generator) -> ByteArray:
        if corners is None:
            height, width = photo.shape[:2]
            corners = np.array([[0, 0], [width, 0], [width, height], [0, height]], np.float32)
            play = 0.04
        else:
            play = 0.12
        across = float(np.linalg.norm(corners[3] - corners[0]))
        grown = corners + (corners - corners.mean(axis=0)) * 0.04
        moved = (grown + generator.normal(0, play * across / 2, (4, 2))).astype(np.float32)
        return rectify(photo, moved, STRIP_HEIGHT, _LONGEST_STRIP)


class DetectedWords:
    """Lines found by the detector that hold exactly one annotated word: crops as search will really see them.

    Args:
        annotations: the words.jsonl.
        split: only rows of this split.
        encoder: finds the lines; its branches are not used.
    """

    def __init__(self, annotations: Path, split: str | None, encoder: Encoder) -> None:
        self.photos = Words(annotations, split)
        self.encoder = encoder

    def crops(self, generator: Generator) -> Iterator[Crop]:
        """Yield every crop once.

        Raises:
            TextSearchError: the annotations or a photo cannot be read.
        """
        for photo in self.photos.photos():
            pixels = read_photo(photo.path)
            quadrilaterals, _ = self.encoder.detect(pixels)
            words = list(_legible(photo))
            for quadrilateral in quadrilaterals:
                inside = [
                    word
                    for corners, word in words
                    if corners is not None and overlap(quadrilateral, order_corners(corners)) >= 0.5
                ]
                if len(inside) == 1 and not is_vertical(quadrilateral):
                    yield Crop(rectify(pixels, quadrilateral, STRIP_HEIGHT, _LONGEST_STRIP), inside[0])
