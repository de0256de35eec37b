"""The text detector: backbone, feature pyramid, probability head (that of DBNet, Liao et al., 2020)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import torch
import torch.nn.functional as functional
from torch import Tensor, nn

from textsearch.models.backbone import SqueezeExcitation, build_backbone
from textsearch.models.config import DetectorConfig


class DetectorOutput(NamedTuple):
    """What the detector computes, before any decoding.

    Attributes:
        maps: the pyramid's top-down maps at strides 4, 8, 16, 32: (B, 96, H/4, W/4) ... (B, 96, H/32, W/32) float.
        fused: (B, 96, H/4, W/4) float, the smoothed levels side by side, the coarsest first.
        logits: (B, 1, H, W) float; the sigmoid is the probability that a pixel lies in the shrunk core of a text.
    """

    maps: tuple[Tensor, ...]
    fused: Tensor
    logits: Tensor


class GatedProjection(nn.Module):
    """Pointwise convolution, then a channel gate beside the identity."""

    def __init__(self, channels: int, width: int) -> None:
        super().__init__()
        self.project = nn.Conv2d(channels, width, 1, bias=False)
        self.gate = SqueezeExcitation(width, slope=0.2)

    def forward(self, features: Tensor) -> Tensor:
        """Map (B, C, H, W) to (B, width, H, W)."""
        projected: Tensor = self.project(features)
        gated: Tensor = self.gate(projected)
        return projected + gated


class FeaturePyramid(nn.Module):
    """Laterals, a top-down path, and smoothing of each level to an equal share of the fused map.

    The modules are held from the coarsest level to the finest: the order in which they run.

    Args:
        channels: channels of each backbone map, the finest first.
        width: channels of the top-down maps, and of the fused map.
        kernel: side of the smoothing depthwise convolutions.
    """

    def __init__(self, channels: Sequence[int], width: int, kernel: int) -> None:
        super().__init__()
        self.laterals = nn.ModuleList(GatedProjection(count, width) for count in reversed(channels))
        self.smoothers = nn.ModuleList(
            nn.Sequential(
                nn.Conv2d(width, width, kernel, padding=kernel // 2, groups=width),
                GatedProjection(width, width // len(channels)),
            )
            for _ in channels
        )

    def forward(self, features: Sequence[Tensor]) -> tuple[tuple[Tensor, ...], Tensor]:
        """Join the backbone's maps.

        Args:
            features: one (B, C, h, w) float map per level, the finest first, each twice the size of the next.

        Returns:
            The top-down maps (B, width, h, w), the finest first, and the fused map at the finest size.
        """
        levels: list[Tensor] = []
        for lateral, feature in zip(self.laterals, reversed(features), strict=True):
            level: Tensor = lateral(feature)
            levels.append(level + _enlarge(levels[-1], 2) if levels else level)
        shares = [
            _enlarge(smoother(level), 2 ** (len(levels) - 1 - depth))
            for depth, (smoother, level) in enumerate(zip(self.smoothers, levels, strict=True))
        ]
        return tuple(reversed(levels)), torch.cat(shares, dim=1)


class ProbabilityHead(nn.Module):
    """From the fused map at stride 4 to one logit per pixel, by two transposed convolutions."""

    def __init__(self, channels: int, hidden: int) -> None:
        super().__init__()
        self.reduce = nn.Conv2d(channels, hidden, 3, padding=1)
        self.enlarge = nn.ConvTranspose2d(hidden, hidden, 2, stride=2)
        self.logits = nn.ConvTranspose2d(hidden, 1, 2, stride=2)

    def forward(self, fused: Tensor) -> Tensor:
        """Map (B, C, H/4, W/4) to logits (B, 1, H, W)."""
        features = functional.relu(self.reduce(fused))
        features = functional.relu(self.enlarge(features))
        logits: Tensor = self.logits(features)
        return logits


class TextDetector(nn.Module):
    """Finds text: its maps serve later stages, its logits the decoding into polygons."""

    def __init__(self, backbone: nn.Module, neck: nn.Module, head: ProbabilityHead) -> None:
        super().__init__()
        self.backbone = backbone
        self.neck = neck
        self.head = head

    def forward(self, images: Tensor) -> DetectorOutput:
        """Run the detector.

        Args:
            images: (B, 3, H, W) float, channels blue, green, red, scaled to [-1, 1]; H and W multiples of 32.
        """
        maps, fused = self.neck(self.backbone(images))
        return DetectorOutput(maps, fused, self.head(fused))


def build_detector(config: DetectorConfig) -> TextDetector:
    """Return a freshly initialised detector of the given sizes."""
    widths = config.backbone.widths
    neck = FeaturePyramid(widths, config.neck, config.kernel)
    head = ProbabilityHead(config.neck, config.neck // len(widths))
    return TextDetector(build_backbone(config.backbone), neck, head)


def _enlarge(features: Tensor, factor: int) -> Tensor:
    """Repeat each element `factor` times along height and width."""
    return features if factor == 1 else functional.interpolate(features, scale_factor=factor, mode="nearest")
