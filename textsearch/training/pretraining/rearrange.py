"""Relational rearrangement: pairs of strips are cut in halves and mixed; their frames are put back (RCLSTR, "reg").

A letter then stands beside others than its word's: how it is described must not hang on its neighbours alone.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from torch import Tensor

BLOCKS = 4
"""Parts of a pair of strips: the halves of the first, then those of the second."""


def permute(crops: Tensor, order: Sequence[int]) -> Tensor:
    """Mix the halves of each pair of neighbouring strips.

    Args:
        crops: (B, C, H, W), B and W even.
        order: permutation of 0 to 3; half `order[i]` of a pair comes to place i.

    Returns:
        (B, C, H, W).
    """
    return _mixed(crops.movedim(3, 1), order).movedim(1, 3)


def restore(frames: Tensor, order: Sequence[int]) -> Tensor:
    """Put the frames (B, T, F) of strips that `permute` mixed back in their places; T is even."""
    return _mixed(frames, [int(place) for place in np.argsort(order)])


def _mixed(sequences: Tensor, order: Sequence[int]) -> Tensor:
    """Take the halves of each pair of sequences (B, L, ...) in another order."""
    count, length, *rest = sequences.shape
    blocks = sequences.reshape(count // 2, BLOCKS, length // 2, *rest)
    return blocks[:, list(order)].reshape(sequences.shape)
