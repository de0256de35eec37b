from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import groupby

import onnx
import pytest
import torch
from torch import Tensor, nn

from tests.models.gradients import assert_all_but_small_gates_learn
from textsearch.models.config import BackboneConfig, RecogniserConfig
from textsearch.models.recogniser import Recogniser, build_recogniser
from textsearch.models.weights import load_characters
from textsearch.ppocr import RECOGNISER_WEIGHTS, PackagedWeights

Reference = Callable[[Tensor], list[Tensor]]
AssertEqual = Callable[[Sequence[Tensor], Sequence[Tensor]], None]
TINY = RecogniserConfig(
    backbone=BackboneConfig(stem=4, widths=(8, 8, 8), gates=((True,), (False,), (True,)), stride=(2, 1)),
    dimension=12,
    kernel=3,
    layers=2,
    heads=3,
    classes=5,
)


def _frames(graph: onnx.GraphProto) -> list[str]:
    """Name what enters the classifier, the last matrix product."""
    return [[node.input[0] for node in graph.node if node.op_type == "MatMul"][-1]]


@pytest.fixture(scope="module")
def reference(
    open_reference: Callable[[PackagedWeights, Callable[[onnx.GraphProto], list[str]]], Reference],
) -> Reference:
    return open_reference(RECOGNISER_WEIGHTS, _frames)


def _run(recogniser: Recogniser, crops: Tensor) -> list[Tensor]:
    """Return our values in the order of the reference: frames, probabilities."""
    with torch.no_grad():
        output = recogniser(crops)
    return [output.frames, output.logits.softmax(dim=2)]


@pytest.mark.parametrize("shape", [(2, 3, 48, 160), (1, 3, 48, 100)])
def test_equals_onnx_runtime_on_noise(
    recogniser: Recogniser, reference: Reference, assert_equal: AssertEqual, shape: tuple[int, ...]
) -> None:
    crops = torch.rand(shape, generator=torch.Generator().manual_seed(0)) * 2 - 1
    assert_equal(_run(recogniser, crops), reference(crops))


@pytest.mark.parametrize("width", [160, 320])
def test_equals_onnx_runtime_on_text(
    recogniser: Recogniser,
    reference: Reference,
    assert_equal: AssertEqual,
    draw: Callable[[str, int, int], Tensor],
    width: int,
) -> None:
    crops = draw("Coffee", 48, width)
    assert_equal(_run(recogniser, crops), reference(crops))


@pytest.mark.parametrize("text", ["Coffee", "1984"])
def test_reads_drawn_text(recogniser: Recogniser, draw: Callable[[str, int, int], Tensor], text: str) -> None:
    characters = load_characters()
    with torch.no_grad():
        best = recogniser(draw(text, 48, 160)).logits[0].argmax(dim=1).tolist()
    assert "".join(characters[label] for label, _ in groupby(best)) == text


def test_frames_are_an_eighth_of_the_width() -> None:
    output = build_recogniser(TINY)(torch.rand(2, 3, 48, 104))
    assert output.frames.shape == (2, 13, 12)
    assert output.logits.shape == (2, 13, 5)


def test_the_loader_leaves_batch_normalisation_in_evaluation_mode(recogniser: Recogniser) -> None:
    norms = [module for module in recogniser.modules() if isinstance(module, nn.BatchNorm2d)]
    assert len(norms) == 3
    assert not any(norm.training for norm in norms)


def test_every_parameter_receives_a_gradient() -> None:
    torch.manual_seed(0)
    network = build_recogniser(TINY)
    network(torch.rand(2, 3, 48, 64)).logits.square().mean().backward()
    assert_all_but_small_gates_learn(network)
