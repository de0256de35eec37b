"""The feature pyramid of TDSL (methods of Lin et al., 2017, without norms and activations)."""

from __future__ import annotations

from collections.abc import Sequence

import torch.nn.functional as functional
from torch import Tensor, nn

PYRAMID_STRIDES = (4, 8, 16, 32, 64, 128)
"""Pixels of the image per cell of P2, P3, ... P7."""


class SixLevelPyramid(nn.Module):
    """Joins four backbone maps top-down into P2 to P5 and continues with P6 and P7.

    Args:
        channels: channels of C2 to C5.
        width: channels of every level.
    """

    def __init__(self, channels: Sequence[int], width: int) -> None:
        super().__init__()
        self.laterals = nn.ModuleList(nn.Conv2d(count, width, 1) for count in channels)
        self.smoothers = nn.ModuleList(nn.Conv2d(width, width, 3, padding=1) for _ in channels)
        self.sixth = nn.Conv2d(width, width, 3, stride=2, padding=1)
        self.seventh = nn.Conv2d(width, width, 3, stride=2, padding=1)
        for layer in [*self.laterals, *self.smoothers, self.sixth, self.seventh]:
            nn.init.kaiming_uniform_(layer.weight, a=1)
            nn.init.zeros_(layer.bias)

    def forward(self, features: Sequence[Tensor]) -> tuple[Tensor, ...]:
        """Build the pyramid.

        Args:
            features: C2 to C5, (B, C, H/stride, W/stride) float for strides 4, 8, 16, 32; H and W multiples of 32.

        Returns:
            P2 to P7, (B, width, h, w) float; the sides of P6 and P7 are rounded up.
        """
        merged: list[Tensor] = []
        for lateral, feature in zip(reversed(self.laterals), reversed(features), strict=True):
            level: Tensor = lateral(feature)
            if merged:
                level = level + functional.interpolate(
                    merged[-1], size=level.shape[-2:], mode="bilinear", align_corners=False
                )
            merged.append(level)
        levels = [smoother(level) for smoother, level in zip(self.smoothers, reversed(merged), strict=True)]
        sixth = self.sixth(levels[-1])
        return (*levels, sixth, self.seventh(functional.relu(sixth)))
