from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from textsearch.evaluation import classification
from textsearch.evaluation.classification import evaluate_classifier, measure

SCORES = np.array([[0.9, 0.05, 0.05], [0.6, 0.3, 0.1], [0.2, 0.7, 0.1], [0.1, 0.5, 0.4]], np.float32)
LABELS = np.array([0, 1, 1, 2])


def test_accuracy_and_reciprocal_rank() -> None:
    result = measure(SCORES, LABELS)
    assert result.accuracy == 0.5
    assert result.mrr == pytest.approx((1 + (1 / 2 + 1) / 2 + 1 / 2) / 3)
    assert result.photos == 4
    assert result.classes == 3
    assert result.severity is None


def test_macro_average_precision() -> None:
    # Class 1 by score: photos 2 (right), 3, 1 (right), 0; class 2: photo 3 first; class 0: photo 0 first.
    assert measure(SCORES, LABELS).macro_ap == pytest.approx((1 + (1 + 2 / 3) / 2 + 1) / 3)


def test_severity_is_the_distance_of_the_errors_only() -> None:
    distances = np.array([[0, 2, 6], [2, 0, 4], [6, 4, 0]], np.int32)
    assert measure(SCORES, LABELS, distances).severity == pytest.approx((2 + 4) / 2)


def test_scores_that_say_nothing_rank_last() -> None:
    assert measure(np.zeros((3, 3), np.float32), np.array([0, 1, 2])).mrr == pytest.approx(1 / 3)


def test_a_class_without_a_photo_is_refused() -> None:
    with pytest.raises(ValueError, match="every class"):
        measure(SCORES[:1], LABELS[:1])


@pytest.mark.parametrize(("labels", "in_tree"), [(("cafe", "pharmacy"), True), (("xqzt", "wvkjq"), False)])
def test_without_any_category_errors_have_no_severity(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, labels: tuple[str, str], in_tree: bool
) -> None:
    rows = [json.dumps({"image": f"{number}.jpg", "label": label}) for number, label in enumerate(labels)]
    (tmp_path / "labels.jsonl").write_text("\n".join(rows))
    monkeypatch.setattr(classification, "evidence_scores", lambda *parts: np.array([[0, 1], [0, 1]], np.float32))
    result = evaluate_classifier(tmp_path, None, "zero-shot").result
    assert result.accuracy == 0.5
    assert (result.severity is not None) == in_tree
