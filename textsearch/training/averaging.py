"""The weights of a network averaged over the steps of a run: calmer than those of any single step."""

from __future__ import annotations

from collections.abc import Mapping

from torch import Tensor, nn


class MovingAverage:
    """An exponential moving average of everything in a network's state that is a real number.

    Args:
        network: whose weights are averaged; the average begins with those it has now.
        decay: what is kept of the average at each step; early on less, so that it follows closely.
    """

    def __init__(self, network: nn.Module, decay: float) -> None:
        self._decay = decay
        self.weights: dict[str, Tensor] = {
            name: tensor.detach().clone() for name, tensor in network.state_dict().items()
        }

    def load(self, weights: Mapping[str, Tensor]) -> None:
        """Take over the weights of an earlier average, wherever they are."""
        for name, tensor in weights.items():
            self.weights[name].copy_(tensor)

    def follow(self, network: nn.Module, step: int) -> None:
        """Move on, after a step (counted from 1) of the network."""
        decay = min(self._decay, step / (step + 10))
        for name, tensor in network.state_dict().items():
            if tensor.dtype.is_floating_point:
                self.weights[name].lerp_(tensor, 1 - decay)
