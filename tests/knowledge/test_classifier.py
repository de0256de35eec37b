from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import save_file

from tests.knowledge.photos import batch
from textsearch.errors import WeightsError
from textsearch.knowledge.classifier import TrainedClassifier, load_classifier, save_classifier
from textsearch.knowledge.decisions import ELSEWHERE, choose, probabilities
from textsearch.knowledge.letters import BUCKETS
from textsearch.knowledge.network import VARIANTS, Experts

LABELS = ("a", "b", "c", "d", "e")


@pytest.mark.parametrize("variant", ["full", "scrim"])
def test_a_saved_classifier_scores_the_same(tmp_path: Path, variant: str) -> None:
    network = Experts(replace(VARIANTS[variant], width=16), (3, 2)).eval()
    trained = TrainedClassifier(network, LABELS, "grocery", np.ones(BUCKETS, np.float32))
    save_classifier(trained, tmp_path / "classifier.safetensors")
    loaded = load_classifier(tmp_path / "classifier.safetensors")
    assert loaded.labels == LABELS
    assert loaded.dataset == "grocery"
    assert loaded.network.sizes == (3, 2)
    assert torch.allclose(network(batch(2)).logits, loaded.network(batch(2)).logits, atol=0.05)


def test_the_packaged_classifier_is_there_and_whole() -> None:
    packaged = load_classifier()
    assert not packaged.network.training
    assert len(packaged.labels) == sum(packaged.network.sizes) == len(set(packaged.labels))
    assert packaged.rarity.shape == (BUCKETS,)


def test_a_missing_file_names_the_next_step(tmp_path: Path) -> None:
    with pytest.raises(WeightsError, match="train classifier"):
        load_classifier(tmp_path / "none.safetensors")


def test_other_weights_are_refused(tmp_path: Path) -> None:
    save_file({"x": torch.zeros(1)}, tmp_path / "x.safetensors")
    with pytest.raises(WeightsError, match="no classifier"):
        load_classifier(tmp_path / "x.safetensors")


@pytest.mark.parametrize("content", [b"", b"no weights", b"\xff" * 100])
def test_another_file_is_named(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "photo.jpg").write_bytes(content)
    with pytest.raises(WeightsError, match=r"Cannot read .*photo\.jpg .*train classifier"):
        load_classifier(tmp_path / "photo.jpg")


@pytest.mark.parametrize("header", ["{", "[]", "{}", '{"config": {"width": 16}, "sizes": [5]}'])
def test_weights_of_another_version_are_refused(tmp_path: Path, header: str) -> None:
    for name in ("x", "rarity"):
        save_file({name: torch.zeros(1)}, tmp_path / "x.safetensors", {"textsearch.classifier": header})
        with pytest.raises(WeightsError, match="another version; train it again"):
            load_classifier(tmp_path / "x.safetensors")


def test_probabilities_sum_to_one_and_cool_down() -> None:
    logits = np.array([[2.0, 0.0], [900.0, 0.0]], np.float32)
    assert np.allclose(probabilities(logits).sum(axis=1), 1)
    assert probabilities(logits, 4.0)[0, 0] < probabilities(logits)[0, 0]


def test_only_wanted_labels_compete() -> None:
    chosen = choose(np.array([[1.0, 2.0, 3.0]], np.float32), "abc", "ca", np.zeros((1, 2), np.float32))
    assert chosen.tolist() == [[3.0, 1.0]]


def test_labels_without_training_share_what_is_elsewhere() -> None:
    trained = np.array([[9.0, 0.0], [1.0, 0.0]], np.float32)
    evidence = np.array([[0.0, 0.0, 2.0], [0.0, 0.0, 2.0]], np.float32)
    chosen = choose(trained, "ab", "axy", evidence)
    assert chosen.argmax(axis=1).tolist() == [0, 2]
    assert np.exp(chosen[:, 1:]).sum(axis=1) == pytest.approx(np.exp(ELSEWHERE))


def test_without_a_trained_label_knowledge_decides() -> None:
    evidence = np.array([[0.5, 3.0, -1.0]], np.float32)
    assert choose(np.ones((1, 1), np.float32), "a", "xyz", evidence).argsort().tolist() == evidence.argsort().tolist()
