"""From what is known about photos to how surely they show what is meant."""

from __future__ import annotations

import numpy as np
import pytest

from textsearch.index.records import PICTURE_WIDTH, Known, OwnCategory
from textsearch.knowledge.lexicon import default_lexicon
from textsearch.knowledge.question import Question, ask
from textsearch.knowledge.relevance import MOST_FACTS, Relevance, Saying, likeness, own_relevances, relevances

LEXICON = default_lexicon()
WALGREENS, STARBUCKS, JAGUAR, BIG_CAT = "Q1591889", "Q37158", "Q21170490", "n02128925"


def question(text: str) -> Question:
    asked = ask(text, LEXICON)
    assert asked is not None
    return asked


def relevance(text: str, *known: Known) -> Relevance:
    return relevances(question(text), known, LEXICON)[1]


def test_a_brand_testifies_to_its_category_and_says_why() -> None:
    found = relevance("pharmacy", Known(1, "entity", WALGREENS, 0.9, (7,)))
    assert 0.5 < found.value <= 0.9
    (fact,) = found.facts
    assert (fact.name, fact.region_ids) == ("Walgreens", (7,))
    assert fact.path[:2] == ("Pharmacy", "Shop")
    assert fact.gloss


def test_another_brand_does_not() -> None:
    assert relevances(question("pharmacy"), [Known(1, "entity", STARBUCKS, 0.9, (7,))], LEXICON) == {}
    assert relevances(question("walgreens"), [Known(1, "entity", "Q2078880", 0.9, (7,))], LEXICON) == {}


def test_sources_add_up_and_more_is_surer() -> None:
    words, picture = Known(1, "entity", WALGREENS, 0.5, (7,)), Known(1, "category", "amenity/pharmacy", 0.5)
    both = relevance("pharmacy", words, picture).value
    assert max(relevance("pharmacy", words).value, relevance("pharmacy", picture).value) < both < 1


def test_what_the_same_words_may_mean_excludes_each_other() -> None:
    """Two readings of one text are one hint, two texts are two."""
    same = relevance("shop", *(Known(1, "entity", name, 0.4, (7,)) for name in (WALGREENS, "shop/books")))
    apart = relevance("shop", Known(1, "entity", WALGREENS, 0.4, (7,)), Known(1, "entity", "shop/books", 0.4, (8,)))
    assert same.value > apart.value


def test_a_car_on_a_sign_is_no_animal() -> None:
    dealer = [Known(1, "entity", JAGUAR, 0.6, (3,)), Known(1, "entity", BIG_CAT, 0.2, (3,))]
    assert relevance("jaguar", *dealer).facts[0].identifier == JAGUAR
    assert relevance("big cat", *dealer).value < 0.2


def test_few_facts_are_told() -> None:
    many = [Known(1, "entity", f"shop/{kind}", 0.3, (n,)) for n, kind in enumerate(("books", "shoes", "toys", "music"))]
    assert len(relevance("shop", *many).facts) == MOST_FACTS


def test_own_categories_by_words_and_by_examples() -> None:
    gym = OwnCategory("climbing gym", ("belay",), np.zeros((0, PICTURE_WIDTH), np.float32))
    found = own_relevances(gym, {1: Saying(0.8, (4,)), 2: Saying(0.8, (5,), is_part=True)}, {2: 0.5, 3: 0.7, 4: 0.001})
    assert found.keys() == {1, 2, 3}
    assert found[2].value == pytest.approx(0.9)
    assert [fact.region_ids for fact in found[2].facts] == [(5,), ()]
    assert [fact.gloss for fact in found[1].facts] == ["says one of its words"]
    assert [fact.gloss for fact in found[2].facts] == ["holds one of its words", "looks like its examples"]
    assert [fact.gloss for fact in found[3].facts] == ["looks like its examples"]


def test_likeness_is_that_of_the_nearest_example() -> None:
    generator = np.random.default_rng(0)
    examples = generator.random((2, PICTURE_WIDTH), np.float32) * (generator.random((2, PICTURE_WIDTH)) < 0.2)
    features = np.stack([examples[1], generator.random(PICTURE_WIDTH), np.zeros(PICTURE_WIDTH)]).astype(np.float16)
    same, other, nothing = likeness(examples.astype(np.float32), features)
    assert same > 0.99
    assert nothing < other < same
    assert likeness(np.zeros((0, PICTURE_WIDTH), np.float32), features).tolist() == [0, 0, 0]
