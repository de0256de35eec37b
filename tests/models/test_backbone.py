from __future__ import annotations

import pytest
import torch
from torch import nn

from tests.models.gradients import silent_parameters
from textsearch.models.backbone import (
    DownsamplingBlock,
    ResidualBlock,
    SqueezeExcitation,
    Stem,
    build_backbone,
)
from textsearch.models.config import PPOCR_V6_SMALL_DETECTOR, PPOCR_V6_SMALL_RECOGNISER, BackboneConfig

TINY = BackboneConfig(stem=4, widths=(8, 16, 32), gates=((True,), (False, True), (True,)), stride=(2, 2))


@pytest.mark.parametrize(("height", "width"), [(32, 64), (48, 100), (30, 34)])
def test_stem_quarters_both_sides(height: int, width: int) -> None:
    features = Stem(4, 8)(torch.rand(2, 3, height, width))
    assert features.shape == (2, 8, -(-height // 4), -(-width // 4))
    assert (features >= 0).all()


@pytest.mark.parametrize(
    ("stride", "shapes"),
    [
        ((2, 2), [(8, 12, 16), (16, 6, 8), (32, 3, 4)]),
        ((2, 1), [(8, 12, 16), (16, 6, 16), (32, 3, 16)]),
    ],
)
def test_stages_follow_the_stride(stride: tuple[int, int], shapes: list[tuple[int, ...]]) -> None:
    backbone = build_backbone(BackboneConfig(TINY.stem, TINY.widths, TINY.gates, stride))
    maps = backbone(torch.rand(1, 3, 48, 64))
    assert [tuple(features.shape[1:]) for features in maps] == shapes


@pytest.mark.parametrize("config", [PPOCR_V6_SMALL_DETECTOR.backbone, PPOCR_V6_SMALL_RECOGNISER.backbone])
def test_published_gates_cover_every_stage(config: BackboneConfig) -> None:
    assert len(config.gates) == len(config.widths)


def test_every_parameter_receives_a_gradient() -> None:
    torch.manual_seed(0)
    backbone = build_backbone(TINY)
    sum(features.square().mean() for features in backbone(torch.rand(2, 3, 64, 64))).backward()
    assert silent_parameters(backbone) == []


def test_a_gate_that_saturates_closes_or_passes_the_channel() -> None:
    gate = SqueezeExcitation(4)
    nn.init.zeros_(gate.excite.weight)
    gate.excite.bias = nn.Parameter(torch.tensor([-3.0, 3.0, 0.0, 1.5]))
    scaled = gate(torch.ones(1, 4, 2, 2))
    assert torch.allclose(scaled[0, :, 0, 0], torch.tensor([0.0, 1.0, 0.5, 0.75]))


def test_a_residual_block_with_silent_pointwise_layers_is_its_depthwise_convolution() -> None:
    block = ResidualBlock(4, gated=False)
    for parameter in block.pointwise.parameters():
        nn.init.zeros_(parameter)
    features = torch.rand(1, 4, 5, 7)
    assert torch.equal(block(features), block.depthwise(features))


def test_a_downsampling_block_with_silent_pointwise_layers_has_no_shortcut() -> None:
    block = DownsamplingBlock(4, 6, (2, 1))
    for parameter in block.pointwise.parameters():
        nn.init.zeros_(parameter)
    assert torch.equal(block(torch.rand(1, 4, 6, 6)), torch.zeros(1, 6, 3, 6))
