from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from tests.training.pretraining.trunks import KINDS, trunk_of
from textsearch.models.backbone import SqueezeExcitation
from textsearch.training.pretraining.masking import (
    draw_visibility,
    encode_visible,
    resize_visibility,
    visible_frames,
)

HEIGHT, WIDTH = 48, 64


def some_visible(count: int = 3, band: tuple[int, int] = (20, 20)) -> Tensor:
    visible = draw_visibility(count, HEIGHT, WIDTH, 0.5, band, np.random.default_rng(0))
    return torch.from_numpy(visible[:, None].astype(np.float32))


def test_the_mask_is_cells_united_with_a_band_of_the_full_height() -> None:
    visible = draw_visibility(200, HEIGHT, WIDTH, 0.5, (12, 20), np.random.default_rng(0))
    assert visible.shape == (200, 12, 16)
    hidden_columns = (~visible).all(axis=1).sum(axis=1)
    assert set(hidden_columns.tolist()) == {3, 4, 5}
    cells = draw_visibility(200, HEIGHT, WIDTH, 0.25, (0, 0), np.random.default_rng(0))
    assert ((~cells).sum(axis=(1, 2)) == 48).all()
    shares = (~cells).mean(axis=0)
    assert shares.min() > 0.1 and shares.max() < 0.4


def test_a_mask_that_may_hide_everything_is_refused() -> None:
    with pytest.raises(ValueError, match="hide everything"):
        draw_visibility(1, HEIGHT, WIDTH, 0.5, (16, 32), np.random.default_rng(0))


def test_visibility_at_other_sizes() -> None:
    visible = torch.tensor([[0.0, 0, 1, 0], [0, 0, 0, 0]])[None, None]
    assert resize_visibility(visible, 4, 8)[0, 0].tolist() == [[0, 0, 0, 0, 1, 1, 0, 0]] * 2 + [[0] * 8] * 2
    assert resize_visibility(visible, 1, 2)[0, 0].tolist() == [[0, 1]]
    assert resize_visibility(visible, 1, 8)[0, 0].tolist() == [[0, 0, 0, 0, 1, 1, 0, 0]]
    assert visible_frames(visible, 2)[0].tolist() == [[0], [1]]


@pytest.mark.parametrize("training", [False, True])
@pytest.mark.parametrize("kind", KINDS)
def test_hidden_pixels_move_no_visible_feature(kind: str, training: bool) -> None:
    trunk, visible = trunk_of(kind).train(training), some_visible()
    crops = torch.rand(3, 3, HEIGHT, WIDTH) * 2 - 1
    hidden = 1 - resize_visibility(visible, HEIGHT, WIDTH)
    frames = encode_visible(trunk, crops, visible, track=False)
    assert torch.equal(encode_visible(trunk, crops + 5 * hidden, visible, track=False), frames)
    assert not torch.equal(encode_visible(trunk, crops + 0.1 * (1 - hidden), visible, track=False), frames)
    seen = visible_frames(visible, frames.shape[1])
    assert 0 < seen.sum() < seen.numel()
    assert torch.equal(frames == 0, (seen == 0).expand_as(frames))


@pytest.mark.parametrize("kind", KINDS)
def test_every_map_is_zero_where_nothing_is_visible(kind: str) -> None:
    trunk, visible = trunk_of(kind).train(), some_visible()
    maps: list[Tensor] = []
    watched = (nn.Conv2d, nn.BatchNorm2d, nn.MaxPool2d, SqueezeExcitation)
    for module in trunk.modules():
        if isinstance(module, watched):
            module.register_forward_hook(lambda module, inputs, output: maps.append(output))
    encode_visible(trunk, torch.rand(3, 3, HEIGHT, WIDTH), visible, track=False)
    assert len(maps) > 8
    for each in maps:
        hidden = 1 - resize_visibility(visible, *each.shape[2:])
        assert (each * hidden).abs().sum() == 0


