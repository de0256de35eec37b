from __future__ import annotations

import json

import pytest

from tests.cli.conftest import Run
from tests.fakes import ALPHABET
from textsearch.cli import info


def test_scripts_are_named_counted_and_the_largest_comes_first() -> None:
    found = info.scripts("z東é7aα京")
    assert [(script.name, script.characters) for script in found] == [
        ("LATIN", "azé"),
        ("CJK", "京東"),
        ("DIGIT", "7"),
        ("GREEK", "α"),
    ]


def test_info_tells_the_model_and_the_counts(run: Run) -> None:
    lines = run("info").out.splitlines()
    assert lines[:2] == ["model       fake", "characters  36"]
    assert lines[3].split() == ["latin", "26"]


def test_the_alphabet_comes_with_samples(run: Run) -> None:
    lines = run("info", "--alphabet").out.splitlines()
    assert lines[3].split() == ["latin", "26", *"abcdefghijklmnopqrstuvwxyz"]
    assert lines[4].split() == ["digit", "10", *"0123456789"]


def test_the_alphabet_as_json_holds_every_character(run: Run) -> None:
    data = json.loads(run("info", "--alphabet", "--json").out)
    assert set("".join(script["characters"] for script in data["scripts"])) == set(ALPHABET.letters)
    assert data["characters"] == 36


def test_a_sample_of_many_is_short_and_from_all_over() -> None:
    shown = info.sample("".join(map(chr, range(0x4E00, 0x9000)))).split()
    assert len(shown) <= 41
    assert shown[:2] == ["一", "丁"]
    assert ord(shown[-1]) > 0x8C00


@pytest.mark.parametrize(
    ("text", "code", "line"),
    [
        ("Coca-Cola", 0, "can be searched, as  cocacola"),
        ("Café No 5", 0, "can be searched, as  cafe no 5"),
        ("東 exit", 1, "cannot be searched   東  U+6771 cjk unified ideograph-6771"),
        ("☃ exit", 0, "ignored by a search  ☃  U+2603 snowman"),
        ("?!", 1, "there is no letter or digit in it, so there is nothing to search"),
        ("a\x1b", 0, "ignored by a search  \\x1b  U+001B without a name"),
    ],
)
def test_whether_a_text_is_covered(run: Run, text: str, code: int, line: str) -> None:
    outcome = run("info", "--alphabet", text)
    assert outcome.code == code
    assert line in outcome.out.splitlines()


def test_coverage_as_json(run: Run) -> None:
    outcome = run("info", "--alphabet", "東-exit", "--json")
    assert outcome.code == 1
    assert json.loads(outcome.out) == {
        "text": "東-exit",
        "searched_as": "東exit",
        "missing": ["東"],
        "ignored": ["-"],
    }


def test_a_text_alone_names_the_option(run: Run) -> None:
    outcome = run("info", "exit")
    assert (outcome.code, outcome.out) == (2, "")
    assert "--alphabet" in outcome.err
