"""Normalisation and the folding of character classes."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from textsearch.alphabet import NOTHING, Alphabet, Spelling, marked, normalise, words_of


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
        ("ﾊﾞｽ", "バス"),
        ("Straße", "strasse"),
        ("ÇIKIŞ", "cikis"),
        ("çıkış", "cikis"),
        ("ŁÓDŹ", "lodz"),
        ("KØBENHAVN", "kobenhavn"),
        ("ĐÀ NẴNG", "danang"),
        ("BŒUF", "boeuf"),
        ("LEGO™ ℠", "lego"),
        ("I ❤️ NY", "iny"),
        ("1️⃣ LEGO®️", "1lego"),
        ("葛󠄀飾", "葛飾"),
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


def test_marks_are_what_capitals_can_show() -> None:
    assert marked("Łódź, LEGO™, ﾊﾞｽ") == "łódźlegoバス"
    assert marked("çıkış") == marked("ÇIKIŞ")


def test_letters_keep_their_numbers_whatever_they_are_read_as() -> None:
    alphabet = Alphabet(("", "l", "ł", "ß", "œ", "s", "™", " "))
    assert list(alphabet.letters) == ["l", "s", "ł", "œ"]
    assert alphabet.folded.tolist() == [0, 1, 3, 0, 4, 2, 0, 0]
    assert alphabet.symbols.tolist() == [0, 1, 1, 5, 4, 2, 0, 0]
    assert alphabet.encode("łs").tolist() == [1, 2]
    assert len(alphabet.shapes) == 6


def spelt(alphabet: Alphabet, word: str) -> list[tuple[str, bool, bool]]:
    shown = {**{number: letter for letter, number in alphabet.letters.items()}, alphabet.joined["ss"]: "ß"}

    def read(spelling: Spelling) -> str:
        return "".join(shown[symbol] for symbol in spelling.symbols.tolist())

    every = alphabet.spellings(word, np.ones(1 << 16, bool))
    return [(read(spelling), spelling.cut_start, spelling.cut_end) for spelling in every]


def test_a_word_is_spelt_with_every_symbol_for_several_letters() -> None:
    alphabet = Alphabet(("", *"aeimprst", "ß", "œ"))
    assert spelt(alphabet, "strasse") == [
        ("strasse", False, False),
        ("ßtrasse", True, False),
        ("straße", False, False),
        ("ßtraße", True, False),
    ]
    assert ("mißißippi", False, False) in spelt(alphabet, "mississippi")
    assert spelt(alphabet, "mas") == [("mas", False, False), ("maß", False, True)]
    assert len(spelt(alphabet, "ss" * 30)) == 16
    assert len(alphabet.spellings("strasse", np.zeros(1 << 16, bool))) == 1


def test_decode_collapses_repeats_between_blanks() -> None:
    assert Alphabet(("", "o", "f")).decode([1, 1, 0, 2, 0, 2, 2]) == "off"


def test_letters_that_look_alike_have_one_shape() -> None:
    alphabet = Alphabet(("", "a", "l", "I", "1", "0"))
    shapes = alphabet.shapes[alphabet.encode("al1i0")].tolist()
    assert shapes[1] == shapes[2] == shapes[3]
    assert len(set(shapes)) == 3
    assert [sorted(group.tolist()) for group in alphabet.look_alikes] == [sorted(alphabet.encode("1il").tolist())]
