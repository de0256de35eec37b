"""How strongly the words of a photo speak for a class, without a single photo of it: names, translations, the tree.

A class is what its name says, word by word, each with the translations that the lexicon has for it, and what the
category above it is called. Every such notion that is found raises the class, every missing one lowers it a little;
notions that all classes share cancel out by themselves.
"""

from __future__ import annotations

import csv
import re
from collections import OrderedDict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from textsearch.alphabet import normalise, words_of
from textsearch.knowledge.language import LanguageModel
from textsearch.knowledge.lexicon import DATA, Category, Entity, Lexicon
from textsearch.knowledge.linker import Link
from textsearch.knowledge.spans import Reading
from textsearch.types import FloatArray

SHOWN, STRAY = 0.4, 0.02
"""How likely a notion is legible on a photo of its class, and by accident on any other."""

_SENTENCE_WEIGHT = 6.0
"""What the cosine of two sentences adds to the log-odds of a class, per unit above the mean of all classes."""

_SURE_TRANSLATION = 0.5
"""How strongly a word must stand for a category for the category's other names to stand for the word."""

_ALIKE = 0.6
"""The share of its letters that a reading must have of a name to count as one, cut off or misread."""

_REMEMBERED = 20_000
"""Words whose fits are kept, those asked for last; 16 MB with the packaged classes."""

_CAPITALS = re.compile(r"(?<=[a-z])(?=[A-Z])")


@dataclass(frozen=True)
class Notion:
    """One thing that the words on a photo of a class may say.

    Attributes:
        names: normalised, without spaces; any of them says it.
        categories: identifiers of categories that mean it.
    """

    names: frozenset[str]
    categories: frozenset[str] = frozenset()


@dataclass(frozen=True)
class ClassProfile:
    """What is known about a class.

    Attributes:
        label: its name in the data set.
        category: its category's identifier; None if the lexicon has none.
        notions: what its photos may say.
        sentence: a description for the sentence encoder.
    """

    label: str
    category: str | None
    notions: tuple[Notion, ...]
    sentence: str


def profile(label: str, lexicon: Lexicon, categories: Mapping[str, str], words: Iterable[str] = ()) -> ClassProfile:
    """Return what is known about a class.

    Args:
        label: its name, its words separated by anything but letters, or "InCapitals".
        lexicon: where translations and the tree come from.
        categories: the category of each label that the lexicon knows; others are looked up by name.
        words: further words that suggest the class.
    """
    spaced = " ".join(re.split(r"[\W_]+", _CAPITALS.sub(" ", label))).strip()
    identifier = categories.get(label)
    if identifier is None:
        named = lexicon.find_categories(spaced)
        identifier = named[0].identifier if named else None
    path = lexicon.path(identifier) if identifier else []
    notions = [_notion_of(word, lexicon) for word in spaced.split() if len(normalise(word)) > 1]
    # A product's own name is the label again; what it is, is the category above it.
    kinds = path[1:2] if path and normalise(path[0].name) == normalise(spaced) and len(notions) > 1 else path[:1]
    notions += [_notion_of_category(kind, lexicon) for kind in kinds]
    notions += [Notion(frozenset({normalise(word)})) for word in words]
    sentence = ". ".join([spaced, *(part for kind in path[:3] for part in (kind.name, kind.gloss) if part)])
    return ClassProfile(label, identifier, tuple(dict.fromkeys(notions)), sentence)


def profiles(labels: Sequence[str], lexicon: Lexicon, categories: Mapping[str, str]) -> list[ClassProfile]:
    """Return what is known about each class."""
    return [profile(label, lexicon, categories) for label in labels]


