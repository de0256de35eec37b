"""Points, quadrilaterals and crops; the one place where coordinates leave the network's space.

Points are (x, y) in pixels, x to the right, y down; arrays of points are (..., 2) float32.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from textsearch.types import ByteArray, FloatArray

_VERTICAL_RATIO = 1.5
"""A quadrilateral this many times higher than wide is read along its height."""

_LARGEST_SIDE = 2**15 - 2
"""OpenCV warps no picture with a longer side, pixels."""

_GRID = 256
"""Cells along the longer side of bent polygons when their areas are counted."""


@dataclass(frozen=True)
class Fit:
    """How a photo was resized for the network, and the way back.

    Attributes:
        width: width of the network's input, pixels.
        height: height of the network's input, pixels.
        scale_x: network pixels per photo pixel, horizontally.
        scale_y: network pixels per photo pixel, vertically.
    """

    width: int
    height: int
    scale_x: float
    scale_y: float

    @classmethod
    def of(cls, width: int, height: int, longer_side: int, multiple: int = 32) -> Fit:
        """Plan a resize so that the longer side is about `longer_side` and both sides are whole multiples.

        The rounding stretches the photo by at most half a multiple a side; it is undone by `to_photo`.
        """
        scale = longer_side / max(width, height)
        fitted = [max(multiple, round(side * scale / multiple) * multiple) for side in (width, height)]
        return cls(fitted[0], fitted[1], fitted[0] / width, fitted[1] / height)

    def resize(self, photo: ByteArray) -> ByteArray:
        """Return the photo, (H, W, 3) uint8, at the network's size."""
        interpolation = cv2.INTER_AREA if self.scale_x < 0.6 else cv2.INTER_LINEAR
        resized: ByteArray = cv2.resize(photo, (self.width, self.height), interpolation=interpolation)  # type: ignore[assignment]
        return resized

    def to_photo(self, points: FloatArray) -> FloatArray:
        """Convert points (..., 2) from network pixels to photo pixels."""
        return (points / np.array([self.scale_x, self.scale_y], np.float32)).astype(np.float32)


def order_corners(corners: FloatArray) -> FloatArray:
    """Order the corners of a quadrilateral clockwise, starting at the top left of its own text.

    Text is taken to run along the longer sides, left to right; in a quadrilateral much higher than wide it is
    taken to run along the height, top to bottom (the caller may turn it round with `turned`).

    Args:
        corners: (4, 2) float32 in any order.
    """
    centre = corners.mean(axis=0)
    around = corners[np.argsort(np.arctan2(corners[:, 1] - centre[1], corners[:, 0] - centre[0]))]
    # Clockwise on screen now. Start at the corner whose outgoing side points most to the right.
    edges = np.roll(around, -1, axis=0) - around
    ordered = np.roll(around, -int(np.argmax(edges[:, 0] - np.abs(edges[:, 1]) * 0.01)), axis=0)
    width, height = side_lengths(ordered)
    if height >= _VERTICAL_RATIO * width:
        ordered = np.roll(ordered, -1, axis=0)
    return np.ascontiguousarray(ordered, np.float32)


