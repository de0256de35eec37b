"""Which parameters of a network a backward pass has reached."""

from __future__ import annotations

from torch import nn


def silent_parameters(network: nn.Module) -> list[str]:
    """Return the names of parameters without a gradient, or with nothing but zeros."""
    return [
        name for name, parameter in network.named_parameters() if parameter.grad is None or not parameter.grad.any()
    ]


def assert_all_but_small_gates_learn(network: nn.Module) -> None:
    """Check a network whose gates are so small that all their few channels may be off, and nothing gets past them."""
    silent = silent_parameters(network)
    assert [name for name in silent if ".gate.squeeze." not in name and not name.endswith(".gate.excite.weight")] == []
    assert all(parameter.grad is not None for parameter in network.parameters())
    gates = [name for name, _ in network.named_parameters() if name.endswith(".gate.excite.weight")]
    assert not set(gates) <= set(silent), "not every gate is off"
