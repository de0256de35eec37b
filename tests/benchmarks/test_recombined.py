"""How a large index is recombined from a real one."""

from __future__ import annotations

import numpy as np
import pytest

from benchmarks.recombined import LetterChain, Source, cut, made_up_photos, readings
from tests.fakes import ALPHABET, FakeModel, certain_lattice
from textsearch.lattice import Lattice


def test_a_lattice_is_cut_where_letters_begin() -> None:
    pieces = cut(certain_lattice("a-b"), ALPHABET)
    assert [ALPHABET.decode(piece.classes[:, 0].tolist()) for piece in pieces] == ["a-", "b"]


def test_a_piece_may_be_any_letter_that_the_recogniser_believed_in() -> None:
    probabilities = np.zeros((1, len(ALPHABET.characters)), np.float32)
    for letter, value in (("o", 0.5), ("O", 0.25), ("0", 0.2)):
        probabilities[0, ALPHABET.characters.index(letter)] = value
    assert readings(Lattice.from_probabilities(probabilities), ALPHABET) == pytest.approx({"o": 0.75, "0": 0.2})


def test_the_chain_makes_words_of_letters_that_follow_each_other() -> None:
    chain, generator = LetterChain(["abcd", "abce"]), np.random.default_rng(0)
    assert {chain.word(generator) for _ in range(50)} == {"abcd", "abce"}


def test_made_up_photos_show_the_words() -> None:
    letters = "abels"
    source = Source(
        words=["sale", "bell"],
        pieces={letter: cut(certain_lattice(letter), ALPHABET) for letter in letters},
        weights={letter: np.ones(1) for letter in letters},
        residuals=np.zeros((2, FakeModel.dimension), np.float32),
    )
    words = ["sale", "bell", "all"] * 4
    (photos,) = made_up_photos(source, words, FakeModel(), np.random.default_rng(0))
    assert [text for photo in photos for text in photo.regions.texts] == words
    assert len({photo.path for photo in photos}) == len({photo.sha256 for photo in photos}) == 2
    assert photos[0].regions.lines.tolist() == [0, 0, 0, 0, 1, 1, 1, 1]
