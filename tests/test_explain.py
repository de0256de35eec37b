from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from textsearch.explain import Reading, known_reason, readings, reasons
from textsearch.hits import Explanation, Fact, Hit, Match
from textsearch.types import MatchKind

POLYGON = ((0.0, 0.0), (9.0, 0.0), (9.0, 4.0), (0.0, 4.0))


def a_match(word: str, text: str, kind: MatchKind = "exact", span: tuple[int, int] = (0, 0), region: int = 1) -> Match:
    return Match(word, kind, 90.0, 0.9, 0.9, region, POLYGON, text, 0.9, POLYGON, span)


def a_hit(*matches: Match, rank: int = 1, score: float = 90.0, kind: MatchKind = "exact") -> Hit:
    return Hit(rank, score, kind, Path("/a.jpg"), "00", 640, 480, matches)


@given(st.text(max_size=9), st.lists(st.tuples(st.integers(-2, 12), st.integers(-2, 12)), min_size=1, max_size=4))
def test_the_pieces_are_the_text_and_mark_exactly_the_spans(text: str, spans: list[tuple[int, int]]) -> None:
    (reading,) = readings([a_match("x", text, span=span) for span in spans])
    pieces = reading.pieces()
    assert "".join(piece for piece, _ in pieces) == text
    marked = [answers for piece, answers in pieces for _ in piece]
    assert marked == [any(first <= place < stop for first, stop in spans) for place in range(len(text))]


@pytest.mark.parametrize(
    ("spans", "shown"),
    [((), "SALE"), (((0, 4),), "SALE"), (((0, 2),), "[SA]LE"), (((0, 1), (3, 4)), "[S]AL[E]")],
)
def test_brackets(spans: tuple[tuple[int, int], ...], shown: str) -> None:
    assert Reading("SALE", spans).bracketed() == shown


def test_a_region_that_answers_two_words_is_named_once_with_both_marked() -> None:
    matches = [a_match("cola", "CocaCola", span=(4, 8)), a_match("oc", "CocaCola", span=(1, 3))]
    other = a_match("x", "X", region=2, span=(0, 1))
    assert readings([*matches, other]) == [Reading("CocaCola", ((1, 3), (4, 8))), Reading("X", ((0, 1),))]


@pytest.mark.parametrize(
    ("match", "reason"),
    [
        (a_match("exit", "EXIT"), "“exit” is there, letter for letter."),
        (a_match("cafe", "Café"), "“cafe” is there, letter for letter."),
        (a_match("hotel", "H0TEL"), "“hotel” fits the letters of what was read as “H0TEL”."),
        (a_match("sale", "WHOLESALE", "partial", (5, 9)), "“sale” is a part of “WHOLE[SALE]”."),
        (a_match("bank", "8ANK", "similar"), "“bank” resembles “8ANK”."),
        (a_match("bank", "", "similar"), "“bank” resembles a text there."),
    ],
)
def test_how_a_word_is_answered(match: Match, reason: str) -> None:
    assert reasons(a_hit(match), None)[0] == reason


def test_words_that_are_there_as_typed_are_one_sentence() -> None:
    hit = a_hit(a_match("soup", "SOUP"), a_match("of", "OF"), a_match("day", "DAY"))
    assert reasons(hit, None)[0] == "“soup”, “of” and “day” are there, letter for letter."


@pytest.mark.parametrize(
    ("phrase", "reason"),
    [
        (1.0, "The words stand next to each other, in this order."),
        (0.5, "The words stand near each other, or in another order."),
        (0.0, "The words stand far apart."),
    ],
)
def test_where_the_words_stand(phrase: float, reason: str) -> None:
    two = a_hit(a_match("coca", "COCA"), a_match("cola", "COLA"))
    assert reason in reasons(replace(two, explanation=Explanation(0.9, phrase=phrase)), None)
    one = a_hit(a_match("coca", "COCA"))
    assert reason not in reasons(replace(one, explanation=Explanation(0.9, phrase=phrase)), None)


@pytest.mark.parametrize(
    ("kinds", "scores", "reason"),
    [
        (("exact", "exact"), (90, 85), "Behind number 1: it scores 5.0 less."),
        (("exact", "exact"), (90, 90), "Behind number 1."),
        (("exact", "partial"), (90, 50), "Behind number 1: exact goes before partial."),
        (("exact", "partial"), (60, 65), "Behind number 1, although it scores higher: exact goes before partial."),
        (("similar", "exact"), (95, 60), "Behind number 1, although exact is the better match: it scores 35.0 less."),
    ],
)
def test_why_a_hit_stands_where_it_does(
    kinds: tuple[MatchKind, MatchKind], scores: tuple[float, float], reason: str
) -> None:
    match = a_match("exit", "EXIT")
    before, hit = (a_hit(match, rank=n + 1, score=scores[n], kind=kinds[n]) for n in (0, 1))
    assert reasons(hit, before)[-1] == reason


def test_the_first_hit_and_one_whose_neighbour_is_not_known() -> None:
    match = a_match("exit", "EXIT")
    assert reasons(a_hit(match), None)[-1] == "First: no photo answers better."
    assert len(reasons(a_hit(match, rank=5), None)) == 1


def test_a_photo_without_a_match_says_so() -> None:
    assert reasons(a_hit(), None) == ["No text in it resembles the query."]


# --- what is known

SHOP = Fact("entity", "Q1", "Acme", "maker of anvils", ("Forge", "Craft", "Place", "Thing", "Entity"), 88.0, (1,))
PICTURE = Fact("scene", "n1", "anvil", "", ("tool",), 61.0)


def test_who_says_what_is_known() -> None:
    said = a_match("forge", "ACME", "knowledge", (0, 4))
    assert known_reason(SHOP, [said]) == (
        "The text “ACME” can name Acme (maker of anvils): Forge < Craft < Place < Thing < … (88 of 100)."
    )
    assert known_reason(SHOP, []).startswith("Texts on it can name Acme")
    assert known_reason(PICTURE, []) == "The picture shows anvil: tool (61 of 100)."
    assert known_reason(replace(PICTURE, kind="category"), []).startswith("Picture and texts together show anvil")
    own = Fact("own", "smithy", "smithy", "looks like its examples", (), 70.0)
    assert known_reason(own, []) == "Your category “smithy”: it looks like its examples (70 of 100)."


def test_a_hit_by_knowledge_says_so_and_why() -> None:
    hit = replace(a_hit(kind="knowledge"), facts=(PICTURE,))
    assert reasons(hit, None) == [
        "Found by what is known about it, whatever its texts say.",
        "The picture shows anvil: tool (61 of 100).",
        "First: no photo answers better.",
    ]
    exact = a_hit(a_match("anvil", "ANVIL"), score=40.0)
    assert reasons(replace(hit, rank=2), exact)[-1] == (
        "Behind number 1, although it scores higher: exact goes before knowledge."
    )


def test_what_is_known_stands_beside_the_words() -> None:
    hit = replace(a_hit(a_match("anvil", "ANVIL")), facts=(PICTURE,))
    assert "The picture shows anvil: tool (61 of 100)." in reasons(hit, None)
