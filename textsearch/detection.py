"""From a probability map to quadrilaterals: the decoding half of the detector."""

from __future__ import annotations

import cv2
import numpy as np

from textsearch.geometry import order_corners
from textsearch.options import DetectionOptions
from textsearch.types import FloatArray


def decode(probabilities: FloatArray, options: DetectionOptions) -> tuple[FloatArray, FloatArray]:
    """Find the text regions of one probability map.

    Args:
        probabilities: (H, W) float32, 0 to 1.
        options: thresholds.

    Returns:
        Ordered quadrilaterals (N, 4, 2) float32 in network pixels and scores (N,) float32, top to bottom.
    """
    mask = (probabilities > options.pixel_threshold).astype(np.uint8)
    # The map splits thin strokes; RapidOCR's own setting closes gaps of one pixel the same way.
    mask = cv2.dilate(mask, np.ones((2, 2), np.uint8)).astype(np.uint8)
    contours, _ = cv2.findContours(mask, cv2.RETR_LIST, cv2.CHAIN_APPROX_SIMPLE)
    quadrilaterals: list[FloatArray] = []
    scores: list[float] = []
    for contour in contours:
        (x, y), (width, height), angle = cv2.minAreaRect(contour)
        if min(width, height) < options.shortest_side:
            continue
        corners = cv2.boxPoints(((x, y), (width, height), angle)).astype(np.float32)
        score = _mean_inside(probabilities, corners)
        if score < options.region_threshold:
            continue
        grow = 2 * options.growth * width * height / (2 * (width + height))
        grown = cv2.boxPoints(((x, y), (width + grow, height + grow), angle)).astype(np.float32)
        quadrilaterals.append(order_corners(grown))
        scores.append(score)
    if not quadrilaterals:
        return np.zeros((0, 4, 2), np.float32), np.zeros(0, np.float32)
    order = sorted(range(len(scores)), key=lambda i: (quadrilaterals[i][:, 1].mean(), quadrilaterals[i][:, 0].mean()))
    return np.stack([quadrilaterals[i] for i in order]), np.array([scores[i] for i in order], np.float32)


def _mean_inside(probabilities: FloatArray, corners: FloatArray) -> float:
    """Return the mean probability inside a quadrilateral."""
    height, width = probabilities.shape
    left, top = np.clip(np.floor(corners.min(axis=0)).astype(int), 0, [width - 1, height - 1])
    right, bottom = np.clip(np.ceil(corners.max(axis=0)).astype(int), 0, [width - 1, height - 1])
    inside = np.zeros((bottom - top + 1, right - left + 1), np.uint8)
    cv2.fillPoly(inside, [np.round(corners - [left, top]).astype(np.int32)], (1,))
    window = np.ascontiguousarray(probabilities[top : bottom + 1, left : right + 1])
    return float(cv2.mean(window, inside)[0])
