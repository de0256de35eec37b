from __future__ import annotations

import torch
from torch import nn

from textsearch.training.averaging import MovingAverage


def test_the_average_follows_closely_first_and_slowly_later() -> None:
    network = nn.Linear(1, 1, bias=False)
    with torch.no_grad():
        network.weight.fill_(0.0)
        average = MovingAverage(network, 0.9)
        network.weight.fill_(1.0)
    average.follow(network, 1)
    assert abs(average.weights["weight"].item() - 10 / 11) < 1e-6
    average.weights["weight"].zero_()
    average.follow(network, 1000)
    assert abs(average.weights["weight"].item() - 0.1) < 1e-6
    assert network.weight.item() == 1.0


def test_counters_are_left_alone() -> None:
    network = nn.BatchNorm1d(2)
    average = MovingAverage(network, 0.9)
    network(torch.randn(4, 2))
    average.follow(network, 1)
    assert average.weights["num_batches_tracked"].item() == 0
