"""Which letters of a word on a photo are a word of the user's category, and which stand there by accident."""

from __future__ import annotations

from types import SimpleNamespace
from typing import cast

import numpy as np
import pytest

from textsearch.index.readings import Readings
from textsearch.index.records import StoredRegion
from textsearch.knowledge.relevance import Saying
from textsearch.lattice import Lattice
from textsearch.matching.found import Best, Found
from textsearch.matching.plan import Target
from textsearch.matching.sayings import sayings
from textsearch.rerank import EXACT, PARTIAL, SIMILAR

IMAGE, REGION = 7, 40


def said(word: str, texts: tuple[str, ...], kind: int) -> dict[int, Saying]:
    """Return what is said where a word was found, as this kind of match, in regions of one line of one photo."""
    found = Found(
        (Target(word),),
        np.array([0]),
        np.array([0]),
        np.array([len(texts) - 1]),
        np.array([IMAGE]),
        np.array([0.8], np.float32),
        np.array([kind]),
        np.array([kind == EXACT]),
        np.array([np.nan], np.float32),
        np.array([0.8], np.float32),
        np.full((1, 2), np.nan, np.float32),
    )
    ids = np.arange(REGION, REGION + len(texts))
    readings = cast(Readings, SimpleNamespace(region_ids=ids))
    lattice = Lattice(np.zeros((1, 1), np.int32), np.zeros((1, 1), np.float32))
    box = np.zeros((4, 2), np.float32)
    regions = {
        number: StoredRegion(number, IMAGE, box, text, 1.0, 1.0, 0, lattice)
        for number, text in zip(ids.tolist(), texts, strict=True)
    }
    return sayings(Best.of(found), readings, lambda numbers: {number: regions[number] for number in numbers})


@pytest.mark.parametrize("word", ["spa", "boulder"])
def test_a_whole_word_is_said_however_short(word: str) -> None:
    saying = said(word, (word.upper(),), EXACT)[IMAGE]
    assert (round(saying.value, 2), saying.region_ids, saying.is_part) == (0.8, (REGION,), False)


@pytest.mark.parametrize(
    ("word", "texts"),
    [
        ("boulder", ("Bouldering",)),
        ("boulder", ("KidsBoulder",)),
        ("boulder", ("Kids-Boulder!",)),
        ("boulder", ("the", "bouldering", "hall")),
        ("boulder", ("BOUL", "DERING")),
    ],
)
def test_a_long_word_is_held_by_one_that_it_begins_or_ends(word: str, texts: tuple[str, ...]) -> None:
    saying = said(word, texts, PARTIAL)[IMAGE]
    assert saying.is_part
    assert len(saying.region_ids) == len(texts)


@pytest.mark.parametrize(
    ("word", "text"),
    [("spa", "SPACE"), ("spa", "SPAR"), ("gym", "gymnast"), ("rings", "strings42"), ("tower", "tovver")],
)
def test_other_letters_are_there_by_accident(word: str, text: str) -> None:
    assert said(word, (text,), PARTIAL) == {}


def test_what_only_looks_alike_is_not_said() -> None:
    assert said("boulder", ("shoulder",), SIMILAR) == {}
