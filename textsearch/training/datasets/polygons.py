"""From outlines as people drew them to polygons that run along the text and back."""

from __future__ import annotations

from itertools import product

import numpy as np

from textsearch.geometry import is_vertical, order_corners
from textsearch.types import FloatArray

_TRUST = 0.75
"""The halves of an outline as it was drawn are its edges if their corners are at least this sharp beside the best."""

_SHORT_WORD = 2
"""A word of so few letters may well be higher than wide and still stand upright."""


def box(left: float, top: float, right: float, bottom: float) -> FloatArray:
    """Return an upright box as a polygon (4, 2) float32."""
    return np.array([[left, top], [right, top], [right, bottom], [left, bottom]], np.float32)


def turned_upright(polygon: FloatArray, width: int, height: int, orientation: int) -> FloatArray:
    """Move a polygon (V, 2) float32 from a picture as it is stored into the upright one.

    Args:
        polygon: in stored pixels.
        width: of the picture as it is stored, pixels.
        height: likewise.
        orientation: EXIF's number for how the picture has to be turned, 1 to 8.
    """
    x, y = polygon[:, 0], polygon[:, 1]
    if orientation in (2, 3, 7, 8):
        x = width - x
    if orientation in (3, 4, 6, 7):
        y = height - y
    return np.stack([y, x] if orientation >= 5 else [x, y], axis=1)


def text_corners(corners: FloatArray, letters: int) -> FloatArray:
    """Order four corners, given in any order, by the text they hold.

    Args:
        corners: (4, 2) float32.
        letters: length of the text: a high box with three letters or more is read along its height.
    """
    ordered = order_corners(corners)
    if is_vertical(ordered) and letters <= _SHORT_WORD:
        return np.roll(ordered, 1, axis=0)
    return ordered


def along_text(outline: FloatArray) -> FloatArray:
    """Part an outline into the upper and the lower edge of its text.

    The edges are taken as they were drawn, the first half and the second, unless the number of points is odd or the
    outline clearly has its ends elsewhere: at an end it turns round within two neighbouring corners.

    Args:
        outline: (V, 2) float32, V >= 4, in either direction; of the first point it is only hoped that it is the
            upper corner of the first letter.

    Returns:
        (2K, 2) float32: K points along the upper edge, then K back along the lower one.
    """
    clockwise = outline if _area(outline) >= 0 else np.roll(outline[::-1], 1, axis=0)
    count = len(clockwise)
    if count == 4:
        return np.ascontiguousarray(clockwise, np.float32)
    turns = _turns(clockwise)
    sharpness = {
        (first, length): float(turns[[first - 1, first, (first + length - 1) % count, (first + length) % count]].sum())
        for first, length in product(range(count), range(2, count - 1))
    }
    chosen, drawn = max(sharpness, key=lambda span: (sharpness[span], span)), (0, count // 2)
    if count % 2 == 0 and sharpness[drawn] >= _TRUST * sharpness[chosen]:
        chosen = drawn
    rolled = np.roll(clockwise, -chosen[0], axis=0)
    upper, lower = rolled[: chosen[1]], rolled[chosen[1] :]
    # Which of the two edges is the upper one: that at which the drawing begins, else that which runs rightwards.
    begins_lower = sum(chosen) % count == 0
    if begins_lower or (chosen[0] != 0 and upper[-1, 0] < upper[0, 0]):
        upper, lower = lower, upper
    points = max(len(upper), len(lower))
    return np.concatenate([_resampled(upper, points), _resampled(lower, points)])


def _turns(clockwise: FloatArray) -> FloatArray:
    """Return by how much an outline turns at each point, (V,) float32, radians, positive to the right."""
    outgoing = np.roll(clockwise, -1, axis=0) - clockwise
    incoming = np.roll(outgoing, 1, axis=0)
    crosses = incoming[:, 0] * outgoing[:, 1] - incoming[:, 1] * outgoing[:, 0]
    turns: FloatArray = np.arctan2(crosses, (incoming * outgoing).sum(axis=1))
    return turns


def _resampled(edge: FloatArray, points: int) -> FloatArray:
    """Return an edge with so many points, spread evenly; unchanged if it has them."""
    if len(edge) == points:
        return edge.astype(np.float32)
    walked = np.concatenate([[0], np.cumsum(np.linalg.norm(np.diff(edge, axis=0), axis=1))])
    places = np.linspace(0, walked[-1], points)
    return np.stack([np.interp(places, walked, edge[:, axis]) for axis in (0, 1)], axis=1).astype(np.float32)


def _area(outline: FloatArray) -> float:
    """Return the area of an outline, positive if it runs clockwise on the screen."""
    x, y = outline[:, 0], outline[:, 1]
    return float(np.sum(x * np.roll(y, -1) - np.roll(x, -1) * y) / 2)
