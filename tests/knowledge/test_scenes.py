"""Conditions on what a picture shows."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest

from textsearch.errors import QueryError
from textsearch.knowledge.covered import covered, covered_names
from textsearch.knowledge.lexicon import default_lexicon
from textsearch.knowledge.scenes import condition, kinds_that_tell, similar_names
from textsearch.types import FloatArray

LEXICON = default_lexicon()


class Language:
    """Understands every sentence as the covered names that a test gives it, each by so much."""

    def __init__(self, **parts: float) -> None:
        known = covered()
        self.vector = sum(part * known.vectors[known.names.index(name)] for name, part in parts.items())

    def words(self, words: Sequence[str]) -> FloatArray:
        raise NotImplementedError

    def sentences(self, texts: Sequence[str]) -> FloatArray:
        return np.stack([self.vector for _ in texts]).astype(np.float32)


def no_language() -> Language:
    raise AssertionError("a known name needs no sentence encoder")


@pytest.mark.parametrize(
    ("text", "identifier"), [("restaurant", "amenity/restaurant"), ("a dog", "n02084071"), ("volcano", "n09472597")]
)
def test_known_names_are_taken_literally(text: str, identifier: str) -> None:
    assert identifier in condition(text, LEXICON, language=no_language).identifiers


def test_other_words_mean_the_nearest_name() -> None:
    asked = condition("fire-spitting peak", LEXICON, language=lambda: Language(volcano=0.9))
    assert asked.identifiers == {"n09472597"}


def test_names_that_are_as_near_are_meant_too() -> None:
    asked = condition("fire-spitting peak", LEXICON, language=lambda: Language(volcano=0.6, alp=0.6))
    assert {sense.target.name for sense in asked.senses} == {"volcano", "alp"}


def test_what_nothing_covers_is_said_with_the_nearest_names() -> None:
    with pytest.raises(QueryError, match=r"'sadness' is not covered by --scene; the nearest .*: volcano, "):
        condition("sadness", LEXICON, language=lambda: Language(volcano=0.5))


def test_every_class_of_imagenet_is_covered() -> None:
    named = {identifier for identifiers in covered_names(LEXICON).values() for identifier in identifiers}
    assert named >= set(LEXICON.imagenet)
    assert "n02084071" in named, "dogs"
    assert "n00015388" not in named, "animals are too many"


def test_the_vectors_are_of_the_lexicons_names() -> None:
    """Written by `python -m textsearch.knowledge.covered`; they must be again when the lexicon changes."""
    known = covered()
    assert known.names == tuple(covered_names(LEXICON))
    assert np.allclose(np.linalg.norm(known.vectors, axis=1), 1, atol=0.01)
    assert known.vectors[known.names.index("volcano")] @ known.vectors[known.names.index("tench")] < 0.5


def test_words_tell_of_places_and_food_only() -> None:
    for identifier, words_tell in (("amenity/cafe", True), ("n07844042", True), ("n02129604", False)):
        assert ("entity" in kinds_that_tell(LEXICON.category(identifier), LEXICON)) is words_tell


def test_near_names_are_told() -> None:
    assert similar_names("pharmcy", ["Bakery", "Pharmacy", "Farm"]) == ["Pharmacy"]
    assert similar_names("xqzt", ["Bakery"]) == []
