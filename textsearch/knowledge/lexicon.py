"""What is known about names: entities such as brands, the tree of categories they belong to, and names for both.

The whole is one compressed file of columns beside this module. It is read once, on first use; an entity or a category
becomes an object when somebody asks for it.
"""

from __future__ import annotations

import base64
import gzip
import json
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from textsearch.alphabet import normalise

DATA = Path(__file__).parent / "data"
"""Where the file and the hand-written tables lie."""

FILE = DATA / "lexicon.json.gz"

SCHEMA = "textsearch.lexicon/2"
"""The layout of the file."""

VERSION = "3"
"""The content: raised whenever the file is built again and differs."""


RARE_BRAND = 40
"""Occurrences in English texts at which a word is as likely just a word as the name of the best known brand; of a
lesser brand, proportionally fewer."""


@dataclass(frozen=True)
class Category:
    """A kind of thing or place, one node of the tree.

    Attributes:
        identifier: OpenStreetMap's ("amenity/cafe"), ImageNet's ("n07928887") or our own ("drink/oat-milk"): stable.
        name: what it is called.
        names: all its names, `name` first.
        words: what merely suggests it.
        gloss: its definition, perhaps empty.
        parent: identifier of the category above it; None for the root.
        synset: WordNet 3.0 offset such as "n07928887"; None if WordNet lacks it.
    """

    identifier: str
    name: str
    names: tuple[str, ...]
    words: tuple[str, ...]
    gloss: str
    parent: str | None
    synset: str | None


@dataclass(frozen=True)
class Entity:
    """Something with a name of its own, such as a brand.

    Attributes:
        identifier: Wikidata's ("Q37158") or our own ("brand/barqs"): stable.
        name: what it is called.
        aliases: its other names.
        gloss: one line about it, perhaps empty.
        wikidata: its Wikidata item; None if unknown.
        categories: pairs of a category's identifier and a weight, 0 to 1, the greatest first: how surely what bears
            the name is of that kind. It may be of several at once, as a shop that is a pharmacy and a drugstore.
        prior: how well known it is, 0 to 1.
    """

    identifier: str
    name: str
    aliases: tuple[str, ...]
    gloss: str
    wikidata: str | None
    categories: tuple[tuple[str, float], ...]
    prior: float


@dataclass(frozen=True)
class Meaning:
    """One thing that a name stands for.

    Attributes:
        target: the entity or the category.
        strength: how strongly the name stands for it, 0 to 1.
    """

    target: Entity | Category
    strength: float


