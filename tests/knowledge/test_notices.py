from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest

from tests.knowledge.drawn import ALPHABET
from textsearch.errors import MissingDependencyError
from textsearch.index.records import Notice
from textsearch.knowledge import notices
from textsearch.knowledge.decisions import ELSEWHERE
from textsearch.knowledge.lexicon import default_lexicon
from textsearch.knowledge.linker import Link
from textsearch.knowledge.notices import LEAST, MOST, PhotoDescriber, classified, named, shown


def link(name: str, weight: float, *regions: int) -> Link:
    target = default_lexicon().meanings(name)[0].target
    return Link(target, weight, regions, name, "exact")


def test_a_name_that_stands_there_twice_is_one_notice() -> None:
    walgreens = default_lexicon().meanings("walgreens")[0].target.identifier
    juice = default_lexicon().meanings("orange juice")[0].target.identifier
    found = named([link("walgreens", 0.9, 3), link("orange juice", 0.8, 1, 2), link("walgreens", 0.4, 0)])
    assert found == [Notice("entity", walgreens, 0.9, (0, 3)), Notice("entity", juice, 0.8, (1, 2))]


def test_what_is_hardly_meant_is_not_kept() -> None:
    assert named([link("walgreens", LEAST / 2, 0)]) == []
    assert named([]) == []


@pytest.mark.parametrize(("logit", "low", "high"), [(-1.0, 0.0, 0.02), (ELSEWHERE, 0.45, 0.5), (12.0, 0.99, 1.0)])
def test_a_classifier_that_knows_nothing_of_a_photo_says_nothing(logit: float, low: float, high: float) -> None:
    found = classified(np.array([logit, -5.0], np.float32), ["milk", "juice"])
    score = {notice.identifier: notice.score for notice in found}.get("milk", 0.0)
    assert low <= score <= high
    assert score >= LEAST or not found


def test_classes_of_one_category_are_one_notice() -> None:
    found = classified(np.array([12.0, 12.0, 12.0, 12.0], np.float32), ["milk", "milk", None, "juice"])
    assert [(notice.kind, notice.identifier) for notice in found] == [("category", "milk"), ("category", "juice")]
    assert found[0].score == pytest.approx(2 * found[1].score, rel=1e-4)
    assert sum(notice.score for notice in found) == pytest.approx(0.75, abs=0.01)


def test_a_picture_shows_a_few_things_at_most() -> None:
    shares = np.full(1000, LEAST, np.float32)
    categories = [f"n{number}" for number in range(1000)]
    assert len(shown(shares, categories)) == MOST["scene"]
    assert shown(np.full(1000, 0.001, np.float32), categories) == []
    (notice,) = shown(np.full(1000, 0.001, np.float32), ["n1"] * 1000)
    assert notice.score == pytest.approx(1.0)


def test_scores_never_exceed_one() -> None:
    (notice,) = shown(np.array([0.6, 0.6], np.float32), ["n1", "n1"])
    assert notice.score == 1.0


def test_the_maker_changes_with_what_decides(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    lexicon = tmp_path / "lexicon"
    makers = set()
    for content, version in ((b"1", 1), (b"2", 1), (b"2", 2)):
        lexicon.write_bytes(content)
        monkeypatch.setattr(notices, "_FILES", (lexicon,))
        monkeypatch.setattr(notices, "VERSION", version)
        makers.add(PhotoDescriber(ALPHABET).maker)
    assert len(makers) == 3


def test_every_file_that_decides_is_in_the_makers_name() -> None:
    assert {path.name for path in notices._FILES} == {"lexicon.json.gz", "package_words.tsv", "classifier.safetensors"}
    assert all(path.is_file() for path in notices._FILES)


def test_a_missing_package_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "textsearch.knowledge.perception", None)
    with pytest.raises(MissingDependencyError, match="--no-knowledge"):
        PhotoDescriber(ALPHABET).describe(np.zeros((32, 32, 3), np.uint8), [])
