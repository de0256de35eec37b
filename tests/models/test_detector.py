from __future__ import annotations

from collections.abc import Callable, Sequence

import onnx
import pytest
import torch
from torch import Tensor

from tests.models.gradients import assert_all_but_small_gates_learn
from textsearch.models.config import BackboneConfig, DetectorConfig
from textsearch.models.detector import TextDetector, build_detector
from textsearch.ppocr import DETECTOR_WEIGHTS, PackagedWeights

Reference = Callable[[Tensor], list[Tensor]]
AssertEqual = Callable[[Sequence[Tensor], Sequence[Tensor]], None]
TINY = DetectorConfig(
    backbone=BackboneConfig(stem=4, widths=(8, 8, 8, 8), gates=((True,), (False,), (True,), (False,)), stride=(2, 2)),
    neck=16,
    kernel=3,
)


def _pyramid_levels_and_fused(graph: onnx.GraphProto) -> list[str]:
    """Name the four top-down maps, the coarsest first, each smoothed by a 7x7 convolution, and their last join."""
    levels = [
        node.input[0]
        for node in graph.node
        if any(attribute.name == "kernel_shape" and list(attribute.ints) == [7, 7] for attribute in node.attribute)
    ]
    fused = [node.output[0] for node in graph.node if node.op_type == "Concat"][-1]
    return [*levels, fused]


@pytest.fixture(scope="module")
def reference(
    open_reference: Callable[[PackagedWeights, Callable[[onnx.GraphProto], list[str]]], Reference],
) -> Reference:
    return open_reference(DETECTOR_WEIGHTS, _pyramid_levels_and_fused)


def _run(detector: TextDetector, images: Tensor) -> list[Tensor]:
    """Return our values in the order of the reference: maps from the coarsest, fused map, probabilities."""
    with torch.no_grad():
        output = detector(images)
    return [*reversed(output.maps), output.fused, output.logits.sigmoid()]


@pytest.mark.parametrize("shape", [(1, 3, 96, 160), (2, 3, 64, 96)])
def test_equals_onnx_runtime_on_noise(
    detector: TextDetector, reference: Reference, assert_equal: AssertEqual, shape: tuple[int, ...]
) -> None:
    images = torch.rand(shape, generator=torch.Generator().manual_seed(0)) * 2 - 1
    assert_equal(_run(detector, images), reference(images))


@pytest.mark.parametrize(("height", "width"), [(96, 160), (64, 192)])
def test_equals_onnx_runtime_on_text(
    detector: TextDetector,
    reference: Reference,
    assert_equal: AssertEqual,
    draw: Callable[[str, int, int], Tensor],
    height: int,
    width: int,
) -> None:
    images = draw("Coffee", height, width)
    assert_equal(_run(detector, images), reference(images))


def test_finds_the_text_and_not_the_margin(detector: TextDetector, draw: Callable[[str, int, int], Tensor]) -> None:
    with torch.no_grad():
        probabilities = detector(draw("Coffee", 96, 320)).logits.sigmoid()[0, 0]
    assert probabilities[44:52, 20:90].mean() > 0.8
    assert probabilities[:, 160:].max() < 0.1


def test_shapes_of_every_output() -> None:
    output = build_detector(TINY)(torch.rand(2, 3, 64, 96))
    assert [tuple(level.shape) for level in output.maps] == [
        (2, 16, 16, 24),
        (2, 16, 8, 12),
        (2, 16, 4, 6),
        (2, 16, 2, 3),
    ]
    assert output.fused.shape == (2, 16, 16, 24)
    assert output.logits.shape == (2, 1, 64, 96)


def test_every_parameter_receives_a_gradient() -> None:
    torch.manual_seed(0)
    network = build_detector(TINY)
    network(torch.rand(2, 3, 64, 64)).logits.square().mean().backward()
    assert_all_but_small_gates_learn(network)
