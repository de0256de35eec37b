"""What is known about photos, put to use for a query: what it may mean, which photos show that, and in what order.

Knowledge takes part in queries of plain words and phrases that are, as a whole, the name of something. Exact and
partial hits keep their places before photos that only knowledge speaks for; these and similar hits are ordered by their
scores, which mean the same: how surely the photo answers.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from textsearch.alphabet import Alphabet, words_of
from textsearch.errors import QueryError
from textsearch.index.folder import IndexFolder
from textsearch.index.records import KnowledgeKind, OwnCategory
from textsearch.knowledge.lexicon import Lexicon, default_lexicon
from textsearch.knowledge.question import Question, ask, ask_category
from textsearch.knowledge.relevance import Relevance, Saying, likeness, own_relevances, relevances
from textsearch.knowledge.scenes import category_names, condition, kinds_that_tell, not_covered, similar_names
from textsearch.matching.found import Best
from textsearch.matching.plan import Plan, Target, Words
from textsearch.rerank import KINDS as TEXT_KINDS
from textsearch.rerank import SIMILAR
from textsearch.types import MatchKind

KNOWLEDGE = SIMILAR + 1
"""Place of "knowledge" in KINDS."""

KINDS: tuple[MatchKind, ...] = (*TEXT_KINDS, "knowledge")
"""Best first."""

SUPPORT = 0.5
"""Part of what a text hit lacks to a full score that knowledge which is sure makes up for."""

LEAST_KNOWN = 25.0
"""Points, of 100, below which a photo is not found by knowledge alone unless a lower score is asked for."""

OF_CATEGORY, OF_SCENE = 0.25, 0.15
"""Relevance, 0 to 1, from which on a photo fulfils a condition on its category, and on its scene: for the latter it is
enough that the picture's classes speak for it more than for any other."""

NOT_FOUND = -1
"""Place of an image of which the text says nothing."""

Relevances = Mapping[int, Relevance]
"""By image id."""

Said = Callable[[Plan], Mapping[int, Saying]]
"""By image, where what was planned is written."""


class Knowing:
    """What an index knows about its photos; safe to use from several threads.

    Args:
        index: where to look.
        alphabet: of the network that made it.
        said: looks for the words of the user's categories.
    """

    def __init__(self, index: IndexFolder, alphabet: Alphabet, said: Said) -> None:
        self._index = index
        self._alphabet = alphabet
        self._said = said

    @property
    def lexicon(self) -> Lexicon:
        """Return the names that are known."""
        return default_lexicon()

    def question(self, plan: Plan) -> Question | None:
        """Return what a query may mean; None if it is not made of plain words, or they name nothing."""
        words = plain_words(plan)
        return ask(" ".join(words), self.lexicon, self._index.own_categories()) if words else None

    def of_category(self, name: str) -> Relevances:
        """Return the photos of a category.

        Raises:
            QueryError: there is no category of this name or identifier.
        """
        own = self._index.own_categories()
        question = ask_category(name, self.lexicon, own)
        if question is None:
            raise QueryError(not_covered("category", name, similar_names(name, category_names(self.lexicon, own))))
        return _at_least(OF_CATEGORY, self.relevances(question))

    def of_scene(self, text: str) -> Relevances:
        """Return the photos that show what a text describes.

        Raises:
            QueryError: nothing that is known about pictures covers it.
            MissingDependencyError: the sentence encoder is needed and not installed.
        """
        question = condition(text, self.lexicon, self._index.own_categories())
        found: dict[int, Relevance] = {}
        for sense in question.senses:
            kinds = kinds_that_tell(sense.target, self.lexicon)
            for image, relevance in self.relevances(Question(text, (sense,)), kinds).items():
                if image not in found or relevance.value > found[image].value:
                    found[image] = relevance
        return _at_least(OF_SCENE, found)

    def relevances(self, question: Question, kinds: Sequence[KnowledgeKind] | None = None) -> Relevances:
        """Return the photos that show what a question means.

        Args:
            question: what is meant.
            kinds: whose word counts; everybody's if None.
        """
        identifiers = question.identifiers
        known = self._index.known(identifiers, kinds) if kinds else self._index.known(identifiers)
        found = relevances(question, known, self.lexicon)
        for sense in question.senses:
            if isinstance(sense.target, OwnCategory):
                found |= self._of_own(sense.target)
        return found

    def _of_own(self, category: OwnCategory) -> dict[int, Relevance]:
        plan = _plan_of(category, self._alphabet)
        alike: dict[int, float] = {}
        if len(category.examples):
            images, features = self._index.pictures()
            alike = dict(zip(images.tolist(), likeness(category.examples, features).tolist(), strict=True))
        return own_relevances(category, self._said(plan) if plan else {}, alike)


