"""What the words of a photo name: from readings to entities and categories, with weights.

A word is looked up as it was read, alone and with its neighbours; where nothing has that name, names that look like it
are aligned with the lattice, which still holds the letters that lost. A name that means several things keeps them all.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

import numpy as np

from textsearch.alignment import MISSING, WHOLE, LatticeBatch, align_ends
from textsearch.alphabet import Alphabet
from textsearch.knowledge.blocking import LetterPairs
from textsearch.knowledge.lexicon import Category, Entity, Lexicon, prior
from textsearch.knowledge.spans import Reading, Span, spans_of
from textsearch.knowledge.spelling import INFLECTED, singulars

How = Literal["exact", "misread"]

_ALLOWED = {4: 1.8, 5: 3.5, **dict.fromkeys(range(6, 11), 8.5)}
"""How far, in nats, a name of so many letters may be from the best reading: from 6 letters on, one of them may be
missing in the lattice, from 11 on two."""

_ALLOWED_LONG = 17.0

MISREAD_DECAY = 1.5
"""How fast the weight of a misread name falls with its score, per nat."""

SHORTEST_MISREAD = 4
"""Letters a name needs to be recognised in spite of wrong ones."""

MAXIMUM_ALIGNED = 16
"""Misread names tried in one photo at most, the likeliest first."""

LEAST_WEIGHT = 0.02
"""A link below this weight is dropped."""

_LENGTH_FACTORS = {1: 0.03, 2: 0.2, 3: 0.6}
"""How much a name of so few letters can be trusted; longer ones fully."""

_RARE_NOUN = 100
"""Occurrences in WordNet's texts at which a word is as likely just a word as the name of a thing."""

_LEAST_NAMED = 0.3
"""A name that stands for something more weakly is tried in the singular: "hotels" only suggests a travel agency."""

_OBJECT_FACTOR = 0.25
"""How much the name of a thing counts that is neither a place nor food: a sign that says "tiger" shows none."""


@dataclass(frozen=True)
class Link:
    """One thing that the words of a photo name.

    Attributes:
        target: the entity or the category.
        weight: how likely the words mean it, 0 to 1; the weights of all links of a region sum to at most 1.
        regions: positions of the readings that carry its name.
        name: the name as the lexicon has it, normalised, with spaces.
        how: "exact" for the name as it was read, or its plural; "misread" where letters had to be changed.
    """

    target: Entity | Category
    weight: float
    regions: tuple[int, ...]
    name: str
    how: How


@dataclass(frozen=True)
class _Found:
    """A name that some words carry, before they are shared among all names they may carry."""

    number: int
    regions: tuple[int, ...]
    words: int
    quality: float
    how: How
    is_plural: bool = False


@dataclass(frozen=True)
class _Guess:
    """A word of a name that may be what was read, to be aligned with the lattice of its region."""

    number: int
    word: str
    region: int
    span: Span
    overlap: float


