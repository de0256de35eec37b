"""How regions stand to each other on a photo. Apart from `geometry`, so that a query need not load OpenCV."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import numpy as np

from textsearch.types import FloatArray


def closeness(polygons: Sequence[FloatArray]) -> float:
    """Return how near to each other and how well in reading order some regions stand, 0 to 1.

    For each neighbouring pair: 1 where the second continues the first on its line or stands on the line below it,
    falling to 0 with the distance in text heights, and half of that against the reading order. 1 for a single region.

    Args:
        polygons: regions in the order of the query, each (V, 2) float32; the same region may occur twice.
    """
    pairs = [_follows(first, second) for first, second in pairwise(polygons)]
    return sum(pairs) / len(pairs) if pairs else 1.0


def _follows(first: FloatArray, second: FloatArray) -> float:
    if np.array_equal(first, second):
        return 1.0
    (left, top), (right, bottom) = first.min(axis=0), first.max(axis=0)
    (other_left, other_top), (other_right, other_bottom) = second.min(axis=0), second.max(axis=0)
    height = max(1.0, float(min(bottom - top, other_bottom - other_top)))
    gap_x = max(0.0, float(max(other_left - right, left - other_right)))
    gap_y = max(0.0, float(max(other_top - bottom, top - other_bottom)))
    nearness = max(0.0, 1.0 - (gap_x + gap_y) / (4 * height))
    overlap_y = min(bottom, other_bottom) - max(top, other_top)
    same_line = overlap_y > 0.5 * height
    in_order = other_left >= left if same_line else other_top >= top
    return nearness if in_order else nearness / 2
