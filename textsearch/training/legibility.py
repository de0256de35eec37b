"""Which words of a drawn scene can be read: neither cut off, hidden, tiny, faint nor blurred."""

from __future__ import annotations

import cv2
import numpy as np

from textsearch.training.samples import WordLabel
from textsearch.training.spoiling import Damage
from textsearch.types import ByteArray, FloatArray

MARGIN = 0.05
"""Space between a word's ink and its polygon, in heights of the word."""

# Where these limits lie, a recogniser reads about half of the words.

SMALLEST_LEGIBLE = 7.0
"""Height in sharp pixels below which a word counts as illegible."""

FAINTEST_LEGIBLE = 18.0
"""Mean difference in grey levels between a word's paint and its ground, in the third of the word that is seen least,
below which it counts as illegible."""

NOISIEST_LEGIBLE = 0.35
"""Noise, as a part of that difference, above which a word counts as illegible."""

MOST_BLURRED = 0.12
"""Standard deviation of the blur, in heights of the word, above which it counts as illegible."""

MOST_CUT = 0.15
"""Part of a word's area that the border of the photo may cut off before it counts as illegible."""

MOST_HIDDEN = 0.35
"""Part of a word's area that things in front may cover before it counts as illegible."""


def judged(label: WordLabel, contrast: float, damage: Damage, hidden: ByteArray | None, side: int) -> WordLabel:
    """Return the label with the word marked as illegible where nobody could read it.

    Args:
        label: a word, its polygon MARGIN away from the ink.
        contrast: of its paint to its ground before the damage, where it is least, grey levels.
        damage: what was done to the whole photo.
        hidden: (side, side) uint8, 1 where something is in front; None for nothing.
        side: width and height of the photo, pixels.
    """
    polygon = label.polygon
    height = height_of(polygon) / (1 + 2 * MARGIN)
    legible = (
        label.legible
        and height * damage.resolution >= SMALLEST_LEGIBLE
        and damage.blur <= MOST_BLURRED * height
        and contrast * damage.contrast >= max(FAINTEST_LEGIBLE, damage.noise / NOISIEST_LEGIBLE)
        and in_sight(polygon, hidden, side)
    )
    return WordLabel(polygon, label.text, legible)


def height_of(polygon: FloatArray) -> float:
    """Return the mean distance between the facing points of a polygon (2K, 2), pixels."""
    points = len(polygon) // 2
    return float(np.linalg.norm(polygon[:points] - polygon[: points - 1 : -1], axis=1).mean())


def in_sight(polygon: FloatArray, hidden: ByteArray | None, side: int) -> bool:
    """Return whether enough of a polygon is inside of the scene and in front of everything else."""
    low, high = polygon.min(axis=0), polygon.max(axis=0)
    if hidden is None and (low >= 0).all() and (high <= side).all():
        return True
    left, top = np.floor(low).astype(int)
    width, height = (np.ceil(high) - np.floor(low)).astype(int) + 1
    mask = np.zeros((height, width), np.uint8)
    cv2.fillPoly(mask, [np.rint(polygon - [left, top]).astype(np.int32)], 1)
    whole = int(mask.sum())
    rows, columns = slice(max(0, -top), max(0, side - top)), slice(max(0, -left), max(0, side - left))
    inside = mask[rows, columns]
    if inside.sum() < (1 - MOST_CUT) * whole:
        return False
    if hidden is None:
        return True
    over = hidden[max(0, top) : max(0, top) + inside.shape[0], max(0, left) : max(0, left) + inside.shape[1]]
    return bool((inside & over).sum() <= MOST_HIDDEN * whole)
