from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from sklearn.metrics import average_precision_score

from tests.evaluation.drawn import Indexed, task_of
from tests.fakes import FakeModel
from textsearch.database import Database
from textsearch.errors import IndexModelError, IndexNotFoundError
from textsearch.evaluation.gallery import Gallery
from textsearch.evaluation.retrieval import Variant, evaluate, search_scores
from textsearch.index.folder import IndexFolder


def test_a_result_worked_out_by_hand(indexed: Indexed) -> None:
    database, paths = indexed(["hotel"], [], ["taxi"], [])
    # "hotel": its photo first, the photo without text among two that tie at 0 after "taxi".
    task = task_of(paths, taxi=[2], hotel=[0, 1])
    result = evaluate(task, database, "lattice")
    tied = (1 + 1 / 2 * 0 + 2 / 4) / 2
    assert result.precisions == pytest.approx((1.0, tied))
    assert result.map == pytest.approx(100 * (1 + tied) / 2)
    assert (result.images, result.queries, result.regions, result.without_text) == (4, 2, 2, 2)
    assert result.frequent_map is None


@pytest.mark.parametrize("variant", ["vectors", "lattice", "full"])
def test_the_same_as_scikit_learn(indexed: Indexed, variant: Variant) -> None:
    words = ("hotel bar", "hostel", "", "motel", "hotels tea", "", "tee")
    database, paths = indexed(*(text.split() for text in words))
    relevant = {"hotel": [0, 3], "tea": [2, 4, 5], "bar": [0], "zoo": [1, 6]}
    result = evaluate(task_of(paths, **relevant), database, variant)
    with IndexFolder.open(database.location) as index:
        gallery = Gallery(index, database.model, paths)
    expected = [
        average_precision_score(
            np.isin(np.arange(len(paths)), places),
            search_scores(database, paths, query) if variant == "full" else gallery.scores(query, variant),
        )
        for query, places in relevant.items()
    ]
    assert result.precisions == pytest.approx(expected)
    assert result.map == pytest.approx(100 * np.mean(expected))


def test_the_most_frequent_queries_have_their_own_mean(indexed: Indexed) -> None:
    database, paths = indexed(["hotel"], ["taxi"])
    task = replace(task_of(paths, hotel=[0], taxi=[0, 1]), frequent=frozenset({"hotel"}))
    result = evaluate(task, database, "full")
    assert result.frequent_map == pytest.approx(100.0)
    assert result.map == pytest.approx(100.0)
    assert evaluate(replace(task, frequent=frozenset({"taxi"})), database, "full").frequent_map == pytest.approx(100.0)
    worse = replace(task_of(paths, hotel=[1], taxi=[1]), frequent=frozenset({"hotel"}))
    assert evaluate(worse, database, "full").frequent_map == pytest.approx(50.0)


def test_progress_and_json(indexed: Indexed) -> None:
    database, paths = indexed(["hotel"], ["taxi"])
    told: list[tuple[int, int]] = []
    result = evaluate(task_of(paths, hotel=[0], taxi=[1]), database, "vectors", lambda *news: told.append(news))
    assert told == [(1, 2), (2, 2)]
    written = json.loads(json.dumps(result.to_dict()))
    assert written["map"] == pytest.approx(100.0)
    assert (written["variant"], written["images"], written["queries"]) == ("vectors", 2, 2)
    assert written["ranking_seconds"] > 0


def test_without_an_index_and_with_another_models(indexed: Indexed, tmp_path: Path) -> None:
    task = task_of([tmp_path / "a.png"], hotel=[0])
    with pytest.raises(IndexNotFoundError):
        evaluate(task, Database(tmp_path / "nowhere", FakeModel()), "full")
    database, paths = indexed(["hotel"])
    other = FakeModel()
    other.fingerprint = "1" * 64
    with Database(database.location, other) as another, pytest.raises(IndexModelError):
        evaluate(task_of(paths, hotel=[0]), another, "full")