class Linker:
    """Links the readings of a photo to what a lexicon knows."""

    def __init__(self, lexicon: Lexicon, alphabet: Alphabet) -> None:
        """Take the lexicon and the alphabet of the lattices."""
        self._lexicon = lexicon
        self._alphabet = alphabet
        self._weights: dict[tuple[int, bool], list[tuple[Entity | Category, float]]] = {}
        self._food = lexicon.below("n00021265") | lexicon.below("n07555863")

    def link(self, readings: Sequence[Reading]) -> list[Link]:
        """Return what the readings of one photo name, heaviest first."""
        spans = spans_of(readings)
        found = self._exact(spans, readings)
        named = {region for name in found if name.words == 1 for region in name.regions if name.quality > 0.5}
        found += self._misread(self._guesses(spans, readings, named), readings)
        return self._share(found)

    def _exact(self, spans: Sequence[Span], readings: Sequence[Reading]) -> list[_Found]:
        found = []
        for span in spans:
            number, is_plural = self._named([token.word for token in span])
            if number is not None:
                regions = tuple(dict.fromkeys(token.region for token in span))
                certain = min(readings[region].text_score for region in regions)
                text = " ".join(readings[region].text for region in regions)
                quality = self._trust(number, text) * (0.5 + 0.5 * certain) * (INFLECTED if is_plural else 1.0)
                found.append(_Found(number, regions, len(span), quality, "exact", is_plural))
        return found

    def _named(self, words: Sequence[str]) -> tuple[int | None, bool]:
        """Return the number of the name that words are, and whether they are its plural; None if they are none."""
        *front, last = words
        names = self._lexicon.names
        number = names.get("".join(words))
        if number is not None and self._lexicon.strength(number) >= _LEAST_NAMED:
            return number, False
        found = [each for word in singulars(last) if (each := names.get("".join((*front, word)))) is not None]
        surest = max(found, key=self._surest_kind, default=None)
        return (number, False) if surest is None or self._surest_kind(surest) == 0 else (surest, True)

    def _surest_kind(self, number: int) -> float:
        """Return how likely the plural of a name means its likeliest category; 0 if the name has none."""
        return max((weight for _, weight in self._meanings(number, is_plural=True)), default=0.0)

    def _trust(self, number: int, text: str) -> float:
        """Return how much a name can be trusted for its length, 0 to 1; "H&M" is more telling than "HM"."""
        spelt = self._lexicon.spelt[number].replace(" ", "")
        if spelt.isdigit():
            return 0.1
        letters = sum(1 if ord(letter) < 0x2E80 else 2 for letter in spelt) + 2 * text.count("&")
        return _LENGTH_FACTORS.get(letters, 1.0)

    def _guesses(self, spans: Sequence[Span], readings: Sequence[Reading], named: set[int]) -> list[_Guess]:
        """Return the names that some words may be misreadings of, likeliest first."""
        guesses = []
        for span in spans:
            if len(span) == 1 and span[0].whole and span[0].region not in named:
                guesses += self._similar_names(span, readings[span[0].region])
            elif 1 < len(span) <= 3:
                guesses += self._names_with_one_other_word(span)
        guesses.sort(key=lambda guess: -guess.overlap)
        return guesses

    def _similar_names(self, span: Span, reading: Reading) -> list[_Guess]:
        token = span[0]
        length = len(token.word)
        if length < SHORTEST_MISREAD or token.word.isdigit() or self._is_plain_word(token.word, reading):
            return []
        near = self._pairs.similar(token.word, 1 if length < 6 else 2)
        guesses = []
        for number in near:
            name = self._lexicon.spelt[number].replace(" ", "")
            if name != token.word and len(name) >= SHORTEST_MISREAD:
                guesses.append(_Guess(int(number), name, token.region, span, _overlap(name, token.word)))
        return guesses

    def _is_plain_word(self, word: str, reading: Reading) -> bool:
        """Return whether a word was surely read and is one that English texts have."""
        return reading.text_score > 0.7 and word in self._lexicon.counts

    def _names_with_one_other_word(self, span: Span) -> list[_Guess]:
        """Return names that share all words of a span but one, which looks alike."""
        words = [token.word for token in span]
        guesses = []
        for place, token in enumerate(span):
            if not token.whole or len(token.word) < 3:
                continue
            key = (*words[:place], "", *words[place + 1 :])
            for number in self._frames.get(key, ()):
                name = self._lexicon.spelt[number].split(" ")[place]
                overlap = _overlap(name, token.word)
                if name != token.word and overlap > 0.3:
                    guesses.append(_Guess(number, name, token.region, span, overlap))
        return guesses

    def _misread(self, guesses: Sequence[_Guess], readings: Sequence[Reading]) -> list[_Found]:
        """Return the guesses that the lattices bear out."""
        batches: dict[int, LatticeBatch] = {}
        held: dict[int, set[int]] = {}
        scores: dict[tuple[str, int], float] = {}
        found = []
        for guess in guesses:
            region, word = guess.region, guess.word
            if region not in held:
                batches[region] = LatticeBatch.of([readings[region].lattice], self._alphabet)
                held[region] = set(np.unique(batches[region].letters).tolist())
            if (word, region) not in scores:
                if len(scores) == MAXIMUM_ALIGNED or not self._is_possible(word, held[region]):
                    continue
                total = align_ends(self._alphabet.encode(word), batches[region], (WHOLE,))[0, 0]
                scores[word, region] = float(total) / len(word)
            if (score := scores[word, region]) >= _floor(word):
                regions = tuple(dict.fromkeys(token.region for token in guess.span))
                quality = math.exp(MISREAD_DECAY * score)
                found.append(_Found(guess.number, regions, len(guess.span), quality, "misread"))
        return found

    def _is_possible(self, word: str, held: set[int]) -> bool:
        """Return whether a word can reach its floor in a lattice that holds these letters anywhere."""
        letters = self._alphabet.letters
        missing = sum(letters.get(letter, -1) not in held for letter in word)
        return MISSING * missing >= _floor(word) * len(word) and all(letter in letters for letter in word)

    def _share(self, found: Sequence[_Found]) -> list[Link]:
        """Share every region among the names it may carry: names of more words first, then the surer ones."""
        left: dict[int, float] = defaultdict(lambda: 1.0)
        links = []
        for name in sorted(found, key=lambda name: (-name.words, -name.quality, name.number)):
            available = min(left[region] for region in name.regions)
            taken = 0.0
            for target, weight in self._meanings(name.number, name.is_plural):
                if (share := weight * name.quality * available) >= LEAST_WEIGHT:
                    links.append(Link(target, share, name.regions, self._lexicon.spelt[name.number], name.how))
                    taken += share
            for region in name.regions:
                left[region] -= taken
        return sorted(links, key=lambda link: (-link.weight, link.regions, link.target.identifier))

    def _meanings(self, number: int, is_plural: bool) -> list[tuple[Entity | Category, float]]:
        """Return what a name may mean with weights that sum to at most 1: the less, the more it is just a word.

        Args:
            number: of the name.
            is_plural: whether the plural of the name was read, which stands for no brand.
        """
        if (number, is_plural) not in self._weights:
            name = self._lexicon.spelt[number].replace(" ", "")
            meanings = self._lexicon.meanings_of(number)
            if is_plural:
                meanings = [meaning for meaning in meanings if isinstance(meaning.target, Category)]
            implied = {kind for meaning in meanings for kind in self._implied(meaning.target)}
            certainty = [
                (meaning.target, meaning.strength * self._is_meant(meaning.target, name))
                for meaning in meanings
                if meaning.target.identifier not in implied
            ]
            shares = [weight * prior(target) for target, weight in certainty]
            most = max((weight for _, weight in certainty), default=0.0)
            total = sum(shares) or 1.0
            self._weights[number, is_plural] = [
                (target, most * share / total) for (target, _), share in zip(certainty, shares, strict=True)
            ]
        return self._weights[number, is_plural]

    def _implied(self, target: Entity | Category) -> list[str]:
        """Return the categories that a brand says already, because it is all there is of them, as Guinness is."""
        if isinstance(target, Category):
            return []
        return [kind for kind, weight in target.categories if weight == 1 and self._lexicon.is_single(kind)]

    def _is_meant(self, target: Entity | Category, name: str) -> float:
        """Return how likely a name, normalised, is meant as that of a target and not as just a word."""
        if isinstance(target, Entity):
            return self._lexicon.brand_certainty(name, target.prior)
        if "/" in target.identifier and not target.identifier.startswith(("drink/", "food/", "product/")):
            return 1.0
        factor = 1.0 if target.identifier in self._food or "/" in target.identifier else _OBJECT_FACTOR
        return factor / (1 + self._lexicon.counts.get(name, 0) / _RARE_NOUN)

    @cached_property
    def _pairs(self) -> LetterPairs:
        return LetterPairs([name.replace(" ", "") for name in self._lexicon.spelt])

    @cached_property
    def _frames(self) -> dict[tuple[str, ...], list[int]]:
        """Return the names of two or three words under each form with one word left out."""
        frames: dict[tuple[str, ...], list[int]] = defaultdict(list)
        for number, name in enumerate(self._lexicon.spelt):
            words = name.split(" ")
            if 1 < len(words) <= 3:
                for place in range(len(words)):
                    frames[(*words[:place], "", *words[place + 1 :])].append(number)
        return dict(frames)


def _floor(word: str) -> float:
    """Return the score per letter below which a lattice does not say a word."""
    return -_ALLOWED.get(len(word), _ALLOWED_LONG if len(word) > 10 else 0.0) / len(word)


def _overlap(first: str, second: str) -> float:
    """Return the share of letters in which two words agree around their common start and end, 0 to 1."""
    shorter = min(len(first), len(second))
    start = 0
    while start < shorter and first[start] == second[start]:
        start += 1
    end = 0
    while end < shorter - start and first[-1 - end] == second[-1 - end]:
        end += 1
    return (start + end) / max(len(first), len(second), 1)
