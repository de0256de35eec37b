"""What a query may mean beyond its letters: brands, kinds of things and places, categories that the user added."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import lru_cache

from textsearch.alphabet import normalise
from textsearch.index.records import OwnCategory
from textsearch.knowledge.lexicon import Category, Entity, Lexicon
from textsearch.knowledge.spelling import INFLECTED, singulars

LEAST_STRENGTH = 0.3
"""A name that stands for something more weakly only suggests it: "hotel" a travel agency."""

FULL_NAME = 0.55
"""From this strength on a name is a full one, not what signs leave of it: "outdoors" of an outdoors store."""


@dataclass(frozen=True, eq=False)
class Sense:
    """One thing that a query may mean.

    Attributes:
        target: the entity, the category, or the category of the user.
        strength: how strongly the query means it, 0 to 1.
        shares: what testifies to it: identifiers of the target itself, of what is below it and of the entities of that
            kind, each with the part of it that is meant, 0 to 1; empty for a category of the user.
    """

    target: Entity | Category | OwnCategory
    strength: float
    shares: Mapping[str, float] = field(repr=False)


@dataclass(frozen=True, eq=False)
class Question:
    """What a query may mean.

    Attributes:
        text: the words that were asked.
        senses: one or more, the strongest first.
    """

    text: str
    senses: tuple[Sense, ...]

    @property
    def identifiers(self) -> set[str]:
        """Return everything in the lexicon that testifies to any of the senses."""
        return {identifier for sense in self.senses for identifier in sense.shares}


def ask(text: str, lexicon: Lexicon, own: Iterable[OwnCategory] = (), least: float = LEAST_STRENGTH) -> Question | None:
    """Return what words may mean; None if they are no name of anything.

    Args:
        text: the words, all of which must be the name.
        lexicon: what is known.
        own: categories that the user added; one of this name is meant alone.
        least: how strongly the words must stand for what they mean, 0 to 1.
    """
    named = _own_of_name(text, own)
    if named:
        return Question(text, tuple(Sense(category, 1.0, {}) for category in named))
    spelt, *others = [_senses(each, lexicon, factor, least) for each, factor in _spellings(text)]
    senses = spelt or max(others, key=lambda each: each[0].strength if each else 0.0, default=[])
    return Question(text, tuple(senses)) if senses else None


def _own_of_name(text: str, own: Iterable[OwnCategory]) -> list[OwnCategory]:
    """Return the user's categories of a name, whether it or theirs is in the plural; those spelt just so go before."""
    own = tuple(own)
    exact = [category for category in own if normalise(category.name) == normalise(text)]
    wanted = {normalise(spelt) for spelt, _ in _spellings(text)}
    return exact or [
        category
        for category in own
        if not wanted.isdisjoint(normalise(spelt) for spelt, _ in _spellings(category.name))
    ]


def ask_category(
    name: str, lexicon: Lexicon, own: Iterable[OwnCategory] = (), least: float = LEAST_STRENGTH
) -> Question | None:
    """Return the category of a name or an identifier such as "amenity/cafe"; None if there is none.

    Arguments as for `ask`; a brand is no category.
    """
    own = tuple(own)
    if lexicon.has_category(name) and not _own_of_name(name, own):
        return Question(name, (_sense_of_category(lexicon.category(name), 1.0, lexicon),))
    asked = ask(name, lexicon, own, least)
    senses = [sense for sense in asked.senses if not isinstance(sense.target, Entity)] if asked else []
    senses = senses or _called(name, lexicon)[:1]
    if not senses:
        return None
    # It must be some category, so that what the name means rather counts no more.
    return Question(name, tuple(replace(sense, strength=sense.strength / senses[0].strength) for sense in senses))


def _called(name: str, lexicon: Lexicon) -> list[Sense]:
    """Return the categories that are called so, strongest first, even where the word rather means something else."""
    wanted = normalise(name)
    return [
        sense
        for sense in _senses(name, lexicon, 1.0, 0.0)
        if isinstance(sense.target, Category) and wanted in map(normalise, sense.target.names)
    ]


def _spellings(text: str) -> list[tuple[str, float]]:
    """Return a text and, for its last word in the plural, the singulars it may have, each with a factor."""
    head, _, last = text.rstrip().rpartition(" ")
    return [(text, 1.0), *((f"{head} {singular}".strip(), INFLECTED) for singular in singulars(last.casefold()))]


def _senses(name: str, lexicon: Lexicon, factor: float, least: float) -> list[Sense]:
    """Return what a name stands for with at least some strength, the strongest first."""
    senses = []
    for meaning in lexicon.meanings(name):
        strength, target = factor * meaning.strength, meaning.target
        if isinstance(target, Entity):
            strength *= lexicon.brand_certainty(normalise(name), target.prior)
            sense = Sense(target, strength, {target.identifier: 1.0})
        else:
            sense = _sense_of_category(target, strength, lexicon)
        senses.append(sense)
    kept = [sense for sense in senses if sense.strength >= least]
    return sorted(kept, key=lambda sense: -sense.strength)


def _sense_of_category(category: Category, strength: float, lexicon: Lexicon) -> Sense:
    return Sense(category, strength, _shares(lexicon, category.identifier))


@lru_cache(maxsize=256)
def _shares(lexicon: Lexicon, identifier: str) -> Mapping[str, float]:
    """Return a category, all below it and their entities, with the part of each that is of this category."""
    below = lexicon.below(identifier)
    return {**lexicon.entities_of(below), **dict.fromkeys(below, 1.0)}
