"""From a probability map to polygons: the decoding half of the detector."""

from __future__ import annotations

import math
from collections.abc import Sequence

import cv2
import numpy as np

from textsearch.geometry import order_corners
from textsearch.options import DetectionOptions
from textsearch.ribbon import Ribbon
from textsearch.types import FloatArray

_FULL = 0.75
"""An outline that fills more of its rectangle than this is straight."""

_RIBBON_FULL = 0.6
"""An outline that fills less of the band along its curve than this is no line of text."""

_RIBBON_RATIO = 3.0
"""A band is at least this many times longer than thick, before growing."""


def decode(probabilities: FloatArray, options: DetectionOptions) -> tuple[list[FloatArray], FloatArray]:
    """Find the text regions of one probability map.

    Args:
        probabilities: (H, W) float32, 0 to 1.
        options: thresholds.

    Returns:
        N polygons (V, 2) float32 in network pixels, clockwise from the text's own top left corner, and their scores
        (N,) float32, top to bottom. Straight text has an ordered quadrilateral; bent text has V / 2 points along its
        top in reading direction, then as many back along its bottom.
    """
    mask = (probabilities > options.pixel_threshold).astype(np.uint8)
    # The map splits thin strokes; RapidOCR's own setting closes gaps of one pixel the same way.
    mask = cv2.dilate(mask, np.ones((2, 2), np.uint8)).astype(np.uint8)
    contours, _ = cv2.findContours(mask, cv2.RETR_LIST, cv2.CHAIN_APPROX_SIMPLE)
    polygons: list[FloatArray] = []
    scores: list[float] = []
    for contour in contours:
        rectangle = cv2.minAreaRect(contour)
        if min(rectangle[1]) < options.shortest_side:
            continue
        core, grown = _bent(contour.reshape(-1, 2).astype(np.float32), rectangle, options) or _straight(
            rectangle, options.growth
        )
        score = mean_inside(probabilities, core)
        if score >= options.region_threshold:
            polygons.append(grown)
            scores.append(score)
    order = sorted(range(len(scores)), key=lambda i: (polygons[i][:, 1].mean(), polygons[i][:, 0].mean()))
    return [polygons[i] for i in order], np.array([scores[i] for i in order], np.float32)


def _straight(
    rectangle: tuple[Sequence[float], Sequence[float], float], growth: float
) -> tuple[FloatArray, FloatArray]:
    """Return the corners (4, 2) of a rotated rectangle as it is, and grown and ordered."""
    centre, (width, height), angle = rectangle
    grow = 2 * growth * width * height / (2 * (width + height))
    corners = cv2.boxPoints((centre, (width, height), angle)).astype(np.float32)
    grown = cv2.boxPoints((centre, (width + grow, height + grow), angle)).astype(np.float32)
    return corners, order_corners(grown)


def _bent(
    outline: FloatArray, rectangle: tuple[Sequence[float], Sequence[float], float], options: DetectionOptions
) -> tuple[FloatArray, FloatArray] | None:
    """Return the band along a bent outline as a polygon as it is, and grown; None if the outline is not bent."""
    area = cv2.contourArea(outline)
    if math.isinf(options.bend) or area > _FULL * rectangle[1][0] * rectangle[1][1]:
        return None
    core = Ribbon.of(outline)
    grown = core.grown(options.growth)
    is_line = core.length >= _RIBBON_RATIO * core.thickness and area >= _RIBBON_FULL * core.length * core.thickness
    if not is_line or grown.bend <= options.bend or grown.folds:
        return None
    return core.polygon(), grown.polygon()


def mean_inside(probabilities: FloatArray, corners: FloatArray) -> float:
    """Return the mean of a map (H, W) float32 inside a polygon (V, 2), 0 if that lies outside of the map."""
    height, width = probabilities.shape
    left, top = np.clip(np.floor(corners.min(axis=0)).astype(int), 0, [width - 1, height - 1])
    right, bottom = np.clip(np.ceil(corners.max(axis=0)).astype(int), 0, [width - 1, height - 1])
    inside = np.zeros((bottom - top + 1, right - left + 1), np.uint8)
    cv2.fillPoly(inside, [np.round(corners - [left, top]).astype(np.int32)], (1,))
    window = np.ascontiguousarray(probabilities[top : bottom + 1, left : right + 1])
    return float(cv2.mean(window, inside)[0])
