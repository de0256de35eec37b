from __future__ import annotations

import pytest
import torch

from textsearch.models.crnn import CrnnTrunk


@pytest.mark.parametrize("width", [64, 160])
def test_a_frame_for_every_eight_columns(width: int) -> None:
    trunk = CrnnTrunk()
    assert trunk(torch.zeros(2, 3, 48, width)).shape == (2, width // 8, trunk.features)


def test_a_frame_knows_what_stands_before_and_after_it() -> None:
    trunk = CrnnTrunk().eval()
    strips = torch.zeros(3, 3, 48, 160)
    strips[1, :, :, :8] = 1.0
    strips[2, :, :, -8:] = 1.0
    blank, begun, ended = trunk(strips)
    assert not torch.allclose(blank[-2], begun[-2], atol=1e-9)
    assert not torch.allclose(blank[1], ended[1], atol=1e-9)


def test_every_parameter_learns() -> None:
    trunk = CrnnTrunk()
    trunk(torch.randn(2, 3, 48, 64)).square().sum().backward()
    assert all(parameter.grad is not None and parameter.grad.any() for parameter in trunk.parameters())
