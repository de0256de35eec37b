"""Plural endings."""

from __future__ import annotations

import pytest

from textsearch.knowledge.spelling import singulars


@pytest.mark.parametrize(
    ("plural", "singular"),
    [
        ("dogs", "dog"),
        ("pharmacies", "pharmacy"),
        ("churches", "church"),
        ("dishes", "dish"),
        ("boxes", "box"),
        ("glasses", "glass"),
        ("potatoes", "potato"),
        ("buses", "bus"),
        ("quizzes", "quiz"),
        ("wolves", "wolf"),
        ("knives", "knife"),
        ("olives", "olive"),
        ("taxis", "taxi"),
        ("menus", "menu"),
    ],
)
def test_the_singular_is_among_what_a_plural_may_be_of(plural: str, singular: str) -> None:
    assert singular in singulars(plural)


def test_the_least_change_comes_first() -> None:
    assert singulars("shoes")[0] == "shoe"


@pytest.mark.parametrize("word", ["", "s", "gas", "bus", "glass", "shop"])
def test_what_is_no_plural(word: str) -> None:
    assert singulars(word) == []
