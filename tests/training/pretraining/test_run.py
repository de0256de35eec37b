"""One whole run with a tiny network; how text is found in photos is `tests/training/pretraining/test_strips.py`'s."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import torch

from tests.fakes import ALPHABET, save_photo
from tests.tiny_joint import tiny_joint
from textsearch.errors import TextSearchError
from textsearch.models.joint import JointNetwork
from textsearch.training.pretraining import run as pretraining
from textsearch.training.pretraining.pretrain import TRAINED_TRUNK
from textsearch.training.pretraining.run import PretrainingData, pretrain
from textsearch.training.start import read_alphabet

RECIPE = replace(TRAINED_TRUNK, steps=2, batch=4, queue=32, warm_up=1)


@pytest.fixture
def exported(monkeypatch: pytest.MonkeyPatch) -> list[JointNetwork]:
    """Begin with the tiny network, which finds no text; what is exported is kept here."""
    networks: list[JointNetwork] = []
    blind = SimpleNamespace(detect=lambda photo: (), reader=SimpleNamespace(read=lambda photo: []))
    monkeypatch.setattr(pretraining, "OnnxModel", lambda folder: SimpleNamespace(encoder=blind))
    monkeypatch.setattr(pretraining, "load_joint", lambda folder: tiny_joint())
    monkeypatch.setattr(pretraining, "read_alphabet", lambda folder: ALPHABET)
    monkeypatch.setattr(pretraining, "export_network", lambda network, metadata, folder: networks.append(network))
    return networks


def test_a_whole_run(tmp_path: Path, exported: list[JointNetwork]) -> None:
    run, photos, lines = tmp_path / "run", tmp_path / "photos", list[str]()
    save_photo(photos / "a.png")
    (run / "strips").mkdir(parents=True)
    strips = np.random.default_rng(0).integers(0, 256, (6, 48, 160, 3)).astype(np.uint8)
    np.save(run / "strips" / "strips.npy", strips)
    data = PretrainingData((photos,), start=tmp_path / "start")
    assert pretrain(run, data, RECIPE, lines.append, processes=1) == run / "weights"
    names = ["checkpoint.pt", "curves.png", "log.jsonl", "recipe.json", "strips", "weights"]
    assert sorted(path.name for path in run.iterdir()) == names
    assert json.loads((run / "recipe.json").read_text())["data"]["photos"] == [str(photos)]
    assert read_alphabet(run / "weights") == ALPHABET
    assert lines[-1].startswith("step 2 loss ") and "contrast_word" in lines[-1] and "keep" in lines[-1]
    (network,) = exported
    assert not network.training
    before = tiny_joint().recogniser
    assert torch.equal(network.recogniser.classifier.weight, before.classifier.weight)
    trained = zip(network.recogniser.trunk.parameters(), before.trunk.parameters(), strict=True)
    assert all(not torch.equal(new, old) for new, old in trained)
    with pytest.raises(TextSearchError, match="other arguments"):
        pretrain(run, data, replace(RECIPE, steps=3))


def test_a_mistake_leaves_no_run_behind(tmp_path: Path, exported: list[JointNetwork]) -> None:
    (tmp_path / "empty").mkdir()
    for folder, message in (("typo", "There is no .*typo"), ("empty", "empty holds no picture")):
        with pytest.raises(TextSearchError, match=message):
            pretrain(tmp_path / "run", PretrainingData((tmp_path / folder,), start=tmp_path / "start"), RECIPE)
    assert not (tmp_path / "run").exists()


def test_photos_without_text_are_refused(tmp_path: Path, exported: list[JointNetwork]) -> None:
    save_photo(tmp_path / "photos" / "a.png")
    with pytest.raises(TextSearchError, match="No text was found"):
        pretrain(tmp_path / "run", PretrainingData((tmp_path / "photos",), start=tmp_path / "start"), RECIPE)
