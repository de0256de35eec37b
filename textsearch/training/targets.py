"""What the FCOS head should have said: which location answers for which box (Tian et al., 2019, section 3)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import torch
from torch import Tensor

from textsearch.models.boxes import DETECTION_STRIDES, level_locations

NEGATIVE, POSITIVE, IGNORED = 0, 1, -1
"""Labels of a location."""

_LARGEST_REACHES = (64, 128, 256, 512, float("inf"))
"""For each level the largest distance to a side, pixels, that its locations answer for; finer levels have the rest."""

_CENTRE_RADIUS = 1.5
"""Only locations this many strides about the middle of a box answer for it."""


class LocationTargets(NamedTuple):
    """Targets of all locations of one image, level after level, row after row.

    Attributes:
        labels: (L,) int64: `POSITIVE`, `NEGATIVE` or `IGNORED`.
        distances: (L, 4) float32, in strides, to the left, top, right and bottom side; meaningless unless positive.
    """

    labels: Tensor
    distances: Tensor

    @property
    def centerness(self) -> Tensor:
        """Return sqrt(min(l, r) / max(l, r) * min(t, b) / max(t, b)) of every location, (L,) float32, 0 to 1."""
        across, down = self.distances[:, [0, 2]].clamp(min=1e-6), self.distances[:, [1, 3]].clamp(min=1e-6)
        ratios = across.amin(dim=1) / across.amax(dim=1) * down.amin(dim=1) / down.amax(dim=1)
        return ratios.sqrt()


@dataclass(frozen=True, eq=False)
class Locations:
    """The points that the head answers for, of all levels, one after the other.

    Attributes:
        points: (L, 2) float32, (x, y) in input pixels.
        strides: (L,) float32, input pixels between neighbours.
        smallest: (L,) float32, reaches up to this one belong to a finer level.
        largest: (L,) float32, reaches above this one belong to a coarser level.
    """

    points: Tensor
    strides: Tensor
    smallest: Tensor
    largest: Tensor

    @classmethod
    def of(cls, sizes: Sequence[tuple[int, int]], device: torch.device) -> Locations:
        """Lay out the locations of P3 to P7 with the given (height, width)."""
        points, columns = [], []
        smallest = -1.0
        for (height, width), stride, largest in zip(sizes, DETECTION_STRIDES, _LARGEST_REACHES, strict=True):
            points.append(level_locations(height, width, stride, device))
            columns.append(torch.tensor([stride, smallest, largest], device=device).expand(height * width, 3))
            smallest = largest
        return cls(torch.cat(points), *torch.cat(columns).unbind(1))


def assign(locations: Locations, boxes: Tensor, legible: Tensor) -> LocationTargets:
    """Decide what every location should say.

    A location answers for a box if it lies about its middle and the farthest side is within the reach of its level; of
    several boxes it takes the smallest. Locations inside an illegible word that answer for no legible one are ignored.

    Args:
        locations: the points.
        boxes: (N, 4) float32: left, top, right, bottom, input pixels.
        legible: (N,) bool; False for words that must be neither rewarded nor punished.
    """
    count = len(locations.points)
    labels = torch.full((count,), NEGATIVE, dtype=torch.int64, device=boxes.device)
    if not len(boxes):
        return LocationTargets(labels, boxes.new_zeros((count, 4)))
    points = locations.points[:, None]  # (L, 1, 2)
    distances = torch.cat([points - boxes[:, :2], boxes[:, 2:] - points], dim=2)  # (L, N, 4)
    inside = distances.amin(dim=2) > 0
    reach = distances.amax(dim=2)
    fits = (reach > locations.smallest[:, None]) & (reach <= locations.largest[:, None])
    answers = inside & fits & _about_middle(locations, boxes) & legible
    areas = (boxes[:, 2:] - boxes[:, :2]).prod(dim=1)
    _, owner = torch.where(answers, areas, torch.inf).min(dim=1)
    labels[(inside & ~legible).any(dim=1)] = IGNORED
    labels[answers.any(dim=1)] = POSITIVE
    own = distances[torch.arange(count, device=boxes.device), owner]
    return LocationTargets(labels, own / locations.strides[:, None])


def _about_middle(locations: Locations, boxes: Tensor) -> Tensor:
    """Return whether each location is near each box's middle, (L, N) bool."""
    middles = (boxes[:, :2] + boxes[:, 2:]) / 2
    away = (locations.points[:, None] - middles).abs().amax(dim=2)
    return away < _CENTRE_RADIUS * locations.strides[:, None]
