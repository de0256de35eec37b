from __future__ import annotations

import pytest
import torch
from torch import nn

from textsearch.training.pretraining.momentum import follow, momentum_copy, rising_momentum


def test_the_weights_of_the_copy_move_a_part_of_the_way() -> None:
    network = nn.Sequential(nn.Linear(2, 2), nn.BatchNorm1d(2))
    copied = momentum_copy(network)
    before = [parameter.clone() for parameter in copied.parameters()]
    network(torch.randn(8, 2))
    with torch.no_grad():
        for parameter in network.parameters():
            parameter.add_(1)
    follow(copied, network, 0.75)
    for mine, old in zip(copied.parameters(), before, strict=True):
        assert torch.allclose(mine, old + 0.25)
    assert copied.state_dict()["1.running_mean"].tolist() == [0, 0]


def test_no_gradient_reaches_the_copy_and_it_is_another_one() -> None:
    network = nn.Sequential(nn.Linear(2, 2), nn.BatchNorm1d(2))
    copied = momentum_copy(network)
    assert network.training and not copied.training
    assert not any(parameter.requires_grad for parameter in copied.parameters())
    assert all(parameter.requires_grad for parameter in network.parameters())


@pytest.mark.parametrize(("step", "momentum"), [(0, 0.1), (8, 0.5), (10_000, 0.99)])
def test_the_momentum_rises(step: int, momentum: float) -> None:
    assert rising_momentum(step, 0.99) == pytest.approx(momentum)
