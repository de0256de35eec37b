"""From cosines and alignments to scores and match kinds."""

from __future__ import annotations

import numpy as np
import pytest

from tests.fakes import ALPHABET, certain_lattice
from textsearch.alignment import LatticeBatch, align
from textsearch.rerank import KINDS, PLACE_FLOOR, placed, score, together, weakest


def kinds(word: str, *texts: str) -> list[str]:
    alignment = align(
        ALPHABET.encode(word), LatticeBatch.of([certain_lattice(text) for text in texts], ALPHABET.folded)
    )
    return [KINDS[kind] for kind in score(np.full(len(texts), 0.5, np.float32), alignment).kinds]


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
    texts = ("sale", "wholesale", "scale", "xyz")
    alignment = align(
        ALPHABET.encode("sale"), LatticeBatch.of([certain_lattice(text) for text in texts], ALPHABET.folded)
    )
    values = score(np.full(4, 0.5, np.float32), alignment).values
    assert list(values) == sorted(values, reverse=True)
    assert len(set(values.tolist())) == 4


def test_more_similarity_never_lowers_a_score() -> None:
    alignment = align(ALPHABET.encode("exit"), LatticeBatch.of([certain_lattice("EX1T")] * 5, ALPHABET.folded))
    values = score(np.linspace(-1, 1, 5, dtype=np.float32), alignment).values
    assert (np.diff(values) > 0).all()


def test_the_weakest_kind_names_the_hit() -> None:
    assert weakest(["exact", "partial"]) == "partial"
    assert weakest(["similar", "exact"]) == "similar"
    assert weakest([]) == "similar"


def test_all_words_should_be_there() -> None:
    both, one, none = together(np.array([[0.9, 0.9, 0.0], [0.8, 0.0, 0.0]], np.float32))
    assert both == pytest.approx((0.9 * 0.8) ** 0.5)
    assert both > one > none > 0


def test_closeness_takes_away_a_tenth_at_most() -> None:
    assert placed(0.8, 1.0) == pytest.approx(0.8)
    assert placed(0.8, 0.0) == pytest.approx(0.8 * PLACE_FLOOR)
