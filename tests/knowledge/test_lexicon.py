from __future__ import annotations

import pytest

from textsearch.knowledge.lexicon import SCHEMA, Entity, Lexicon, default_lexicon, pack, unpack

LEXICON = default_lexicon()

DRINKS = [
    "ale",
    "birch beer",
    "bitters",
    "bock",
    "champagne",
    "cider",
    "cognac",
    "cola",
    "cream soda",
    "drambuie",
    "gin",
    "ginger ale",
    "ginger beer",
    "guinness",
    "ice tea",
    "lager",
    "orange soda",
    "pepsi",
    "quinine water",
    "red wine",
    "root beer",
    "rose wine",
    "rum",
    "sarsaparilla",
    "slivovitz",
    "soda water",
    "stout",
    "tequila",
    "tonic",
    "vermouth",
    "vodka",
    "whiskey",
    "white wine",
    "energy drink",
    "oat milk",
]


# --- the tree


def test_every_category_leads_to_one_root() -> None:
    for identifier in LEXICON.category_identifiers[::13]:
        path = LEXICON.path(identifier)
        assert path[0].identifier == identifier
        assert path[-1].name == "entity"
        assert [category.parent for category in path[:-1]] == [category.identifier for category in path[1:]]


def test_the_path_of_root_beer_explains_it() -> None:
    names = [category.name for category in LEXICON.path("n07928887")]
    assert names == ["root beer", "soft drink", "beverage", "food", "substance", "matter", "physical entity", "entity"]


@pytest.mark.parametrize(
    ("first", "second", "distance"),
    [
        ("n07928887", "n07928887", 0),
        ("n07928887", "n07927197", 1),
        ("n07928887", "n07928367", 2),
        ("amenity/pharmacy", "shop/bakery", 2),
        ("amenity/cafe", "amenity/restaurant", 1),
    ],
)
def test_distance_counts_the_steps_over_the_lowest_common_ancestor(first: str, second: str, distance: int) -> None:
    assert LEXICON.distance(first, second) == LEXICON.distance(second, first) == distance


def test_distances_form_a_matrix() -> None:
    kinds = ["n07928887", "amenity/pharmacy", "n07739125"]
    distances = LEXICON.distances(kinds)
    assert (distances == distances.T).all()
    assert (distances.diagonal() == 0).all()
    # A place is farther from a drink than a fruit is.
    assert distances[0, 1] > distances[0, 2] > 0


def test_below_and_children_go_down() -> None:
    assert {"n07928887", "drink/soda", "n07928696"} <= LEXICON.below("n07927197")
    assert "amenity/pharmacy" in {category.identifier for category in LEXICON.children("shop")}
    assert LEXICON.below("n07928887") == {"n07928887"}


# --- classes of data sets


def test_the_classes_of_the_data_sets_are_in_the_tree() -> None:
    assert len(LEXICON.labels("con-text")) == 28
    assert len(LEXICON.labels("grocery")) == 81
    assert len(LEXICON.labels("grocery", "coarse")) == 43
    assert len(set(LEXICON.labels("grocery").values())) == 81
    assert LEXICON.labels("unknown") == {}
    for dataset, level in (("con-text", "label"), ("grocery", "label"), ("grocery", "coarse"), ("grocery", "group")):
        for identifier in LEXICON.labels(dataset, level).values():
            assert LEXICON.category(identifier)


@pytest.mark.parametrize(
    ("label", "coarse", "group"),
    [
        ("Royal-Gala", "Apple", "Fruit"),
        ("Watermelon", "Melon", "Fruit"),
        ("Sweet-Potato", "Potato", "Vegetables"),
        ("Garlic", "Garlic", "Vegetables"),
        ("Tropicana-Mandarin-Morning", "Juice", "Packages"),
        ("Oatly-Oat-Milk", "Oat-Milk", "Packages"),
        ("Arla-Sour-Cream", "Sour-Cream", "Packages"),
    ],
)
def test_a_grocery_class_stands_under_its_coarse_class_and_group(label: str, coarse: str, group: str) -> None:
    above = {category.identifier for category in LEXICON.path(LEXICON.labels("grocery")[label])}
    assert LEXICON.labels("grocery", "coarse")[coarse] in above
    assert LEXICON.labels("grocery", "group")[group] in above


@pytest.mark.parametrize("name", DRINKS)
def test_a_drink_is_found_by_its_name(name: str) -> None:
    found = LEXICON.find_categories(name)
    assert found
    assert any(above.name in ("beverage", "milk") for category in found for above in LEXICON.path(category.identifier))


def test_the_classes_of_imagenet_are_categories_in_class_order() -> None:
    assert len(set(LEXICON.imagenet)) == 1000
    assert LEXICON.category(LEXICON.imagenet[0]).name == "tench"
    assert LEXICON.category(LEXICON.imagenet[999]).name == "toilet tissue"
    assert LEXICON.category(LEXICON.imagenet[415]).identifier == "shop/bakery"


# --- names


@pytest.mark.parametrize(
    ("name", "identifier"),
    [
        ("pharmacy", "amenity/pharmacy"),
        ("Chemist", "amenity/pharmacy"),
        ("farmacia", "amenity/pharmacy"),
        ("soda", "drink/soda"),
        ("coffeehouse", "amenity/cafe/coffee_shop"),
        ("pawn shop", "shop/pawnbroker"),
        ("steak house", "amenity/restaurant/steakhouse"),
        ("amenity/cafe", "amenity/cafe"),
        ("Schule", "education/school"),
        ("École", "education/school"),
        ("Universität", "education/university"),
        ("ziekenhuis", "amenity/hospital"),
        ("sjukhus", "amenity/hospital"),
        ("hamburguesa", "amenity/fast_food/burger"),
        ("skyr", "food/skyr"),
    ],
)
def test_a_category_is_found_by_name_synonym_or_identifier(name: str, identifier: str) -> None:
    assert LEXICON.find_categories(name)[0].identifier == identifier


