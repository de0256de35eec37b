"""Regular expressions that cannot run away."""

from __future__ import annotations

import time

import pytest

from textsearch.errors import QueryError
from textsearch.grammar import Regex
from textsearch.matching.patterns import LONGEST_PATTERN, LONGEST_TEXT, compile_pattern


@pytest.mark.parametrize(
    "pattern",
    [
        "^re16",
        "re16$",
        "(taxi|cab)s?",
        r"\d{4}",
        "[a-z]+[0-9]+",
        "(?:a|b)c",
        "[a*+?(]",
        "a{2,3}",
        "[]*1]",
        "[ .]",
        "[^.,]",
        "|".join("abcdefghijkl"),
    ],
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
        (".?.?.?.*.*.*", "3 fewer for every repetition after the first.*holds 3 and 3"),
        ("(.|.)" * 9, "8 question marks and bars in groups.*holds 0 and 9"),
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


@pytest.mark.parametrize(
    ("pattern", "compared"),
    [
        ("CAF\u00c9", "cafe"),
        ("cafe\u0301s+", "cafes+"),
        ("x\u0302+", "x+"),
        ("stra\u00dfe", "stra(?:ss)e"),
        ("\u00df{2}", "(?:ss){2}"),
        ("[^A-Z\u00e0-\u00fc\u00df&]", "[^A-Za-u\u00df&]"),
        ("[\\\u00e9]\\\u00e9\\S", "[\\\u00e9]\\\u00e9\\S"),
        ("^(coca|pepsi) cola$", "^(coca|pepsi) cola$"),
        ("\u0421\u0422\u041e\u041f", "\u0441\u0442\u043e\u043f"),
    ],
)
def test_letters_are_compared_as_transcripts_are(pattern: str, compared: str) -> None:
    assert compile_pattern(Regex(pattern), f"/{pattern}/").pattern == compared


@pytest.mark.parametrize("pattern", ["coca-cola", "a&b", "joe's", "1/2", "5%", "\u20ac 5", "a_b", "x{", "a]", "a+,b"])
def test_punctuation_could_never_be_found(pattern: str) -> None:
    (mark,) = [c for c in pattern if not c.isalnum() and c not in " +"]
    with pytest.raises(QueryError, match="without punctuation") as caught:
        compile_pattern(Regex(pattern), f"/{pattern}/")
    assert f"leave out the {mark} in" in str(caught.value)


@pytest.mark.parametrize("pattern", [r"\d+\.\d{2}", r"www\.ibm", "12[:.]30", "[*+?(]", "[]*]", r"\(\*", r"a[\.\-]b"])
def test_punctuation_with_a_backslash_or_in_brackets_could_not_be_found_either(pattern: str) -> None:
    with pytest.raises(QueryError, match="without punctuation; leave out the"):
        compile_pattern(Regex(pattern), f"/{pattern}/")


@pytest.mark.parametrize(
    "pattern",
    [
        "a*a*a*b",
        "a?a?a?a?a?a?a?a?[^a]",
        "(a|a)" * 8 + "[^a]",
        ".?(.|.).*.*.*b",
        ".?.?.?.?(.|.).*.*b",
        "[a-z]{1,50}a{1,50}a{1,50}b",
    ],
)
def test_the_worst_that_is_allowed_ends_soon(pattern: str) -> None:
    compiled = compile_pattern(Regex(pattern), f"/{pattern}/")
    began = time.process_time()
    assert compiled.search("a" * LONGEST_TEXT) is None
    assert time.process_time() - began < 2
