"""A second, coarse look at a photo, for what the first one missed: large, blurred and pale text.

Seen from afar blurred strokes become sharp, and letters as high as a door fit what the detector sees at once; with its
contrast evened out, dark glass and faded paint show theirs. One look at a third of the size costs a ninth of the time.
"""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np

from textsearch.detection import mean_inside
from textsearch.types import ByteArray, FloatArray

_CLIP = 4.0
"""How far contrast may be raised, as OpenCV counts it."""

_TILES = 8
"""The photo is parted into so many rows and columns, each with a contrast of its own."""

_SEEN = 0.3
"""A region of which more than this part lies in others was seen before."""

_PRECISION = 256
"""Pixels of the longer side on which areas are counted."""


def even_out(photo: ByteArray) -> ByteArray:
    """Return a photo (H, W, 3) uint8 RGB with the same contrast of brightness everywhere."""
    brightness, red_green, yellow_blue = cv2.split(cv2.cvtColor(photo, cv2.COLOR_RGB2LAB))
    raised = cv2.createCLAHE(_CLIP, (_TILES, _TILES)).apply(brightness)
    evened: ByteArray = cv2.cvtColor(cv2.merge([raised, red_green, yellow_blue]), cv2.COLOR_LAB2RGB)  # type: ignore[assignment]
    return evened


def unseen(polygons: Sequence[FloatArray], others: Sequence[FloatArray], width: int, height: int) -> list[int]:
    """Return which of N polygons lie mostly outside of others.

    Args:
        polygons: (V, 2) float32 each, photo pixels.
        others: the same.
        width: of the photo.
        height: of the photo.
    """
    scale = _PRECISION / max(width, height)
    seen = np.zeros((int(height * scale) + 1, int(width * scale) + 1), np.float32)
    for other in others:
        cv2.fillPoly(seen, [np.round(other * scale).astype(np.int32)], (1,))
    return [number for number, polygon in enumerate(polygons) if mean_inside(seen, polygon * scale) <= _SEEN]
