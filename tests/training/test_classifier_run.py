"""A run of the classifier from its list of photos to its file; reading the photos is faked."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from tests.fakes import FakeModel
from tests.knowledge.photos import batch
from textsearch.errors import TextSearchError
from textsearch.knowledge.classifier import load_classifier
from textsearch.knowledge.letters import BUCKETS
from textsearch.knowledge.network import VARIANTS
from textsearch.training import classifier_run
from textsearch.training.classifier import ClassifierRecipe
from textsearch.training.classifier_run import TrainingData, train_classifier

RECIPE = ClassifierRecipe(replace(VARIANTS["full"], width=16), epochs=1, batch=4)


class Reading:
    """Stands for reading photos; everything that is read looks different."""

    def __init__(self) -> None:
        self.photos = 0
        self.broken: Exception | None = None

    def __call__(self, photos: Sequence[object], *others: object) -> SimpleNamespace:
        if self.broken is not None:
            raise self.broken
        self.photos += len(photos)
        return SimpleNamespace(views=lambda _: [batch(len(photos))], rarity=np.ones(BUCKETS, np.float32))


@pytest.fixture(autouse=True)
def reading(monkeypatch: pytest.MonkeyPatch) -> Reading:
    reading = Reading()
    monkeypatch.setattr(classifier_run, "load_model", FakeModel)
    monkeypatch.setattr(classifier_run, "PhotoReader", lambda *parts, **options: None)
    monkeypatch.setattr(classifier_run, "read_photos", reading)
    return reading


def write_labels(folder: Path, labels: str, name: str = "labels.jsonl", **more: str) -> Path:
    """Write a list of photos with classes of one letter each; `more` are further entries, a letter for each photo."""
    rows = [
        {"image": f"{number}.jpg", "label": label, **{key: values[number] for key, values in more.items()}}
        for number, label in enumerate(labels)
    ]
    (folder / name).write_text("\n".join(map(json.dumps, rows)))
    return folder / name


def test_a_finished_run_may_be_given_again(tmp_path: Path) -> None:
    data = TrainingData(write_labels(tmp_path, "abcdeabc"))
    weights = train_classifier(tmp_path / "run", data, RECIPE)
    assert load_classifier(weights).labels == tuple("abcde")
    assert train_classifier(tmp_path / "run", data, RECIPE) == weights


@pytest.mark.parametrize("labels", ["abcdxabx", "abcdeabb", "abcdef", "abcdeab"])
def test_other_labels_are_another_run(tmp_path: Path, labels: str) -> None:
    data = TrainingData(write_labels(tmp_path, "abcdeabc"))
    train_classifier(tmp_path / "run", data, RECIPE)
    write_labels(tmp_path, labels)
    with pytest.raises(TextSearchError, match=r"begun with other arguments.*new folder"):
        train_classifier(tmp_path / "run", data, RECIPE)


def test_other_photos_of_anything_else_are_another_run(tmp_path: Path) -> None:
    data = TrainingData(write_labels(tmp_path, "abcdeabc"), elsewhere=write_labels(tmp_path, "xx", "others.jsonl"))
    train_classifier(tmp_path / "run", data, RECIPE)
    write_labels(tmp_path, "xxx", "others.jsonl")
    with pytest.raises(TextSearchError, match="begun with other arguments"):
        train_classifier(tmp_path / "run", data, RECIPE)


def test_other_groups_are_another_run(tmp_path: Path) -> None:
    data = TrainingData(write_labels(tmp_path, "abcdeab", shelf="1122211"), apart="shelf")
    train_classifier(tmp_path / "run", data, RECIPE)
    write_labels(tmp_path, "abcdeab", shelf="1112211")
    with pytest.raises(TextSearchError, match="begun with other arguments"):
        train_classifier(tmp_path / "run", data, RECIPE)


def test_groups_of_one_class_and_groups_without_names_are_refused(tmp_path: Path) -> None:
    data = TrainingData(write_labels(tmp_path, "abcdeab", shelf="1222212"), apart="shelf")
    with pytest.raises(TextSearchError, match=r"a group of .*labels\.jsonl by 'shelf' has photos of one class only"):
        train_classifier(tmp_path / "run", data, RECIPE)
    for label in "ab":
        (tmp_path / "folders" / label).mkdir(parents=True)
        (tmp_path / "folders" / label / "1.jpg").touch()
    with pytest.raises(TextSearchError, match=r"has no labels\.jsonl, and only its lines can name 'shelf'"):
        train_classifier(tmp_path / "run", TrainingData(tmp_path / "folders", apart="shelf"), RECIPE)


def test_a_photo_that_cannot_be_read_does_not_bind_the_run(tmp_path: Path, reading: Reading) -> None:
    data = TrainingData(write_labels(tmp_path, "abcdeabc"))
    reading.broken = TextSearchError("The photo 7.jpg cannot be read.")
    with pytest.raises(TextSearchError, match=r"7\.jpg"):
        train_classifier(tmp_path / "run", data, RECIPE)
    reading.broken = None
    write_labels(tmp_path, "abcdeab")
    train_classifier(tmp_path / "run", data, RECIPE)
