"""How the benchmark of linking draws misreadings."""

from __future__ import annotations

import random
import string

import pytest

from benchmarks.linking import CONFUSED, reading_of
from tests.knowledge.drawn import ALPHABET


def test_every_letter_is_taken_for_another_one() -> None:
    assert set(string.ascii_lowercase) <= CONFUSED.keys()
    assert all(letter != other for letter, other in CONFUSED.items())
    assert all(len(letter) == len(other) == 1 for letter, other in CONFUSED.items())


@pytest.mark.parametrize("errors", [("soft",), ("hard",), ("soft", "hard")])
def test_as_many_letters_are_wrong_as_there_are_errors(errors: tuple[str, ...]) -> None:
    for seed in range(20):
        read = reading_of("qwertasdf", errors, ALPHABET, random.Random(seed))
        assert sum(a != b for a, b in zip(read.text, "qwertasdf", strict=True)) == len(errors)
