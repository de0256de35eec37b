"""What a query asks the index for."""

from __future__ import annotations

import pytest

from tests.fakes import ALPHABET
from textsearch.alignment import BEGINS, FINISHES, PART
from textsearch.errors import QueryError
from textsearch.matching.plan import Pattern, Plan, Target, Words


def plan_of(text: str) -> Plan:
    return Plan.of(text, ALPHABET)


def test_words_are_normalised_and_joined() -> None:
    plan = plan_of("Coca & COLA!")
    assert plan.wanted == ((Target("coca"),), (Target("cola"),))
    assert plan.joined == Target("cocacola")
    assert plan.targets == (Target("coca"), Target("cola"), Target("cocacola"))
    assert plan.words == ("coca", "cola")


def test_one_word_is_not_joined() -> None:
    assert plan_of("Coca-Cola!").joined is None
    assert plan_of("Coca-Cola!").targets == (Target("cocacola"),)


@pytest.mark.parametrize("text", ["taxi|cab rank", "tax* rank", 'taxi "yellow cab"', "taxi /rank/"])
def test_only_plain_words_are_joined(text: str) -> None:
    assert plan_of(text).joined is None


def test_what_must_not_be_there_is_not_joined() -> None:
    plan = plan_of('coca cola -pepsi|"diet coke"')
    assert plan.joined == Target("cocacola")
    diet = Words((Target("diet"), Target("coke")), Target("dietcoke"))
    assert plan.excluded == (Target("pepsi"), diet)
    assert plan.words == ("coca", "cola")


def test_stars_say_where_letters_may_follow() -> None:
    plan = plan_of("star* *sale *sale*")
    assert plan.targets == (Target("star", BEGINS), Target("sale", FINISHES), Target("sale", PART))


def test_a_phrase_of_one_word_is_a_word() -> None:
    assert plan_of('"Coca-Cola" "!" rank').wanted == ((Target("cocacola"),), (Target("rank"),))


def test_typed_diacritics_are_remembered() -> None:
    assert plan_of("Café").targets == (Target("cafe", marked="café"),)
    assert plan_of("CAFE").targets == (Target("cafe"),)


@pytest.mark.parametrize("text", ["ｃａｆｅ", "CAFE", "cafe\u0301", "Café"])
def test_width_case_and_composition_do_not_matter(text: str) -> None:
    assert plan_of(text).targets[0].word == "cafe"


def test_words_written_as_one_keep_what_was_typed() -> None:
    assert plan_of("Café Paris").joined == Target("cafeparis", marked="caféparis")


def test_what_should_be_there_is_told_from_what_must_not() -> None:
    plan = plan_of("coca cola|/x/ -pepsi|cola")
    assert [part.word for part in plan.sought] == ["coca", "cola", "/x/"]
    assert [target.word for target in plan.targets] == ["coca", "cola", "pepsi"]


def test_an_expression_is_kept_as_written() -> None:
    ((pattern,),) = plan_of("/^RE\\d+/").wanted
    assert isinstance(pattern, Pattern)
    assert pattern.word == "/^RE\\d+/"
    assert pattern.compiled.search("re16tgk")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("  ", "empty"),
        ("?! &", "no letter or digit.*give at least one"),
        ("-cola", "only says what to leave out.*give at least one"),
        ('cola "', "not closed"),
        ("/(/", "cannot be understood"),
    ],
)
def test_what_cannot_be_asked(text: str, message: str) -> None:
    with pytest.raises(QueryError, match=message):
        plan_of(text)


def test_letters_that_cannot_be_read_are_named_and_pointed_at() -> None:
    with pytest.raises(QueryError, match=r"cannot read ქ, ა") as caught:
        plan_of("cola ქაა")
    assert str(caught.value).splitlines()[1:] == ["  cola ქაა", "       ^"]
    with pytest.raises(QueryError, match="cannot read 永"):
        plan_of("cola -永")
