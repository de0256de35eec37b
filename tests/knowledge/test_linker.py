from __future__ import annotations

from collections import defaultdict

import numpy as np
import pytest

from tests.knowledge.drawn import ALPHABET, read
from textsearch.knowledge.lexicon import Entity, default_lexicon
from textsearch.knowledge.linker import Link, Linker
from textsearch.knowledge.relevance import RELIABILITY
from textsearch.knowledge.spans import readings_of
from textsearch.matching.knowledge import OF_CATEGORY
from textsearch.types import Regions


@pytest.fixture(scope="module")
def linker() -> Linker:
    return Linker(default_lexicon(), ALPHABET)


def named(links: list[Link]) -> dict[str, float]:
    """Return the weight of each target by name; of entities and categories alike."""
    weights: dict[str, float] = defaultdict(float)
    for link in links:
        weights[link.target.name] = max(weights[link.target.name], link.weight)
    return dict(weights)


# --- exact names


@pytest.mark.parametrize(
    ("text", "name", "category"),
    [
        ("STARBUCKS", "Starbucks", "amenity/cafe"),
        ("Walgreens", "Walgreens", "amenity/pharmacy"),
        ("Barq's", "Barq's", "n07928887"),
        ("BARQ", "Barq's", "n07928887"),
        ("McDonald's", "McDonald's", "amenity/fast_food"),
        ("H&M", "H&M", "shop/clothes"),
        ("Oatly", "Oatly", "drink/oat-milk"),
        ("Heineken", "Heineken", "n07886849"),
    ],
)
def test_a_brand_links_to_its_entity_and_kind(linker: Linker, text: str, name: str, category: str) -> None:
    best = linker.link([read(text)])[0]
    assert best.target.name == name
    assert best.how == "exact"
    assert best.weight > 0.3
    assert isinstance(best.target, Entity)
    above = {c.identifier for kind, _ in best.target.categories for c in default_lexicon().path(kind)}
    assert category in above


@pytest.mark.parametrize(
    ("text", "category"),
    [
        ("PHARMACY", "amenity/pharmacy"),
        ("Apotheke", "amenity/pharmacy"),
        ("BAKERY", "shop/bakery"),
        ("Restaurant", "amenity/restaurant"),
        ("MOTEL", "tourism/motel"),
        ("Books", "shop/books"),
    ],
)
def test_a_word_for_a_kind_of_place_links_to_it(linker: Linker, text: str, category: str) -> None:
    best = linker.link([read(text)])[0]
    assert best.target.identifier == category
    assert best.weight >= 0.5


@pytest.mark.parametrize(
    ("text", "category"),
    [
        ("HOTELS", "tourism/hotel"),
        ("BAKERIES", "shop/bakery"),
        ("PUBS", "amenity/pub"),
        ("TAXIS", "amenity/taxi"),
        ("TOMATOES", "n07734017"),
        ("RESTAURANTS", "amenity/restaurant"),
    ],
)
def test_a_plural_links_to_what_there_are_several_of(linker: Linker, text: str, category: str) -> None:
    best = linker.link([read(text)])[0]
    assert (best.target.identifier, best.how) == (category, "exact")
    assert best.weight > 0.3


def test_a_plural_says_a_little_less_than_the_singular_and_names_no_brand(linker: Linker) -> None:
    one, many = (linker.link([read(text)])[0].weight for text in ("BAKERY", "BAKERIES"))
    assert 0.9 * one < many < one
    assert not any(isinstance(link.target, Entity) for link in linker.link([read("APPLES")]))


@pytest.mark.parametrize("text", ["DIESEL", "LIME", "MANGO"])
def test_a_word_of_its_own_is_rather_that_than_a_brand(linker: Linker, text: str) -> None:
    assert not isinstance(linker.link([read(text)])[0].target, Entity)


