"""The detector and the recogniser as graphs for ONNX Runtime that read their weights from the one float16 store.

The published PP-OCRv6 graphs are kept node for node; only where they held a weight, a few nodes now fetch ours from the
safetensors file and bring it into the layout that the graph expects. ONNX Runtime folds those nodes away on loading.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import onnx
from onnx import TensorProto, helper
from torch import nn

from textsearch.models.weights import LearntConstant, learnt_constants, published_graph, weight_names
from textsearch.ppocr import DETECTOR_WEIGHTS, RECOGNISER_WEIGHTS
from textsearch.runtime.sessions import FRAMES_OUTPUT

_FRAMES = "p2o.pd_op.transpose.8.0"
"""Name of the tensor of frames, (B, T, F), in the published recogniser, one step before its classifier."""


def detector_graph(network: nn.Module, header: dict[str, Any], store: Path) -> onnx.ModelProto:
    """Return the detector's graph.

    Args:
        network: the torch detector; only the names and the order of its weights are used.
        header: of the store, see `textsearch.training.export.read_header`; its weights are named "detector.*".
        store: the safetensors file, which will lie beside the graph.
    """
    graph = published_graph(DETECTOR_WEIGHTS)
    _refer_to_store(graph, [f"detector.{name}" for name in weight_names(network)], header, store)
    return graph


def recogniser_graph(network: nn.Module, header: dict[str, Any], store: Path) -> onnx.ModelProto:
    """Return the recogniser's graph, whose second output are the frames; arguments as for `detector_graph`."""
    graph = published_graph(RECOGNISER_WEIGHTS)
    _refer_to_store(graph, [f"recogniser.{name}" for name in weight_names(network)], header, store)
    graph.graph.node.append(helper.make_node("Identity", [_FRAMES], [FRAMES_OUTPUT]))
    graph.graph.output.append(helper.make_tensor_value_info(FRAMES_OUTPUT, TensorProto.FLOAT, None))
    return graph


def external_tensor(name: str, header: dict[str, Any], store: Path) -> TensorProto:
    """Return a float16 tensor that lies in the store."""
    entry = header[name]
    begin, end = entry["data_offsets"]
    tensor = TensorProto(name=name, data_type=TensorProto.FLOAT16, dims=entry["shape"])
    tensor.data_location = TensorProto.EXTERNAL
    for key, value in (("location", store.name), ("offset", begin), ("length", end - begin)):
        tensor.external_data.add(key=key, value=str(value))
    return tensor


def _refer_to_store(model: onnx.ModelProto, names: list[str], header: dict[str, Any], store: Path) -> None:
    """Replace every learnt constant of a graph by a reference to the store, `names` in the order of use."""
    constants = learnt_constants(model)
    replaced = {constant.name for constant in constants}
    kept = [initialiser for initialiser in model.graph.initializer if initialiser.name not in replaced]
    nodes = list(model.graph.node)
    del model.graph.initializer[:], model.graph.node[:], model.metadata_props[:]
    model.graph.initializer.extend(kept)
    for constant, name in zip(constants, names, strict=True):
        model.graph.initializer.append(external_tensor(name, header, store))
        _fetch(model, constant, name)
    model.graph.node.extend(nodes)


def _fetch(model: onnx.ModelProto, constant: LearntConstant, name: str) -> None:
    """Add the nodes that turn a stored parameter into the constant it replaces."""
    plain = f"{name}.float32"
    model.graph.node.append(helper.make_node("Cast", [name], [plain], to=TensorProto.FLOAT))
    if constant.operator == "MatMul":
        model.graph.node.append(helper.make_node("Transpose", [plain], [constant.name], perm=[1, 0]))
    else:
        shape = f"{name}.shape"
        dimensions = list(constant.array.shape)
        model.graph.initializer.append(helper.make_tensor(shape, TensorProto.INT64, [len(dimensions)], dimensions))
        model.graph.node.append(helper.make_node("Reshape", [plain, shape], [constant.name]))
