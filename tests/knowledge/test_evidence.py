from __future__ import annotations

import numpy as np
import pytest

from tests.knowledge.photos import WordBags
from textsearch.knowledge import evidence as module
from textsearch.knowledge.evidence import ClassEvidence, likeness, profile, profiles, tree_distances
from textsearch.knowledge.lexicon import default_lexicon
from textsearch.knowledge.linker import Link
from textsearch.knowledge.spans import PlainReading
from textsearch.lattice import Lattice

LABELS = ["Arla-Ecological-Medium-Fat-Milk", "Arla-Medium-Fat-Milk", "Bravo-Apple-Juice", "Bravo-Orange-Juice"]


def reading(text: str, sure: float = 1.0) -> PlainReading:
    lattice = Lattice(np.zeros((1, 1), np.int32), np.zeros((1, 1), np.float32))
    return PlainReading(np.zeros((4, 2), np.float32), text, sure, 0, lattice)


@pytest.fixture(scope="module")
def evidence() -> ClassEvidence:
    lexicon = default_lexicon()
    return ClassEvidence(profiles(LABELS, lexicon, lexicon.labels("grocery")), WordBags())


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("BRAVO apelsin juice", "Bravo-Orange-Juice"),
        ("Bravo äppeljuice", "Bravo-Apple-Juice"),
        ("arla ekologisk mellanmjölk", "Arla-Ecological-Medium-Fat-Milk"),
        ("arla mellanmjölk", "Arla-Medium-Fat-Milk"),
    ],
)
def test_words_of_another_language_tell_the_class(evidence: ClassEvidence, text: str, expected: str) -> None:
    scores = evidence.scores([reading(word) for word in text.split()], [])
    assert LABELS[int(scores.argmax())] == expected


def test_what_a_word_names_counts(evidence: ClassEvidence) -> None:
    orange = default_lexicon().find_categories("orange juice")[0]
    link = Link(orange, 0.9, (0,), "orange juice", "misread")
    scores = evidence.scores([reading("xxxx", 0.1)], [link])
    assert LABELS[int(scores.argmax())] == "Bravo-Orange-Juice"


def test_a_brand_of_several_kinds_speaks_for_what_holds_them_once() -> None:
    lexicon = default_lexicon()
    several = lexicon.entity("Q483551")
    assert {kind for kind, weight in several.categories if weight == 1} >= {"shop/supermarket", "shop/department_store"}
    stores = {"Store": "n03748162", "Pharmacy": "amenity/pharmacy"}
    assert {"shop/supermarket", "shop/department_store"} <= lexicon.below(stores["Store"])
    judged = ClassEvidence(profiles(list(stores), lexicon, stores), WordBags())
    links = [Link(target, 0.5, (0,), "x", "exact") for target in (several, lexicon.category("shop/supermarket"))]
    by_brand, by_kind = (judged.scores([], [link]) for link in links)
    assert np.allclose(by_brand, by_kind)


def test_an_unsure_reading_says_less(evidence: ClassEvidence) -> None:
    sure, unsure = (evidence.scores([reading("apelsin", each)], []) for each in (1.0, 0.55))
    assert sure[3] - sure[2] > unsure[3] - unsure[2] > 0


@pytest.mark.parametrize(
    ("word", "name", "low", "high"),
    [
        ("milk", "milk", 1, 1),
        ("mornin", "morning", 0.6, 0.99),
        ("jordgubb", "jordgubbsyoghurt", 0.4, 0.9),
        ("tea", "milk", 0, 0),
    ],
)
def test_likeness(word: str, name: str, low: float, high: float) -> None:
    assert low <= likeness(word, name) <= high


def test_a_label_in_capitals_is_looked_up_by_its_words() -> None:
    lexicon = default_lexicon()
    assert profile("PetShop", lexicon, {}).category == "shop/pet"


def test_classes_without_a_category_are_far_from_all() -> None:
    lexicon = default_lexicon()
    known = [profile(label, lexicon, lexicon.labels("grocery")) for label in LABELS[:2]] + [
        profile("Xyzzyx", lexicon, {})
    ]
    distances = tree_distances(known, lexicon)
    assert distances[0, 1] == distances[1, 0] == distances[0, 2] > 0
    assert distances[2, 2] == 0


def test_only_the_words_asked_for_last_are_remembered(evidence: ClassEvidence, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_REMEMBERED", 2)
    evidence._fits.clear()
    for word in ("bravo", "juice", "bravo", "milk"):
        before = evidence.scores([reading(word)], [])
    assert list(evidence._fits) == ["bravo", "milk"]
    assert np.array_equal(evidence.scores([reading("milk")], []), before)
