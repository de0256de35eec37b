from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from tests.cli.conftest import Run
from tests.cli.stub import StubDatabase
from textsearch.cli import categories
from textsearch.index.records import PICTURE_WIDTH, OwnCategory
from textsearch.knowledge.lexicon import default_lexicon

CAFE, PHARMACY = "amenity/cafe", "amenity/pharmacy"
GYM = OwnCategory("climbing gym", ("boulder", "belay"), np.zeros((3, PICTURE_WIDTH), np.float32))


@pytest.fixture
def gallery(database: StubDatabase) -> StubDatabase:
    """Return a database with 2 cafes, 7 pharmacies and a category of its own."""
    database.shown = {CAFE: 2, PHARMACY: 7}
    database.own = [GYM]
    return database


@pytest.mark.parametrize("arguments", [(), ("list",)])
def test_what_photos_show_as_tsv(run: Run, gallery: StubDatabase, arguments: tuple[str, ...]) -> None:
    rows = [line.split("\t") for line in run("categories", *arguments).out.splitlines()]
    assert [row[:2] for row in rows] == [
        ["7", default_lexicon().category(PHARMACY).name],
        ["2", default_lexicon().category(CAFE).name],
        ["own", "climbing gym"],
    ]
    assert rows[2][2] == "words: boulder, belay; pictures: 3"


def test_for_a_person_the_columns_are_aligned(run: Run, gallery: StubDatabase, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(categories, "shows_table", lambda: True)
    lines = run("categories").out.splitlines()
    assert [line[:9] for line in lines] == ["      7  ", "      2  ", "    own  "]


def test_only_what_is_below_a_name(run: Run, gallery: StubDatabase) -> None:
    assert run("categories", "pharmacy").out.startswith("7\t")
    assert len(run("categories", "list", CAFE).out.splitlines()) == 1
    assert run("categories", "Climbing  GYM").out.startswith("own\tclimbing gym\t")


def test_a_name_means_what_a_condition_of_that_name_does(run: Run, gallery: StubDatabase) -> None:
    gallery.shown = {"amenity/restaurant": 3, "amenity/food_court": 2, "leisure/outdoor_seating": 1}
    for name in ("restaurant", "restaurants"):
        lines = run("categories", "list", name).out.splitlines()
        assert [line.split("\t")[:2] for line in lines] == [["3", "Restaurant"]]
    assert run("categories", "list", "climbing gyms").out.startswith("own\tclimbing gym\t")


def test_the_index_can_be_named_without_a_command(run: Run, gallery: StubDatabase) -> None:
    run("categories", "--index", "/there")
    assert gallery.asked[0] == ("open", Path("/there"))


def test_categories_as_json(run: Run, gallery: StubDatabase) -> None:
    data = json.loads(run("categories", "--json").out)
    assert [(row["identifier"], row["photos"]) for row in data["shown"]] == [(PHARMACY, 7), (CAFE, 2)]
    assert data["shown"][1]["path"][-1] == "n00001740"
    assert data["own"] == [{"name": "climbing gym", "words": ["boulder", "belay"], "pictures": 3}]


def test_nothing_is_shown(run: Run, gallery: StubDatabase) -> None:
    gallery.shown = {}
    outcome = run("categories", "cafe")
    assert (outcome.code, outcome.out) == (0, "")
    assert "categories tree" in outcome.err


@pytest.mark.parametrize("command", ["list", "tree"])
def test_an_unknown_name_is_an_error(run: Run, gallery: StubDatabase, command: str) -> None:
    outcome = run("categories", command, "xyzzy")
    assert (outcome.code, outcome.out) == (2, "")
    assert (
        outcome.err == "textsearch: There is no category 'xyzzy'; `textsearch categories tree` lists those there are.\n"
    )


def test_the_tree_is_indented(run: Run) -> None:
    lines = run("categories", "tree", CAFE).out.splitlines()
    name = default_lexicon().category(CAFE).name
    assert lines[0] == f"{name}  [{CAFE}]"
    assert len(lines) == len(default_lexicon().below(CAFE))
    assert all(line.startswith("  ") for line in lines[1:])


def test_the_tree_can_be_cut(run: Run) -> None:
    assert run("categories", "tree", "--depth", "0").out == "entity  [n00001740]\n"
    assert len(run("categories", "tree", "--depth", "1").out.splitlines()) == 3


def test_the_whole_tree_as_json(run: Run) -> None:
    data = json.loads(run("categories", "tree", "--json").out)
    assert {row["identifier"] for row in data["categories"]} == set(default_lexicon().category_identifiers)


def test_what_else_a_name_means_is_told(run: Run) -> None:
    outcome = run("categories", "tree", "food")
    assert "food also means n07555863\n" in outcome.err
    assert "also means" not in run("categories", "tree", CAFE).err


def test_adding_a_category(run: Run, database: StubDatabase) -> None:
    outcome = run("categories", "add", "climbing gym", "--words", "boulder, belay", "--examples", "gyms")
    assert (outcome.code, outcome.out) == (0, "")
    assert database.asked[1] == ("climbing gym", ["boulder", " belay"], [Path("gyms")])
    assert outcome.err == "added climbing gym; words: 2, pictures: 1; search for it by its name\n"


def test_removing_a_category(run: Run, gallery: StubDatabase) -> None:
    assert run("categories", "remove", "climbing gym").code == 0
    assert ("remove", "climbing gym") in gallery.asked
    outcome = run("categories", "remove", "aquarium")
    assert outcome.code == 2
    assert "no category 'aquarium' of your own" in outcome.err
