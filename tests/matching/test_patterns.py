"""Regular expressions that cannot run away."""

from __future__ import annotations

import time

import pytest

from textsearch.errors import QueryError
from textsearch.grammar import Regex
from textsearch.matching.patterns import LONGEST_PATTERN, LONGEST_TEXT, compile_pattern


@pytest.mark.parametrize(
    "pattern",
    ["^re16", "re16$", "(taxi|cab)s?", r"\d{4}", "[a-z]+[0-9]+", "(?:a|b)c", "[*+?(]", r"\(\*", "a{2,3}", "x{", "[]*]"],
)
def test_what_is_allowed(pattern: str) -> None:
    assert compile_pattern(Regex(pattern), f"/{pattern}/").pattern == pattern


@pytest.mark.parametrize(
    ("pattern", "message"),
    [
        ("(a+)+", "repeated group"),
        ("((a*)b)*", "repeated group"),
        ("(a|aa)*", "repeated group"),
        ("(a?){20,}", "repeated group"),
        ("(?:a|b){2}", "repeated group"),
        ("a*b*c*d*", "3 repetitions.*holds 4"),
        ("a?" * 9, "8 question marks.*holds 0 and 9"),
        ("(?=a)", "Only plain groups"),
        (r"(a)\1", "Only plain groups"),
        ("a" * (LONGEST_PATTERN + 1), "200 characters"),
        ("(a", "cannot be understood"),
        ("a**", "cannot be understood"),
        ("a{4294967296}", "cannot be understood: .*repetition"),
        ("a{,5000000000}", "cannot be understood: .*repetition"),
    ],
)
def test_what_is_refused(pattern: str, message: str) -> None:
    query = f"x /{pattern}/"
    with pytest.raises(QueryError, match=message) as caught:
        compile_pattern(Regex(pattern, position=2), query)
    assert str(caught.value).splitlines()[-1] == "    ^"


@pytest.mark.parametrize("pattern", ["a*a*a*b", "a?a?a?a?a?a?a?a?[^a]", "[a-z]{1,50}a{1,50}a{1,50}b"])
def test_the_worst_that_is_allowed_ends_soon(pattern: str) -> None:
    compiled = compile_pattern(Regex(pattern), f"/{pattern}/")
    began = time.process_time()
    assert compiled.search("a" * LONGEST_TEXT) is None
    assert time.process_time() - began < 2
