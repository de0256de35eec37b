"""Level boxes as quadrilaterals."""

from __future__ import annotations

import numpy as np

from textsearch.types import FloatArray


def box(left: float, top: float, right: float, bottom: float) -> FloatArray:
    """Return the box between its sides, (4, 2) float32."""
    return np.array([[left, top], [right, top], [right, bottom], [left, bottom]], np.float32)


def word_box(left: float, top: float, width: float = 40, height: float = 10) -> FloatArray:
    """Return the box of a word of some size, (4, 2) float32."""
    return box(left, top, left + width, top + height)
