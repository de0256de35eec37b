from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
import torch
from torch import Tensor, nn

from tests.pretended_device import NAME, pretended_device
from textsearch.models.crnn import CrnnTrunk
from textsearch.models.recurrent import read_across
from textsearch.models.sequence import RegionSequence, WordSequence, letter_frames


class Autocast:
    """Tells what recurrent layers are given, and whether autocast is on there."""

    def __init__(self) -> None:
        self.on = True
        self.seen: list[tuple[bool, torch.dtype]] = []

    @contextmanager
    def __call__(self, device: str, dtype: torch.dtype | None = None, enabled: bool = True) -> Iterator[None]:
        before, self.on = self.on, enabled
        yield
        self.on = before

    def look(self, module: nn.Module, inputs: tuple[Tensor, ...]) -> None:
        self.seen.append((self.on, inputs[0].dtype))


def test_recurrent_layers_are_kept_out_of_autocast() -> None:
    """As torch computes them in float16 on CUDA, whatever autocast was told."""
    regions, words, trunk = RegionSequence(4, 2, 3, 2), WordSequence(4, 3, 2), CrnnTrunk()
    autocast = Autocast()
    with pretended_device() as device, pytest.MonkeyPatch.context() as patch:
        patch.setattr(torch, "autocast", autocast)
        for module in (regions, words, trunk):
            module.to(device).recurrent.register_forward_pre_hook(autocast.look)
        regions(torch.ones(2, 4, 4, 15, device=device))
        words(letter_frames(["cola"]).to(device))
        trunk(torch.ones(1, 3, 48, 32, device=device))
        halved = torch.ones(1, 5, 4, device=device, dtype=torch.bfloat16)
        assert read_across(words.recurrent, halved).dtype == torch.float32
        assert device.type == NAME and autocast.on
    assert autocast.seen == [(False, torch.float32)] * 4


def test_a_cpu_computes_them_as_it_was_asked_to() -> None:
    layer = nn.LSTM(4, 3, batch_first=True, bidirectional=True)
    frames = torch.randn(2, 5, 4, generator=torch.Generator().manual_seed(0))
    torch.testing.assert_close(read_across(layer, frames), layer(frames)[0], rtol=0, atol=0)
    with torch.autocast("cpu", torch.bfloat16):
        assert read_across(layer, frames).dtype == layer(frames)[0].dtype == torch.bfloat16
