"""What the exported files hold; that they compute what torch does is tests/training/test_exported_network.py."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import onnx
import pytest
import torch
from safetensors import safe_open

from textsearch.training.branches import Branches
from textsearch.training.export import IMAGE_GRAPH, STORE, WORD_GRAPH, export_branches, read_header

FOLDED = np.array([0, 1, 1, 2, 0], np.int32)
PROTOTYPES = np.array([[0, 0, 0], [1, 2, 3], [0.1, -4, 5]], np.float32)


@pytest.fixture(scope="module")
def branches() -> Branches:
    return Branches(7, 3, hidden=4)


@pytest.fixture(scope="module")
def folder(branches: Branches, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("exported")
    export_branches(branches, PROTOTYPES, FOLDED, {"licence": "Apache-2.0", "recipe": "{}"}, folder)
    return folder


def test_the_three_files(folder: Path) -> None:
    assert sorted(path.name for path in folder.iterdir()) == sorted([STORE, IMAGE_GRAPH, WORD_GRAPH])


def test_the_store_holds_every_weight_the_prototypes_and_the_folding(folder: Path, branches: Branches) -> None:
    with safe_open(folder / STORE, "numpy") as store:
        (written,) = (json.loads(value) for key, value in store.metadata().items() if key == "textsearch")
        assert len(written.pop("digest")) == 64
        assert written == {"licence": "Apache-2.0", "recipe": "{}"}
        assert set(store.keys()) == {*branches.state_dict(), "prototypes", "folded"}
        for name, tensor in branches.state_dict().items():
            stored = store.get_tensor(name)
            assert stored.dtype == np.float16
            np.testing.assert_array_equal(stored, tensor.half().numpy())
        np.testing.assert_array_equal(store.get_tensor("folded"), FOLDED)
        np.testing.assert_allclose(store.get_tensor("prototypes"), PROTOTYPES, rtol=1e-3)


def test_header_offsets_point_at_the_tensors(folder: Path) -> None:
    content = (folder / STORE).read_bytes()
    header = read_header(folder / STORE)
    assert "__metadata__" not in header
    begin, end = header["prototypes"]["data_offsets"]
    np.testing.assert_array_equal(np.frombuffer(content[begin:end], np.float16).reshape(3, 3), PROTOTYPES.astype("f2"))


@pytest.mark.parametrize(("name", "inputs"), [(IMAGE_GRAPH, 7), (WORD_GRAPH, 3)])
def test_the_graphs_hold_no_weights_of_their_own(folder: Path, name: str, inputs: int) -> None:
    assert (folder / name).stat().st_size < 8000
    model = onnx.load(folder / name, load_external_data=False)
    weights = [tensor for tensor in model.graph.initializer if tensor.data_type == onnx.TensorProto.FLOAT16]
    assert len(weights) == 12  # of two layers and of two directions of the LSTM
    for tensor in weights:
        assert tensor.data_location == onnx.TensorProto.EXTERNAL
        assert {entry.key: entry.value for entry in tensor.external_data}["location"] == STORE
    shape = model.graph.input[0].type.tensor_type.shape.dim
    assert [dimension.dim_param or dimension.dim_value for dimension in shape] == ["N", 30, inputs]


@pytest.mark.parametrize("name", [IMAGE_GRAPH, WORD_GRAPH])
def test_the_graphs_are_valid_onnx(folder: Path, name: str) -> None:
    onnx.checker.check_model(str(folder / name), full_check=True)


def test_the_same_branches_give_the_same_bytes(branches: Branches, tmp_path: Path) -> None:
    stores = []
    metadata = {str(number): "" for number in range(9)}
    for order in (metadata, dict(reversed(metadata.items()))):
        export_branches(branches, PROTOTYPES, FOLDED, order, tmp_path)
        stores.append([(tmp_path / name).read_bytes() for name in (STORE, IMAGE_GRAPH, WORD_GRAPH)])
    assert stores[0] == stores[1]


def test_exporting_leaves_the_branches_alone(branches: Branches, tmp_path: Path) -> None:
    before = {name: tensor.clone() for name, tensor in branches.state_dict().items()}
    export_branches(branches, PROTOTYPES, FOLDED, {}, tmp_path)
    assert all(torch.equal(tensor, before[name]) for name, tensor in branches.state_dict().items())
