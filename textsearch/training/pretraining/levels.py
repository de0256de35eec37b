"""The three levels at which strips are compared: frames, sub-words and whole words (RCLSTR)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import torch.nn.functional as functional
from torch import Tensor, nn

Level = Literal["frame", "subword", "word"]

LEVELS: tuple[Level, ...] = ("frame", "subword", "word")
"""From fine to coarse; each is made consistent with the next."""

SUBWORDS = 4
"""Parts of a word that are compared as a whole."""

DIMENSION = 128
"""Of the space that vectors are compared in, at every level."""


class Predictor(nn.Module):
    """Parts of strips to unit vectors: each feature normalised over the batch, then a linear layer.

    The paper has the linear layer alone. But the frames of a fresh trunk differ little from their mean, which a short
    run would spend most of its steps on.

    Args:
        features: F, features of a part.
    """

    def __init__(self, features: int) -> None:
        super().__init__()
        self.norm = nn.BatchNorm1d(features, affine=False)
        self.project = nn.Linear(features, DIMENSION)

    def forward(self, parts: Tensor) -> Tensor:
        """Map (B, n, F) to unit vectors (B, n, 128)."""
        normalised: Tensor = self.norm(parts.transpose(1, 2))
        return functional.normalize(self.project(normalised.transpose(1, 2)), dim=2)


class Levels(nn.Module):
    """One predictor a level, from the frames of a trunk to unit vectors.

    Args:
        features: F, features of a frame.
        names: the levels wanted.
    """

    def __init__(self, features: int, names: Sequence[Level] = LEVELS) -> None:
        super().__init__()
        self.predictors = nn.ModuleDict({name: Predictor(features) for name in LEVELS if name in names})

    def forward(self, frames: Tensor) -> dict[str, Tensor]:
        """Map frames (B, T, F) to unit vectors (B, n, 128) of each level; n is T, 4 and 1."""
        return {name: predictor(gather(frames, name)) for name, predictor in self.predictors.items()}


def gather(frames: Tensor, level: str) -> Tensor:
    """Return the means (B, n, F) of the frames (B, T, F) that belong to each part of a level."""
    if level == "frame":
        return frames
    if level == "word":
        return frames.mean(dim=1, keepdim=True)
    return functional.adaptive_avg_pool1d(frames.transpose(1, 2), SUBWORDS).transpose(1, 2)


def windows(parts: Tensor, count: int) -> Tensor:
    """Return the parts that belong to each of `count` parts of the level above.

    Windows lie floor(n / count) apart; the last one ends with the last part, so they overlap where `count` does not
    divide n (26 frames, 4 sub-words: distance 6, length 8).

    Args:
        parts: (B, n, D).
        count: parts of the level above.

    Returns:
        (B, count, length, D).
    """
    total = parts.shape[1]
    distance = total // count
    return parts.unfold(1, total - (count - 1) * distance, distance).transpose(2, 3)
