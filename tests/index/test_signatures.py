"""Signatures lose nothing that a lattice surely holds, and rule out most of the rest."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.fakes import ALPHABET, certain_lattice
from textsearch.alignment import CERTAIN, PART, LatticeBatch, align_ends
from textsearch.index.signatures import holding, lacking_few, signatures, word_bits
from textsearch.lattice import Lattice


def batch_of(*texts: str) -> LatticeBatch:
    return LatticeBatch.of([certain_lattice(text) for text in texts], ALPHABET)


def places(word: str, batch: LatticeBatch) -> list[int]:
    bits = word_bits(ALPHABET.shapes[ALPHABET.encode(word)])
    found: list[int] = holding(signatures(batch, ALPHABET.shapes), bits).tolist()
    return found


@pytest.mark.parametrize(
    ("word", "expected"),
    [
        ("sale", [0, 1]),
        ("les", [1]),
        ("o", [1, 3]),
        ("sol", []),
        ("ll", [2]),
        ("lll", [2]),
        ("2026", []),
        ("2025", [3]),
    ],
)
def test_what_holds_a_word(word: str, expected: list[int]) -> None:
    assert places(word, batch_of("SALE", "Wholesale", "ball", "2025")) == expected


def test_a_misread_letter_takes_two_pairs_away() -> None:
    batch = batch_of("starbucks", "STARBXCKS", "stravinsky")
    assert places("starbucks", batch) == [0]
    bits = word_bits(ALPHABET.shapes[ALPHABET.encode("starbucks")])
    found, lacking = lacking_few(signatures(batch, ALPHABET.shapes), bits, 2)
    assert (found.tolist(), lacking.tolist()) == ([1], [2])


def test_a_word_may_have_any_number_of_pairs() -> None:
    stored = np.zeros((8, 2), np.uint64)
    stored[:, 1] = ~np.uint64(0)
    stored[0, 1] ^= np.uint64(1)
    found, lacking = lacking_few(stored, np.arange(400), 2)
    assert (found.tolist(), lacking.tolist()) == ([1], [1])


def test_letters_that_look_alike_are_one() -> None:
    assert places("hotel", batch_of("H0TEL", "HOTEI", "HATEL", "hotel")) == [0, 1, 3]


def test_a_line_holds_what_runs_on() -> None:
    lattices = [certain_lattice(text) for text in ("RE16", "TGK", "RE16")]
    batch = LatticeBatch.of(lattices, ALPHABET)
    lines = LatticeBatch(batch.letters, batch.costs, batch.starts[[0, 2, 3]], batch.starts)
    assert places("re16tgk", lines) == [0]
    assert places("re16", lines) == [0, 1]


def test_nothing_at_all() -> None:
    assert places("a", LatticeBatch.of([], ALPHABET)) == []
    assert places("a", batch_of("", "&")) == []


@settings(max_examples=60)
@given(st.integers(0, 10_000), st.sampled_from(["abc", "il1", "1o0"]), st.integers(1, 4), st.integers(1, 7))
def test_nothing_that_is_there_is_lost(seed: int, letters: str, length: int, frames: int) -> None:
    generator = np.random.default_rng(seed)
    word = "".join(generator.choice(list(letters), length))
    classes = [0, *(ALPHABET.characters.index(letter) for letter in letters)]
    lattices = []
    for _ in range(20):
        probabilities = np.zeros((frames, len(ALPHABET.characters)), np.float32)
        logits = generator.normal(0, 2, (frames, 4))
        probabilities[:, classes] = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
        lattices.append(Lattice.from_probabilities(probabilities))
    batch = LatticeBatch.of(lattices, ALPHABET)
    ids = ALPHABET.encode(word)
    sure = np.nonzero(align_ends(ids, batch, (PART,))[0] >= CERTAIN)[0]
    kept = holding(signatures(batch, ALPHABET.shapes), word_bits(ALPHABET.shapes[ids]))
    assert set(sure.tolist()) <= set(kept.tolist())
