"""The photo augmentation that TDSL was trained with: another size, turned, stretched, a square that cuts no word."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.random import Generator

from textsearch.training.legibility import height_of
from textsearch.training.samples import Sample, WordLabel
from textsearch.training.sources import RandomSource
from textsearch.types import ByteArray, FloatArray

_GREY = (127, 127, 127)
"""What lies outside a photo: nothing, to a network whose input is centred here."""

_TRIES = 10
"""Squares that are tried before the whole photo is squeezed into one."""


@dataclass(frozen=True)
class CropRecipe:
    """How photos are varied; the defaults are the paper's.

    Attributes:
        side: side of the square that training sees, pixels.
        longer_sides: least and greatest longer side of the resized photo, pixels, in steps of 32.
        degrees: the photo is turned by at most this much either way.
        heights: least and greatest factor of the height alone.
        smallest: words whose text is lower than this many pixels are neither rewarded nor punished; the paper has no
            such rule.
    """

    side: int = 640
    longer_sides: tuple[int, int] = (640, 1888)
    degrees: float = 15.0
    heights: tuple[float, float] = (0.8, 1.2)
    smallest: float = 6.0


@dataclass(frozen=True, eq=False)
class VariedSource:
    """A source whose samples are made squares; fulfils `RandomSource`.

    Attributes:
        source: gives the samples.
        vary: makes a square of each.
        recipe: how.
    """

    source: RandomSource
    vary: Callable[[Sample, CropRecipe, Generator], Sample]
    recipe: CropRecipe

    def draw(self, generator: Generator) -> Sample:
        """Return one square."""
        return self.vary(self.source.draw(generator), self.recipe, generator)


def vary(sample: Sample, recipe: CropRecipe, generator: Generator) -> Sample:
    """Return a square of a resized, turned and stretched photo, (side, side, 3), that cuts no legible word.

    Squares are laid around a random legible word, if there is one, so that few of them are empty; where none can be
    laid without cutting a word, the whole photo as it is now is squeezed into the square.
    """
    turned = _turn(sample, recipe, generator)
    width, height = _extent(turned, sample)
    boxes = np.array([_box(_move(word.polygon, turned)) for word in sample.words if word.legible]).reshape(-1, 4)
    for _ in range(_TRIES):
        corner = _corner(boxes, (width, height), recipe.side, generator)
        if not _cuts(boxes, corner, recipe.side):
            shift = np.array([[1, 0, -corner[0]], [0, 1, -corner[1]], [0, 0, 1]])
            return _warp(sample, shift @ turned, recipe)
    return _warp(sample, np.diag([recipe.side / width, recipe.side / height, 1.0]) @ turned, recipe)


def squeeze(sample: Sample, recipe: CropRecipe) -> Sample:
    """Resize a whole photo to the square, proportions not kept (how the paper reads its synthetic photos)."""
    height, width = sample.image.shape[:2]
    return _warp(sample, np.diag([recipe.side / width, recipe.side / height, 1.0]), recipe)


def tint(sample: Sample, generator: Generator) -> Sample:
    """Change brightness, contrast, saturation and hue, as the paper does in pre-training (1/8, 1/8, 1/2, 1/2)."""
    values = sample.image.astype(np.float32) * generator.uniform(0.875, 1.125)
    values = (values - values.mean()) * generator.uniform(0.875, 1.125) + values.mean()
    colours = cv2.cvtColor(np.clip(values, 0, 255).astype(np.uint8), cv2.COLOR_RGB2HSV).astype(np.float32)
    colours[..., 0] = (colours[..., 0] + generator.uniform(-90, 90)) % 180  # OpenCV counts hue to 180
    colours[..., 1] = np.clip(colours[..., 1] * generator.uniform(0.5, 1.5), 0, 255)
    return Sample(cv2.cvtColor(colours.astype(np.uint8), cv2.COLOR_HSV2RGB).astype(np.uint8), sample.words)


def squeeze_and_tint(sample: Sample, recipe: CropRecipe, generator: Generator) -> Sample:
    """Return a whole photo in a square and in other colours."""
    return tint(squeeze(sample, recipe), generator)


def _turn(sample: Sample, recipe: CropRecipe, generator: Generator) -> FloatArray:
    """Return the map (3, 3) from the photo to its resized, turned and stretched copy, whose corner is at 0."""
    height, width = sample.image.shape[:2]
    least, greatest = recipe.longer_sides
    scale = generator.choice(np.arange(least, greatest + 1, 32)) / max(width, height)
    angle = np.deg2rad(generator.uniform(-recipe.degrees, recipe.degrees))
    turn = scale * np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    linear = np.diag([1.0, generator.uniform(*recipe.heights)]) @ turn
    placed = np.eye(3, dtype=np.float32)
    placed[:2, :2] = linear
    placed[:2, 2] = -_move(_frame(sample), placed).min(axis=0)
    return placed


def _extent(matrix: FloatArray, sample: Sample) -> tuple[float, float]:
    """Return width and height of the photo once it is moved."""
    width, height = _move(_frame(sample), matrix).max(axis=0)
    return float(width), float(height)


def _frame(sample: Sample) -> FloatArray:
    height, width = sample.image.shape[:2]
    return np.array([[0, 0], [width, 0], [width, height], [0, height]], np.float32)


def _corner(boxes: FloatArray, size: tuple[float, float], side: int, generator: Generator) -> FloatArray:
    """Choose the upper left corner of a square, around one of the boxes if there is one."""
    room = np.maximum(np.array(size) - side, 0)
    if not len(boxes):
        return np.asarray(generator.uniform(0, 1, 2) * room)
    box = boxes[int(generator.integers(len(boxes)))]
    least, greatest = np.clip(box[2:] - side, 0, room), np.clip(box[:2], 0, room)
    return np.asarray(least + generator.uniform(0, 1, 2) * (greatest - least))


def _cuts(boxes: FloatArray, corner: FloatArray, side: int) -> bool:
    """Return whether a border of the square runs through a box."""
    touched = (boxes[:, :2] < corner + side).all(axis=1) & (boxes[:, 2:] > corner).all(axis=1)
    within = (boxes[:, :2] >= corner).all(axis=1) & (boxes[:, 2:] <= corner + side).all(axis=1)
    return bool((touched & ~within).any())


def _warp(sample: Sample, matrix: FloatArray, recipe: CropRecipe) -> Sample:
    """Move the photo and its words into the square; words outside vanish."""
    moved = (_moved(word, matrix, recipe) for word in sample.words)
    words = tuple(word for word in moved if word is not None)
    image: ByteArray = sample.image
    scale = 2 * float(np.sqrt(abs(np.linalg.det(matrix[:2, :2]))))
    if scale < 1:  # a warp that shrinks by more than a half skips pixels; average them first
        image = cv2.resize(image, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA).astype(np.uint8)
        (height, width), (low, narrow) = sample.image.shape[:2], image.shape[:2]
        matrix = matrix @ np.diag([width / narrow, height / low, 1.0])
    warped = cv2.warpAffine(image, matrix[:2], (recipe.side,) * 2, flags=cv2.INTER_LINEAR, borderValue=_GREY)
    return Sample(warped.astype(np.uint8), words)


def _moved(word: WordLabel, matrix: FloatArray, recipe: CropRecipe) -> WordLabel | None:
    """Return a word as it stands in the square, None if it lies outside."""
    polygon = _move(word.polygon, matrix)
    left, top, right, bottom = _box(polygon)
    if right <= 0 or bottom <= 0 or left >= recipe.side or top >= recipe.side:
        return None
    return WordLabel(polygon, word.text, word.legible and height_of(polygon) >= recipe.smallest)


def _move(points: FloatArray, matrix: FloatArray) -> FloatArray:
    """Move points (V, 2) by an affine map (3, 3)."""
    return (points @ matrix[:2, :2].T + matrix[:2, 2]).astype(np.float32)


def _box(polygon: FloatArray) -> FloatArray:
    """Return left, top, right, bottom of a polygon, (4,) float32."""
    return np.concatenate([polygon.min(axis=0), polygon.max(axis=0)])
