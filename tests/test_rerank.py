"""From cosines and alignments to scores and match kinds."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.fakes import ALPHABET, certain_lattice
from textsearch.alignment import CERTAIN, Alignment, LatticeBatch, align
from textsearch.rerank import (
    APART,
    KINDS,
    MINIMUM_SCORE,
    PART_CURVE,
    SEPARATE,
    SIMILAR,
    UNTYPED_MARKS,
    WORD_CURVE,
    placed,
    score,
    score_anchored,
    score_crossing,
    together,
)
from textsearch.types import FloatArray


def alignment_of(word: str, *texts: str) -> Alignment:
    return align(ALPHABET.encode(word), LatticeBatch.of([certain_lattice(text) for text in texts], ALPHABET))


def kinds(word: str, *texts: str) -> list[str]:
    return [KINDS[kind] for kind in score(np.full(len(texts), 0.5, np.float32), alignment_of(word, *texts)).kinds]


@pytest.mark.parametrize(
    ("word", "text", "kind"),
    [
        ("hotel", "HOTEL", "exact"),
        ("cocacola", "Coca-Cola", "exact"),
        ("cafe", "Café", "exact"),
        ("sale", "WHOLESALE", "partial"),
        ("car", "CARD", "partial"),
        ("2026", "2025", "similar"),
        ("open", "OPERA", "similar"),
        ("hotel", "H0TEL", "similar"),
    ],
)
def test_match_kinds(word: str, text: str, kind: str) -> None:
    assert kinds(word, text) == [kind]


def test_exact_before_partial_before_similar_at_the_same_similarity() -> None:
    values = score(np.full(4, 0.5, np.float32), alignment_of("sale", "sale", "wholesale", "scale", "xyz")).values
    assert list(values) == sorted(values, reverse=True)
    assert len(set(values.tolist())) == 4


def test_more_similarity_never_lowers_a_score() -> None:
    values = score(np.linspace(-1, 1, 5, dtype=np.float32), alignment_of("exit", *["EXAT"] * 5)).values
    assert (np.diff(values) >= 0).all()
    assert values[-1] > values[0]


def test_a_blurred_sign_scores_less_than_a_sharp_one() -> None:
    text_scores = np.array([0.3, 0.6, 1.0], np.float32)
    whole = score(np.full(3, 0.5, np.float32), alignment_of("exit", *["EX1T"] * 3), text_scores).values
    part = score_anchored(np.zeros(3, np.float32), 4, text_scores).values
    assert (np.diff(whole) > 0).all()
    assert (np.diff(part) > 0).all()


def test_blurred_signs_of_the_word_keep_their_order() -> None:
    blurred = np.array([0.1, 0.15, 0.2, 0.3], np.float32)
    values = score(np.zeros(4, np.float32), alignment_of("exit", *["EXIT"] * 4), blurred).values
    assert (np.diff(values) > 0).all()
    assert 0.55 < values[0] < values[-1] < 0.63
    sharp = score(np.ones(2, np.float32), alignment_of("exit", *["EXIT"] * 2), np.array([0.9, 1], np.float32)).values
    assert (sharp > 0.9).all()


@given(st.floats(-1, 1), st.floats(CERTAIN, 0), st.floats(0, 1), st.integers(1, 30))
def test_what_is_certain_is_found_whatever_else_is_against_it(
    similarity: float, total: float, text_score: float, letters: int
) -> None:
    fit = np.array([total / letters], np.float32)
    worst = np.full(1, -8, np.float32)
    cosine, sure = np.array([similarity], np.float32), np.array([text_score], np.float32)
    for scores in (
        score(cosine, Alignment(fit, fit, letters), sure),
        score(cosine, Alignment(worst, fit, letters), sure),
        score_anchored(fit, letters, sure),
        score_crossing(Alignment(worst, fit, letters), sure),
    ):
        if scores.kinds[0] < SIMILAR:
            assert 100 * scores.values[0] * APART * UNTYPED_MARKS > MINIMUM_SCORE


def test_letters_that_run_on_score_less_than_a_word() -> None:
    nothing = np.zeros(1, np.float32)
    exact = score_crossing(Alignment(nothing, nothing, 4), 1.0)
    part = score_crossing(Alignment(nothing - 8, nothing, 4), 1.0)
    word = score(np.ones(1, np.float32), Alignment(nothing, nothing, 4))
    assert [KINDS[scores.kinds[0]] for scores in (word, exact, part)] == ["exact", "exact", "partial"]
    assert word.values[0] > exact.values[0] > part.values[0]


@pytest.mark.parametrize("curve", [WORD_CURVE, PART_CURVE])
def test_more_evidence_is_more_probable(curve: object) -> None:
    evidence: FloatArray = np.linspace(-4, 0.5, 50, dtype=np.float32)
    probabilities = (WORD_CURVE if curve is WORD_CURVE else PART_CURVE).probability(evidence)
    assert (np.diff(probabilities) > 0).all()
    assert 0 < probabilities[0] < 0.02
    assert probabilities[-1] > 0.2


def test_all_words_should_be_there() -> None:
    both, one, none = together(np.array([[0.9, 0.9, 0.0], [0.8, 0.0, 0.0]], np.float32))
    assert both == pytest.approx((0.9 * 0.8) ** 0.5)
    assert both > one > none > 0


def test_words_apart_lose_a_tenth_and_a_phrase_nearly_everything() -> None:
    assert placed(0.8, 1.0, APART) == pytest.approx(0.8)
    assert placed(0.8, 0.0, APART) == pytest.approx(0.72)
    assert 0 < 100 * placed(1.0, 0.0, SEPARATE) < MINIMUM_SCORE
