"""Text and knowledge in one order."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.fakes import ALPHABET
from textsearch.knowledge.relevance import Relevance
from textsearch.matching.found import Best
from textsearch.matching.knowledge import KINDS, KNOWLEDGE, NOT_FOUND, Ranking, both, fused, plain_words
from textsearch.matching.plan import Plan
from textsearch.rerank import KIND_MARGIN, PARTIAL, SIMILAR

_photos = st.dictionaries(
    st.integers(1, 30), st.tuples(st.integers(0, SIMILAR), st.floats(0.03125, 1, width=32)), max_size=12
)
_known = st.dictionaries(st.integers(1, 30), st.floats(0.01, 1), max_size=12)


def best_of(photos: dict[int, tuple[int, float]]) -> Best:
    images = np.array(sorted(photos), np.int64)
    kinds = np.array([photos[image][0] for image in images.tolist()], np.int64)
    values = np.array([photos[image][1] for image in images.tolist()], np.float32)
    return Best(images, values, kinds, (), np.zeros((len(images), 0), np.int64), values, np.full(len(images), np.nan))


def ranking(photos: dict[int, tuple[int, float]], known: dict[int, float], least: float = 0.0) -> Ranking:
    told = {image: Relevance(value, tuple) for image, value in known.items()}
    return fused(best_of(photos), told, KIND_MARGIN, least, least)


@given(_photos, _known)
def test_what_only_knowledge_finds_stands_behind_every_exact_and_partial_hit(
    photos: dict[int, tuple[int, float]], known: dict[int, float]
) -> None:
    found = ranking(photos, known)
    assert sorted(found.images.tolist()) == sorted(photos.keys() | known.keys())
    by_knowledge = np.flatnonzero(found.kinds == KNOWLEDGE)
    by_letters = np.flatnonzero(found.kinds <= PARTIAL)
    if len(by_knowledge) and len(by_letters):
        assert by_letters.max() < by_knowledge.min()


@given(_photos, _known)
def test_knowledge_never_lowers_a_score_and_keeps_the_kind_of_letters(
    photos: dict[int, tuple[int, float]], known: dict[int, float]
) -> None:
    found = ranking(photos, known)
    for image, value, kind in zip(found.images.tolist(), found.values.tolist(), found.kinds.tolist(), strict=True):
        before_kind, before = photos.get(image, (KNOWLEDGE, 0.0))
        assert before <= value <= 1
        assert kind == before_kind or (before_kind == SIMILAR and kind == KNOWLEDGE and known[image] > before)


@given(st.floats(0.03125, 1, width=32), st.floats(0.01, 0.99), st.floats(0, 0.01))
def test_surer_knowledge_never_lowers_a_score(text: float, sure: float, more: float) -> None:
    less, better = (ranking({1: (SIMILAR, text)}, {1: value}).values[0] for value in (sure, sure + more))
    assert better >= less


@given(st.floats(0.03125, 1, width=32), st.floats(0.01, 1), st.floats(25, 100))
def test_a_higher_least_score_adds_no_similar_hit(text: float, sure: float, least: float) -> None:
    usual = fused(best_of({1: (SIMILAR, text)}), {1: Relevance(sure, tuple)}, KIND_MARGIN, 2.0, 25.0)
    fewer = fused(best_of({1: (SIMILAR, text)}), {1: Relevance(sure, tuple)}, KIND_MARGIN, least, least)
    shown = [value for value in (100 * usual.values).tolist() if value >= least]
    assert (100 * fewer.values).tolist() == shown


def test_weak_knowledge_takes_no_text_hit_away() -> None:
    def fused_at(text: float, sure: float) -> Ranking:
        return fused(best_of({1: (SIMILAR, text)}), {1: Relevance(sure, tuple)}, KIND_MARGIN, 2.0, 25.0)

    scores = []
    for sure in (0.09, 0.15, 0.24):
        found = fused_at(0.1, sure)
        assert found.kinds.tolist() == [SIMILAR]
        scores.append(float(found.values[0]))
    assert scores == sorted(scores) and scores[0] >= 0.1
    assert fused_at(0.1, 0.25).kinds.tolist() == [KNOWLEDGE]
    # What is no hit by its text does not become one by what is no hit by itself.
    assert fused_at(0.005, 0.2).images.tolist() == []


@given(_photos)
def test_without_knowledge_the_order_is_that_of_the_text(photos: dict[int, tuple[int, float]]) -> None:
    best = best_of(photos)
    keys = 100 * best.values + KIND_MARGIN * (SIMILAR - best.kinds)
    expected = best.images[np.lexsort((best.images, -keys))]
    assert ranking(photos, {}).images.tolist() == expected.tolist()


def test_sure_knowledge_comes_before_similar_hits_that_are_less_sure() -> None:
    found = ranking({1: (SIMILAR, 0.5), 2: (SIMILAR, 0.9), 3: (PARTIAL, 0.1)}, {4: 0.8, 5: 0.3})
    assert found.images.tolist() == [2, 3, 4, 1, 5]
    assert [KINDS[kind] for kind in found.kinds] == ["similar", "partial", "knowledge", "similar", "knowledge"]
    assert found.places.tolist() == [1, 2, NOT_FOUND, 0, NOT_FOUND]


def test_within_a_kind_knowledge_decides() -> None:
    assert ranking({1: (0, 0.8), 2: (0, 0.8)}, {2: 0.9}).images.tolist() == [2, 1]


def test_a_similar_hit_of_which_more_is_known_is_one_of_knowledge() -> None:
    found = ranking({1: (SIMILAR, 0.1)}, {1: 0.7})
    assert (KINDS[found.kinds[0]], found.values[0]) == ("knowledge", 0.7)


def test_hits_below_the_least_score_are_left_out() -> None:
    told = {3: Relevance(0.5, tuple), 4: Relevance(0.2, tuple)}
    found = fused(best_of({1: (0, 0.5), 2: (0, 0.01)}), told, KIND_MARGIN, 2.0, 25.0)
    assert found.images.tolist() == [1, 3]


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ("Coffee Shop", ["coffee", "shop"]),
        ('"coffee shop"', ["coffee", "shop"]),
        ("bora bora", ["bora", "bora"]),
        ("coffee -shop", []),
        ("coffee|tea", []),
        ("coffee*", []),
        ("/coffee/", []),
    ],
)
def test_only_words_and_phrases_are_plain(query: str, words: list[str]) -> None:
    assert plain_words(Plan.of(query, ALPHABET)) == words


def test_both_conditions_hold() -> None:
    first, second = (
        {1: Relevance(0.9, tuple), 2: Relevance(0.5, tuple)},
        {2: Relevance(0.7, tuple), 3: Relevance(0.6, tuple)},
    )
    assert both(first, None) is first
    assert both(None, None) is None
    combined = both(first, second)
    assert combined is not None
    assert {image: relevance.value for image, relevance in combined.items()} == {2: 0.5}
