"""Strips as worse photos would give them: what training is to withstand and what validation asks about."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType

import cv2
import numpy as np
from numpy.random import Generator

from textsearch.training.spoiling import spoil
from textsearch.types import ByteArray

_GREATEST_CUT = 0.3
"""Part of the strip's height by which an end is cut off, at most: about a third of a letter."""


def blurred(strip: ByteArray, generator: Generator) -> ByteArray:
    """Return a strip (48, W, 3) uint8 out of focus."""
    sigma = float(generator.uniform(2.0, 4.5))
    return np.asarray(cv2.GaussianBlur(strip, (0, 0), sigma), np.uint8)


def coarse(strip: ByteArray, generator: Generator) -> ByteArray:
    """Return a strip (48, W, 3) uint8 as a word 6 to 11 pixels high would give it."""
    height, width = strip.shape[:2]
    low = int(generator.integers(6, 12))
    small = cv2.resize(strip, (max(8, round(width * low / height)), low), interpolation=cv2.INTER_AREA)
    return np.asarray(cv2.resize(small, (width, height), interpolation=cv2.INTER_LINEAR), np.uint8)


def cut_off(strip: ByteArray, generator: Generator) -> ByteArray:
    """Return a strip (48, W, 3) uint8 without some pixels at its ends, its top and its bottom."""
    height, width = strip.shape[:2]
    left, right = (generator.uniform(0, min(_GREATEST_CUT * height, width / 4), 2)).astype(int)
    top, bottom = generator.integers(0, height // 8 + 1, 2)
    kept = strip[top : height - bottom, left : width - right]
    wide = min(width, max(8, round(kept.shape[1] * height / kept.shape[0])))
    return np.asarray(cv2.resize(kept, (wide, height), interpolation=cv2.INTER_LINEAR), np.uint8)


VIEWS: Mapping[str, Callable[[ByteArray, Generator], ByteArray]] = MappingProxyType(
    {"blurred": blurred, "coarse": coarse, "cut_off": cut_off}
)
"""The views that validation asks about."""


def degraded(strip: ByteArray, generator: Generator) -> ByteArray:
    """Return a strip (48, W, 3) uint8 as training sees it: each of the views now and then, and what spoils photos."""
    for change in VIEWS.values():
        if generator.random() < 0.3:
            strip = change(strip, generator)
    return spoil(strip, generator)[0]
