"""One whole run with tiny networks; what is exported of a network is `tests/training/test_export.py`'s."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch

from tests.fakes import ALPHABET
from tests.tiny_joint import MAPS, tiny_joint
from tests.training.drawn_set import drawn_set
from textsearch.errors import TextSearchError, WeightsError
from textsearch.models.joint import JointNetwork
from textsearch.training import joint_run
from textsearch.training.joint import JointRecipe
from textsearch.training.joint_run import JointTrainingData, train_joint, with_maps, without_maps
from textsearch.training.start import read_alphabet
from textsearch.training.views import ViewRecipe

RECIPE = JointRecipe(steps=2, views=1, readings=1, words=4, others=2, warm_up=1, view=ViewRecipe(side=96))


@pytest.fixture
def exported(monkeypatch: pytest.MonkeyPatch) -> list[JointNetwork]:
    """Begin with the tiny network; what is exported is kept here."""
    networks: list[JointNetwork] = []
    monkeypatch.setattr(joint_run, "load_joint", lambda folder: tiny_joint())
    monkeypatch.setattr(joint_run, "read_alphabet", lambda folder: ALPHABET)
    monkeypatch.setattr(joint_run, "export_network", lambda network, metadata, folder: networks.append(network))
    return networks


@pytest.fixture
def data(tmp_path: Path, fonts: Path) -> JointTrainingData:
    return JointTrainingData(**drawn_set(tmp_path / "data", fonts) | {"start": tmp_path / "start"})


def test_a_whole_run(tmp_path: Path, data: JointTrainingData, exported: list[JointNetwork]) -> None:
    run, lines = tmp_path / "run", list[str]()
    assert train_joint(run, data, RECIPE, lines.append) == run / "weights"
    names = ["checkpoint.pt", "curves.png", "log.jsonl", "recipe.json", "weights"]
    assert sorted(path.name for path in run.iterdir()) == names
    recorded = json.loads((run / "recipe.json").read_text())
    assert recorded["data"]["held_back"] == {"file": str(data.annotations[0].file), "split": "dev", "form": None}
    (logged,) = [json.loads(line) for line in (run / "log.jsonl").read_text().splitlines()]
    assert logged["step"] == 2 and 0 <= logged["held_back_map"] <= 1
    assert lines == [line for line in lines if line.startswith("step 2 loss ") and "held_back_map" in line]
    (network,) = exported
    assert network.image.embed.in_features == tiny_joint().image.embed.in_features - MAPS
    with pytest.raises(TextSearchError, match="other arguments"):
        train_joint(run, data, replace(RECIPE, steps=3))


def test_without_held_back_photos_nothing_is_measured_and_processes_change_nothing(
    tmp_path: Path, data: JointTrainingData, exported: list[JointNetwork]
) -> None:
    for processes in (0, 1):
        train_joint(tmp_path / str(processes), replace(data, held_back=None), RECIPE, processes=processes)
    logs = [(tmp_path / run / "log.jsonl").read_text() for run in ("0", "1")]
    assert logs[0] == logs[1] and "held_back_map" not in logs[0]


def test_the_averaged_weights_are_measured(
    tmp_path: Path, data: JointTrainingData, exported: list[JointNetwork], monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[JointNetwork] = []

    def measure(network: JointNetwork) -> dict[str, float]:
        seen.append(network)
        return {"held_back_map": 0.25}

    monkeypatch.setattr(joint_run, "_measurement", lambda *arguments: measure)
    train_joint(tmp_path / "run", data, RECIPE)
    average = torch.load(tmp_path / "run" / "checkpoint.pt", weights_only=True)["average"]
    (network,) = seen
    assert not network.training
    assert all(torch.equal(tensor, average[name]) for name, tensor in network.state_dict().items())


def test_a_mistake_leaves_no_run_behind(tmp_path: Path, data: JointTrainingData) -> None:
    with pytest.raises(WeightsError, match="finished run"):
        train_joint(tmp_path / "run", data, RECIPE)
    with pytest.raises(TextSearchError, match="torch cannot compute on 'tpu'"):
        train_joint(tmp_path / "run", data, replace(RECIPE, device="tpu"))
    with pytest.raises(TextSearchError, match=r"words\.jsonl holds no photo of the part typo"):
        train_joint(tmp_path / "run", replace(data, held_back=replace(data.annotations[0], split="typo")), RECIPE)
    (tmp_path / "empty").mkdir()
    for field in ("lexicon", "fonts", "backgrounds", "unlabelled"):
        wrong: dict[str, Any] = {field: tmp_path / "empty"}
        with pytest.raises(TextSearchError, match="empty"):
            train_joint(tmp_path / "run", replace(data, **wrong), RECIPE)
    assert not (tmp_path / "run").exists()


def test_classes_that_are_not_there_are_told(tmp_path: Path) -> None:
    with pytest.raises(WeightsError, match="Cannot read the classes"):
        read_alphabet(tmp_path)


def test_new_maps_change_nothing_at_first() -> None:
    narrow = without_maps(tiny_joint())
    features = torch.randn((2, 30, narrow.image.embed.in_features))
    before = narrow.regions(features)
    wide = with_maps(narrow)
    described = torch.cat([features, torch.randn((2, 30, MAPS))], dim=2)
    torch.testing.assert_close(wide.regions(described), before)
    assert with_maps(wide).image is wide.image
