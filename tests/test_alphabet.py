"""Normalisation and the folding of character classes."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from textsearch.alphabet import NOTHING, Alphabet, normalise, words_of


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Coca-Cola", "cocacola"),
        ("CAFÉ", "cafe"),
        ("ｃａｆé", "cafe"),
        ("62-03", "6203"),
        ("コーヒー", "コーヒー"),
        ("が", "が"),
        ("咖啡", "咖啡"),
        ("&!? ", ""),
        ("", ""),
    ],
)
def test_normalise_keeps_letters_and_digits(text: str, expected: str) -> None:
    assert normalise(text) == expected


@given(st.text())
def test_normalise_twice_is_normalise_once(text: str) -> None:
    assert normalise(normalise(text)) == normalise(text)


def test_words_without_letters_vanish() -> None:
    assert words_of(" Marks & Spencer ") == ["marks", "spencer"]


def test_classes_fold_to_the_letters_of_a_word() -> None:
    alphabet = Alphabet(("", "a", "A", "é", "e", "-", " "))
    assert alphabet.folded[1] == alphabet.folded[2]
    assert alphabet.folded[3] == alphabet.folded[4]
    assert list(alphabet.folded[[0, 5, 6]]) == [NOTHING] * 3
    np.testing.assert_array_equal(alphabet.encode("ae?"), [alphabet.letters["a"], alphabet.letters["e"]])


def test_decode_collapses_repeats_between_blanks() -> None:
    assert Alphabet(("", "o", "f")).decode([1, 1, 0, 2, 0, 2, 2]) == "off"


def test_letters_that_look_alike_have_one_shape() -> None:
    alphabet = Alphabet(("", "a", "l", "I", "1", "0"))
    shapes = alphabet.shapes[alphabet.encode("al1i0")].tolist()
    assert shapes[1] == shapes[2] == shapes[3]
    assert len(set(shapes)) == 3
    assert [sorted(group.tolist()) for group in alphabet.look_alikes] == [sorted(alphabet.encode("1il").tolist())]
