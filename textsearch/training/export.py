"""A trained network into the package: one float16 store, and small graphs that point into it.

The graphs hold no weights. ONNX lets a tensor live in another file at an offset, so all graphs read theirs from the
safetensors file itself, and torch and ONNX Runtime cannot come to differ.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper
from safetensors.numpy import save
from torch import Tensor

from textsearch.features import SEQUENCE_LENGTH
from textsearch.models.joint import JointNetwork
from textsearch.runtime.store import content_digest
from textsearch.runtime.store import header as store_header
from textsearch.training.branches import Branches
from textsearch.training.graphs import detector_graph, external_tensor, recogniser_graph
from textsearch.types import FloatArray

STORE = "joint.safetensors"
IMAGE_GRAPH = "image_branch.onnx"
WORD_GRAPH = "word_branch.onnx"
DETECTOR_GRAPH = "detector.onnx"
RECOGNISER_GRAPH = "recogniser.onnx"
_COUNTER = "num_batches_tracked"
_OPSET = 17
_DIRECTIONS = ("", "_reverse")


def export_network(network: JointNetwork, metadata: dict[str, str], folder: Path) -> None:
    """Write the store and the four graphs of a network to a folder.

    Args:
        network: the trained network.
        metadata: goes into the store's header, as JSON under the one key "textsearch": recipe, data, licence.
        folder: receives the five files.
    """
    state = {name: tensor for name, tensor in network.state_dict().items() if not name.endswith(_COUNTER)}
    store = _write_store(state, network.prototypes.numpy(), network.folded.numpy(), metadata, folder)
    header = read_header(store)
    _write_branch_graphs(header, store)
    (folder / DETECTOR_GRAPH).write_bytes(detector_graph(network.detector, header, store).SerializeToString())
    (folder / RECOGNISER_GRAPH).write_bytes(recogniser_graph(network.recogniser, header, store).SerializeToString())


def export_branches(
    branches: Branches, prototypes: FloatArray, folded: NDArray[np.int32], metadata: dict[str, str], folder: Path
) -> None:
    """Write a store that holds the branches alone, and their two graphs, to a folder.

    Args:
        branches: the trained branches.
        prototypes: (letters + 1, F) float32, kept beside the weights because the query path needs them.
        folded: (C,) int32, the letter of each class.
        metadata: as for `export_network`.
        folder: receives the three files.
    """
    store = _write_store(branches.state_dict(), prototypes, folded, metadata, folder)
    _write_branch_graphs(read_header(store), store)


def _write_store(
    state: Mapping[str, Tensor],
    prototypes: FloatArray,
    folded: NDArray[np.int32],
    metadata: dict[str, str],
    folder: Path,
) -> Path:
    tensors = {name: np.ascontiguousarray(tensor.detach().half().numpy()) for name, tensor in state.items()}
    tensors["prototypes"] = prototypes.astype(np.float16)
    tensors["folded"] = folded.astype(np.int32)
    store = folder / STORE
    metadata = metadata | {"digest": content_digest(tensors)}
    # Several entries would be written in a random order; the file's digest must depend on its content alone.
    store.write_bytes(save(tensors, metadata={"textsearch": json.dumps(metadata, sort_keys=True)}))
    return store


def _write_branch_graphs(header: dict[str, Any], store: Path) -> None:
    for branch, file_name in (("image", IMAGE_GRAPH), ("word", WORD_GRAPH)):
        model = _BranchGraph(branch, header, store).build()
        (store.parent / file_name).write_bytes(model.SerializeToString())


def read_header(store: Path) -> dict[str, Any]:
    """Return name -> dtype, shape and absolute byte offsets of every tensor of a safetensors file."""
    written = store_header(store)
    header: dict[str, Any] = json.loads(written)
    header.pop("__metadata__", None)
    for entry in header.values():
        entry["data_offsets"] = [offset + 8 + len(written) for offset in entry["data_offsets"]]
    return header


class _BranchGraph:
    """Builds the ONNX graph of one `textsearch.models.branches.SequenceBranch`, similarity's tanh and norm included."""

    def __init__(self, branch: str, header: dict[str, Any], store: Path) -> None:
        self.branch = branch
        self.header = header
        self.store = store
        self.nodes: list[onnx.NodeProto] = []
        self.initializers: list[onnx.TensorProto] = []
        self.hidden = int(header[f"{branch}.embed.weight"]["shape"][0])

    def build(self) -> onnx.ModelProto:
        inputs = self.header[f"{self.branch}.embed.weight"]["shape"][1]
        embedded = self._linear("features", "embed")
        sequence = self._node("Transpose", self._node("Relu", embedded), perm=[1, 0, 2])
        states = self._node(
            "LSTM",
            sequence,
            self._gates("weight_ih_l0"),
            self._gates("weight_hh_l0"),
            self._biases(),
            hidden_size=self.hidden,
            direction="bidirectional",
        )  # (T, 2, N, H)
        joined = self._node("Reshape", self._node("Transpose", states, perm=[2, 0, 1, 3]), self._ints([0, 0, -1]))
        projected = self._linear(joined, "project")
        channels = self.header[f"{self.branch}.project.weight"]["shape"][0]
        pairs = self._node("Reshape", projected, self._ints([0, SEQUENCE_LENGTH // 2, 2, channels]))
        pooled = self._node("ReduceMean", pairs, axes=[2], keepdims=0)
        flat = self._node("Reshape", self._node("Tanh", pooled), self._ints([0, -1]))
        self._node("LpNormalization", flat, axis=1, p=2, output="vectors")
        dimension = SEQUENCE_LENGTH // 2 * channels
        graph = helper.make_graph(
            self.nodes,
            f"{self.branch}_branch",
            [helper.make_tensor_value_info("features", TensorProto.FLOAT, ["N", SEQUENCE_LENGTH, inputs])],
            [helper.make_tensor_value_info("vectors", TensorProto.FLOAT, ["N", dimension])],
            self.initializers,
        )
        return helper.make_model(graph, opset_imports=[helper.make_opsetid("", _OPSET)], ir_version=8)

    def _node(self, operator: str, *inputs: str, output: str | None = None, **attributes: Any) -> str:
        name = output or f"{operator}_{len(self.nodes)}"
        self.nodes.append(helper.make_node(operator, list(inputs), [name], **attributes))
        return name

    def _ints(self, values: list[int]) -> str:
        name = f"ints_{len(self.initializers)}"
        self.initializers.append(helper.make_tensor(name, TensorProto.INT64, [len(values)], values))
        return name

    def _weight(self, name: str) -> str:
        """Refer to a float16 tensor of the store; return its name as float32."""
        stored = f"{self.branch}.{name}"
        self.initializers.append(external_tensor(stored, self.header, self.store))
        return self._node("Cast", stored, to=TensorProto.FLOAT)

    def _linear(self, value: str, layer: str) -> str:
        weight = self._node("Transpose", self._weight(f"{layer}.weight"), perm=[1, 0])
        return self._node("Add", self._node("MatMul", value, weight), self._weight(f"{layer}.bias"))

    def _reordered(self, name: str) -> str:
        """Bring the gates of a (4H, ...) tensor from torch's order i, f, g, o into ONNX's i, o, f, g."""
        parts = [f"{name}_{gate}" for gate in "ifgo"]
        self.nodes.append(helper.make_node("Split", [self._weight(name), self._ints([self.hidden] * 4)], parts, axis=0))
        return self._node("Concat", parts[0], parts[3], parts[1], parts[2], axis=0)

    def _gates(self, name: str) -> str:
        both = [
            self._node("Unsqueeze", self._reordered(f"recurrent.{name}{direction}"), self._ints([0]))
            for direction in _DIRECTIONS
        ]
        return self._node("Concat", *both, axis=0)

    def _biases(self) -> str:
        both = []
        for direction in _DIRECTIONS:
            inner = self._reordered(f"recurrent.bias_ih_l0{direction}")
            outer = self._reordered(f"recurrent.bias_hh_l0{direction}")
            joined = self._node("Concat", inner, outer, axis=0)
            both.append(self._node("Unsqueeze", joined, self._ints([0])))
        return self._node("Concat", *both, axis=0)
