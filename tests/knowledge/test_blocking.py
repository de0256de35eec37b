from __future__ import annotations

import pytest

from textsearch.knowledge.blocking import LetterPairs

NAMES = ("starbucks", "subway", "walgreens", "shell", "shelf", "7eleven", "kfc", "スターバックス")


@pytest.mark.parametrize(
    ("word", "errors", "name"),
    [
        ("starbvcks", 1, "starbucks"),
        ("starbcks", 1, "starbucks"),
        ("starrbucks", 1, "starbucks"),
        ("wolgreenz", 2, "walgreens"),
        ("7elevem", 1, "7eleven"),
        ("スターバックヌ", 1, "スターバックス"),
    ],
)
def test_a_name_is_found_in_spite_of_as_many_errors(word: str, errors: int, name: str) -> None:
    assert name in {NAMES[number] for number in LetterPairs(NAMES).similar(word, errors)}


def test_other_names_are_not_proposed() -> None:
    assert {NAMES[number] for number in LetterPairs(NAMES).similar("shexl", 1)} == {"shell"}
    assert LetterPairs(NAMES).similar("qqqqqqq", 1).tolist() == []


def test_a_word_longer_than_every_name_has_no_similar_one() -> None:
    assert LetterPairs(NAMES).similar("a" * 40, 2).tolist() == []
