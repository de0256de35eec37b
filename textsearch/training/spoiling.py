"""What spoils photos: things in front, uneven light, few pixels, blur, noise, compression."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.random import Generator

from textsearch.types import ByteArray, FloatArray


@dataclass(frozen=True)
class Damage:
    """What was done to a whole photo.

    Attributes:
        contrast: contrast left, as a part of what was there.
        resolution: sharp pixels per pixel along a side, at most 1.
        blur: standard deviation of the blur, pixels.
        noise: standard deviation, grey levels.
    """

    contrast: float
    resolution: float
    blur: float
    noise: float


def hide(image: ByteArray, generator: Generator) -> ByteArray:
    """Put a few things in front of a photo, in place: posts, wires, blobs, leaves.

    Args:
        image: (H, W, 3) uint8.
        generator: source of all randomness.

    Returns:
        (H, W) uint8, 1 where something is in front.
    """
    height, width = image.shape[:2]
    mask = np.zeros((height, width), np.uint8)
    for _ in range(int(generator.integers(1, 5))):
        shape = np.zeros((height, width), np.uint8)
        x, y = int(generator.integers(width)), int(generator.integers(height))
        reach = float(np.exp(generator.uniform(np.log(0.02), np.log(0.2)))) * width
        kind = int(generator.integers(3))
        if kind == 0:  # a wire or a post across the photo
            angle = generator.uniform(0, np.pi)
            far = np.array([np.cos(angle), np.sin(angle)]) * (width + height)
            ends = [tuple(int(v) for v in np.array([x, y]) + sign * far) for sign in (-1, 1)]
            cv2.line(shape, ends[0], ends[1], 1, max(1, int(reach / 5)))
        elif kind == 1:
            axes = (max(1, int(reach / 2)), max(1, int(reach * generator.uniform(0.15, 0.5))))
            cv2.ellipse(shape, (x, y), axes, float(generator.uniform(0, 180)), 0, 360, 1, -1)
        else:
            angles = np.sort(generator.uniform(0, 2 * np.pi, int(generator.integers(3, 8))))
            distances = generator.uniform(0.3, 0.7, len(angles)) * reach
            corners = np.stack([x + distances * np.cos(angles), y + distances * np.sin(angles)], axis=1)
            cv2.fillPoly(shape, [corners.astype(np.int32)], 1)
        left, top, wide, high = cv2.boundingRect(shape)
        window, inside = image[top : top + high, left : left + wide], shape[top : top + high, left : left + wide] > 0
        window[inside] = generator.integers(0, 256, 3)
        mask |= shape
    return mask


def shade(image: ByteArray, generator: Generator) -> tuple[ByteArray, FloatArray]:
    """Light a photo unevenly: smoothly from a few random brightnesses.

    Args:
        image: (H, W, 3) uint8; stays as it is.
        generator: source of all randomness.

    Returns:
        The photo (H, W, 3) uint8, and the light it lies in, (H, W, 3) float32, 1 where nothing changes.
    """
    height, width = image.shape[:2]
    rows, columns = (int(n) for n in generator.integers(2, 5, 2))
    field: FloatArray = generator.uniform(0.5, 1.3, (rows, columns, 1)).astype(np.float32)
    field = field * generator.uniform(0.9, 1.1, 3).astype(np.float32)  # light has a colour
    light = np.asarray(cv2.resize(field, (width, height), interpolation=cv2.INTER_LINEAR), np.float32)
    return np.asarray(cv2.multiply(image, light, dtype=cv2.CV_8U), np.uint8), light


def spoil(image: ByteArray, generator: Generator) -> tuple[ByteArray, Damage]:
    """Take a bad photo of a good one: each kind of damage comes with some probability.

    Args:
        image: (H, W, 3) uint8; stays as it is.
        generator: source of all randomness.

    Returns:
        The bad photo (H, W, 3) uint8, and what was done.
    """
    resolution = float(generator.uniform(0.35, 0.9)) if generator.random() < 0.35 else 1.0
    height, width = image.shape[:2]
    if resolution < 1:
        small = (max(8, round(width * resolution)), max(8, round(height * resolution)))
        image = cv2.resize(image, small, interpolation=cv2.INTER_AREA).astype(np.uint8)
    image, blur = _blurred(image, generator)
    contrast = float(generator.uniform(0.35, 1.15)) if generator.random() < 0.4 else 1.0
    noise = float(np.exp(generator.uniform(np.log(1.5), np.log(16)))) if generator.random() < 0.5 else 0.0
    if contrast != 1.0 or noise:
        image = _developed(image, contrast, noise, generator)
    if generator.random() < 0.5:
        image = _compressed(image, int(generator.integers(25, 90)))
    if resolution < 1:
        way = (cv2.INTER_LINEAR, cv2.INTER_CUBIC)[int(generator.integers(2))]
        image = cv2.resize(image, (width, height), interpolation=way).astype(np.uint8)
    return image, Damage(contrast, resolution, blur / resolution, noise)


def _blurred(image: ByteArray, generator: Generator) -> tuple[ByteArray, float]:
    """Return the photo out of focus or moved while exposed, or neither, and the blur's standard deviation."""
    kind = generator.random()
    if kind < 0.3:
        sigma = float(np.exp(generator.uniform(np.log(0.4), np.log(2.2))))
        return cv2.GaussianBlur(image, (0, 0), sigma).astype(np.uint8), sigma
    if kind < 0.45:
        length = int(generator.integers(3, 10))
        angle = generator.uniform(0, np.pi)
        half = np.array([np.cos(angle), np.sin(angle)]) * (length - 1) / 2
        middle = (length - 1) / 2
        kernel = np.zeros((length, length), np.float32)
        ends = [tuple(round(float(v)) for v in middle + sign * half) for sign in (-1, 1)]
        cv2.line(kernel, ends[0], ends[1], 1.0)
        return cv2.filter2D(image, -1, kernel / kernel.sum()).astype(np.uint8), length / 12**0.5
    return image, 0.0


def _developed(image: ByteArray, contrast: float, noise: float, generator: Generator) -> ByteArray:
    """Change contrast and brightness, add noise that is partly the same in all colours."""
    bright = float(generator.uniform(-35, 35)) if contrast != 1.0 else 0.0
    values = image.astype(np.float32)
    values -= 127
    values *= contrast
    values += 127 + bright
    if noise:
        grain: FloatArray = generator.standard_normal(image.shape[:2], dtype=np.float32)
        values += (grain * noise)[:, :, None]
        # The colours' own grain is a shifted copy: drawing three fields takes three times as long.
        values[:, :, 0] += np.roll(grain, 7, axis=0) * (0.6 * noise)
        values[:, :, 2] -= np.roll(grain, 7, axis=1) * (0.6 * noise)
    return np.clip(values, 0, 255).astype(np.uint8)


def _compressed(image: ByteArray, quality: int) -> ByteArray:
    """Return the photo as it comes out of a JPEG file of a quality from 0 to 100."""
    _, data = cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, quality])
    return np.asarray(cv2.imdecode(data, cv2.IMREAD_COLOR), np.uint8)
