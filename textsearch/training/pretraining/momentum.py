"""The momentum encoder: a copy of the network that follows it slowly and gives the keys (MoCo, section 3.2)."""

from __future__ import annotations

from copy import deepcopy
from typing import TypeVar

import torch
from torch import nn

Network = TypeVar("Network", bound=nn.Module)


def momentum_copy(network: Network) -> Network:
    """Return a copy of a network, in evaluation mode, that no gradient reaches."""
    copied = deepcopy(network).eval()
    for parameter in copied.parameters():
        parameter.requires_grad_(False)
    return copied


@torch.no_grad()
def follow(copied: nn.Module, network: nn.Module, momentum: float) -> None:
    """Move each weight of the copy the part 1 - `momentum` of the way to the network's; its statistics are its own."""
    for mine, new in zip(copied.parameters(), network.parameters(), strict=True):
        mine.lerp_(new, 1 - momentum)


def rising_momentum(step: int, greatest: float) -> float:
    """Return the momentum after some steps.

    It rises to the greatest, since a run of a few thousand steps would not outgrow its random start with 0.999.
    """
    return min(greatest, (1 + step) / (10 + step))