@dataclass(frozen=True, eq=False)
class Ranking:
    """What the text and what is known say about V images together, best first.

    Attributes:
        images: (V,) int64.
        values: (V,) float64, scores, 0 to 1.
        kinds: (V,) int64, places in KINDS.
        places: (V,) int64, where each image stands in the evidence of the text; NOT_FOUND for those it does not know.
    """

    images: NDArray[np.int64]
    values: NDArray[np.float64]
    kinds: NDArray[np.int64]
    places: NDArray[np.int64]

    @classmethod
    def of_text(cls, best: Best, places: NDArray[np.int64]) -> Ranking:
        """Return the images at some places of the text's evidence, of which nothing else is known."""
        return cls(best.images[places], best.values[places].astype(np.float64), best.kinds[places], places)

    def first(self, count: int | None) -> Ranking:
        """Return the best `count` images; all for None."""
        return Ranking(self.images[:count], self.values[:count], self.kinds[:count], self.places[:count])


def fused(best: Best, known: Relevances, margin: float, least: float, least_known: float) -> Ranking:
    """Return the hits of the text and of knowledge in their order.

    Args:
        best: the evidence of the text.
        known: what is known of images.
        margin: points by which a text hit must score more to come before one of the next better kind.
        least: points below which there is no hit.
        least_known: the same for hits that only knowledge speaks for.
    """
    told = np.array(sorted(known), np.int64)
    told_values = np.array([known[image].value for image in told.tolist()])
    where, there = best.at(told)
    others = told[~there]
    images = np.concatenate([best.images, others])
    sure = np.zeros(len(best.images))
    sure[where[there]] = told_values[there]
    sure = np.concatenate([sure, told_values[~there]])
    text = np.concatenate([best.values, np.zeros(len(others))])
    kinds = np.concatenate([best.kinds, np.full(len(others), KNOWLEDGE)])
    places = np.concatenate([np.arange(len(best.images)), np.full(len(others), NOT_FOUND)])
    # What is known too weakly to be a hit may support the text, but never takes a text hit's place.
    too_weak = (kinds >= SIMILAR) & (sure > text) & (100 * sure < least_known)
    sure = np.where(too_weak, np.minimum(sure, text), sure)
    known_better = (kinds >= SIMILAR) & (sure > text)
    kinds[known_better] = KNOWLEDGE
    # Surer knowledge never lowers a score: what supports a text may be worth more than what is known by itself.
    values = np.maximum(sure * known_better, text + (1 - text) * SUPPORT * sure)
    scores = 100 * values
    kept = scores >= np.where(kinds == KNOWLEDGE, least_known, least)
    order = _order(scores, kinds, images, kept, margin)
    return Ranking(images[order], values[order], kinds[order], places[order])


def _order(
    scores: NDArray[np.float64],
    kinds: NDArray[np.int64],
    images: NDArray[np.int64],
    kept: NDArray[np.bool_],
    margin: float,
) -> NDArray[np.int64]:
    """Return the places of the images that are kept, best first.

    A similar hit that some knowledge surpasses gives way; it must not take exact and partial ones with it.
    """
    surest = scores[kept & (kinds == KNOWLEDGE)].max(initial=-np.inf)
    gives_way = (kinds == KNOWLEDGE) | ((kinds == SIMILAR) & (scores < surest))
    keys = scores + margin * np.where(gives_way, 0, SIMILAR - kinds)
    ranks = np.lexsort((images, -keys, gives_way))
    return ranks[kept[ranks]]


def plain_words(plan: Plan) -> list[str]:
    """Return the words of a query in their order; none if it holds more than words and phrases."""
    words: list[str] = []
    for clause in plan.wanted:
        sought = clause[0]
        if len(clause) > 1 or plan.excluded:
            return []
        if isinstance(sought, Words):
            words += [word.word for word in sought.words]
        elif isinstance(sought, Target) and sought.is_plain:
            words.append(sought.word)
        else:
            return []
    return words


def both(first: Relevances | None, second: Relevances | None) -> Relevances | None:
    """Return the images that fulfil two conditions, each with the facts of both; None is no condition."""
    if first is None or second is None:
        return second if first is None else first
    return {image: _and(relevance, second[image]) for image, relevance in first.items() if image in second}


def _and(first: Relevance, second: Relevance) -> Relevance:
    return Relevance(min(first.value, second.value), lambda: (*first.facts, *second.facts))


def _at_least(least: float, found: Relevances) -> Relevances:
    return {image: relevance for image, relevance in found.items() if relevance.value >= least}


def _plan_of(category: OwnCategory, alphabet: Alphabet) -> Plan | None:
    """Return a search for any of the words of a user's category; None if none of them can be read."""
    sought: list[Target | Words] = []
    for text in category.words:
        words = [Target(word) for word in words_of(text) if all(letter in alphabet.letters for letter in word)]
        if len(words) > 1:
            sought.append(Words(tuple(words), Target("".join(word.word for word in words))))
        else:
            sought += words
    return Plan(category.name, (tuple(sought),), (), None) if sought else None
