"""From an encoded sequence to the unit vector that `textsearch.similarity` compares."""

from __future__ import annotations

import torch.nn.functional as functional
from torch import Tensor


def vectors(sequence: Tensor) -> Tensor:
    """Turn encoded sequences into unit vectors: v(x) = flatten(tanh(x)) / ||flatten(tanh(x))||.

    Args:
        sequence: (N, T, C) float, as a branch returns it; N may be 0.

    Returns:
        (N, T * C) float, rows of length 1.
    """
    return functional.normalize(sequence.tanh().flatten(1), dim=1)