@pytest.mark.parametrize("kind", KINDS)
def test_where_all_is_visible_nothing_changes(kind: str) -> None:
    trunk, crops = trunk_of(kind).train(), torch.rand(3, 3, HEIGHT, WIDTH)
    plain = trunk(crops)
    whole = encode_visible(trunk, crops, torch.ones(3, 1, 12, 16), track=False)
    # A fresh trunk's maps differ little from their mean; dividing by that difference magnifies what rounding does.
    assert torch.allclose(whole, plain, atol=1e-3)
    assert torch.equal(trunk(crops), plain)


class Normalised(nn.Module):
    """A convolution of single cells and its batch normalisation, whose output it keeps."""

    def __init__(self) -> None:
        super().__init__()
        self.cells = nn.Conv2d(3, 2, 4, stride=4)
        self.norm = nn.BatchNorm2d(2)
        nn.init.uniform_(self.norm.weight)
        nn.init.uniform_(self.norm.bias)
        self.output = torch.empty(0)

    def forward(self, crops: Tensor) -> Tensor:
        """Map (B, 3, H, W) to (B, W / 4, 2)."""
        self.output = self.norm(self.cells(crops))
        return self.output.mean(dim=2).transpose(1, 2)


def test_batch_statistics_are_of_visible_places() -> None:
    trunk, visible, crops = Normalised(), some_visible(), torch.rand(3, 3, HEIGHT, WIDTH)
    norm = trunk.norm
    assert norm.running_mean is not None and norm.running_var is not None
    with torch.no_grad():
        values = trunk.cells(crops).movedim(1, 3)[visible[:, 0] > 0]  # (visible cells, 2)
    encode_visible(trunk, crops, visible, track=False)
    expected = (values - values.mean(dim=0)) / (values.var(dim=0, unbiased=False) + norm.eps).sqrt()
    seen = trunk.output.movedim(1, 3)[visible[:, 0] > 0]
    assert torch.allclose(seen, expected * norm.weight + norm.bias, atol=1e-5)
    assert norm.running_mean.tolist() == [0, 0] and norm.running_var.tolist() == [1, 1]
    encode_visible(trunk, crops, visible, track=True)
    assert torch.allclose(norm.running_mean, 0.1 * values.mean(dim=0), atol=1e-6)
    assert torch.allclose(norm.running_var, 0.9 + 0.1 * values.var(dim=0), atol=1e-5)


class Pooled(nn.Module):
    """Means of cells, gated by their means, averaged over the height."""

    def __init__(self) -> None:
        super().__init__()
        self.cells = nn.AvgPool2d(4)
        self.gate = SqueezeExcitation(3, reduction=1)
        self.rows = nn.AdaptiveAvgPool2d((1, None))

    def forward(self, crops: Tensor) -> Tensor:
        """Map (B, 3, H, W) to (B, W / 4, 3)."""
        row: Tensor = self.rows(self.gate(self.cells(crops)))
        return row.squeeze(2).transpose(1, 2)


def test_means_are_over_visible_places() -> None:
    trunk, visible, crops = Pooled(), some_visible(), torch.rand(3, 3, HEIGHT, WIDTH)
    with torch.no_grad():
        frames, cells = encode_visible(trunk, crops, visible, track=False), trunk.cells(crops)
        for row, mask, described in zip(cells, visible[:, 0] > 0, frames, strict=True):
            gate = trunk.gate.gate(row[:, mask].mean(dim=1)[None, :, None, None])[0, :, :, 0]
            for column in range(WIDTH // 4):
                if mask[:, column].any():
                    mean = row[:, mask[:, column], column].mean(dim=1, keepdim=True)
                    assert torch.allclose(described[column], (gate * mean)[:, 0], atol=1e-6)
                else:
                    assert described[column].tolist() == [0, 0, 0]


def test_the_network_is_as_it_was_afterwards_even_after_an_error() -> None:
    trunk = trunk_of("crnn")
    with pytest.raises(RuntimeError):
        encode_visible(trunk, torch.rand(1, 4, HEIGHT, WIDTH), torch.ones(1, 1, 12, 16), track=False)
    assert not any("forward" in vars(module) for module in trunk.modules())
