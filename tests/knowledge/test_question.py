"""What queries mean."""

from __future__ import annotations

import numpy as np
import pytest

from textsearch.alphabet import normalise
from textsearch.index.records import PICTURE_WIDTH, OwnCategory
from textsearch.knowledge.lexicon import DATA, Category, Entity, default_lexicon
from textsearch.knowledge.question import FULL_NAME, ask, ask_category
from textsearch.knowledge.sources import read_table

LEXICON = default_lexicon()

GYM = OwnCategory("Climbing  Gym", ("belay",), np.zeros((0, PICTURE_WIDTH), np.float32))


def meant(text: str) -> dict[str, float]:
    asked = ask(text, LEXICON)
    return {} if asked is None else {sense.target.name: round(sense.strength, 2) for sense in asked.senses}


def test_a_category_is_everything_below_it_and_its_brands() -> None:
    asked = ask("pharmacy", LEXICON)
    assert asked is not None
    (sense,) = asked.senses
    assert isinstance(sense.target, Category)
    assert sense.shares["amenity/pharmacy"] == sense.shares["shop/chemist"] == 1
    assert sense.shares["Q1591889"] > 0, "Walgreens"
    assert "Q37158" not in sense.shares, "Starbucks"


def test_a_brand_is_itself_alone() -> None:
    asked = ask("Walgreens", LEXICON)
    assert asked is not None
    assert asked.identifiers == {"Q1591889"}
    assert isinstance(asked.senses[0].target, Entity)


def test_an_ambiguous_name_keeps_its_meanings() -> None:
    assert meant("jaguar").keys() == {"jaguar", "Jaguar"}
    assert meant("shell").keys() >= {"Shell"}


@pytest.mark.parametrize(
    ("word", "names"),
    [("cafe", ["Cafe"]), ("glass", ["glass"]), ("room", ["room"]), ("coffee", ["coffee"]), ("medium", ["medium"])],
)
def test_an_english_word_does_not_mean_what_it_is_elsewhere(word: str, names: list[str]) -> None:
    assert list(meant(word))[:1] == names
    assert meant(word).keys().isdisjoint({"coffee", "Pub", "ice cream", "cream", "Psychic", "tea"} - {*names})


@pytest.mark.parametrize(
    ("word", "place"),
    [("furniture", "Furniture Store"), ("ice cream", "Ice Cream Shop"), ("toys", "Toy Store"), ("taxi", "Taxi Stand")],
)
def test_a_thing_means_also_the_place_whose_signs_say_it(word: str, place: str) -> None:
    assert place in meant(word)


@pytest.mark.parametrize("word", ["the", "pain", "brood"])
def test_an_english_word_that_is_no_category_means_none(word: str) -> None:
    assert meant(word) == {}


@pytest.mark.parametrize(
    ("word", "category"),
    [("Apotheke", "Pharmacy"), ("vin", "wine"), ("Camping", "Campground"), ("Cybercafé", "Internet Cafe")],
)
def test_a_word_of_another_language_means_what_it_means_there(word: str, category: str) -> None:
    assert category in meant(word)


@pytest.mark.parametrize("word", ["lift", "solo", "crush"])
def test_an_everyday_word_is_no_little_known_brand(word: str) -> None:
    assert meant(word) == {}


@pytest.mark.parametrize(
    ("plural", "singular"),
    [
        ("pharmacies", "pharmacy"),
        ("coffee shops", "coffee shop"),
        ("dogs", "dog"),
        ("tomatoes", "tomato"),
        ("potatoes", "potato"),
        ("mangoes", "mango"),
        ("buses", "bus"),
        ("boxes", "box"),
        ("wolves", "wolf"),
        ("knives", "knife"),
    ],
)
def test_plurals(plural: str, singular: str) -> None:
    assert list(meant(plural)) == list(meant(singular)) != []
    assert max(meant(plural).values()) < max(meant(singular).values())


def test_what_a_name_only_suggests_is_not_meant() -> None:
    assert "Travel Agency" not in meant("hotels")


@pytest.mark.parametrize("word", ["", "xqzt", "next", "pharmacy street"])
def test_words_that_are_no_name_mean_nothing(word: str) -> None:
    assert meant(word) == {}


def test_the_users_own_category_is_meant_alone() -> None:
    asked = ask("climbing gym", LEXICON, [GYM])
    assert asked is not None
    assert [sense.target for sense in asked.senses] == [GYM]


@pytest.mark.parametrize(
    ("called", "asked_for"), [("climbing gyms", "climbing gym"), ("climbing gym", "climbing gyms"), ("Gym", "gym")]
)
def test_the_users_own_category_may_be_in_the_plural(called: str, asked_for: str) -> None:
    mine = OwnCategory(called, (), np.zeros((0, PICTURE_WIDTH), np.float32))
    for asked in (ask(asked_for, LEXICON, [mine]), ask_category(asked_for, LEXICON, [mine])):
        assert asked is not None
        assert mine in [sense.target for sense in asked.senses]


def test_of_the_users_categories_the_one_spelt_so_is_meant() -> None:
    one, many = (OwnCategory(name, (), np.zeros((0, PICTURE_WIDTH), np.float32)) for name in ("belay", "belays"))
    asked = ask("belays", LEXICON, [one, many])
    assert asked is not None
    assert [sense.target for sense in asked.senses] == [many]


def test_every_category_can_be_asked_for_as_it_is_called() -> None:
    for identifier in LEXICON.category_identifiers:
        name = LEXICON.category(identifier).name
        asked = ask_category(name, LEXICON)
        assert asked is not None, name
        assert asked.senses[0].strength == 1
        reached = [sense.target for sense in asked.senses if isinstance(sense.target, Category)]
        assert any(normalise(name) in map(normalise, category.names) for category in reached), name


ROWS = [row for row in read_table(DATA / "classes.tsv") if row["label"] != "Packages"]
"""Packages are how a data set groups its photos: the word means parcels, and all food is what it means by it."""


@pytest.mark.parametrize("row", ROWS, ids=lambda row: f"{row['dataset']}-{row['level']}-{row['label']}")
def test_the_category_of_every_class_is_reached_by_the_name_of_the_class(row: dict[str, str]) -> None:
    asked = ask_category(row["label"], LEXICON)
    assert asked is not None
    wanted = LEXICON.labels(row["dataset"], row["level"])[row["label"]]
    assert wanted in {sense.target.identifier for sense in asked.senses if isinstance(sense.target, Category)}


def test_a_category_by_name_and_by_identifier() -> None:
    by_name, by_identifier = ask_category("cafe", LEXICON), ask_category("amenity/cafe", LEXICON)
    assert by_name is not None
    assert by_identifier is not None
    assert by_name.senses[0].target == by_identifier.senses[0].target
    assert ask_category("walgreens", LEXICON) is None, "a brand is none"
    assert ask_category("outdoors", LEXICON, least=FULL_NAME) is None, "short for a store"


def test_an_own_category_goes_before_a_root_of_the_tree_of_the_same_name() -> None:
    own = OwnCategory("Office", (), np.zeros((0, PICTURE_WIDTH), np.float32))
    asked = ask_category("office", default_lexicon(), [own])
    assert asked is not None
    assert [sense.target for sense in asked.senses] == [own]
