"""Strips of the words of a view, cut a little off as a detector would, in batches of one width."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray
from torch import Tensor

from textsearch.geometry import rectify
from textsearch.layout import corners
from textsearch.lines import STRIP_HEIGHT, letter_extent
from textsearch.training.samples import WordLabel
from textsearch.types import ByteArray, FloatArray

WIDTHS = (96, 160, 320)
"""Strips are padded to one of these widths, pixels: few shapes, little padding."""

_PADDING = 127


@dataclass(frozen=True, eq=False)
class WordStrip:
    """A word as the recogniser gets it.

    Attributes:
        pixels: (48, W, 3) uint8 RGB.
        text: what is written on it, as it is written.
        quadrilateral: (4, 2) float32, what was cut out, pixels of the view.
        owner: number of the view in its batch.
    """

    pixels: ByteArray
    text: str
    quadrilateral: FloatArray
    owner: int


@dataclass(frozen=True, eq=False)
class StripBatch:
    """N strips of one padded width.

    Attributes:
        pixels: (N, 48, W, 3) uint8 RGB.
        used: (N,) int64, frames of 8 pixels that lie on each strip, not on its padding.
        texts: what is written on each.
        quadrilaterals: (N, 4, 2) float32.
        owners: (N,) int64.
    """

    pixels: ByteArray
    used: NDArray[np.int64]
    texts: tuple[str, ...]
    quadrilaterals: FloatArray
    owners: NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class PlannedStrip:
    """A word that may be cut out: all that is random of it is decided, but no pixel has been looked at.

    Attributes:
        image: the view, (H, W, 3) uint8.
        outline: (2K, 2) float32, what is to be cut out.
        text: what is written on it, as it is written.
        quadrilateral: (4, 2) float32, the outer corners of it.
        owner: number of the view in its batch.
    """

    image: ByteArray
    outline: FloatArray
    text: str
    quadrilateral: FloatArray
    owner: int

    def cut(self) -> WordStrip:
        """Cut the word out."""
        pixels = rectify(self.image, self.outline, STRIP_HEIGHT, WIDTHS[-1])
        return WordStrip(pixels, self.text, self.quadrilateral, self.owner)


def plan(image: ByteArray, word: WordLabel, owner: int, generator: Generator, play: float = 0.1) -> PlannedStrip:
    """Decide how a word is cut out: along its outer corners, each moved a little at random.

    Args:
        image: the view, (H, W, 3) uint8.
        word: one of its words.
        owner: number of the view in its batch.
        generator: source of the play.
        play: standard deviation of the corners' movement, in heights of the word.
    """
    outer = corners(word.polygon)
    across = float(np.linalg.norm(outer[3] - outer[0]))
    grown = outer + (outer - outer.mean(axis=0)) * 0.06
    moved = (grown + generator.normal(0, play * across / 2, (4, 2))).astype(np.float32)
    outline = moved if len(word.polygon) == 4 else word.polygon
    return PlannedStrip(image, outline, word.text, moved, owner)


def batches(strips: Sequence[WordStrip]) -> list[StripBatch]:
    """Put strips of about one width together."""
    groups: list[list[WordStrip]] = [[] for _ in WIDTHS]
    for strip in strips:
        groups[int(np.searchsorted(WIDTHS, strip.pixels.shape[1]))].append(strip)
    return [_stack(group, width) for group, width in zip(groups, WIDTHS, strict=True) if group]


def seen_letters(log_probabilities: Tensor, used: NDArray[np.int64]) -> list[tuple[int, float, float]]:
    """Return the strips on which any letter is seen, each with where its letters begin and end, in frames.

    Args:
        log_probabilities: (N, T, C) float, as read; class 0 is the blank.
        used: (N,) int64, frames that lie on each strip.
    """
    # Thousands of classes stay where they are: only the best one of each frame comes from the device, at once.
    paths = log_probabilities.detach().argmax(dim=2).cpu().numpy()
    best = [path[:frames] for path, frames in zip(paths, used.tolist(), strict=True)]
    return [(place, *letter_extent(path)) for place, path in enumerate(best) if path.any()]


def _stack(strips: Sequence[WordStrip], width: int) -> StripBatch:
    pixels = np.full((len(strips), STRIP_HEIGHT, width, 3), _PADDING, np.uint8)
    for row, strip in zip(pixels, strips, strict=True):
        row[:, : strip.pixels.shape[1]] = strip.pixels
    return StripBatch(
        pixels,
        np.array([max(1, round(strip.pixels.shape[1] / 8)) for strip in strips], np.int64),
        tuple(strip.text for strip in strips),
        np.stack([strip.quadrilateral for strip in strips]),
        np.array([strip.owner for strip in strips], np.int64),
    )
