"""How flat lettering lies in a scene: along a line, an arc or a wave, seen from the front or from aside."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Protocol

import cv2
import numpy as np
from numpy.typing import NDArray

from textsearch.types import FloatArray

Matrix = NDArray[np.float64]


class Bend(Protocol):
    """A course of the text. Flat points have x along the text and y down, both from the middle of the block."""

    def forward(self, points: FloatArray) -> FloatArray:
        """Return where flat points (..., 2) come to lie."""
        ...

    def backward(self, points: FloatArray) -> FloatArray:
        """Return which flat points (..., 2) come to lie at `points`."""
        ...


@dataclass(frozen=True)
class Arc:
    """Text along a circle.

    Attributes:
        radius: of the middle line, in the units of the points.
        side: 1 for an arch (letters outside of the circle's top), -1 for a bowl.
    """

    radius: float
    side: int

    def forward(self, points: FloatArray) -> FloatArray:
        """Return where flat points (..., 2) come to lie."""
        angle = points[..., 0] / self.radius
        distance = self.radius - self.side * points[..., 1]
        return np.stack(
            [distance * np.sin(angle), self.side * (self.radius - distance * np.cos(angle))], axis=-1
        ).astype(np.float32)

    def backward(self, points: FloatArray) -> FloatArray:
        """Return which flat points (..., 2) come to lie at `points`."""
        across, along = points[..., 0], self.radius - self.side * points[..., 1]
        angle = np.arctan2(across, along)
        distance = np.hypot(across, along)
        return np.stack([angle * self.radius, self.side * (self.radius - distance)], axis=-1).astype(np.float32)


@dataclass(frozen=True)
class Wave:
    """Text that goes up and down.

    Attributes:
        height: amplitude, in the units of the points.
        length: of a full wave, in the same units.
        phase: at the middle of the block, radians.
    """

    height: float
    length: float
    phase: float

    def _lift(self, points: FloatArray) -> FloatArray:
        return np.asarray(self.height * np.sin(points[..., 0] * (2 * np.pi / self.length) + self.phase), np.float32)

    def forward(self, points: FloatArray) -> FloatArray:
        """Return where flat points (..., 2) come to lie."""
        return np.stack([points[..., 0], points[..., 1] + self._lift(points)], axis=-1)

    def backward(self, points: FloatArray) -> FloatArray:
        """Return which flat points (..., 2) come to lie at `points`."""
        return np.stack([points[..., 0], points[..., 1] - self._lift(points)], axis=-1)


@dataclass(frozen=True, eq=False)
class Course:
    """The whole way from the pixels of a flat layer to the pixels of a scene, both counted between pixel edges.

    Attributes:
        unroll: (3, 3) from layer pixels to flat points around the middle of the block.
        bend: course of the text, None for a straight one.
        view: (3, 3) from bent points to scene pixels.
    """

    unroll: Matrix
    bend: Bend | None
    view: Matrix

    def then(self, transform: Matrix) -> Course:
        """Return this course followed by another transform (3, 3) of the scene."""
        return replace(self, view=transform @ self.view)

    def outline(self, box: FloatArray) -> FloatArray:
        """Return the polygon of a box of the layer: K points along its top, K back along its bottom.

        Args:
            box: (4,) float32, left, top, right, bottom.

        Returns:
            (2K, 2) float32, K = 2 for a straight course, 7 for a bent one.
        """
        left, top, right, bottom = box
        across = np.linspace(left, right, 2 if self.bend is None else 7)
        upper = np.stack([across, np.full_like(across, top)], axis=1)
        lower = np.stack([across[::-1], np.full_like(across, bottom)], axis=1)
        points = _apply(self.unroll, np.concatenate([upper, lower]).astype(np.float32))
        if self.bend is not None:
            points = self.bend.forward(points)
        return _apply(self.view, points)

    def warp(self, layer: FloatArray, left: int, top: int, width: int, height: int) -> FloatArray:
        """Return the part of the scene that starts at (left, top), with the layer (h, w, C) float32 in its place."""
        if self.bend is None:
            # OpenCV counts from the middle of the first pixel, this class from its edge.
            transform = moved(-left - 0.5, -top - 0.5) @ self.view @ self.unroll @ moved(0.5, 0.5)
            return np.asarray(
                cv2.warpPerspective(layer, transform, (width, height), flags=cv2.INTER_LINEAR), np.float32
            )
        rows, columns = np.mgrid[top : top + height, left : left + width].astype(np.float32) + 0.5
        scene = np.stack([columns, rows], axis=-1)
        flat = self.bend.backward(_apply(_inverse(self.view), scene))
        source = _apply(_inverse(self.unroll), flat) - 0.5
        return np.asarray(cv2.remap(layer, source[..., 0], source[..., 1], cv2.INTER_LINEAR), np.float32)


def seen_from_aside(yaw: float, pitch: float, distance: float) -> Matrix:
    """Return how points around the origin look when their plane is turned and seen from a distance.

    Args:
        yaw: turn about the upright axis, radians.
        pitch: turn about the level axis, radians.
        distance: of the eye, in the units of the points.
    """
    return np.array(
        [
            [np.cos(yaw), np.sin(yaw) * np.sin(pitch), 0],
            [0, np.cos(pitch), 0],
            [-np.sin(yaw) / distance, np.cos(yaw) * np.sin(pitch) / distance, 1],
        ]
    )


def rotated(angle: float) -> Matrix:
    """Return a turn about the origin, radians, clockwise on screen."""
    return np.array([[np.cos(angle), -np.sin(angle), 0], [np.sin(angle), np.cos(angle), 0], [0, 0, 1]])


def scaled(factor: float) -> Matrix:
    """Return an enlargement about the origin."""
    return np.diag([factor, factor, 1.0])


def moved(right: float, down: float) -> Matrix:
    """Return a shift."""
    return np.array([[1, 0, right], [0, 1, down], [0, 0, 1.0]])


def _inverse(transform: Matrix) -> Matrix:
    return np.asarray(np.linalg.inv(transform), np.float64)


def _apply(transform: Matrix, points: FloatArray) -> FloatArray:
    """Transform points (..., 2) by a homography (3, 3)."""
    return np.asarray(cv2.perspectiveTransform(points.reshape(1, -1, 2), transform), np.float32).reshape(points.shape)
