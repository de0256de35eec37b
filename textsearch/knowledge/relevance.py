"""From what is known about photos to how surely each of them shows what a query means, and why."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache, partial

import numpy as np
from numpy.typing import NDArray

from textsearch.hits import Fact
from textsearch.index.records import KnowledgeKind, Known, OwnCategory
from textsearch.knowledge.lexicon import Category, Entity, Lexicon
from textsearch.knowledge.question import Question, Sense
from textsearch.types import FloatArray

RELIABILITY: dict[KnowledgeKind, float] = {"entity": 0.9, "category": 0.9, "scene": 0.9}
"""How far each source is believed: what is left of its score."""

SCENE_OF_PLACE = 0.4
"""How far the picture alone is believed on what place it shows: to ImageNet's classes most shop fronts are a tobacco
shop. Of the development photos on which it was half sure of a restaurant or a kind of shop a fifth had that label."""

ALIKE, ALIKE_SLOPE = 0.58, 20.0
"""Cosine of two pictures at which they are as likely of one kind as not, and the steepness there: measured with five
examples of each label on the development photos of Grocery Store Dataset, storefronts and ICDAR 2015."""

_NOTHING = 0.01
"""Below this a photo has nothing to do with a category of the user."""

MOST_FACTS = 3
"""Facts that are told about a photo."""


@dataclass(frozen=True, eq=False)
class Relevance:
    """How surely a photo shows what is meant.

    Attributes:
        value: 0 to 1.
        tell: returns why; called for the few photos of which people are told.
    """

    value: float
    tell: Callable[[], tuple[Fact, ...]]

    @cached_property
    def facts(self) -> tuple[Fact, ...]:
        """Return why, surest first."""
        return self.tell()


def relevances(question: Question, known: Iterable[Known], lexicon: Lexicon) -> dict[int, Relevance]:
    """Return the relevance of each image about which something is known that testifies to a sense of the question."""
    of_image: dict[int, list[Known]] = defaultdict(list)
    for row in known:
        of_image[row.image_id].append(row)
    found = {}
    for image, rows in of_image.items():
        told = [(_surety(sense, rows), sense) for sense in question.senses]
        value, sense = max(told, key=lambda each: each[0])
        if value > 0:
            found[image] = Relevance(value, partial(_facts, sense, rows, lexicon))
    return found


def _surety(sense: Sense, rows: Sequence[Known]) -> float:
    """Return how surely a photo shows one sense, 0 to 1, times how strongly the query means it."""
    by_source: dict[tuple[KnowledgeKind, tuple[int, ...]], float] = defaultdict(float)
    for row in rows:
        # What the same words may be, or the same look at the picture, excludes each other; so the scores add up.
        by_source[row.kind, row.region_ids] += _believed(row) * sense.shares.get(row.identifier, 0.0)
    doubt = 1.0
    for (kind, _), score in by_source.items():
        doubt *= 1 - min(score, RELIABILITY[kind])
    return sense.strength * (1 - doubt)


def belief(kind: KnowledgeKind, identifier: str) -> float:
    """Return what is left of the score that a source gives to an entity or a category, 0 to 1."""
    is_place = kind == "scene" and "/" in identifier
    return SCENE_OF_PLACE if is_place else RELIABILITY[kind]


def _believed(row: Known) -> float:
    return row.score * belief(row.kind, row.identifier)


def _facts(sense: Sense, rows: Sequence[Known], lexicon: Lexicon) -> tuple[Fact, ...]:
    testifying = [(_believed(row) * share, row) for row in rows if (share := sense.shares.get(row.identifier, 0.0))]
    testifying.sort(key=lambda each: (-each[0], each[1].kind, each[1].identifier))
    return tuple(_fact(row, score, sense, lexicon) for score, row in testifying[:MOST_FACTS])


def _fact(row: Known, score: float, sense: Sense, lexicon: Lexicon) -> Fact:
    target = _target(lexicon, row.identifier)
    if isinstance(target, Category):
        path = _names_above(lexicon, row.identifier)[1:]
    else:
        # Of all that a brand is, what was asked for comes first.
        nearest, _ = max(target.categories, key=lambda pair: (pair[0] in sense.shares, pair[1]))
        path = _names_above(lexicon, nearest)
    return Fact(row.kind, row.identifier, target.name, target.gloss, path, 100 * score, row.region_ids)


@lru_cache(maxsize=4096)
def _target(lexicon: Lexicon, identifier: str) -> Entity | Category:
    return lexicon.category(identifier) if lexicon.has_category(identifier) else lexicon.entity(identifier)


@lru_cache(maxsize=4096)
def _names_above(lexicon: Lexicon, identifier: str) -> tuple[str, ...]:
    """Return the names of a category and of all above it."""
    return tuple(category.name for category in lexicon.path(identifier))


@dataclass(frozen=True)
class Saying:
    """A word of a user's category on a photo.

    Attributes:
        value: how surely it is there, 0 to 1.
        region_ids: the regions that show it.
        is_part: whether it is only part of what is written there.
    """

    value: float
    region_ids: tuple[int, ...]
    is_part: bool = False


_NOT_SAID = Saying(0.0, ())


def own_relevances(
    category: OwnCategory, words: Mapping[int, Saying], likeness: Mapping[int, float]
) -> dict[int, Relevance]:
    """Return the relevance of each image to a category of the user.

    Args:
        category: the category.
        words: by image, one of its words that is there.
        likeness: by image, how surely the picture is of the kind of its examples, 0 to 1.
    """
    found = {}
    for image in words.keys() | likeness.keys():
        said = words.get(image, _NOT_SAID)
        alike = likeness.get(image, 0.0)
        value = 1 - (1 - said.value) * (1 - alike)
        if value < _NOTHING:
            continue
        facts = [
            Fact("own", category.name, category.name, gloss, (), 100 * score, shown)
            for score, gloss, shown in (
                (said.value, f"{'holds' if said.is_part else 'says'} one of its words", said.region_ids),
                (alike, "looks like its examples", ()),
            )
            if score >= _NOTHING
        ]
        found[image] = Relevance(value, partial(tuple, sorted(facts, key=lambda fact: -fact.score)))
    return found


def likeness(examples: FloatArray, features: NDArray[np.float16]) -> FloatArray:
    """Return how surely each picture is of the kind of its nearest example, (N,) float32, 0 to 1.

    Args:
        examples: (E, F) float32, what the visual encoder saw in them.
        features: (N, F) float16, what it saw in the pictures.
    """
    if not len(examples) or not len(features):
        return np.zeros(len(features), np.float32)
    seen = features.astype(np.float32)
    seen /= np.maximum(np.linalg.norm(seen, axis=1, keepdims=True), 1e-6)
    wanted = examples / np.maximum(np.linalg.norm(examples, axis=1, keepdims=True), 1e-6)
    cosines = (seen @ wanted.T).max(axis=1)
    return np.asarray(1 / (1 + np.exp(-ALIKE_SLOPE * (cosines - ALIKE))), np.float32)
