"""Points, quadrilaterals and crops; the one place where coordinates leave the network's space.

Points are (x, y) in pixels, x to the right, y down; arrays of points are (..., 2) float32.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from textsearch.types import ByteArray, FloatArray

_VERTICAL_RATIO = 1.5
"""A quadrilateral this many times higher than wide is read along its height."""


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
    sides = np.roll(around, -1, axis=0) - around
    ordered = np.roll(around, -int(np.argmax(sides[:, 0] - np.abs(sides[:, 1]) * 0.01)), axis=0)
    width, height = side_lengths(ordered)
    if height >= _VERTICAL_RATIO * width:
        ordered = np.roll(ordered, -1, axis=0)
    return np.ascontiguousarray(ordered, np.float32)


def turned(quadrilateral: FloatArray) -> FloatArray:
    """Return the same quadrilateral read in the opposite direction (text turned by 180 degrees)."""
    return np.roll(quadrilateral, 2, axis=0)


def is_vertical(quadrilateral: FloatArray) -> bool:
    """Return whether the text of an ordered quadrilateral runs more down or up than sideways."""
    direction = quadrilateral[1] - quadrilateral[0] + quadrilateral[2] - quadrilateral[3]
    return bool(abs(direction[1]) > abs(direction[0]))


def side_lengths(quadrilateral: FloatArray) -> tuple[float, float]:
    """Return the mean length of the two sides along the text and of the two across it, pixels."""
    sides = np.linalg.norm(np.roll(quadrilateral, -1, axis=0) - quadrilateral, axis=1)
    return float(sides[0] + sides[2]) / 2, float(sides[1] + sides[3]) / 2


def rectify(photo: ByteArray, quadrilateral: FloatArray, height: int, maximum_width: int) -> ByteArray:
    """Cut a quadrilateral out and straighten it to a strip.

    Args:
        photo: (H, W, 3) uint8.
        quadrilateral: (4, 2) float32, ordered.
        height: height of the strip, pixels.
        maximum_width: no strip is wider than this; longer text is squeezed.

    Returns:
        (height, width, 3) uint8 with the width that keeps the proportions.
    """
    along, across = side_lengths(quadrilateral)
    width = int(np.clip(round(along * height / max(across, 1.0)), 8, maximum_width))
    # Warping far down would skip pixels; warp to a whole multiple and average instead.
    factor = max(1, int(across / height))
    size = (width * factor, height * factor)
    target = np.array([[0, 0], [size[0], 0], [size[0], size[1]], [0, size[1]]], np.float32)
    transform = cv2.getPerspectiveTransform(quadrilateral, target)
    strip = cv2.warpPerspective(photo, transform, size, flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE)
    if factor > 1:
        strip = cv2.resize(strip, (width, height), interpolation=cv2.INTER_AREA)
    return strip  # type: ignore[return-value]


def slice_along(quadrilateral: FloatArray, start: float, stop: float) -> FloatArray:
    """Return the part of an ordered quadrilateral between two fractions of its length.

    Args:
        quadrilateral: (4, 2) float32, ordered.
        start: where the part begins, 0 to 1.
        stop: where it ends, start to 1.
    """
    top_left, top_right, bottom_right, bottom_left = quadrilateral
    top, bottom = top_right - top_left, bottom_right - bottom_left
    return np.stack(
        [top_left + start * top, top_left + stop * top, bottom_left + stop * bottom, bottom_left + start * bottom]
    ).astype(np.float32)


def overlap(first: FloatArray, second: FloatArray) -> float:
    """Return the intersection over union of two convex quadrilaterals, each (4, 2) float32."""
    intersection, _ = cv2.intersectConvexConvex(first, second)
    if intersection <= 0:
        return 0.0
    union = cv2.contourArea(first) + cv2.contourArea(second) - intersection
    return float(intersection / union) if union > 0 else 0.0
