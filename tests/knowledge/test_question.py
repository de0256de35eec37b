"""What queries mean."""

from __future__ import annotations

import numpy as np
import pytest

from textsearch.index.records import PICTURE_WIDTH, OwnCategory
from textsearch.knowledge.lexicon import Category, Entity, default_lexicon
from textsearch.knowledge.question import FULL_NAME, ask, ask_category

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
    assert meant("jaguar") == {"jaguar": 1.0, "Jaguar": 1.0}


@pytest.mark.parametrize(
    ("plural", "singular"), [("pharmacies", "pharmacy"), ("coffee shops", "coffee shop"), ("dogs", "dog")]
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
