"""Targets of the probability map: the shrunken core of every word, and where the map is neither right nor wrong.

The decoder (`textsearch.detection`) grows each core by growth x area / perimeter. Here words are shrunk by exactly what
that growth gives back, so a perfect map decodes to the annotated boxes. Whether neighbours on one line become one core
or two is left to the network: lines are parted later, where the recogniser sees a space.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import permutations
from typing import NamedTuple

import cv2
import numpy as np

from textsearch.training.samples import WordLabel
from textsearch.types import ByteArray, FloatArray


class CoreTargets(NamedTuple):
    """What the probability map of one photo should be.

    Attributes:
        cores: (H, W) uint8, 1 inside the core of a legible word.
        counted: (H, W) uint8, 0 where the loss must not look: on words that nobody could read, and between the words of
            a line.
    """

    cores: ByteArray
    counted: ByteArray


def core_targets(words: Sequence[WordLabel], height: int, width: int, growth: float) -> CoreTargets:
    """Draw the targets of a photo.

    Args:
        words: its words, photo pixels.
        height: of the photo, pixels.
        width: of the photo, pixels.
        growth: the decoder's, see `textsearch.options.DetectionOptions`.
    """
    cores = np.zeros((height, width), np.uint8)
    counted = np.ones((height, width), np.uint8)
    shrunk = [core(word.polygon, growth) for word in words]
    for word, inner in zip(words, shrunk, strict=True):
        if word.legible:
            cv2.fillPoly(cores, [np.round(inner).astype(np.int32)], (1,))
        else:
            cv2.fillPoly(counted, [np.round(word.polygon).astype(np.int32)], (0,))
    for left, right in permutations(range(len(words)), 2):
        if follows(words[left].polygon, words[right].polygon):
            ends = _end(shrunk[left])[::-1], _beginning(shrunk[right])
            cv2.fillPoly(counted, [np.round(np.concatenate(ends)).astype(np.int32)], (0,))
    # Where a legible word lies on an illegible one, the legible one is what the map should show.
    counted[cores == 1] = 1
    return CoreTargets(cores, counted)


def follows(left: FloatArray, right: FloatArray) -> bool:
    """Return whether a word (2K, 2) is the next one on the line of another: as high, level with it, hardly apart."""
    heights = [float(np.linalg.norm(side[0] - side[1])) for side in (_end(left), _beginning(right))]
    height = max(1e-3, sum(heights) / 2)
    half = len(left) // 2
    course = (left[half - 1] + left[half] - left[half - 2] - left[half + 1]) / 2
    course = course / max(1e-3, float(np.linalg.norm(course)))
    gap = _beginning(right).mean(axis=0) - _end(left).mean(axis=0)
    along = float(gap @ course)
    across = abs(float(gap[0] * course[1] - gap[1] * course[0]))
    return max(heights) < 2 * min(heights) and -0.5 * height < along < 1.5 * height and across < 0.5 * height


def _beginning(polygon: FloatArray) -> FloatArray:
    """Return the corners (2, 2) at which a word begins, top and bottom."""
    return polygon[[0, -1]]


def _end(polygon: FloatArray) -> FloatArray:
    """Return the corners (2, 2) at which a word ends, top and bottom."""
    half = len(polygon) // 2
    return polygon[[half - 1, half]]


def core(polygon: FloatArray, growth: float) -> FloatArray:
    """Shrink a word's polygon (2K, 2) on all sides by what the decoder's growth gives back.

    Args:
        polygon: K points along the top, K back along the bottom.
        growth: a core of area A and perimeter P is grown by growth x A / P.

    Returns:
        (2K, 2) float32.
    """
    half = len(polygon) // 2
    top, bottom = polygon[:half], polygon[half:][::-1]
    middle = (top + bottom) / 2
    length = float(np.linalg.norm(np.diff(middle, axis=0), axis=1).sum())
    thickness = float(np.linalg.norm(top - bottom, axis=1).mean())
    inset = _inset(max(length, 1.0), max(thickness, 1.0), growth)
    across = 1 - 2 * inset / max(thickness, 1e-3)
    along = min(inset / max(length, 1e-3), 0.45)
    places = np.concatenate([[0.0], np.cumsum(np.linalg.norm(np.diff(middle, axis=0), axis=1))]) / max(length, 1e-3)
    wanted = along + (1 - 2 * along) * np.linspace(0, 1, half)
    edges = []
    for edge in (top, bottom):
        shrunk = middle + (edge - middle) * across
        edges.append(np.stack([np.interp(wanted, places, shrunk[:, axis]) for axis in (0, 1)], axis=1))
    return np.concatenate([edges[0], edges[1][::-1]]).astype(np.float32)


def _inset(length: float, thickness: float, growth: float) -> float:
    """Return d with d = growth x A / P for the rectangle left when d is taken from every side of another one.

    With A = (l - 2d)(t - 2d) and P = 2(l + t - 4d) this is the quadratic (4g + 8)d^2 - 2(g + 1)(l + t)d + glt = 0.
    """
    a, b, c = 4 * growth + 8, -2 * (growth + 1) * (length + thickness), growth * length * thickness
    return float((-b - np.sqrt(b * b - 4 * a * c)) / (2 * a))
