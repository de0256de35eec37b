"""Networks that read what a test painted.

A painted line of text is 48 pixels high and 8 pixels wide per frame: red says "text", green says which class, and blue
is bright in the upper half, so that the recogniser knows when it reads upside down.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from tests.fakes import ALPHABET
from textsearch.encoder import Encoder
from textsearch.lattice import Lattice
from textsearch.options import DetectionOptions, EncoderOptions
from textsearch.types import ByteArray, FloatArray

CLASSES = len(ALPHABET.characters)
OPTIONS = EncoderOptions(enlarge=1.0, glance=0.0, further=0.0, detection=DetectionOptions(growth=0.0))
SHADES = 3
"""Shades of green per class, so that a resampled shade still names its class."""


def classes_of(text: str) -> list[int]:
    """Return a class per frame; "_" is the blank."""
    return [0 if character == "_" else list(ALPHABET.characters).index(character) for character in text]


def paint(photo: ByteArray, text: str, left: int, top: int) -> None:
    strip = photo[top : top + 48, left : left + 8 * len(text)]
    strip[..., 0] = 200
    strip[..., 1] = np.repeat(np.array(classes_of(text), np.uint8) * SHADES + 1, 8)
    strip[:24, :, 2], strip[24:, :, 2] = 220, 30


def dark(width: int = 400, height: int = 200) -> ByteArray:
    return np.zeros((height, width, 3), np.uint8)


class PaintedDetector:
    def __init__(self) -> None:
        self.seen: list[tuple[int, ...]] = []

    def probabilities(self, photo: ByteArray) -> FloatArray:
        self.seen.append(photo.shape)
        return (photo[..., 0] / 200 * 0.9).astype(np.float32)


class PaintedRecogniser:
    def __init__(self) -> None:
        self.seen: list[tuple[int, ...]] = []

    def read(self, strips: ByteArray) -> tuple[FloatArray, FloatArray]:
        self.seen.append(strips.shape)
        (strip,) = strips
        classes = strip[24, 4::8, 1].astype(np.int64) // SHADES
        upright = strip[8, :, 2].mean() >= strip[40, :, 2].mean()
        probabilities = np.zeros((len(classes), CLASSES), np.float32)
        probabilities[:, 0] = 0.1 if upright else 0.4
        probabilities[np.arange(len(classes)), classes] += 0.9 if upright else 0.6
        frames = np.stack([classes, np.arange(len(classes))], axis=1).astype(np.float32)
        return frames[None], probabilities[None]


class CountingEmbedder:
    """Its vector of a region: (number of frames, first class, last class)."""

    dimension = 3

    def __init__(self) -> None:
        self.calls = 0

    def regions(self, frames: Sequence[FloatArray], lattices: Sequence[Lattice]) -> FloatArray:
        self.calls += 1
        assert [len(sequence) for sequence in frames] == [len(lattice) for lattice in lattices]
        return np.array([[len(sequence), sequence[0, 0], sequence[-1, 0]] for sequence in frames], np.float32)


def new_encoder(options: EncoderOptions = OPTIONS) -> Encoder:
    return Encoder(PaintedDetector(), PaintedRecogniser(), CountingEmbedder(), ALPHABET, options)


def certain(text: str, sureness: float = 0.9) -> FloatArray:
    probabilities = np.zeros((len(text), CLASSES), np.float32)
    probabilities[:, 0] = 1 - sureness
    probabilities[np.arange(len(text)), classes_of(text)] += sureness
    return probabilities


def extent(polygon: FloatArray) -> list[float]:
    """Return left, top, right, bottom."""
    return [*polygon.min(axis=0).tolist(), *polygon.max(axis=0).tolist()]
