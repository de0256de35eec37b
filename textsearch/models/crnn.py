"""A small trunk to train from scratch: convolutions down to one row of features, read both ways by an LSTM.

It takes the strips and gives the frames that `textsearch.models.recogniser.RecognitionTrunk` does, in a fraction of the
time; the classic CRNN (Shi et al., 2017), with fewer channels.
"""

from __future__ import annotations

import torch.nn.functional as functional
from torch import Tensor, nn

from textsearch.models.recurrent import read_across

STAGES = ((16, (2, 2)), (32, (2, 2)), (64, (2, 2)), (128, (2, 1)))
"""Channels and (vertical, horizontal) stride of each stage: 48 rows become 3, eight columns one frame."""


class CrnnTrunk(nn.Module):
    """Strips of text to frames: what stands at a place, and what the LSTM adds from around it.

    Attributes:
        features: F, features of a frame.
    """

    def __init__(self) -> None:
        super().__init__()
        widths = [3, *(width for width, _ in STAGES)]
        self.stages = nn.Sequential(
            *(_stage(before, width, stride) for before, (width, stride) in zip(widths, STAGES, strict=False))
        )
        self.pool = nn.AdaptiveAvgPool2d((1, None))
        self.features = widths[-1]
        self.recurrent = nn.LSTM(self.features, self.features // 2, batch_first=True, bidirectional=True)

    def forward(self, crops: Tensor) -> Tensor:
        """Map crops (B, 3, 48, W) float, scaled to [-1, 1], to frames (B, W / 8, F) float."""
        row: Tensor = self.pool(self.stages(crops)).squeeze(2).transpose(1, 2)  # (B, W / 8, F)
        return row + read_across(self.recurrent, row)


class _Residual(nn.Module):
    """A 3x3 convolution added to its input."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.convolution = nn.Conv2d(width, width, 3, padding=1, bias=False)
        self.norm = nn.BatchNorm2d(width)

    def forward(self, features: Tensor) -> Tensor:
        """Map (B, C, H, W) to the same shape."""
        return functional.relu(features + self.norm(self.convolution(features)))


def _stage(before: int, width: int, stride: tuple[int, int]) -> nn.Sequential:
    """Return a convolution with a stride and, but at the finest scale, one that keeps the size."""
    layers: list[nn.Module] = [
        nn.Conv2d(before, width, 3, stride=stride, padding=1, bias=False),
        nn.BatchNorm2d(width),
        nn.ReLU(),
    ]
    return nn.Sequential(*layers, *([_Residual(width)] if before > 3 else []))
