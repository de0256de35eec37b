"""How the classifier's benchmark cuts its photos, and that its shortcuts change no score."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import torch

pytest.importorskip("sklearn")
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression

from benchmarks.knowledge import Task, cross_validate, folds, key_of, paired_interval, plain_fusion, record, summarise
from textsearch.knowledge.visual import VisualFeatures
from textsearch.training.classifier_data import ReadPhotos

CLASSES, SHELVES, SHOTS = 3, 5, 4


@pytest.fixture
def task() -> Task:
    """Photos of 3 classes, on 5 shelves each, 4 shots of each shelf that look nearly alike."""
    source = np.random.default_rng(0)
    labels = np.repeat(np.arange(CLASSES), SHELVES * SHOTS)
    looks = np.repeat(source.normal(size=(CLASSES * SHELVES, 12)), SHOTS, axis=0)
    pooled = torch.from_numpy((looks + 0.01 * source.normal(size=looks.shape)).astype(np.float32))
    nothing = torch.zeros(len(labels), 0)
    words = ["sour milk", "apple juice", "oat drink"]
    texts = [words[label] if source.random() < 0.7 else words[source.integers(3)] for label in labels]
    distances = np.array([[0, 2, 4], [2, 0, 4], [4, 4, 0]], np.int32)
    splits = tuple("dev" if number % 5 == 0 else "train" for number in range(len(labels)))
    read = ReadPhotos([VisualFeatures(nothing, nothing, pooled, nothing)], [], texts)
    return Task(read, labels, distances, splits, "drawn")


def test_shots_of_a_shelf_stay_together(task: Task) -> None:
    shelf = np.arange(len(task.labels)) // SHOTS
    cuts = [folds(task, "shelves", seed) for seed in range(3)]
    for each in cuts:
        assert sorted(np.concatenate([test for _, test in each]).tolist()) == list(range(len(task.labels)))
        assert all(not set(shelf[train]) & set(shelf[test]) for train, test in each)
    together = {tuple(sorted(tuple(sorted(set(shelf[test]))) for _, test in each)) for each in cuts}
    assert len(together) == 3, "every seed puts other shelves of two classes into one fold"


def test_dev_photos_are_measured_once(task: Task) -> None:
    ((train, test),) = folds(task, "dev", 0)
    assert {task.splits[row] for row in test} == {"dev"}
    assert {task.splits[row] for row in train} == {"train"}


def test_turned_features_give_the_scores_of_logistic_regression(task: Task) -> None:
    fold = folds(task, "random", 0)[0]
    grams = TfidfVectorizer(analyzer="char_wb", ngram_range=(2, 5), sublinear_tf=True, min_df=2)
    texts = grams.fit_transform([task.read.texts[row] for row in fold[0]])
    plain = LogisticRegression(C=10, max_iter=1000).fit(texts, task.labels[fold[0]])
    expected = plain.decision_function(grams.transform([task.read.texts[row] for row in fold[1]]))
    assert np.allclose(plain_fusion(task, fold, ["text"]), expected, atol=0.02)


def test_a_stopped_run_goes_on_with_the_scores_it_has(task: Task, tmp_path: Path) -> None:
    names = ["plain fusion", "plain text"]
    first = cross_validate(task, "random", 0, names, tmp_path)
    assert np.isfinite(first["plain fusion"]).all()
    for file in (tmp_path / "scores").iterdir():
        np.save(file, np.load(file) + 1)
    again = cross_validate(task, "random", 0, names, tmp_path)
    assert np.allclose(again["plain fusion"], first["plain fusion"] + 1)


def test_scores_are_kept_for_the_same_photos_labels_and_knowledge_only(tmp_path: Path) -> None:
    known = tmp_path / "lexicon"
    known.write_bytes(b"1")
    photos = [("a.jpg", "milk"), ("b.jpg", "juice")]
    relabelled = [("a.jpg", "juice"), ("b.jpg", "juice")]
    first = key_of("network", photos, [known])
    assert first == key_of("network", photos, [known])
    others = {key_of("other", photos, [known]), key_of("network", relabelled, [known]), key_of("network", photos, [])}
    known.write_bytes(b"2")
    others.add(key_of("network", photos, [known]))
    assert len(others - {first}) == 4


def test_only_measured_photos_and_their_classes_count(task: Task, tmp_path: Path) -> None:
    result = summarise(task, [cross_validate(task, "dev", 0, ["plain fusion", "plain text"], tmp_path)])
    assert result["photos"] == 12
    assert result["rows"]["plain fusion"]["against_plain_fusion"] == (0.0, 0.0, 0.0)
    assert 0 < result["rows"]["plain text"]["accuracy"] < 1
    assert result["rows"]["plain text"]["severity"] in (2, 4) or 2 < result["rows"]["plain text"]["severity"] < 4


def test_an_interval_holds_its_mean() -> None:
    better = np.array([[True] * 60 + [False] * 40])
    base = np.array([[True] * 50 + [False] * 50])
    mean, low, high = paired_interval(better, base)
    assert mean == pytest.approx(10)
    assert 0 < low < mean < high < 20


def test_results_of_other_tasks_stay(tmp_path: Path) -> None:
    output = tmp_path / "knowledge.json"
    record(output, "grocery", "random", {"seeds": 1})
    record(output, "storefront", "dev", {"seeds": 1})
    record(output, "grocery", "shelves", {"seeds": 1})
    record(output, "grocery", "random", {"seeds": 2})
    tasks = json.loads(output.read_text())["tasks"]
    assert tasks == {"grocery": {"random": {"seeds": 2}, "shelves": {"seeds": 1}}, "storefront": {"dev": {"seeds": 1}}}
