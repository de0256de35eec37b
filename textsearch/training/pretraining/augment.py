"""Views of strips for contrast: another look at the same letters in the same places (the augmentations of RCLSTR).

Frame t of one view is compared with frame t of the other. So nothing is flipped, next to nothing is cut off at the
ends, and what is warped moves by about half a frame.
"""

from __future__ import annotations

from collections.abc import Callable

import cv2
import numpy as np
from numpy.random import Generator

from textsearch.types import ByteArray, FloatArray

Placement = Callable[[FloatArray, Generator], FloatArray]
"""Moves the places that pixels are taken from, (H, W, 2) float32: x, y from 0 to 1."""

Look = Callable[[ByteArray, Generator], ByteArray]
"""Changes pixels (H, W, 3) uint8 where they are."""

MOST_CHANGES = 5
"""Of the six kinds of changes that the paper makes, one to this many are made."""


def vary_strip(strip: ByteArray, generator: Generator) -> ByteArray:
    """Return a strip (H, W, 3) uint8 as another photo might show it: where it lies, then how it looks.

    Beyond the paper every view gets other colours and another brightness: those alone tell a strip from thousands.
    """
    chosen = generator.permutation(len(_PLACEMENTS) + len(_LOOKS))[: generator.integers(1, MOST_CHANGES + 1)]
    height, width = strip.shape[:2]
    strip = _recolour(strip, generator)
    places: FloatArray | None = None
    for number in sorted(chosen):
        if number < len(_PLACEMENTS):
            places = _grid(height, width) if places is None else places
            places = _PLACEMENTS[number](places, generator)
            continue
        if places is not None:
            strip, places = _taken(strip, places), None
        strip = _LOOKS[number - len(_PLACEMENTS)](strip, generator)
    return strip if places is None else _taken(strip, places)


def _grid(height: int, width: int) -> FloatArray:
    """Return the place of every pixel, (H, W, 2) float32: x, y from 0 to 1."""
    y, x = np.mgrid[:height, :width].astype(np.float32)
    return np.stack([(x + 0.5) / width, (y + 0.5) / height], axis=-1)


def _taken(strip: ByteArray, places: FloatArray) -> ByteArray:
    """Return the strip's pixels at some places (H, W, 2)."""
    pixels = places * np.array(strip.shape[1::-1], np.float32) - 0.5
    across, down = pixels[..., 0], pixels[..., 1]
    return np.asarray(cv2.remap(strip, across, down, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE), np.uint8)


def _crop(places: FloatArray, generator: Generator) -> FloatArray:
    """Cut up to 40 % off the height, above and below together, and up to 2 % off each end."""
    cut, upper = generator.uniform(0, 0.4), generator.random()
    left, right = generator.uniform(0, 0.02, 2)
    corner = np.array([left, cut * upper], np.float32)
    return corner + places * np.array([1 - left - right, 1 - cut], np.float32)


def _bend(places: FloatArray, generator: Generator) -> FloatArray:
    """Move the nodes of a coarse grid by a few hundredths of the strip (piecewise affine, 0.02 to 0.03)."""
    moves = generator.normal(0, generator.uniform(0.02, 0.03), (4, 4, 2)).astype(np.float32)
    height, width = places.shape[:2]
    return places + np.asarray(cv2.resize(moves, (width, height), interpolation=cv2.INTER_LINEAR), np.float32)


def _tilt(places: FloatArray, generator: Generator) -> FloatArray:
    """Move the corners by about a hundredth of the strip (perspective, 0.01 to 0.02)."""
    corners = np.array([[0, 0], [1, 0], [1, 1], [0, 1]], np.float32)
    moved = corners + generator.normal(0, generator.uniform(0.01, 0.02), (4, 2)).astype(np.float32)
    return np.asarray(cv2.perspectiveTransform(places, cv2.getPerspectiveTransform(corners, moved)), np.float32)


def _contrast(strip: ByteArray, generator: Generator) -> ByteArray:
    """Draw all values towards the middle, to between one half and all of their distance."""
    contrast = generator.uniform(0.5, 1.0)
    return cv2.convertScaleAbs(strip, alpha=contrast, beta=127.5 * (1 - contrast)).astype(np.uint8, copy=False)


def _blur(strip: ByteArray, generator: Generator) -> ByteArray:
    """Blur with a standard deviation of 0.5 to 1.5 pixels."""
    return cv2.GaussianBlur(strip, (0, 0), generator.uniform(0.5, 1.5)).astype(np.uint8, copy=False)


def _sharpen(strip: ByteArray, generator: Generator) -> ByteArray:
    """Mix in up to one half of a sharpened copy."""
    part = generator.uniform(0, 0.5)
    kernel = np.full((3, 3), -part, np.float32)
    kernel[1, 1] = 1 + 8 * part
    return cv2.filter2D(strip, -1, kernel).astype(np.uint8, copy=False)


def _recolour(strip: ByteArray, generator: Generator) -> ByteArray:
    """Swap the colours or mix them to a grey, invert half of the strips, change contrast and brightness."""
    mixed = generator.dirichlet(np.ones(3))[None].repeat(3, axis=0)
    colours = mixed if generator.random() < 0.5 else np.eye(3)[generator.permutation(3)]
    gain = generator.uniform(0.7, 1.5) * generator.choice((-1, 1))
    offset = 127.5 * (1 - gain) + generator.uniform(-40, 40)
    return cv2.transform(strip, np.column_stack([gain * colours, np.full(3, offset)])).astype(np.uint8, copy=False)


_PLACEMENTS: tuple[Placement, ...] = (_crop, _bend, _tilt)
_LOOKS: tuple[Look, ...] = (_contrast, _blur, _sharpen)
