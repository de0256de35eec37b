"""Recurrent layers in full precision where half of it would lose their gradients."""

from __future__ import annotations

import torch
from torch import Tensor, nn


def read_across(layer: nn.LSTM, frames: Tensor) -> Tensor:
    """Return the states of a recurrent layer at every frame.

    Under CUDA's autocast cuDNN computes recurrent layers in float16 whatever type was asked for, and small gradients
    become 0 there. A CPU takes the type that was asked for.

    Args:
        layer: one direction or both, the batch first.
        frames: (N, T, F) float.

    Returns:
        (N, T, directions * hidden) float.
    """
    states: Tensor
    if frames.device.type == "cpu":
        states, _ = layer(frames)
    else:
        with torch.autocast(frames.device.type, enabled=False):
            states, _ = layer(frames.float())
    return states
