"""Trained branches into the package: one float16 store, and two small graphs that point into it.

The graphs hold no weights. ONNX lets a tensor live in another file at an offset, so both graphs read theirs from the
safetensors file itself, and torch and ONNX Runtime cannot come to differ.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper
from safetensors.numpy import save_file

from textsearch.features import SEQUENCE_LENGTH
from textsearch.training.loop import Branches
from textsearch.types import FloatArray

STORE = "joint.safetensors"
IMAGE_GRAPH = "image_branch.onnx"
WORD_GRAPH = "word_branch.onnx"
_OPSET = 17
_DIRECTIONS = ("", "_reverse")


def export_branches(
    branches: Branches, prototypes: FloatArray, folded: NDArray[np.int32], metadata: dict[str, str], folder: Path
) -> None:
    """Write the store and both graphs to a folder.

    Args:
        branches: the trained branches.
        prototypes: (letters + 1, F) float32, kept beside the weights because the query path needs them.
        folded: (C,) int32, the letter of each class.
        metadata: goes into the store's header, as JSON under the one key "textsearch": recipe, data, licence.
        folder: receives the three files.
    """
    tensors = {name: tensor.detach().half().numpy() for name, tensor in branches.state_dict().items()}
    tensors = {name: np.ascontiguousarray(tensor) for name, tensor in tensors.items()}
    tensors["prototypes"] = prototypes.astype(np.float16)
    tensors["folded"] = folded.astype(np.int32)
    store = folder / STORE
    # Several entries would be written in a random order; the file's digest must depend on its content alone.
    save_file(tensors, store, metadata={"textsearch": json.dumps(metadata, sort_keys=True)})
    for branch, file_name in (("image", IMAGE_GRAPH), ("word", WORD_GRAPH)):
        model = _BranchGraph(branch, read_header(store), store).build()
        (folder / file_name).write_bytes(model.SerializeToString())


def read_header(store: Path) -> dict[str, Any]:
    """Return name -> dtype, shape and absolute byte offsets of every tensor of a safetensors file."""
    with store.open("rb") as file:
        length = int.from_bytes(file.read(8), "little")
        header: dict[str, Any] = json.loads(file.read(length))
    header.pop("__metadata__", None)
    for entry in header.values():
        entry["data_offsets"] = [offset + 8 + length for offset in entry["data_offsets"]]
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
        entry = self.header[f"{self.branch}.{name}"]
        begin, end = entry["data_offsets"]
        tensor = TensorProto(name=name, data_type=TensorProto.FLOAT16, dims=entry["shape"])
        tensor.data_location = TensorProto.EXTERNAL
        for key, value in (("location", self.store.name), ("offset", begin), ("length", end - begin)):
            tensor.external_data.add(key=key, value=str(value))
        self.initializers.append(tensor)
        return self._node("Cast", name, to=TensorProto.FLOAT)

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
