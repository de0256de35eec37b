from __future__ import annotations

import json
from pathlib import Path
from typing import get_args

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from textsearch.hits import Explanation, Fact, FactKind, Hit, Match, SearchResult
from textsearch.types import Failure, IndexedPhoto, IndexedText, IndexInfo, IndexReport, MatchKind, Regions

INFO = IndexInfo(images=12, regions=34, model="joint", generation=5)

_numbers = st.floats(allow_nan=False, allow_infinity=False)
_paths = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), min_size=1).map(Path)
_matches = st.builds(
    Match,
    kind=st.sampled_from(get_args(MatchKind)),
    score=_numbers,
    similarity=_numbers,
    lattice_score=_numbers,
    polygon=st.lists(st.tuples(_numbers, _numbers), min_size=4, max_size=6).map(tuple),
    text_score=_numbers,
    letters=st.lists(st.tuples(_numbers, _numbers), max_size=4).map(tuple),
    span=st.tuples(st.integers(0, 9), st.integers(0, 9)),
)
_explanations = st.builds(
    Explanation,
    text=_numbers,
    similarity=st.none() | _numbers,
    lattice=st.none() | _numbers,
    phrase=st.none() | _numbers,
    knowledge=st.none() | _numbers,
)
_facts = st.builds(
    Fact,
    kind=st.sampled_from(get_args(FactKind)),
    score=_numbers,
    path=st.lists(st.text(max_size=3), max_size=3).map(tuple),
    region_ids=st.lists(st.integers(0, 9), max_size=3).map(tuple),
)
_hits = st.builds(
    Hit,
    score=_numbers,
    kind=st.sampled_from(get_args(MatchKind)),
    path=_paths,
    matches=st.lists(_matches, max_size=3).map(tuple),
    copies=st.lists(_paths, max_size=2).map(tuple),
    explanation=_explanations,
    facts=st.lists(_facts, max_size=2).map(tuple),
)
_results = st.builds(
    SearchResult,
    hits=st.lists(_hits, max_size=3).map(tuple),
    took_ms=_numbers,
    nearest=st.lists(st.text(max_size=3), max_size=2).map(tuple),
)

_photos = st.builds(
    IndexedPhoto,
    path=_paths,
    copies=st.lists(_paths, max_size=2).map(tuple),
    texts=st.lists(
        st.builds(
            IndexedText,
            polygon=st.lists(st.tuples(_numbers, _numbers), min_size=4, max_size=6).map(tuple),
            score=_numbers,
            text_score=_numbers,
        ),
        max_size=3,
    ).map(tuple),
)


def a_match(text: str = "COCA") -> Match:
    return Match(
        word=text.lower(),
        kind="partial",
        score=81.5,
        similarity=0.9,
        lattice_score=0.8,
        region_id=7,
        polygon=((10.0, 22.0), (60.0, 20.0), (61.0, 40.0), (11.0, 42.0)),
        text=text,
        text_score=0.93,
        letters=((10.0, 22.0), (60.0, 20.0), (61.0, 40.0), (11.0, 42.0)),
        span=(0, len(text)),
    )


def a_hit(rank: int = 1) -> Hit:
    matches = (a_match("COCA"), a_match("COLA"))
    copies = (Path("/g/b.jpg"),)
    return Hit(rank, 81.54, "partial", Path("/g/a.jpg"), "ab" * 32, 640, 480, matches, copies)


def a_result(hits: int = 3) -> SearchResult:
    return SearchResult("Coca Cola", tuple(a_hit(rank) for rank in range(1, hits + 1)), 38.4, INFO)


def a_report(added: int = 0, updated: int = 0, seconds: float = 2.0) -> IndexReport:
    failures = (Failure(Path("/g/bad.jpg"), "is empty"),)
    return IndexReport(added, updated, 1, 2, 3, 40, failures, seconds, interrupted=False)


# --- there and back


@given(_matches)
def test_a_match_survives_json(match: Match) -> None:
    assert Match.from_dict(json.loads(json.dumps(match.to_dict()))) == match


@given(_hits)
def test_a_hit_survives_json(hit: Hit) -> None:
    assert Hit.from_dict(json.loads(json.dumps(hit.to_dict()))) == hit


@given(_results)
def test_a_result_survives_json(result: SearchResult) -> None:
    assert SearchResult.from_dict(json.loads(json.dumps(result.to_dict()))) == result


@given(_photos)
def test_an_indexed_photo_survives_json(photo: IndexedPhoto) -> None:
    assert IndexedPhoto.from_dict(json.loads(json.dumps(photo.to_dict()))) == photo