def test_fruit_is_what_is_eaten() -> None:
    fruit = LEXICON.find_categories("fruit")[0]
    assert fruit.name == "fruit"
    below = LEXICON.below(fruit.identifier)
    assert LEXICON.labels("grocery")["Royal-Gala"] in below
    assert not {category.identifier for name in ("acorn", "ear") for category in LEXICON.find_categories(name)} & below


def test_a_drugstore_is_found_as_a_pharmacy_too() -> None:
    found = {category.identifier for category in LEXICON.find_categories("drugstore")}
    assert found >= {"amenity/pharmacy", "shop/chemist"}
    assert "shop/chemist" in LEXICON.below("amenity/pharmacy")


def test_an_unknown_name_means_nothing() -> None:
    assert LEXICON.meanings("qwxzk") == []
    assert LEXICON.find_categories("qwxzk") == []
    with pytest.raises(KeyError):
        LEXICON.category("qwxzk")


def test_an_entity_tells_what_is_known() -> None:
    entity = LEXICON.meanings("starbucks")[0].target
    assert isinstance(entity, Entity)
    assert (entity.name, entity.identifier, entity.wikidata) == ("Starbucks", "Q37158", "Q37158")
    assert "coffee" in entity.gloss
    assert LEXICON.entity("Q37158") == entity


def test_the_categories_of_every_entity_exist_the_surest_first() -> None:
    for identifier in LEXICON.entity_identifiers[::7]:
        entity = LEXICON.entity(identifier)
        weights = [weight for _, weight in entity.categories]
        assert weights == sorted(weights, reverse=True)
        assert 0 < weights[-1] <= weights[0] <= 1
        assert all(LEXICON.category(category) for category, _ in entity.categories)
        assert 0 < entity.prior <= 1


@pytest.mark.parametrize(
    ("name", "is_one", "is_none"),
    [
        ("Tesco", {"shop/supermarket"}, {"amenity/pharmacy", "amenity/cafe"}),
        ("Walmart", {"shop/supermarket", "shop/department_store"}, {"amenity/pharmacy", "shop/garden_centre"}),
        ("BP", {"amenity/fuel"}, {"amenity/car_wash"}),
        ("Aral", {"amenity/fuel"}, {"amenity/car_wash"}),
        ("Publix", {"shop/supermarket"}, {"amenity/pharmacy"}),
        ("IKEA", {"shop/furniture"}, {"amenity/fast_food", "leisure/indoor_play"}),
    ],
)
def test_a_brand_is_what_places_of_its_bare_name_are(name: str, is_one: set[str], is_none: set[str]) -> None:
    targets = [meaning.target for meaning in LEXICON.meanings(name)]
    entity = next(target for target in targets if isinstance(target, Entity) and len(target.categories) >= len(is_one))
    weights = {kind: max(LEXICON.entities_of({kind}).get(entity.identifier, 0), 0) for kind in is_one | is_none}
    assert {kind for kind, weight in weights.items() if weight == 1} == is_one
    assert all(weights[kind] <= 0.25 for kind in is_none)


def test_a_place_that_adds_to_a_brands_name_is_something_else() -> None:
    (meaning,) = LEXICON.meanings("Walmart Vision Center")
    assert isinstance(meaning.target, Entity)
    assert [kind for kind, _ in meaning.target.categories] == ["shop/optician"]


def test_an_entity_is_of_several_categories_as_surely_as_of_the_surest() -> None:
    entities = LEXICON.entities_of(LEXICON.below("shop"))
    assert max(entities.values()) == 1
    assert LEXICON.entities_of({"amenity/fuel"}).keys() <= LEXICON.entities_of({"amenity/fuel", "shop"}).keys()


def test_a_word_is_a_brand_the_less_surely_the_oftener_it_occurs() -> None:
    assert LEXICON.brand_certainty("walgreens", 0.5) == 1
    assert LEXICON.brand_certainty("next", 0.5) < LEXICON.brand_certainty("mango", 0.5) < 0.7
    assert LEXICON.brand_certainty("mango", 0.5) < LEXICON.brand_certainty("mango", 1.0) < 1
    assert LEXICON.brand_certainty("bikes", 0.5) < 1, "the plural of a noun"


def test_identifiers_are_unique() -> None:
    identifiers = [*LEXICON.category_identifiers, *LEXICON.entity_identifiers]
    assert len(set(identifiers)) == len(identifiers)


# --- the file


def test_another_layout_is_refused() -> None:
    with pytest.raises(ValueError, match=f"expected the schema {SCHEMA}, got 'textsearch.lexicon/9'"):
        Lexicon({"schema": "textsearch.lexicon/9"})


def test_numbers_survive_packing() -> None:
    assert unpack(pack([0, 1, -1, 2**31 - 1])).tolist() == [0, 1, -1, 2**31 - 1]
    assert unpack(pack([])).tolist() == []


def test_names_are_found_with_and_without_strokes() -> None:
    lexicon = default_lexicon()
    assert lexicon.meanings("føtex") == lexicon.meanings("FOTEX") != []
    assert lexicon.meanings("cœur de blé") != []
