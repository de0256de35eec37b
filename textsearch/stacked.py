"""Columns of upright letters below each other, as on hotel signs: from a column to a line that can be read."""

from __future__ import annotations

from itertools import pairwise

import cv2
import numpy as np
from numpy.typing import NDArray

from textsearch.types import ByteArray

_PITCHES = np.arange(0.6, 1.3, 0.03)
"""Distances from letter to letter that are tried, in widths of the column."""

_STARTS = np.arange(0.0, 0.6, 0.05)
"""Distances from the end of the column to the first letter that are tried, in pitches."""


def letters_side_by_side(column: ByteArray) -> tuple[ByteArray, float, float] | None:
    """Set the letters of a column side by side.

    Letters below each other are set at equal distances, so the cuts between them are found together: where the column
    shows least.

    Args:
        column: (H, W, 3) uint8, the column lying on its side, its upper end to the left.

    Returns:
        The line, (H, W', 3) uint8, and the fractions of the column, 0 to 1, at which its first letter begins and its
        last one ends; equal parts of the line come from equal parts of the column. None if there is no room for two.
    """
    height, width = column.shape[:2]
    shown = column.mean(axis=2).std(axis=0)
    best, cuts = np.inf, None
    for pitch in _PITCHES * height:
        for start in _STARTS * pitch:
            letters = int((width - start) / pitch + 0.1)
            if letters < 2:
                continue
            places = np.minimum(start + pitch * np.arange(letters + 1), width)
            emptiness = _emptiness(shown, places)
            if emptiness < best:
                best, cuts = emptiness, places
    if cuts is None:
        return None
    return _line_of(column, cuts), float(cuts[0] / width), float(cuts[-1] / width)


def _emptiness(shown: NDArray[np.float64], cuts: NDArray[np.float64]) -> float:
    """Return how much is shown at the cuts, relative to the mean, and what share of everything lies outside them."""
    at_cuts = shown[np.minimum(cuts.astype(int), len(shown) - 1)].mean()
    inside = shown[int(cuts[0]) : int(np.ceil(cuts[-1]))].sum()
    return float(at_cuts / max(shown.mean(), 1e-6) + 1 - inside / max(shown.sum(), 1e-6))


def _line_of(column: ByteArray, cuts: NDArray[np.float64]) -> ByteArray:
    """Turn each piece between two cuts upright and set them side by side."""
    height = len(column)
    width = max(1, round(height * height / (cuts[1] - cuts[0])))
    edges = cuts.round().astype(int)
    letters = [np.rot90(column[:, first:last], -1) for first, last in pairwise(edges)]
    sized = [cv2.resize(np.ascontiguousarray(letter), (width, height)) for letter in letters]
    return np.concatenate(sized, axis=1).astype(np.uint8)