class Lexicon:
    """Entities, categories and their names."""

    def __init__(self, content: dict[str, Any]) -> None:
        """Take the decoded file.

        Raises:
            ValueError: the layout is another one.
        """
        if content.get("schema") != SCHEMA:
            raise ValueError(f"expected the schema {SCHEMA}, got {content.get('schema')!r}")
        self.version: str = content["version"]
        self.sources: str = content["sources"]
        self._labels: dict[str, dict[str, str]] = content["labels"]
        self._imagenet = unpack(content["imagenet"])
        categories, entities, names = content["categories"], content["entities"], content["names"]
        self.category_identifiers: list[str] = categories["identifiers"].split("\n")
        self.entity_identifiers: list[str] = entities["identifiers"].split("\n")
        self._category_names, self._category_words, self._category_glosses, self._synsets = (
            categories[column].split("\n") for column in ("names", "words", "glosses", "synsets")
        )
        self._parents: list[int] = unpack(categories["parents"]).tolist()
        self._entity_names, self._entity_glosses = (entities[column].split("\n") for column in ("names", "glosses"))
        self._kinds_end, self._kinds, self._kind_weights, self._wikidata, self._priors = (
            unpack(entities[column]) for column in ("ends", "categories", "weights", "wikidata", "priors")
        )
        self.spelt: list[str] = names["spelt"].split("\n")
        self._ends, self._targets, self._strengths = (
            unpack(names[column]) for column in ("ends", "targets", "strengths")
        )
        self._frequent: dict[str, str] = content["frequent"]
        self._ordinary: dict[str, str] = content["ordinary"]

    @classmethod
    def read(cls, path: Path) -> Lexicon:
        """Read a lexicon's file."""
        with gzip.open(path, "rb") as file:
            return cls(json.load(file))

    def __repr__(self) -> str:
        """Return a short description."""
        entities, categories = len(self.entity_identifiers), len(self.category_identifiers)
        return f"Lexicon({entities} entities, {categories} categories, {len(self.spelt)} names)"

    @cached_property
    def names(self) -> dict[str, int]:
        """Return the number of each normalised name; numbers count from 0 in the order of `spelt`."""
        return {name.replace(" ", ""): number for number, name in enumerate(self.spelt)}

    @cached_property
    def counts(self) -> dict[str, int]:
        """Return how often frequent English words occurred in WordNet's tagged texts."""
        return _counted(self._frequent)

    def brand_certainty(self, name: str, known: float) -> float:
        """Return how likely a name is meant as a brand's and not as the English word it may be, 0 to 1.

        Args:
            name: normalised.
            known: how well known the brand is, 0 to 1.
        """
        count = max(self.counts.get(name, 0), self._ordinary_counts.get(name, 0))
        return 1 / (1 + count / (RARE_BRAND * max(known, 0.01)))

    @cached_property
    def _ordinary_counts(self) -> dict[str, int]:
        """Return how often names of entities that are English words, too, are taken to occur."""
        return _counted(self._ordinary)

    @property
    def imagenet(self) -> tuple[str, ...]:
        """Return the category of each of ImageNet's 1,000 classes, in class order."""
        return tuple(self.category_identifiers[number] for number in self._imagenet)

    def labels(self, dataset: str, level: str = "label") -> dict[str, str]:
        """Return the category of each class of a data set that the lexicon knows; empty for any other.

        Args:
            dataset: "con-text", "grocery" or "storefront".
            level: "label"; for "grocery" also "coarse" and "group".
        """
        return dict(self._labels.get(f"{dataset}/{level}", {}))

    def category(self, identifier: str) -> Category:
        """Return one category.

        Raises:
            KeyError: there is none of that identifier.
        """
        return self._category(self._category_numbers[identifier])

    def has_category(self, identifier: str) -> bool:
        """Return whether there is a category of an identifier."""
        return identifier in self._category_numbers

    def entity(self, identifier: str) -> Entity:
        """Return one entity.

        Raises:
            KeyError: there is none of that identifier.
        """
        return self._entity(self._entity_numbers[identifier])

    def meanings(self, name: str) -> list[Meaning]:
        """Return what a name stands for, strongest and best known first; case, spaces and punctuation do not count."""
        number = self.names.get(normalise(name))
        return [] if number is None else self.meanings_of(number)

    def meanings_of(self, number: int) -> list[Meaning]:
        """Return what the name of a number stands for, strongest and best known first."""
        first = int(self._ends[number - 1]) if number else 0
        found = []
        for place in range(first, int(self._ends[number])):
            target = int(self._targets[place])
            category = target - len(self.entity_identifiers)
            meant = self._entity(target) if category < 0 else self._category(category)
            found.append(Meaning(meant, int(self._strengths[place]) / 100))
        return sorted(found, key=lambda meaning: (-meaning.strength * prior(meaning.target), meaning.target.identifier))

    def strength(self, number: int) -> float:
        """Return how strongly the name of a number stands for what it names best, 0 to 1."""
        first = int(self._ends[number - 1]) if number else 0
        return int(self._strengths[first : int(self._ends[number])].max()) / 100

    def find_categories(self, name: str) -> list[Category]:
        """Return the categories that a name or an identifier names, best first; words that merely suggest one count."""
        if name in self._category_numbers:
            return [self.category(name)]
        return [meaning.target for meaning in self.meanings(name) if isinstance(meaning.target, Category)]

    def path(self, identifier: str) -> list[Category]:
        """Return a category and everything above it, up to the root.

        Raises:
            KeyError: there is no such category.
        """
        return [self._category(number) for number in self._above(self._category_numbers[identifier])]

    def below(self, identifier: str) -> set[str]:
        """Return the identifiers of a category and everything under it.

        Raises:
            KeyError: there is no such category.
        """
        found, waiting = set(), [self._category_numbers[identifier]]
        while waiting:
            number = waiting.pop()
            found.add(self.category_identifiers[number])
            waiting.extend(self._children.get(number, ()))
        return found

    def entities_of(self, categories: Collection[str]) -> dict[str, float]:
        """Return the entities of some categories by identifier, each with how surely it is of any of them, 0 to 1."""
        wanted = np.zeros(len(self.category_identifiers), np.int32)
        wanted[[self._category_numbers[identifier] for identifier in categories]] = 1
        # Every entity has a category, so that no two of these starts are the same.
        starts = np.concatenate([[0], self._kinds_end[:-1]])
        weights = np.maximum.reduceat(self._kind_weights * wanted[self._kinds], starts) / 100
        places = np.flatnonzero(weights)
        return {self.entity_identifiers[place]: float(weights[place]) for place in places.tolist()}

    def is_single(self, identifier: str) -> bool:
        """Return whether a category has one entity and no other, as Guinness has."""
        return int(self._entity_counts[self._category_numbers[identifier]]) == 1

    @cached_property
    def _entity_counts(self) -> NDArray[np.int64]:
        return np.bincount(self._kinds, minlength=len(self.category_identifiers))

    def children(self, identifier: str) -> list[Category]:
        """Return the categories directly under one.

        Raises:
            KeyError: there is no such category.
        """
        return [self._category(number) for number in self._children.get(self._category_numbers[identifier], ())]

    def distance(self, first: str, second: str) -> int:
        """Return the length of the path between two categories through their lowest common ancestor (CKFR, section 3).

        Raises:
            KeyError: there is no such category.
        """
        above = {number: steps for steps, number in enumerate(self._above(self._category_numbers[first]))}
        for steps, number in enumerate(self._above(self._category_numbers[second])):
            if number in above:
                return above[number] + steps
        raise AssertionError("two categories have no common root")

    def distances(self, identifiers: Sequence[str]) -> NDArray[np.int32]:
        """Return the distances between N categories, (N, N) int32, symmetric, 0 on the diagonal."""
        return np.array([[self.distance(a, b) for b in identifiers] for a in identifiers], np.int32)

    def _above(self, number: int) -> Iterator[int]:
        while number >= 0:
            yield number
            number = self._parents[number]

    @cached_property
    def _category_numbers(self) -> dict[str, int]:
        return {identifier: number for number, identifier in enumerate(self.category_identifiers)}

    @cached_property
    def _entity_numbers(self) -> dict[str, int]:
        return {identifier: number for number, identifier in enumerate(self.entity_identifiers)}

    @cached_property
    def _children(self) -> dict[int, list[int]]:
        children: dict[int, list[int]] = {}
        for number, parent in enumerate(self._parents):
            children.setdefault(parent, []).append(number)
        return children

    def _category(self, number: int) -> Category:
        names = tuple(self._category_names[number].split("\t"))
        parent = self._parents[number]
        return Category(
            identifier=self.category_identifiers[number],
            name=names[0],
            names=names,
            words=tuple(filter(None, self._category_words[number].split("\t"))),
            gloss=self._category_glosses[number],
            parent=self.category_identifiers[parent] if parent >= 0 else None,
            synset=self._synsets[number] or None,
        )

    def _entity(self, number: int) -> Entity:
        names = self._entity_names[number].split("\t")
        kinds = slice(self._kinds_end[number - 1] if number else 0, self._kinds_end[number])
        weights = self._kind_weights[kinds] / 100
        categories = (self.category_identifiers[category] for category in self._kinds[kinds])
        return Entity(
            identifier=self.entity_identifiers[number],
            name=names[0],
            aliases=tuple(names[1:]),
            gloss=self._entity_glosses[number],
            wikidata=f"Q{self._wikidata[number]}" if self._wikidata[number] else None,
            categories=tuple(zip(categories, weights.tolist(), strict=True)),
            prior=int(self._priors[number]) / 100,
        )


def prior(target: Entity | Category) -> float:
    """Return how well known a target is, 0 to 1; every reader knows the categories."""
    return target.prior if isinstance(target, Entity) else 1.0


@lru_cache(maxsize=1)
def default_lexicon() -> Lexicon:
    """Return the lexicon that comes with the program, read on the first call."""
    return Lexicon.read(FILE)


def _counted(column: dict[str, str]) -> dict[str, int]:
    return dict(zip(column["words"].split(" "), unpack(column["counts"]).tolist(), strict=True))


def pack(numbers: ArrayLike) -> str:
    """Return whole numbers as text that is read many times faster than JSON's: base64 of int32, little-endian."""
    return base64.b64encode(np.asarray(numbers, "<i4").tobytes()).decode("ascii")


def unpack(text: str) -> NDArray[np.int32]:
    """Return the numbers that `pack` packed, (N,) int32."""
    return np.frombuffer(base64.b64decode(text), "<i4")
