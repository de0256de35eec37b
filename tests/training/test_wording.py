from __future__ import annotations

import re
from collections import Counter

import numpy as np
import pytest

from textsearch.alphabet import normalise
from textsearch.training.wording import Wording


def phrases(words: list[str], count: int, seed: int = 0) -> list[str]:
    generator = np.random.default_rng(seed)
    return [" ".join(Wording(words).phrase(str.lower, generator)) for _ in range(count)]


def test_two_thirds_come_from_the_lexicon() -> None:
    own = [normalise(phrase).startswith("bakery") for phrase in phrases(["bakery"], 3000)]
    assert np.mean(own) == pytest.approx(0.68, abs=0.05)


@pytest.mark.parametrize(
    "pattern",
    [
        r"\d+",
        r"[$£€]\d+\.\d\d",
        r"\d+%",
        r"0\d{4} \d{3} \d{3}",
        r"[A-Z]{2}\d\d [A-Z]{3}",
        r"\d\d:\d\d",
        r"\d+(kg|km|g|m)",
    ],
)
def test_figures_of_every_kind_are_written(pattern: str) -> None:
    assert sum(bool(re.fullmatch(pattern, phrase)) for phrase in phrases(["bakery"], 3000)) >= 3


def test_some_lexicon_words_carry_diacritics_and_are_still_the_same_word() -> None:
    marked = [p for p in phrases(["bakery"], 4000) if not p.isascii() and normalise(p) == "bakery"]
    assert 0.01 < len(marked) / 4000 < 0.05


def test_words_of_a_block_are_written_alike() -> None:
    generator = np.random.default_rng(0)
    cases: Counter[str] = Counter()
    for _ in range(400):
        written = [word for line in Wording(["bakery"]).block(generator) for word in line if word.isalpha()]
        written = [word for word in written if normalise(word) == "bakery"]
        kinds = {
            "upper" if w.isupper() else "lower" if w.islower() else "title" if w.istitle() else "mixed" for w in written
        }
        assert len(kinds) <= 1 or "mixed" in kinds
        cases.update(kinds)
    assert cases["upper"] > cases["title"] > 50
    assert cases["lower"] > 30


def test_blocks_are_words_lines_and_paragraphs() -> None:
    generator = np.random.default_rng(0)
    blocks = [Wording(["bakery"]).block(generator) for _ in range(400)]
    assert all(line and all(line) for block in blocks for line in block)
    assert sum(len(block) == 1 and len(block[0]) == 1 for block in blocks) > 100
    assert sum(len(block) == 1 and len(block[0]) > 1 for block in blocks) > 60
    assert sum(len(block) > 1 for block in blocks) > 40


def test_no_lexicon_still_gives_words() -> None:
    assert all(phrases([], 200))
