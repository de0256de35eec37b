"""Typed diacritics lower those that are read without, and never more than others that nobody looked at."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from tests.boxes import word_box
from tests.fakes import certain_lattice
from tests.matching.gallery import MODEL, fill, image_of
from textsearch.index.readings import Readings
from textsearch.index.records import StoredRegion
from textsearch.lattice import Lattice
from textsearch.matching import marks
from textsearch.matching.found import Best, Found
from textsearch.matching.marks import prefer_marks
from textsearch.matching.plan import Target
from textsearch.query import Searcher, SearchOptions
from textsearch.rerank import EXACT, MINIMUM_SCORE, UNTYPED_MARKS
from textsearch.types import FloatArray


def best_of(values: Sequence[float], target: Target) -> Best:
    count = len(values)
    places, ones = np.arange(count), np.ones(count, np.float32)
    return Best.of(
        Found(
            targets=(target,),
            which=np.zeros(count, np.int64),
            first=places,
            last=places,
            images=places,
            values=np.array(values, np.float32),
            kinds=np.full(count, EXACT),
            whole=np.ones(count, bool),
            similarity=ones,
            fit=ones,
            extent=np.full((count, 2), np.nan, np.float32),
        )
    )


def preferred(values: Sequence[float], texts: Sequence[str], target: Target) -> FloatArray:
    """Return the scores of images, each of one region with a text."""
    lattice, polygon = Lattice(np.zeros((0, 5), np.int32), np.zeros((0, 5), np.float32)), word_box(0, 0)
    regions = {n: StoredRegion(n, n, polygon, text, 1.0, 1.0, 0, lattice) for n, text in enumerate(texts)}
    rows = [(n, n, polygon.astype("<f4").tobytes(), certain_lattice("a").to_bytes(), 1.0) for n in range(len(texts))]
    readings = Readings.of(rows, MODEL.alphabet)
    return prefer_marks(best_of(values, target), readings, lambda ids: {n: regions[n] for n in ids}).values


CAFE = Target("cafe", marked="café")


def test_what_nobody_looks_at_stays_behind(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(marks, "_LOOKED_AT", 2)
    found = preferred([0.8, 0.79, 0.78], ["café", "cafe", "cafe"], CAFE)
    assert found == pytest.approx([0.8, 0.79 * UNTYPED_MARKS, 0.78 * UNTYPED_MARKS])
    assert preferred([0.8, 0.79, 0.78], ["a", "a", "a"], Target("cafe")) == pytest.approx([0.8, 0.79, 0.78])


def test_a_hit_stays_a_hit_without_its_marks() -> None:
    least = MINIMUM_SCORE / 100
    found = preferred([1.05 * least, 0.9 * least], ["cafe", "cafe"], CAFE)
    assert 100 * found[0] >= MINIMUM_SCORE
    assert found[1] == pytest.approx(0.9 * UNTYPED_MARKS * least)


def test_words_written_as_one_are_compared_too(tmp_path: Path) -> None:
    texts = {"with": "CaféBar", "without": "CafeBar"}
    images = [image_of(f"/{name}.jpg", [t], [word_box(0, 0, 80)], [certain_lattice(t)]) for name, t in texts.items()]
    with fill(tmp_path / ".textsearch", images) as index:
        first, second = Searcher(index, MODEL).search("café bar", SearchOptions())
        assert (first.path.stem, second.path.stem) == ("with", "without")
        assert second.score == pytest.approx(UNTYPED_MARKS * first.score, rel=1e-4)
