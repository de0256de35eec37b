"""What a query may mean beyond its letters: brands, kinds of things and places, categories that the user added."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache

from textsearch.alphabet import normalise
from textsearch.index.records import OwnCategory
from textsearch.knowledge.lexicon import Category, Entity, Lexicon

LEAST_STRENGTH = 0.3
"""A name that stands for something more weakly only suggests it: "hotel" a travel agency."""

FULL_NAME = 0.55
"""From this strength on a name is a full one, not what signs leave of it: "outdoors" of an outdoors store."""

_INFLECTED = 0.95
"""What is left of the strength of a name that is known without its plural ending."""

_RARE_BRAND = 40
"""Occurrences in WordNet's texts at which a query is as likely just a word as the best known brand; of a lesser brand,
proportionally fewer. The linker thinks the same of words on photos."""

_PLURALS = (("ies", "y"), ("ches", "ch"), ("shes", "sh"), ("xes", "x"), ("sses", "ss"), ("s", ""))
"""English plural endings and what stands in their place in the singular."""


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
    name = normalise(text)
    named = [category for category in own if normalise(category.name) == name]
    if named:
        return Question(text, tuple(Sense(category, 1.0, {}) for category in named))
    for spelt, factor in _spellings(text):
        senses = [sense for sense in _senses(spelt, lexicon, factor) if sense.strength >= least]
        if senses:
            return Question(text, tuple(senses))
    return None


def ask_category(
    name: str, lexicon: Lexicon, own: Iterable[OwnCategory] = (), least: float = LEAST_STRENGTH
) -> Question | None:
    """Return the category of a name or an identifier such as "amenity/cafe"; None if there is none.

    Arguments as for `ask`; a brand is no category.
    """
    own = tuple(own)
    if lexicon.has_category(name) and all(normalise(category.name) != normalise(name) for category in own):
        return Question(name, (_sense_of_category(lexicon.category(name), 1.0, lexicon),))
    asked = ask(name, lexicon, own, least)
    senses = [sense for sense in asked.senses if not isinstance(sense.target, Entity)] if asked else []
    return Question(name, tuple(senses)) if senses else None


def _spellings(text: str) -> list[tuple[str, float]]:
    """Return a text and, for its last word in the plural, the singulars it may have, each with a factor."""
    head, _, last = text.rstrip().rpartition(" ")
    lowered = last.casefold()
    singulars = [
        f"{head} {lowered.removesuffix(ending)}{singular}".strip()
        for ending, singular in _PLURALS
        if lowered.endswith(ending) and len(lowered) > len(ending) + 2
    ]
    return [(text, 1.0), *((singular, _INFLECTED) for singular in singulars)]


def _senses(name: str, lexicon: Lexicon, factor: float) -> list[Sense]:
    senses = []
    for meaning in lexicon.meanings(name):
        strength, target = factor * meaning.strength, meaning.target
        if isinstance(target, Entity):
            strength /= 1 + lexicon.counts.get(normalise(name), 0) / (_RARE_BRAND * max(target.prior, 0.01))
            sense = Sense(target, strength, {target.identifier: 1.0})
        else:
            sense = _sense_of_category(target, strength, lexicon)
        senses.append(sense)
    return sorted(senses, key=lambda sense: -sense.strength)


def _sense_of_category(category: Category, strength: float, lexicon: Lexicon) -> Sense:
    return Sense(category, strength, _shares(lexicon, category.identifier))


@lru_cache(maxsize=256)
def _shares(lexicon: Lexicon, identifier: str) -> Mapping[str, float]:
    """Return a category, all below it and their entities, with the part of each that is of this category."""
    below = lexicon.below(identifier)
    return {**lexicon.entities_of(below), **dict.fromkeys(below, 1.0)}
