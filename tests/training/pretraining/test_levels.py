from __future__ import annotations

import pytest
import torch

from textsearch.training.pretraining.levels import Level, Levels, gather, windows


def test_parts_of_a_level_are_means_of_their_frames() -> None:
    frames = torch.arange(8.0).view(1, 8, 1)
    assert gather(frames, "frame").flatten().tolist() == list(range(8))
    assert gather(frames, "subword").flatten().tolist() == [0.5, 2.5, 4.5, 6.5]
    assert gather(frames, "word").flatten().tolist() == [3.5]


@pytest.mark.parametrize("names", [("frame", "subword", "word"), ("word", "frame"), ("subword",)])
def test_every_level_gets_unit_vectors_and_a_gradient(names: tuple[Level, ...]) -> None:
    levels = Levels(5, names)
    frames = torch.randn(2, 20, 5, requires_grad=True)
    vectors = levels(frames)
    assert {name: tuple(each.shape) for name, each in vectors.items()} == {
        name: (2, count, 128) for name, count in (("frame", 20), ("subword", 4), ("word", 1)) if name in names
    }
    for each in vectors.values():
        assert torch.allclose(each.norm(dim=2), torch.ones(each.shape[:2]))
    torch.stack([each[..., 0].square().sum() for each in vectors.values()]).sum().backward()  # type: ignore[no-untyped-call]
    assert all(parameter.grad is not None and parameter.grad.any() for parameter in levels.parameters())
    assert frames.grad is not None and (frames.grad.abs().sum(dim=2) > 0).all()


@pytest.mark.parametrize(("total", "starts", "length"), [(20, [0, 5, 10, 15], 5), (26, [0, 6, 12, 18], 8)])
def test_windows_lie_as_in_the_paper(total: int, starts: list[int], length: int) -> None:
    parts = torch.arange(float(total)).view(1, total, 1)
    cut = windows(parts, 4)
    assert cut.shape == (1, 4, length, 1)
    assert cut[0, :, :, 0].tolist() == [[float(start + place) for place in range(length)] for start in starts]