@lru_cache(maxsize=1)
def package_words() -> dict[str, frozenset[str]]:
    """Return what words that qualify a product are called in other languages, all normalised."""
    with (DATA / "package_words.tsv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file, delimiter="\t"))
    return {normalise(row["name"]): frozenset(normalise(other) for other in row["others"].split(";")) for row in rows}


def _notion_of(word: str, lexicon: Lexicon) -> Notion:
    names, categories = {normalise(word), *package_words().get(normalise(word), ())}, set()
    for meaning in lexicon.meanings(word):
        if isinstance(meaning.target, Category) and meaning.strength >= _SURE_TRANSLATION:
            names |= {normalise(name) for name in meaning.target.names}
            categories.add(meaning.target.identifier)
    return Notion(frozenset(filter(None, names)), frozenset(categories))


def _notion_of_category(category: Category, lexicon: Lexicon) -> Notion:
    names = {normalise(name) for name in (*category.names, *category.words)}
    return Notion(frozenset(filter(None, names)), frozenset(lexicon.below(category.identifier)))


class ClassEvidence:
    """Scores the classes of a task for one photo after another."""

    def __init__(self, classes: Sequence[ClassProfile], language: LanguageModel) -> None:
        """Take C classes and the sentence encoder."""
        self.classes = tuple(classes)
        self._language = language
        self._sentences = language.sentences([each.sentence for each in classes])
        notions = list(dict.fromkeys(notion for each in classes for notion in each.notions))
        places = {notion: place for place, notion in enumerate(notions)}
        self._has = np.zeros((len(classes), len(notions)), np.float32)
        for row, each in enumerate(classes):
            self._has[row, [places[notion] for notion in each.notions]] = 1.0
        self._names = [(name, place) for place, notion in enumerate(notions) for name in sorted(notion.names)]
        self._notions = notions
        self._fits: OrderedDict[str, FloatArray] = OrderedDict()

    def scores(self, readings: Sequence[Reading], links: Sequence[Link]) -> FloatArray:
        """Return (C,) float32, log-odds of each class against chance, by the words and what they name alone."""
        found = np.zeros(len(self._notions), np.float32)
        for reading in readings:
            for word in words_of(reading.text):
                found = np.maximum(found, reading.text_score * self._fit(word))
        for link in links:
            found = np.maximum(found, self._fit_link(link))
        gains = np.log((1 - found) * (1 - SHOWN) / (1 - STRAY) + found * SHOWN / STRAY)
        total: FloatArray = self._has @ gains + self._fit_sentence(readings)
        return total

    def _fit_sentence(self, readings: Sequence[Reading]) -> FloatArray:
        text = " ".join(reading.text for reading in readings if reading.text_score > 0.5)
        if not text:
            return np.zeros(len(self.classes), np.float32)
        cosines = self._sentences @ self._language.sentences([text])[0]
        fit: FloatArray = _SENTENCE_WEIGHT * (cosines - cosines.mean())
        return fit

    def _fit_link(self, link: Link) -> FloatArray:
        kinds = dict(link.target.categories) if isinstance(link.target, Entity) else {link.target.identifier: 1.0}
        parts = [[part for kind, part in kinds.items() if kind in notion.categories] for notion in self._notions]
        return link.weight * np.array([max(each, default=0.0) for each in parts], np.float32)

    def _fit(self, word: str) -> FloatArray:
        """Return how surely a word says each notion, (notions,) float32, 0 to 1."""
        fit = self._fits.pop(word, None)
        if fit is None:
            fit = np.zeros(len(self._notions), np.float32)
            for name, place in self._names:
                fit[place] = max(fit[place], likeness(word, name))
            if fit.max(initial=0) == 1:
                # "Juice" says juice; that it is also half of "apple juice" says nothing.
                fit[fit < 1] = 0
        self._fits[word] = fit  # behind all others: it was asked for last
        if len(self._fits) > _REMEMBERED:
            self._fits.popitem(last=False)
        return fit


def likeness(word: str, name: str) -> float:
    """Return how surely a reading, perhaps cut off or misread, is a name, 0 to 1; both normalised."""
    if word == name:
        return 1.0
    shorter, longer = sorted((word, name), key=len)
    if len(shorter) < 3:
        return 0.0
    if len(shorter) > 3 and shorter in longer:
        # Cut off by the edge or the curve of a package, or part of a compound.
        return 0.9 if shorter == name else max(0.4, len(shorter) / len(longer))
    start = 0
    while start < len(shorter) and shorter[start] == longer[start]:
        start += 1
    end = 0
    while end < len(shorter) - start and shorter[-1 - end] == longer[-1 - end]:
        end += 1
    share = (start + end) / len(longer)
    return share * share if share >= _ALIKE else 0.0


def tree_distances(classes: Sequence[ClassProfile], lexicon: Lexicon) -> NDArray[np.int32]:
    """Return the lengths of the paths between classes in the taxonomy, (C, C) int32.

    A class without a category stands as far from every other as the farthest two stand from each other.
    """
    known = [place for place, each in enumerate(classes) if each.category is not None]
    identifiers = [each.category for each in classes if each.category is not None]
    inner = lexicon.distances(identifiers)
    distances = np.full((len(classes), len(classes)), max(1, int(inner.max(initial=1))), np.int32)
    np.fill_diagonal(distances, 0)
    distances[np.ix_(known, known)] = inner
    return distances
