"""How regions stand to each other on a photo. Apart from `geometry`, so that a query need not load OpenCV.

A region is reduced to the corners (4, 2) of its text, clockwise from the text's own top left. Whether another region
continues it is judged where they meet, from the right end of the first to the left end of the second, in the direction
in which the text runs there; so slanted and curved lines are followed as well as level ones.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from textsearch.types import FloatArray

_NEAR, _FAR = 1.0, 3.0
"""Gaps between words of one line, in text heights: up to the first they count fully, from the second on not at all."""

_OVERLAP = -0.6
"""Boxes may overlap by so many text heights, for detectors are generous."""

_LEVEL, _SHIFTED = 0.35, 0.85
"""Steps up or down from a word to the next of its line, in text heights."""

_ALIKE, _UNLIKE = 1.8, 3.0
"""Ratios of the heights of words that belong together."""

_LEADING, _LOOSE = 1.0, 2.0
"""Gaps between a line and the one below it, in text heights."""

BREAK = 0.9
"""How well words stand together that a line break parts."""

NO_REGION = -1


def corners(polygon: FloatArray) -> FloatArray:
    """Return the outer corners (4, 2) float32 of a polygon (V, 2), V >= 4, that runs along a text and back below it."""
    half = len(polygon) // 2
    return np.ascontiguousarray(polygon[[0, half - 1, half, -1]], np.float32)


def beside(first: FloatArray, second: FloatArray) -> FloatArray:
    """Return (A, B) float32, 0 to 1: how well each of B regions continues each of A regions on its line.

    Args:
        first: (A, 4, 2) float32 corners.
        second: (B, 4, 2) float32 corners.
    """
    along, height = _directions(first)
    other_along, other_height = _directions(second)
    smaller = np.minimum(height[:, None], other_height[None])
    ratio = np.maximum(height[:, None], other_height[None]) / smaller
    right = (first[:, 1] + first[:, 2]) / 2
    left = (second[:, 0] + second[:, 3]) / 2
    step = left[None] - right[:, None]  # (A, B, 2)
    gap = np.einsum("abd,ad->ab", step, along) / ((height[:, None] + other_height[None]) / 2)
    shift = np.abs(step[..., 1] * along[:, None, 0] - step[..., 0] * along[:, None, 1]) / smaller
    # The second must end further on than the first: a box within the other does not continue it.
    end = (second[:, 1] + second[:, 2]) / 2
    further = np.einsum("abd,ad->ab", end[None] - right[:, None], along) > 0
    turned = along @ other_along.T
    score = _falling(gap, _NEAR, _FAR) * _falling(shift, _LEVEL, _SHIFTED) * _falling(ratio, _ALIKE, _UNLIKE)
    return np.where((gap >= _OVERLAP) & further & (turned > 0.5), score, 0).astype(np.float32)


def beneath(first: FloatArray, second: FloatArray) -> FloatArray:
    """Return (A, B) float32, 0 to 1: how well each of B regions stands on the line just below each of A regions.

    Args:
        first: (A, 4, 2) float32 corners.
        second: (B, 4, 2) float32 corners.
    """
    along, height = _directions(first)
    other_along, other_height = _directions(second)
    smaller = np.minimum(height[:, None], other_height[None])
    ratio = np.maximum(height[:, None], other_height[None]) / smaller
    axes = np.stack([along, np.stack([-along[:, 1], along[:, 0]], axis=1)], axis=2)  # (A, 2, 2): along, across
    own = np.einsum("apd,ade->ape", first, axes)
    others = np.einsum("bpd,ade->abpe", second, axes)
    low, high = own.min(axis=1), own.max(axis=1)
    other_low, other_high = others.min(axis=2), others.max(axis=2)
    gap = (other_low[..., 1] - high[:, None, 1]) / smaller
    shared = np.minimum(other_high[..., 0], high[:, None, 0]) - np.maximum(other_low[..., 0], low[:, None, 0])
    below = (other_low + other_high)[..., 1] > (low + high)[:, None, 1]
    turned = along @ other_along.T
    score = _falling(gap, _LEADING, _LOOSE) * _falling(ratio, _ALIKE, _UNLIKE)
    return np.where((gap >= _OVERLAP) & below & (shared > 0) & (turned > 0.5), score, 0).astype(np.float32)


def reading_lines(regions: FloatArray) -> list[list[int]]:
    """Return the lines of a photo: the places of its regions (N, 4, 2), each once, in reading order.

    A region's line goes on with the one that continues it best, if that is not continued from anywhere better.
    """
    score = beside(regions, regions)
    np.fill_diagonal(score, 0)
    following = np.full(len(regions), NO_REGION)
    preceded = np.zeros(len(regions), bool)
    # Among regions that continue a text equally well the nearest does.
    distance = _distances(regions)
    for place in np.lexsort((distance.ravel(), -score.ravel())).tolist():
        first, second = divmod(place, len(regions))
        if score[first, second] <= 0:
            break
        if following[first] == NO_REGION and not preceded[second]:
            following[first], preceded[second] = second, True
    return _follow(following, preceded, regions)


def _follow(following: NDArray[np.int64], preceded: NDArray[np.bool_], regions: FloatArray) -> list[list[int]]:
    """Return the lines that a relation of successors makes, upper ones first."""
    lines, seen = [], np.zeros(len(regions), bool)
    tops = regions[:, :, 1].min(axis=1) if len(regions) else np.zeros(0)
    # Those without a predecessor begin a line; what is left after them goes round in a circle and is cut somewhere.
    for start in np.lexsort((tops, preceded)).tolist():
        line: list[int] = []
        place = start
        while place != NO_REGION and not seen[place]:
            seen[place] = True
            line.append(place)
            place = int(following[place])
        if line:
            lines.append(line)
    return lines


def adjacency(regions: FloatArray, lines: NDArray[np.int64]) -> FloatArray:
    """Return (N, N) float32, 0 to 1: how well each region of a photo is followed by each other one when it is read.

    Args:
        regions: (N, 4, 2) float32 corners.
        lines: (N,) int64, the line of each; the regions of a line follow each other in reading order.
    """
    below = beneath(regions, regions)
    score = np.maximum(beside(regions, regions), BREAK * below)
    if len(regions):
        # A line break leads from the last region of a line to the first of the next, wherever these begin and end.
        starts = np.nonzero(np.append(True, lines[1:] != lines[:-1]))[0]
        ends = np.append(starts[1:], len(lines)) - 1
        breaks = np.maximum.reduceat(below, starts, axis=0)[:, starts]  # (lines, lines)
        np.fill_diagonal(breaks, 0)
        score[np.ix_(ends, starts)] = np.maximum(score[np.ix_(ends, starts)], BREAK * breaks)
    np.fill_diagonal(score, 0)
    return np.asarray(score, np.float32)


def slice_polygon(polygon: FloatArray, start: float, stop: float) -> FloatArray:
    """Return the part (V, 2) float32 of a polygon between two fractions, 0 to 1, of its length along the text.

    Args:
        polygon: (V, 2) float32 that runs along a text and back below it; with an odd V its corners stand for it.
        start: where the part begins.
        stop: where it ends.
    """
    if len(polygon) % 2:
        polygon = corners(polygon)
    half = len(polygon) // 2
    top, bottom = _cut(polygon[:half], start, stop), _cut(polygon[half:][::-1], start, stop)
    return np.concatenate([top, bottom[::-1]]).astype(np.float32)


def _cut(line: FloatArray, start: float, stop: float) -> FloatArray:
    """Return the part of an open line (P, 2), P >= 2, between two fractions of its length; P points again at most."""
    lengths = np.concatenate([[0.0], np.cumsum(np.linalg.norm(np.diff(line, axis=0), axis=1))])
    fractions = lengths / lengths[-1] if lengths[-1] > 0 else np.linspace(0, 1, len(line))
    wanted = np.array([start, *fractions[(fractions > start) & (fractions < stop)], stop])
    return np.stack([np.interp(wanted, fractions, line[:, axis]) for axis in (0, 1)], axis=1).astype(np.float32)


def _directions(regions: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return the unit vectors (N, 2) along which regions (N, 4, 2) are read, and their heights (N,), pixels."""
    along = regions[:, 1] - regions[:, 0] + regions[:, 2] - regions[:, 3]
    length = np.maximum(np.linalg.norm(along, axis=1), 1e-6)
    along = along / length[:, None]
    down = (regions[:, 3] - regions[:, 0] + regions[:, 2] - regions[:, 1]) / 2
    height = np.abs(down[:, 1] * along[:, 0] - down[:, 0] * along[:, 1])
    return along.astype(np.float32), np.maximum(height, 1.0).astype(np.float32)


def _distances(regions: FloatArray) -> FloatArray:
    """Return (N, N): how far the left end of each region is from the right end of each."""
    right, left = (regions[:, 1] + regions[:, 2]) / 2, (regions[:, 0] + regions[:, 3]) / 2
    return np.asarray(np.linalg.norm(left[None] - right[:, None], axis=2), np.float32)


def _falling(values: NDArray[np.floating], full: float, none: float) -> FloatArray:
    """Return 1 up to `full`, 0 from `none` on, and a straight line in between."""
    return np.asarray(np.clip((none - values) / (none - full), 0, 1), np.float32)