def test_the_schema_of_a_result() -> None:
    data = a_result(1).to_dict()
    assert list(data) == ["schema", "query", "index", "took_ms", "hits", "nearest"]
    assert data["schema"] == "textsearch.hits/1"
    assert data["index"] == {"images": 12, "regions": 34, "model": "joint", "generation": 5}
    (hit,) = data["hits"]
    assert list(hit)[:8] == ["rank", "score", "match", "path", "sha256", "width", "height", "regions"]
    assert list(hit)[8:] == ["copies", "components", "knowledge"]
    assert hit["components"] == {
        "text": 0.0,
        "similarity": None,
        "lattice": None,
        "phrase": None,
        "knowledge": None,
    }
    assert (hit["path"], hit["match"], hit["copies"]) == (str(Path("/g/a.jpg")), "partial", [str(Path("/g/b.jpg"))])
    region = hit["regions"][0]
    assert region["word"] == "coca"
    assert region["polygon"] == [[10.0, 22.0], [60.0, 20.0], [61.0, 40.0], [11.0, 42.0]]
    assert region["xyxy"] == [10.0, 20.0, 61.0, 42.0]
    assert region["span"] == [0, 4]
    assert region["letters"] == region["polygon"]


def test_what_an_earlier_version_wrote_is_read() -> None:
    data = a_result(1).to_dict()
    del data["nearest"], data["hits"][0]["components"]
    del data["hits"][0]["regions"][0]["letters"], data["hits"][0]["regions"][0]["span"]
    (hit,) = SearchResult.from_dict(data).hits
    assert (hit.matches[0].letters, hit.matches[0].span) == ((), (0, 0))
    assert hit.explanation == Explanation(0.0)


@pytest.mark.parametrize("schema", ["textsearch.hits/2", None])
def test_another_schema_is_refused(schema: str | None) -> None:
    data = {**a_result().to_dict(), "schema": schema}
    with pytest.raises(ValueError, match=r"expected the schema textsearch\.hits/1"):
        SearchResult.from_dict(data)


# --- a result is a sequence of hits


def test_a_result_is_a_sequence() -> None:
    result = a_result(3)
    assert len(result) == 3
    assert [hit.rank for hit in result] == [1, 2, 3]
    assert (result[0].rank, result[-1].rank) == (1, 3)
    assert result[1:] == result.hits[1:]
    assert result[0] in result
    assert [hit.rank for hit in reversed(result)] == [3, 2, 1]
    assert result.index(result[2]) == 2
    with pytest.raises(IndexError):
        result[3]


def test_a_result_without_hits_is_false() -> None:
    assert not a_result(0)
    assert a_result(1)


# --- for people


def test_reprs_are_one_short_line() -> None:
    assert repr(a_result()) == "SearchResult('Coca Cola': 3 hits in 38 ms)"
    assert repr(a_hit()) == "Hit(#1 81.5 partial a.jpg)"


@pytest.mark.parametrize(
    ("texts", "shown"),
    [
        ((), "Regions(0 in 640x480: )"),
        (("OPEN", "daily"), "Regions(2 in 640x480: 'OPEN', 'daily')"),
        (tuple("abcde"), "Regions(5 in 640x480: 'a', 'b', 'c', 'd', ...)"),
    ],
)
def test_regions_are_counted_and_shown(texts: tuple[str, ...], shown: str) -> None:
    count = len(texts)
    regions = Regions(
        width=640,
        height=480,
        polygons=(np.zeros((4, 2), np.float32),) * count,
        scores=np.ones(count, np.float32),
        texts=texts,
        text_scores=np.ones(count, np.float32),
        lines=np.zeros(count, np.int32),
        embeddings=np.zeros((count, 8), np.float32),
        lattices=(),
    )
    assert len(regions) == count
    assert repr(regions) == shown


# --- reports


@pytest.mark.parametrize(
    ("added", "updated", "seconds", "speed"), [(6, 2, 2.0, 4.0), (0, 0, 2.0, 0.0), (0, 0, 0.0, 0.0), (3, 0, 0.0, 0.0)]
)
def test_images_per_second_counts_the_photos_that_were_read(
    added: int, updated: int, seconds: float, speed: float
) -> None:
    assert a_report(added, updated, seconds).images_per_second == speed


def test_a_report_as_json() -> None:
    data = a_report(added=6, updated=2).to_dict()
    assert json.loads(json.dumps(data)) == data
    assert data["failures"] == [{"path": str(Path("/g/bad.jpg")), "reason": "is empty"}]
    assert data["images_per_second"] == 4.0
    assert set(data) == {*IndexReport.__dataclass_fields__, "images_per_second"}
