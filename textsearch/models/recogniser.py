"""The text recogniser: backbone, sequence neck (both are the trunk), CTC classifier."""

from __future__ import annotations

from typing import NamedTuple

import torch.nn.functional as functional
from torch import Tensor, nn

from textsearch.models.backbone import Backbone, build_backbone
from textsearch.models.config import RecogniserConfig


class RecogniserOutput(NamedTuple):
    """What the recogniser computes, before any decoding.

    Attributes:
        frames: (B, T, 120) float, one feature vector every 8 pixels along the text.
        logits: (B, T, C) float; the softmax over C gives the CTC class probabilities of a frame, class 0 the blank.
    """

    frames: Tensor
    logits: Tensor


class NormalisedConvolution(nn.Sequential):
    """Convolution along the width, batch normalisation, SiLU."""

    def __init__(self, channels: int, width: int, kernel: int = 1, groups: int = 1) -> None:
        super().__init__(
            nn.Conv2d(channels, width, (1, kernel), padding=(0, kernel // 2), groups=groups, bias=False),
            nn.BatchNorm2d(width),
            nn.SiLU(),
        )


class SelfAttention(nn.Module):
    """Multi-head attention of a sequence to itself (Vaswani et al., 2017, section 3.2)."""

    def __init__(self, dimension: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.project = nn.Linear(dimension, 3 * dimension)
        self.output = nn.Linear(dimension, dimension)

    def forward(self, frames: Tensor, visible: Tensor | None = None) -> Tensor:
        """Map (B, T, D) to (B, T, D); frames outside `visible`, (B, T) bool, are attended to by none."""
        batch, length, dimension = frames.shape
        projected: Tensor = self.project(frames)
        split = projected.reshape(batch, length, 3, self.heads, dimension // self.heads)
        query, key, value = split.permute(2, 0, 3, 1, 4).unbind(0)  # each (B, heads, T, D / heads)
        mask = None if visible is None else visible[:, None, None, :]
        attended = functional.scaled_dot_product_attention(query, key, value, attn_mask=mask)
        mixed: Tensor = self.output(attended.transpose(1, 2).flatten(2))
        return mixed


class TransformerLayer(nn.Module):
    """Self-attention and a two-layer perceptron, each normalised first and added to its input."""

    def __init__(self, dimension: int, heads: int) -> None:
        super().__init__()
        self.attention = nn.Sequential(nn.LayerNorm(dimension), SelfAttention(dimension, heads))
        self.perceptron = nn.Sequential(
            nn.LayerNorm(dimension),
            nn.Linear(dimension, 2 * dimension),
            nn.SiLU(),
            nn.Linear(2 * dimension, dimension),
        )

    def forward(self, frames: Tensor) -> Tensor:
        """Map (B, T, D) to (B, T, D)."""
        frames = frames + self.attention(frames)
        update: Tensor = self.perceptron(frames)
        return frames + update


class SequenceNeck(nn.Module):
    """A row of features to frames: near neighbours by convolution, the whole text by attention, and a shortcut.

    Args:
        shortcut: module (B, C, 1, T) to (B, D, 1, T), around all the others.
        reduce: module (B, C, 1, T) to (B, D, 1, T).
        neighbours: module (B, D, 1, T) to the same shape, added to its input.
        layers: module (B, T, D) to (B, T, D).
        dimension: D, channels of a frame.
    """

    def __init__(
        self, shortcut: nn.Module, reduce: nn.Module, neighbours: nn.Module, layers: nn.Module, dimension: int
    ) -> None:
        super().__init__()
        self.features = dimension
        self.shortcut = shortcut
        self.reduce = reduce
        self.neighbours = neighbours
        self.layers = layers
        self.norm = nn.LayerNorm(dimension, eps=1e-6)

    def forward(self, row: Tensor) -> Tensor:
        """Map (B, C, 1, T) to frames (B, T, D)."""
        reduced: Tensor = self.reduce(row)
        reduced = reduced + self.neighbours(reduced)
        frames: Tensor = self.norm(self.layers(_as_frames(reduced)))
        return frames + _as_frames(self.shortcut(row))


class RecognitionTrunk(nn.Module):
    """Crops of text to frames: everything before the classifier.

    Attributes:
        features: F, features of a frame.
    """

    def __init__(self, backbone: Backbone, neck: SequenceNeck) -> None:
        super().__init__()
        self.features = neck.features
        self.backbone = backbone
        self.pool = nn.AvgPool2d((3, 2))
        self.neck = neck

    def last_blocks(self) -> list[nn.Parameter]:
        """Return the parameters of the backbone's last stage and of the neck: the third that sees whole letters."""
        return [*self.backbone.stages[-1].parameters(), *self.neck.parameters()]

    def forward(self, crops: Tensor) -> Tensor:
        """Run the trunk.

        Args:
            crops: (B, 3, 48, W) float, channels blue, green, red, scaled to [-1, 1]; text upright, read along W.

        Returns:
            Frames (B, W/8, F) float; F is 120 in PP-OCRv6-small.
        """
        frames: Tensor = self.neck(self.pool(self.backbone(crops)[-1]))
        return frames


class Recogniser(nn.Module):
    """Reads text: its frames serve the image branch, its logits the character lattice."""

    def __init__(self, trunk: RecognitionTrunk, classifier: nn.Linear) -> None:
        super().__init__()
        self.trunk = trunk
        self.classifier = classifier

    def forward(self, crops: Tensor) -> RecogniserOutput:
        """Run trunk and classifier on crops as `RecognitionTrunk.forward` takes them."""
        frames: Tensor = self.trunk(crops)
        return RecogniserOutput(frames, self.classifier(frames))


def build_recogniser(config: RecogniserConfig) -> Recogniser:
    """Return a freshly initialised recogniser of the given sizes."""
    channels, dimension = config.backbone.widths[-1], config.dimension
    neck = SequenceNeck(
        shortcut=NormalisedConvolution(channels, dimension),
        reduce=NormalisedConvolution(channels, dimension),
        neighbours=NormalisedConvolution(dimension, dimension, config.kernel, groups=dimension),
        layers=nn.Sequential(*(TransformerLayer(dimension, config.heads) for _ in range(config.layers))),
        dimension=dimension,
    )
    trunk = RecognitionTrunk(build_backbone(config.backbone), neck)
    return Recogniser(trunk, nn.Linear(dimension, config.classes))


def _as_frames(row: Tensor) -> Tensor:
    """Turn a row (B, D, 1, T) into frames (B, T, D)."""
    return row.squeeze(2).transpose(1, 2)
