"""Small random branches, exported as training exports them."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import torch

from tests.fakes import ALPHABET
from tests.single_thread import one_torch_thread  # noqa: F401
from textsearch.training.branches import Branches
from textsearch.training.export import export_branches
from textsearch.types import FloatArray

FRAME = 6
"""Features of a frame, and so of a letter's prototype."""


@pytest.fixture(scope="session")
def prototypes() -> FloatArray:
    """Random prototypes that float16 holds exactly, as the store does."""
    letters = int(ALPHABET.folded.max()) + 1
    rows = np.random.default_rng(5).normal(size=(letters, FRAME)).astype(np.float16).astype(np.float32)
    rows[0] = 0
    return rows


@pytest.fixture(scope="session")
def branches() -> Branches:
    """Random branches with weights large enough to saturate gates, rounded to what the store holds."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(7)
        branches = Branches(2 * FRAME + 1, FRAME, hidden=8)
    with torch.no_grad():
        for parameter in branches.parameters():
            parameter.copy_((3 * parameter).half().float())
    return branches.eval()


@pytest.fixture(scope="session")
def weights(tmp_path_factory: pytest.TempPathFactory, branches: Branches, prototypes: FloatArray) -> Path:
    """A folder as the package has one, but for the two image networks, which are empty files."""
    folder = tmp_path_factory.mktemp("weights")
    export_branches(branches, prototypes, ALPHABET.folded, {"licence": "none"}, folder)
    (folder / "alphabet.json").write_text(json.dumps(ALPHABET.characters), encoding="utf-8")
    for name in ("detector.onnx", "recogniser.onnx"):
        (folder / name).touch()
    return folder
