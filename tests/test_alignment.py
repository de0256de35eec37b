"""Aligning words with lattices, against every path enumerated by hand."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from tests.fakes import ALPHABET, certain_lattice
from textsearch.alignment import CERTAIN, LOOK_ALIKE, MISSING, WORST, LatticeBatch, align
from textsearch.alphabet import NOTHING
from textsearch.lattice import STEPS_PER_NAT, Lattice
from textsearch.types import FloatArray


def scores(word: str, *texts: str) -> tuple[list[float], list[float]]:
    batch = LatticeBatch.of([certain_lattice(text) for text in texts], ALPHABET)
    found = align(ALPHABET.encode(word), batch)
    return found.whole.tolist(), found.part.tolist()


def test_the_word_itself_costs_nothing() -> None:
    whole, part = scores("hotel", "hotel", "HOTEL", "Ho-tel")
    assert whole == pytest.approx([0, 0, 0], abs=1e-3)
    assert part == pytest.approx([0, 0, 0], abs=1e-3)


def test_a_part_is_not_the_whole() -> None:
    whole, part = scores("sale", "wholesale", "sales", "sale")
    assert part == pytest.approx([0, 0, 0], abs=1e-3)
    assert whole[0] < whole[1] < whole[2] == pytest.approx(0, abs=1e-3)


def test_one_wrong_letter_costs_less_than_two() -> None:
    whole, part = scores("2026", "2026", "2025", "2015")
    assert whole[0] > whole[1] > whole[2] >= WORST
    assert part[0] > part[1] > part[2]
    assert whole[1] == pytest.approx(MISSING / 4, abs=0.01)


def test_double_letters_need_a_gap() -> None:
    assert scores("aa", "aa")[0] == pytest.approx([0], abs=1e-3)
    assert scores("aa", "a")[0][0] < -1


def test_a_misread_letter_that_the_lattice_still_holds_is_cheap() -> None:
    probabilities = np.full((3, len(ALPHABET.characters)), 1e-6, np.float32)
    letter = ALPHABET.characters.index
    probabilities[0, letter("e")], probabilities[1, 0], probabilities[2, letter("1")] = 1, 1, 0.6
    probabilities[2, letter("i")] = 0.4
    batch = LatticeBatch.of([Lattice.from_probabilities(probabilities)], ALPHABET)
    assert align(ALPHABET.encode("ei"), batch).whole[0] == pytest.approx(np.log(0.4 / 0.6) / 2, abs=1e-3)


def brute_force_whole(word: list[int], letters: NDArray[np.int32], emitted: dict[int, FloatArray]) -> float:
    best = -np.inf
    for path in product([NOTHING, *letters.tolist()], repeat=len(emitted[NOTHING])):
        collapsed = [x for i, x in enumerate(path) if x != NOTHING and (i == 0 or path[i - 1] != x)]
        if collapsed == word:
            best = max(best, sum(float(emitted[x][t]) for t, x in enumerate(path)))
    return best


@settings(max_examples=25)
@given(st.integers(0, 10_000), st.text("ab", min_size=1, max_size=3), st.integers(3, 6))
def test_between_every_path_and_every_path_with_letters_left_out(seed: int, word: str, frames: int) -> None:
    logits = np.random.default_rng(seed).normal(0, 2, (frames, 3))
    probabilities = np.zeros((frames, len(ALPHABET.characters)), np.float32)
    probabilities[:, :3] = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    batch = LatticeBatch.of([Lattice.from_probabilities(probabilities)], ALPHABET)
    ids, letters = ALPHABET.encode(word), ALPHABET.encode("ab")
    known = np.unique(np.append(letters, NOTHING)).astype(np.int32)
    emissions = np.maximum(batch.emissions(known) / -np.float32(STEPS_PER_NAT), MISSING)
    emitted = {
        int(x): np.where(costs == 255, MISSING, costs_)
        for x, costs, costs_ in zip(known, batch.emissions(known), emissions, strict=True)
    }
    complete = brute_force_whole(ids.tolist(), letters, emitted)
    shortened = [
        brute_force_whole([x for x, keep in zip(ids.tolist(), kept, strict=True) if keep], letters, emitted)
        + MISSING * kept.count(False)
        for kept in product([True, False], repeat=len(ids))
    ]
    found = align(ids, batch).whole[0]
    assert found >= max(complete / len(ids), WORST) - 1e-4
    assert found <= max(max(shortened) / len(ids), WORST) + 1e-4


@pytest.mark.parametrize("word", ["hotell", "hhotel", "hotiel"])
def test_a_letter_too_many_costs_one_missing_letter(word: str) -> None:
    assert scores(word, "hotel")[0] == pytest.approx([MISSING / 6], abs=0.01)


def test_lattices_of_different_lengths_do_not_disturb_each_other() -> None:
    together, _ = scores("open", "open", "open all night long", "op")
    alone = [scores("open", text)[0][0] for text in ("open", "open all night long", "op")]
    assert together == pytest.approx(alone)


def test_no_lattice_at_all() -> None:
    assert scores("open") == ([], [])


def test_a_letter_may_stand_for_one_that_looks_like_it() -> None:
    (sign, exact, other), _ = scores("exit", "EX1T", "exit", "exat")
    assert exact == pytest.approx(0, abs=1e-6)
    assert sign == pytest.approx(-LOOK_ALIKE / 4, abs=0.05)
    assert other == pytest.approx(MISSING / 4, abs=0.05)
    assert sign * 4 < CERTAIN, "it is no exact match"


def test_of_two_ways_to_read_a_letter_the_likelier_counts() -> None:
    probabilities = np.zeros((1, len(ALPHABET.characters)), np.float32)
    probabilities[0, [ALPHABET.characters.index(letter) for letter in "l1o"]] = 0.9, 0.01, 0.09
    batch = LatticeBatch.of([Lattice.from_probabilities(probabilities)], ALPHABET)
    costs = dict(zip("l1io0", batch.emissions(ALPHABET.encode("l1io0"))[:, 0].tolist(), strict=True))
    assert costs["l"] == 0
    assert costs["1"] == costs["i"] == round(LOOK_ALIKE * STEPS_PER_NAT)
    assert costs["o"] == round(np.log(10) * STEPS_PER_NAT)
    assert costs["0"] == costs["o"] + round(LOOK_ALIKE * STEPS_PER_NAT)
