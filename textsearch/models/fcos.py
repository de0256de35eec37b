"""The detection head of TDSL: FCOS (Tian et al., 2019) with one tower for all three outputs."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

import torch.nn.functional as functional
from torch import Tensor, nn

_PRIOR = 0.01
"""Probability of text that a fresh head gives every location: the many empty ones must not swamp the loss."""


class DetectionMaps(NamedTuple):
    """What the head computes for each level, before any decoding; one tensor per level, the finest first.

    Attributes:
        logits: (B, 1, h, w) float; the sigmoid is the probability that a text instance is centred about here.
        distances: (B, 4, h, w) float, not negative, in strides of the level: from the location to the instance's left,
            top, right and bottom side.
        centerness: (B, 1, h, w) float logits of how near the location is to the instance's centre.
    """

    logits: tuple[Tensor, ...]
    distances: tuple[Tensor, ...]
    centerness: tuple[Tensor, ...]


class DetectionHead(nn.Module):
    """A tower of convolutions and three outputs, the same weights on every level.

    Args:
        width: channels of the pyramid and of the tower.
        groups: groups of the tower's group normalisation; a divisor of `width`.
        depth: convolutions in the tower.
    """

    def __init__(self, width: int, groups: int, depth: int = 4) -> None:
        super().__init__()
        layers: list[nn.Module] = []
        for _ in range(depth):
            layers += [nn.Conv2d(width, width, 3, padding=1), nn.GroupNorm(groups, width), nn.ReLU()]
        self.tower = nn.Sequential(*layers)
        self.logits = nn.Conv2d(width, 1, 3, padding=1)
        self.distances = nn.Conv2d(width, 4, 3, padding=1)
        self.centerness = nn.Conv2d(width, 1, 3, padding=1)
        for layer in self.modules():
            if isinstance(layer, nn.Conv2d):
                nn.init.normal_(layer.weight, std=0.01)
                assert layer.bias is not None
                nn.init.zeros_(layer.bias)
        assert self.logits.bias is not None and self.distances.bias is not None
        # Below 0 the ReLU passes nothing back, so boxes begin at one stride to each side and not at nothing.
        nn.init.ones_(self.distances.bias)
        nn.init.constant_(self.logits.bias, -math.log((1 - _PRIOR) / _PRIOR))

    def forward(self, levels: Sequence[Tensor]) -> DetectionMaps:
        """Map levels (B, width, h, w) float to the three outputs of each."""
        towers = [self.tower(level) for level in levels]
        return DetectionMaps(
            tuple(self.logits(tower) for tower in towers),
            tuple(functional.relu(self.distances(tower)) for tower in towers),
            tuple(self.centerness(tower) for tower in towers),
        )
