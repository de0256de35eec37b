"""What describes a category of one's own."""

from __future__ import annotations

import pytest

from tests.fakes import ALPHABET
from textsearch.categories import own_category
from textsearch.errors import QueryError, TextSearchError
from textsearch.index.records import OwnCategory


def described(*words: str) -> OwnCategory:
    return own_category("climbing  gym", words, [], None, ALPHABET)


def test_words_are_kept_as_they_are_written() -> None:
    category = described(" Boulder ", "top   rope", "", "\"rock'n'roll\"", "Boulder", "A-1")
    assert category.name == "climbing gym"
    assert category.words == ("Boulder", "top rope", "\"rock'n'roll\"", "A-1")


@pytest.mark.parametrize("word", ["taxi|cab", "taxi | cab", "star*", "*sale*", "/^re16/", "cola -pepsi", "taxi tax*"])
def test_words_are_no_queries(word: str) -> None:
    with pytest.raises(QueryError, match=r"plain words, and .* is more; separate them by commas"):
        described("boulder", word)


def test_a_word_that_cannot_be_searched_is_named() -> None:
    with pytest.raises(QueryError, match="The word '東' cannot be searched"):
        described("boulder", "東")


def test_something_must_describe_a_category() -> None:
    with pytest.raises(TextSearchError, match="Give words or example pictures"):
        described()
