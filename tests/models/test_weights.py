from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

import onnx
import pytest
import torch
from onnx import TensorProto, helper
from torch import nn

from textsearch.errors import MissingDependencyError, WeightsError
from textsearch.models.detector import TextDetector
from textsearch.models.recogniser import Recogniser
from textsearch.models.weights import (
    assign_weights,
    learnt_constants,
    load_characters,
    load_detector,
    load_recogniser,
)
from textsearch.ppocr import DETECTOR_WEIGHTS, RECOGNISER_WEIGHTS, PackagedWeights, find_weights


def test_sizes_of_the_published_networks(detector: TextDetector, recogniser: Recogniser) -> None:
    assert sum(parameter.numel() for parameter in detector.parameters()) == 2_453_353
    assert sum(parameter.numel() for parameter in recogniser.parameters()) == 5_266_910


@pytest.mark.parametrize(
    ("weights", "settings"),
    # Settings: four scales for each of six Resize nodes; one attention scale for each of two layers.
    [(DETECTOR_WEIGHTS, 6 * 4), (RECOGNISER_WEIGHTS, 2)],
)
def test_every_float_array_of_the_file_is_learnt_or_a_known_setting(weights: PackagedWeights, settings: int) -> None:
    model = onnx.load(find_weights(weights))
    stored = sum(
        onnx.numpy_helper.to_array(initialiser).size
        for initialiser in model.graph.initializer
        if initialiser.data_type == TensorProto.FLOAT and initialiser.dims
    )
    assert sum(constant.array.size for constant in learnt_constants(model)) == stored - settings


def test_characters_are_the_classes(recogniser: Recogniser) -> None:
    characters = load_characters()
    assert len(characters) == recogniser(torch.zeros(1, 3, 48, 16)).logits.shape[2] == 18_710
    assert characters[:2] == ("", "!")
    assert characters[-1] == " "
    assert len(set(characters)) == len(characters)
    assert set("abcxyzABCXYZ0189") <= set(characters)


@pytest.mark.parametrize(
    ("load", "weights"), [(load_detector, DETECTOR_WEIGHTS), (load_recogniser, RECOGNISER_WEIGHTS)]
)
def test_a_tampered_file_is_refused(
    tmp_path: Path, load: Callable[[Path], nn.Module], weights: PackagedWeights
) -> None:
    data = bytearray(find_weights(weights).read_bytes())
    data[len(data) // 2] ^= 1
    path = tmp_path / weights.file_name
    path.write_bytes(data)
    with pytest.raises(WeightsError, match="not the PP-OCRv6-small"):
        load(path)


def test_a_file_of_the_other_network_is_refused() -> None:
    with pytest.raises(WeightsError, match="not the PP-OCRv6-small text detector"):
        load_detector(find_weights(RECOGNISER_WEIGHTS))


def test_without_onnx_the_message_names_the_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "onnx", None)
    with pytest.raises(MissingDependencyError, match=r'pip install "scene-textsearch\[train\]"'):
        load_detector()


def _linear_model(second_weight: str) -> onnx.ModelProto:
    """Two products and a sum: y = (x A) B + b, where B may be A again."""
    nodes = [
        helper.make_node("MatMul", ["x", "A"], ["hidden"]),
        helper.make_node("MatMul", ["hidden", second_weight], ["scores"]),
        helper.make_node("Mul", ["scores", "half"], ["halved"]),
        helper.make_node("Add", ["halved", "b"], ["y"]),
    ]
    constants = [
        helper.make_tensor("A", TensorProto.FLOAT, [2, 2], [1.0, 2.0, 3.0, 4.0]),
        helper.make_tensor("B", TensorProto.FLOAT, [2, 3], [1.0, 2.0, 3.0, 4.0, 5.0, 6.0]),
        helper.make_tensor("half", TensorProto.FLOAT, [], [0.5]),
        helper.make_tensor("b", TensorProto.FLOAT, [1, 3], [7.0, 8.0, 9.0]),
    ]
    graph = helper.make_graph(nodes, "linear", [], [], constants)
    return helper.make_model(graph)


def test_constants_come_in_order_and_in_torch_layout() -> None:
    first, second, bias = (constant.parameter for constant in learnt_constants(_linear_model("B")))
    assert first.tolist() == [[1, 3], [2, 4]]
    assert second.tolist() == [[1, 4], [2, 5], [3, 6]]
    assert bias.tolist() == [7, 8, 9]


def test_a_constant_used_twice_is_refused() -> None:
    with pytest.raises(WeightsError, match="used twice"):
        learnt_constants(_linear_model("A"))


def test_assign_copies_and_leaves_the_step_counter() -> None:
    network = nn.Sequential(nn.Linear(1, 2), nn.BatchNorm1d(2))
    weights = [torch.full((2, 1), 1.0), *(torch.full((2,), float(value)) for value in (2, 3, 4, 5, 6))]
    assign_weights(network, weights)
    values = [tensor.flatten()[0].item() for tensor in network.state_dict().values()]
    assert values == [1, 2, 3, 4, 5, 6, 0]


@pytest.mark.parametrize("count", [1, 3])
def test_too_few_or_too_many_weights_are_refused(count: int) -> None:
    with pytest.raises(WeightsError, match=f"holds {count} weights, the network takes 2"):
        assign_weights(nn.Linear(2, 2), [torch.zeros(2, 2)] * count)


def test_a_wrong_shape_is_refused_and_nothing_is_copied() -> None:
    network = nn.Linear(2, 3)
    before = network.weight.clone()
    with pytest.raises(WeightsError, match="bias has shape"):
        assign_weights(network, [torch.zeros(3, 2), torch.zeros(1)])
    assert torch.equal(network.weight, before)