@pytest.mark.parametrize("text", ["LIFT", "SOLO", "CRUSH", "SURGE", "TING", "STARRY", "SLICE", "BIRDS"])
def test_an_everyday_word_is_hardly_the_brand_of_that_name(linker: Linker, text: str) -> None:
    assert all(link.weight < 0.25 for link in linker.link([read(text)]) if isinstance(link.target, Entity))


@pytest.mark.parametrize(
    ("text", "category"),
    [("SHELL", "amenity/fuel"), ("TARGET", "shop/department_store"), ("APPLE", "shop/electronics")],
)
def test_a_known_brand_that_is_a_word_is_still_found(linker: Linker, text: str, category: str) -> None:
    brands = default_lexicon().entities_of(default_lexicon().below(category))
    weight = sum(link.weight * brands.get(link.target.identifier, 0) for link in linker.link([read(text)]))
    assert RELIABILITY["entity"] * weight >= OF_CATEGORY


# --- misread names


@pytest.mark.parametrize(
    ("text", "kept", "name"),
    [
        ("STARBVCKS", {}, "Starbucks"),
        ("STARBVCKS", {5: "U"}, "Starbucks"),
        ("WALGRFENS", {5: "E"}, "Walgreens"),
        ("Helneken", {2: "i"}, "Heineken"),
        ("GUINNE5S", {6: "S"}, "Guinness"),
        ("Corlsberg", {1: "a"}, "Carlsberg"),
        ("SCHWEPPE5", {}, "Schweppes"),
        ("ORTLY", {1: "A"}, "Oatly"),
        ("C0CAC0LA", {}, "Coca-Cola"),
        ("5TARBUCK5", {}, "Starbucks"),
    ],
)
def test_a_misread_brand_is_recognised(linker: Linker, text: str, kept: dict[int, str], name: str) -> None:
    links = linker.link([read(text, kept)])
    assert links[0].target.name == name
    assert links[0].how == "misread"


def test_the_better_a_misreading_fits_the_heavier_the_link(linker: Linker) -> None:
    lost = named(linker.link([read("STARBVCKS")]))["Starbucks"]
    kept = named(linker.link([read("STARBVCKS", {5: "U"})]))["Starbucks"]
    right = named(linker.link([read("STARBUCKS")]))["Starbucks"]
    assert 0.1 < lost < kept < right <= 1


@pytest.mark.parametrize(
    ("text", "category"),
    [("EXIT", "amenity/parking_entrance"), ("House", "amenity/theatre"), ("club", "amenity/nightclub")],
)
def test_an_everyday_word_is_no_rare_kind_of_place(linker: Linker, text: str, category: str) -> None:
    assert all(link.weight < 0.3 for link in linker.link([read(text)]) if link.target.identifier == category)


@pytest.mark.parametrize("text", ["the", "OPEN", "sale", "Street", "question", "xqzwv", "thought", "12", "4711", "I"])
def test_a_word_that_names_nothing_links_to_nothing_much(linker: Linker, text: str) -> None:
    assert all(link.weight < 0.1 for link in linker.link([read(text)]))


def test_a_short_word_with_a_wrong_letter_is_left_alone(linker: Linker) -> None:
    assert "Shell" not in named(linker.link([read("Shexl")]))


# --- names of several words


@pytest.mark.parametrize(
    ("texts", "name"),
    [
        (("Dr", "Pepper"), "Dr Pepper"),
        (("7", "ELEVEN"), "7-Eleven"),
        (("BURGER", "KING"), "Burger King"),
        (("Coca", "Cola"), "Coca-Cola"),
        (("THE", "BODY", "SHOP"), "The Body Shop"),
    ],
)
def test_words_of_one_line_form_a_name(linker: Linker, texts: tuple[str, ...], name: str) -> None:
    link = linker.link([read(text, left=120 * place) for place, text in enumerate(texts)])[0]
    assert link.target.name == name
    assert link.regions == tuple(range(len(texts)))


def test_words_under_each_other_form_a_name(linker: Linker) -> None:
    stacked = [read("Dr", left=20), read("Pepper", top=22, line=1)]
    assert linker.link(stacked)[0].target.name == "Dr Pepper"


