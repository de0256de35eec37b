from __future__ import annotations

import pytest
import torch
from torch import nn

from tests.pretended_device import pretended_device


def test_devices_cannot_be_mixed() -> None:
    with pretended_device() as device:
        there = torch.ones(3, device=device)
        assert there.device == device and (there + 1).sum().item() == 6
        with pytest.raises(RuntimeError, match="all tensors on one device"):
            there + torch.ones(3)
        assert (there + torch.ones(())).device == device
        assert there.cpu().device.type == "cpu" and torch.tensor([1], device=device).device == device
        assert there[torch.tensor([0, 2])].device == there[[0, 2]].device == device


def test_modules_learn_there() -> None:
    with pretended_device() as device:
        layer = nn.LSTM(3, 2, batch_first=True).to(device)
        layer(torch.ones(1, 4, 3, device=device))[0].sum().backward()
        weight = next(layer.parameters())
        assert weight.grad is not None and weight.grad.device == device
        before = weight.detach().cpu()
        torch.optim.AdamW(layer.parameters()).step()
        assert not torch.equal(weight.detach().cpu(), before)


def test_recurrent_layers_do_not_learn_in_evaluation_mode() -> None:
    with pretended_device() as device:
        layer = nn.LSTM(3, 2).to(device).eval()
        with pytest.raises(RuntimeError, match="training mode"):
            layer(torch.ones(4, 1, 3, device=device))
        with torch.no_grad():
            layer(torch.ones(4, 1, 3, device=device))
