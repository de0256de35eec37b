"""The query language: trees, spellings, and errors that point."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from textsearch.errors import QueryError
from textsearch.grammar import Clause, Expression, Phrase, Regex, Word, error_at, parse

_TEXT = st.text(st.sampled_from('abcé永0 \\|*"“/-\n?'), min_size=1, max_size=6)
_WORDS = st.builds(Word, _TEXT, st.booleans(), st.booleans())
_PHRASES = st.lists(_TEXT, min_size=1, max_size=3).map(lambda words: Phrase(tuple(words)))
_PATTERNS = st.text(st.sampled_from("ab0 .*[]()/|"), min_size=1, max_size=8).map(Regex)
_CLAUSES = st.builds(
    Clause, st.lists(_WORDS | _PHRASES | _PATTERNS, min_size=1, max_size=3).map(tuple), excluded=st.booleans()
)
_EXPRESSIONS = st.lists(_CLAUSES, min_size=1, max_size=4).map(lambda clauses: Expression(tuple(clauses)))


def one(*alternatives: Word | Phrase | Regex, excluded: bool = False) -> Clause:
    return Clause(alternatives, excluded)


@given(_EXPRESSIONS)
def test_printed_and_parsed_an_expression_is_the_same(expression: Expression) -> None:
    assert parse(str(expression)) == expression


@given(st.text(st.sampled_from('ab \\|*"/-'), max_size=10))
def test_any_text_parses_or_is_a_query_error(text: str) -> None:
    try:
        expression = parse(text)
    except QueryError:
        return
    assert parse(str(expression)) == expression


@pytest.mark.parametrize(
    ("text", "clauses"),
    [
        ("coca cola", [one(Word("coca")), one(Word("cola"))]),
        ('"coca  cola"', [one(Phrase(("coca", "cola")))]),
        ("“coca cola”", [one(Phrase(("coca", "cola")))]),
        ("cola -pepsi", [one(Word("cola")), one(Word("pepsi"), excluded=True)]),
        ('cola -"diet coke"', [one(Word("cola")), one(Phrase(("diet", "coke")), excluded=True)]),
        ("taxi|cab", [one(Word("taxi"), Word("cab"))]),
        ('new taxi | "yellow cab"', [one(Word("new")), one(Word("taxi"), Phrase(("yellow", "cab")))]),
        ("star*", [one(Word("star", open_end=True))]),
        ("*sale", [one(Word("sale", open_start=True))]),
        ("*sale*|sold", [one(Word("sale", open_start=True, open_end=True), Word("sold"))]),
        ("/^re16/", [one(Regex("^re16"))]),
        (r"/a\/b\d/", [one(Regex(r"a/b\d"))]),
        ("coca-cola", [one(Word("coca-cola"))]),
        ("coca - cola", [one(Word("coca")), one(Word("-")), one(Word("cola"))]),
        ('1/2 5"', [one(Word("1/2")), one(Word('5"'))]),
        (r"\-5 a\|b c\*", [one(Word("-5")), one(Word("a|b")), one(Word("c*"))]),
    ],
)
def test_what_a_query_means(text: str, clauses: list[Clause]) -> None:
    assert parse(text).clauses == tuple(clauses)


@pytest.mark.parametrize(
    ("text", "position", "message"),
    [
        ('coca "cola', 5, "not closed"),
        ("a /b", 2, "not closed"),
        ("taxi|", 4, "both sides"),
        ("|cab", 0, "both sides"),
        ("taxi||cab", 5, "both sides"),
        ("a *", 2, "letters beside it"),
        ("cola|-pepsi", 5, r"before all alternatives.*write \\- for"),
        ("st*r", 2, "only before or after"),
        ('"a"b', 3, "must be a space"),
        ("/a/b", 3, "must be a space"),
        ('""', 0, "nothing between"),
        ("//", 0, "nothing between"),
        ("coca\\", 4, "needs a character"),
    ],
)
def test_an_error_points_at_the_character(text: str, position: int, message: str) -> None:
    with pytest.raises(QueryError, match=message) as caught:
        parse(text)
    assert str(caught.value).splitlines()[1:] == [f"  {text}", "  " + " " * position + "^"]


def test_a_minus_may_stand_after_a_bar_as_itself() -> None:
    (clause,) = parse(r"cola|\-pepsi | -").clauses
    assert [str(alternative) for alternative in clause.alternatives] == ["cola", r"\-pepsi", r"\-"]
    assert str(clause) == r"cola|\-pepsi|\-"


@pytest.mark.parametrize("text", ["", "  \n"])
def test_nothing_at_all_is_an_error(text: str) -> None:
    with pytest.raises(QueryError, match="empty"):
        parse(text)


def test_words_know_where_they_stand() -> None:
    first, second = parse("ab  *cd*").clauses
    assert [word.position for clause in (first, second) for word in clause.alternatives] == [0, 4]


def test_the_caret_stays_below_its_character_in_a_query_with_line_breaks() -> None:
    assert str(error_at("a\nb", 2, "No.")) == "No.\n  a b\n    ^"