def sides(polygon: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return the top and the bottom side of an ordered polygon (2K, 2), both in reading direction, (K, 2) each."""
    half = len(polygon) // 2
    return polygon[:half], polygon[half:][::-1]


def turned(polygon: FloatArray) -> FloatArray:
    """Return the same ordered polygon (2K, 2) read in the opposite direction (text turned by 180 degrees)."""
    return np.roll(polygon, len(polygon) // 2, axis=0)


def is_vertical(polygon: FloatArray) -> bool:
    """Return whether the text of an ordered polygon runs, from end to end, more down or up than sideways."""
    top, bottom = sides(polygon)
    direction = top[-1] - top[0] + bottom[-1] - bottom[0]
    return bool(abs(direction[1]) > abs(direction[0]))


def side_lengths(polygon: FloatArray) -> tuple[float, float]:
    """Return the mean length of the two sides along the text and the mean distance between them, pixels."""
    top, bottom = sides(polygon)
    along = [np.linalg.norm(np.diff(side, axis=0), axis=1).sum() for side in (top, bottom)]
    return float(along[0] + along[1]) / 2, float(np.linalg.norm(top - bottom, axis=1).mean())


def rectify(photo: ByteArray, polygon: FloatArray, height: int, maximum_width: int, stretch: float = 1.0) -> ByteArray:
    """Cut a polygon out and straighten it to a strip.

    Args:
        photo: (H, W, 3) uint8.
        polygon: (2K, 2) float32, ordered: K points along the top of the text, K back along its bottom.
        height: height of the strip, pixels.
        maximum_width: no strip is wider than this; longer text is squeezed.
        stretch: how many times as wide as its proportions say the strip is.

    Returns:
        (height, width, 3) uint8.
    """
    along, across = side_lengths(polygon)
    width = int(np.clip(round(stretch * along * height / max(across, 1.0)), 8, maximum_width))
    # Warping far down would skip pixels; average whole multiples instead.
    warp = _flatten if len(polygon) == 4 else _unroll
    return warp(photo, polygon, (width, height), max(1, int(across / height)))


def _flatten(photo: ByteArray, quadrilateral: FloatArray, size: tuple[int, int], factor: int) -> ByteArray:
    """Warp a quadrilateral (4, 2) as a plane seen in perspective to `factor` times a size, then average."""
    width, height = size[0] * factor, size[1] * factor
    # Only where it must be: cut out first, some values of the strip are rounded to their neighbours.
    fits = max(photo.shape[:2]) <= _LARGEST_SIDE
    around, inside = (photo, quadrilateral) if fits else _around(photo, quadrilateral, 1)
    target = np.array([[0, 0], [width, 0], [width, height], [0, height]], np.float32)
    transform = cv2.getPerspectiveTransform(inside.astype(np.float32), target)
    strip = cv2.warpPerspective(
        around, transform, (width, height), flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE
    )
    if factor > 1:
        strip = cv2.resize(strip, size, interpolation=cv2.INTER_AREA)
    return strip  # type: ignore[return-value]


def _unroll(photo: ByteArray, polygon: FloatArray, size: tuple[int, int], factor: int) -> ByteArray:
    """Average around a bent polygon (2K, 2), then warp it to a size, straight from its top to its bottom."""
    around, inside = _around(photo, polygon, factor)
    columns, rows = (np.arange(size[0]) + 0.5) / size[0], ((np.arange(size[1]) + 0.5) / size[1])[:, None]
    top, bottom = (_along(side, columns) for side in sides(inside))
    # A pixel's centre is half a pixel from its corner, in the strip as in the photo.
    x, y = (((1 - rows) * top[:, axis] + rows * bottom[:, axis] - 0.5).astype(np.float32) for axis in (0, 1))
    return cv2.remap(around, x, y, cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE).astype(np.uint8)


def _around(photo: ByteArray, polygon: FloatArray, factor: int) -> tuple[ByteArray, NDArray[Any]]:
    """Return the part of a photo around a polygon, averaged `factor` times smaller, and the polygon in it, float64."""
    margin, edge = 2 * factor, np.array(photo.shape[1::-1])
    first = np.clip(np.floor(polygon.min(axis=0)).astype(int) - margin, 0, edge - 1)
    last = np.clip(np.ceil(polygon.max(axis=0)).astype(int) + margin, first + 1, edge)
    around, whole = photo[first[1] : last[1], first[0] : last[0]], last - first
    reduced = np.clip(whole // factor, 1, _LARGEST_SIDE)
    if (reduced != whole).any():
        around = cv2.resize(around, reduced.tolist(), interpolation=cv2.INTER_AREA).astype(np.uint8)
    return around, (polygon - first) * (reduced / whole)


def _along(side: FloatArray, fractions: NDArray[np.float64]) -> FloatArray:
    """Return the points (F, 2) at fractions (F,) of a side (K, 2), each step from point to point taken as equal.

    Beyond its ends, at fractions below 0 or above 1, a side goes straight on.
    """
    steps = len(side) - 1
    ticks = np.linspace(0.0, 1.0, len(side))
    inside = np.stack([np.interp(fractions, ticks, side[:, axis]) for axis in (0, 1)], axis=-1)
    before = np.minimum(fractions, 0.0)[:, None] * steps * (side[1] - side[0])
    after = np.maximum(fractions - 1.0, 0.0)[:, None] * steps * (side[-1] - side[-2])
    return np.asarray(inside + before + after, np.float32)


def slice_along(polygon: FloatArray, start: float, stop: float) -> FloatArray:
    """Return the part of an ordered polygon between two fractions of its length, an ordered polygon again.

    Args:
        polygon: (2K, 2) float32, ordered.
        start: where the part begins; below 0 it is lengthened there, straight on.
        stop: where it ends, after start; above 1 it is lengthened there.
    """
    points = max(2, math.ceil((stop - start) * len(polygon) / 2)) if len(polygon) > 4 else 2
    top, bottom = (_along(side, np.linspace(start, stop, points)) for side in sides(polygon))
    return np.concatenate([top, bottom[::-1]])


def overlap(first: FloatArray, second: FloatArray) -> float:
    """Return the intersection over union of two polygons, (V, 2) float32 each; quadrilaterals must be convex."""
    if len(first) == len(second) == 4:
        intersection, _ = cv2.intersectConvexConvex(first, second)
        areas = cv2.contourArea(first) + cv2.contourArea(second)
    else:
        intersection, areas = _pixels_shared(first, second)
    return float(intersection / (areas - intersection)) if intersection > 0 else 0.0


def _pixels_shared(first: FloatArray, second: FloatArray) -> tuple[int, int]:
    """Return how many cells of a grid two polygons share, and the sum of how many each covers."""
    together = np.concatenate([first, second])
    corner, size = together.min(axis=0), max(float(np.ptp(together, axis=0).max()), 1e-6)
    filled = np.zeros((2, _GRID + 1, _GRID + 1), np.uint8)
    for canvas, polygon in zip(filled, (first, second), strict=True):
        cv2.fillPoly(canvas, [np.round((polygon - corner) * (_GRID / size)).astype(np.int32)], (1,))
    return int((filled[0] & filled[1]).sum()), int(filled.sum())