def test_words_far_apart_form_no_name(linker: Linker) -> None:
    apart = [read("Dr"), read("Pepper", top=400, line=1)]
    assert "Dr Pepper" not in named(linker.link(apart))


def test_one_region_may_hold_several_words(linker: Linker) -> None:
    assert linker.link([read("Burger King")])[0].target.name == "Burger King"


def test_a_name_of_two_words_is_recognised_with_one_of_them_misread(linker: Linker) -> None:
    links = linker.link([read("BURGFR", {4: "E"}), read("KING", left=80)])
    assert links[0].target.name == "Burger King"
    assert (links[0].how, links[0].regions) == ("misread", (0, 1))


def test_a_longer_name_leaves_little_for_the_words_in_it(linker: Linker) -> None:
    alone = named(linker.link([read("burger")]))
    within = named(linker.link([read("Burger"), read("King", left=80)]))
    assert all(within.get(name, 0.0) < weight / 2 for name, weight in alone.items())


# --- several meanings


@pytest.mark.parametrize("text", ["Subway", "Shell", "Target", "Apple", "Jaguar", "Orange", "Eko"])
def test_the_weights_of_a_region_sum_to_at_most_1(linker: Linker, text: str) -> None:
    links = linker.link([read(text)])
    assert 0 < sum(link.weight for link in links) <= 1 + 1e-6


@pytest.mark.parametrize(
    ("text", "meanings"),
    [("Apple", {"apple", "Apple Store"}), ("Jaguar", {"jaguar", "Jaguar"}), ("Orange", {"orange", "Orange"})],
)
def test_an_ambiguous_name_keeps_its_meanings(linker: Linker, text: str, meanings: set[str]) -> None:
    assert meanings <= named(linker.link([read(text)])).keys()


@pytest.mark.parametrize(
    ("text", "category"),
    [
        ("SUPERMARKET", "shop/supermarket"),
        ("FARMACIA", "amenity/pharmacy"),
        ("STATION-SERVICE", "amenity/fuel"),
    ],
)
def test_a_brand_called_as_its_kind_does_not_hide_the_kind(linker: Linker, text: str, category: str) -> None:
    assert category in {link.target.identifier for link in linker.link([read(text)])}


@pytest.mark.parametrize("text", ["Guinness", "Pepsi"])
def test_a_brand_that_is_all_of_its_kind_says_it_alone(linker: Linker, text: str) -> None:
    (link,) = linker.link([read(text)])
    assert isinstance(link.target, Entity)
    assert link.weight > 0.9


def test_a_name_that_is_a_frequent_word_counts_less(linker: Linker) -> None:
    links = linker.link([read("Next")])
    assert sum(link.weight for link in links) < 0.3 < named(linker.link([read("Primark")]))["Primark"]


# --- borders


def test_nothing_read_links_to_nothing(linker: Linker) -> None:
    assert linker.link([]) == []
    assert linker.link([read("--")]) == []


def test_links_do_not_depend_on_what_was_linked_before(linker: Linker) -> None:
    fresh = Linker(default_lexicon(), ALPHABET)
    photo = [read("Starbvcks"), read("COFFEE", left=120)]
    assert fresh.link(photo) == linker.link(photo)


def test_the_regions_of_an_image_become_readings(linker: Linker) -> None:
    drawn = [read("Dr", line=3), read("Pepper", left=40, line=3)]
    regions = Regions(
        200,
        100,
        tuple(reading.polygon for reading in drawn),
        np.ones(2, np.float32),
        tuple(reading.text for reading in drawn),
        np.full(2, 1.0, np.float32),
        np.full(2, 3, np.int32),
        np.zeros((2, 4), np.float32),
        tuple(reading.lattice for reading in drawn),
    )
    link = linker.link(readings_of(regions))[0]
    assert (link.target.name, link.regions) == ("Dr Pepper", (0, 1))
