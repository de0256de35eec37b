"""Random views of a photo: another scale, a little turned, a square cut out, other light."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.random import Generator

from textsearch.training.legibility import height_of
from textsearch.training.samples import Sample, WordLabel
from textsearch.types import ByteArray, FloatArray

_LEAST_INSIDE = 0.9
"""A word of which less is in view is neither rewarded nor punished."""

_SMALLEST = 6.0
"""Words lower than this many pixels are neither rewarded nor punished."""


@dataclass(frozen=True)
class ViewRecipe:
    """How views differ from the photo.

    Attributes:
        side: side of the square view, pixels.
        scales: least and greatest factor of the photo's size, drawn evenly on a logarithmic scale.
        degrees: standard deviation of the rotation.
        stretch: greatest relative change of the proportions.
        contrasts: least and greatest factor of the contrast, drawn evenly on a logarithmic scale.
        blur: greatest standard deviation of the blur, pixels.
    """

    side: int = 640
    scales: tuple[float, float] = (0.7, 2.2)
    degrees: float = 6.0
    stretch: float = 0.15
    contrasts: tuple[float, float] = (0.25, 1.4)
    blur: float = 3.0


def view(sample: Sample, recipe: ViewRecipe, generator: Generator) -> Sample:
    """Look at a part of a sample: around one of its legible words nine times out of ten, anywhere otherwise."""
    matrix = _placement(sample, recipe, generator)
    size = (recipe.side, recipe.side)
    image = cv2.warpAffine(
        sample.image, matrix, size, flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_CONSTANT, borderValue=(127, 127, 127)
    )
    words = (_seen(word, matrix, recipe.side) for word in sample.words)
    relit = relight(image.astype(np.uint8), recipe, generator)
    return Sample(relit, tuple(word for word in words if word is not None))


def relight(image: ByteArray, recipe: ViewRecipe, generator: Generator) -> ByteArray:
    """Blur now and then, and change contrast, brightness and colour balance; with little contrast it may be dark."""
    if generator.random() < 0.35:
        sigma = float(np.exp(generator.uniform(np.log(0.5), np.log(recipe.blur))))
        image = cv2.GaussianBlur(image, (0, 0), sigma).astype(np.uint8)
    if generator.random() < 0.8:
        gain = np.exp(generator.uniform(*np.log(recipe.contrasts))) * generator.uniform(0.92, 1.08, 3)
        middle = 127 + generator.uniform(-90, 60) * max(0.0, 1 - float(gain.mean()))
        values = (image.astype(np.float32) - 127) * gain + middle + generator.uniform(-25, 25)
        image = np.clip(values, 0, 255).astype(np.uint8)
    return image


def _placement(sample: Sample, recipe: ViewRecipe, generator: Generator) -> FloatArray:
    """Return the affine map (2, 3) from the photo to the view."""
    height, width = sample.image.shape[:2]
    legible = [word for word in sample.words if word.legible]
    if legible and generator.random() < 0.9:
        centre = legible[int(generator.integers(len(legible)))].polygon.mean(axis=0)
    else:
        centre = generator.uniform([0, 0], [width, height])
    scale = float(np.exp(generator.uniform(*np.log(recipe.scales))))
    stretch = float(np.exp(generator.uniform(-recipe.stretch, recipe.stretch) / 2))
    angle = np.deg2rad(generator.normal(0, recipe.degrees))
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    linear = scale * turn @ np.diag([stretch, 1 / stretch])
    target = generator.uniform(0.2, 0.8, 2) * recipe.side
    return np.column_stack([linear, target - linear @ centre]).astype(np.float32)


def _seen(word: WordLabel, matrix: FloatArray, side: int) -> WordLabel | None:
    """Return a word as it stands in the view, None if it is outside."""
    polygon = (word.polygon @ matrix[:, :2].T + matrix[:, 2]).astype(np.float32)
    (left, top), (right, bottom) = polygon.min(axis=0), polygon.max(axis=0)
    inside = max(0.0, min(right, side) - max(left, 0)) * max(0.0, min(bottom, side) - max(top, 0))
    whole = max(1e-3, float((right - left) * (bottom - top)))
    if inside <= 0:
        return None
    legible = word.legible and inside / whole >= _LEAST_INSIDE and height_of(polygon) >= _SMALLEST
    return WordLabel(polygon, word.text, legible)
