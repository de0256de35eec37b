"""The convolutional backbone that the text detector and the text recogniser share.

A stem to stride 4, then stages of residual blocks. Batch normalisation is folded into the convolutions.
"""

from __future__ import annotations

from collections.abc import Iterable

import torch
import torch.nn.functional as functional
from torch import Tensor, nn

from textsearch.models.config import BackboneConfig


class Stem(nn.Module):
    """Image to features at stride 4; half-way, 2x2 convolutions and 2x2 max-pooling run side by side.

    Args:
        channels: channels inside the stem.
        width: channels of its output.
    """

    def __init__(self, channels: int, width: int) -> None:
        super().__init__()
        self.entry = nn.Conv2d(3, channels, 3, stride=2, padding=1)
        self.squeeze = nn.Conv2d(channels, channels // 2, 2)
        self.expand = nn.Conv2d(channels // 2, channels, 2)
        self.pool = nn.MaxPool2d(2, stride=1)
        self.merge = nn.Conv2d(2 * channels, channels, 3, stride=2, padding=1)
        self.project = nn.Conv2d(channels, width, 1)

    def forward(self, images: Tensor) -> Tensor:
        """Map (B, 3, H, W) float to (B, width, H/4, W/4)."""
        features = functional.relu(self.entry(images))
        padded = _pad_end(features)
        textures = functional.relu(self.squeeze(padded))
        textures = functional.relu(self.expand(_pad_end(textures)))
        # Padding with 0 serves the pooling as well: after a ReLU nothing is smaller.
        features = torch.cat([self.pool(padded), textures], dim=1)
        features = functional.relu(self.merge(features))
        return functional.relu(self.project(features))


class SqueezeExcitation(nn.Module):
    """Channel gate (Hu et al., 2018), with a hard sigmoid.

    Args:
        channels: channels of the input and the output.
        slope: slope of the hard sigmoid: clip(slope * x + 1/2, 0, 1).
        reduction: how many times narrower the hidden layer is.
    """

    def __init__(self, channels: int, slope: float = 1 / 6, reduction: int = 4) -> None:
        super().__init__()
        self.slope = slope
        self.squeeze = nn.Conv2d(channels, channels // reduction, 1)
        self.excite = nn.Conv2d(channels // reduction, channels, 1)

    def forward(self, features: Tensor) -> Tensor:
        """Scale each channel of (B, C, H, W) by a gate in [0, 1] computed from the channels' means."""
        scaled: Tensor = features * self.gate(features.mean(dim=(2, 3), keepdim=True))
        return scaled

    def gate(self, means: Tensor) -> Tensor:
        """Return the gate (B, C, 1, 1) that belongs to the channels' means (B, C, 1, 1)."""
        hidden = functional.relu(self.squeeze(means))
        gate: Tensor = (self.slope * self.excite(hidden) + 0.5).clamp(0, 1)
        return gate


class ResidualBlock(nn.Module):
    """Depthwise 3x3 convolution and optional gate mix positions; two pointwise convolutions, residual, mix channels."""

    def __init__(self, channels: int, gated: bool) -> None:
        super().__init__()
        self.depthwise = nn.Conv2d(channels, channels, 3, padding=1, groups=channels)
        self.gate = SqueezeExcitation(channels) if gated else nn.Identity()
        self.pointwise = _pointwise(channels, channels)

    def forward(self, features: Tensor) -> Tensor:
        """Map (B, C, H, W) to (B, C, H, W)."""
        mixed: Tensor = self.gate(self.depthwise(features))
        update: Tensor = self.pointwise(mixed)
        return mixed + update


class DownsamplingBlock(nn.Module):
    """Depthwise 3x3 convolution with a stride, then two pointwise convolutions to more channels."""

    def __init__(self, channels: int, width: int, stride: tuple[int, int]) -> None:
        super().__init__()
        self.depthwise = nn.Conv2d(channels, channels, 3, stride=stride, padding=1, groups=channels)
        self.pointwise = _pointwise(channels, width)

    def forward(self, features: Tensor) -> Tensor:
        """Map (B, C, H, W) to (B, width, H/stride, W/stride)."""
        widened: Tensor = self.pointwise(self.depthwise(features))
        return widened


class Backbone(nn.Module):
    """A stem, then stages, each working on the output of the one before."""

    def __init__(self, stem: nn.Module, stages: Iterable[nn.Module]) -> None:
        super().__init__()
        self.stem = stem
        self.stages = nn.ModuleList(stages)

    def forward(self, images: Tensor) -> tuple[Tensor, ...]:
        """Map images (B, 3, H, W) float to the output of every stage (B, C, h, w), finest first."""
        features = self.stem(images)
        maps: list[Tensor] = []
        for stage in self.stages:
            features = stage(features)
            maps.append(features)
        return tuple(maps)


def build_backbone(config: BackboneConfig) -> Backbone:
    """Return a freshly initialised backbone of the given sizes."""
    stages: list[nn.Module] = []
    for position, (width, gates) in enumerate(zip(config.widths, config.gates, strict=True)):
        blocks: list[nn.Module] = [ResidualBlock(width, gated) for gated in gates]
        if position > 0:
            blocks.insert(0, DownsamplingBlock(config.widths[position - 1], width, config.stride))
        stages.append(nn.Sequential(*blocks))
    return Backbone(Stem(config.stem, config.widths[0]), stages)


def _pointwise(channels: int, width: int) -> nn.Sequential:
    """Return 1x1 convolutions channels -> 2 channels -> width with a GELU between them."""
    return nn.Sequential(nn.Conv2d(channels, 2 * channels, 1), nn.GELU(), nn.Conv2d(2 * channels, width, 1))


def _pad_end(features: Tensor) -> Tensor:
    """Add one row below and one column at the right: a 2x2 window then keeps the size (ONNX's SAME_UPPER)."""
    return functional.pad(features, (0, 1, 0, 1))
