"""Exact scoring: from the vectors' similarity and the lattice's alignment to one calibrated score and a match kind."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from textsearch.alignment import CERTAIN, Alignment
from textsearch.types import FloatArray, MatchKind

PART_MARGIN = 0.5
"""How much worse per letter a whole word may fit and still come before a part that fits perfectly."""

SIMILARITY = 1.5
"""What a cosine counts beside the log-score of a letter. On the development photos 1 to 2 rank words best."""

SURENESS = 0.8
"""What the logarithm of the transcript's mean probability counts beside the log-score of a letter: letters fit a blur
as well as a sharp sign, relative to what else it might be. On the development photos 0.6 to 1.2 rank best."""


@dataclass(frozen=True)
class Curve:
    """How evidence becomes a probability: a logistic curve that is steeper from some point on.

    Attributes:
        intercept: log-odds where the evidence is 0, without the steeper part.
        slope: log-odds for each unit of evidence.
        bend: the evidence from which on the curve is steeper.
        steeper: by how much.
    """

    intercept: float
    slope: float
    bend: float
    steeper: float

    def probability(self, evidence: FloatArray) -> FloatArray:
        """Return the probability (N,) float32 of what the evidence (N,) float32 speaks for."""
        odds = self.intercept + self.slope * evidence + self.steeper * np.maximum(evidence - self.bend, 0)
        return np.asarray(1 / (1 + np.exp(-odds)), np.float32)


WORD_CURVE = Curve(-2.07, 1.57, 0.6, 4.12)
PART_CURVE = Curve(-2.73, 1.41, -0.4, 12.91)
"""That a word is there, and that letters are there as a part. Fitted by `benchmarks/fit_scores.py` on ICDAR 2015
training photos, split dev."""

_EXACT_FLOOR, _PARTIAL_FLOOR = 0.6, 0.55
"""What is left of the probability that the letters alone give, where the vectors disagree, if they are the whole word,
and if they are a part of it: somebody who types a part wants the photos that hold it, but after the word itself."""

_EXACT_LEAST = 0.55
"""Least score of letters that are surely the whole word, however blurred. What speaks for the word raises it, up to
_EXACT_FLOOR, so that blurred signs keep an order. On the development photos one in four of those shows the word; a
lower one ranks words and parts a little better, but phrases, which need all of their words, a little worse."""

_CROSSING_EXACT, _CROSSING_PARTIAL = 0.8, 0.4
"""The same for letters that run on from one region into the next."""

_CROSSING_MARGIN = 0.2
"""How much worse per letter a fit counts that runs on into the next region."""

_CERTAIN_FLOOR = 0.07
"""Least score of letters that the lattice surely holds, however blurred the sign: above MINIMUM_SCORE whatever is taken
away later, so that whoever types less of a word finds no less."""

_LEAST_SURE = 0.05
"""A transcript less probable than this counts as one of this probability."""

APART, SEPARATE = 0.9, 0.015
"""What is left of the score where the words stand far apart: of words that may, and of a phrase. The latter is below
MINIMUM_SCORE: such a photo is not found, but still comes before those without the words."""

UNTYPED_MARKS = 0.9
"""What is left of the score where a letter was typed with a diacritic and is seen without it."""

MEANINGFUL = 0.02
"""A match below this score is not shown: its region has nothing to do with the word."""

MINIMUM_SCORE = 2.0
"""Hits below this score, of 100, are left out unless asked for: a word of four letters with one of them misread, EX1T
for exit, scores 3, and what has nothing to do with the word a tenth."""

LEAST_PHRASE = 0.05
"""Least score of what only looks like a phrase: the same words the other way round, or apart, are none."""

KIND_MARGIN = 10.0
"""Points, of 100, by which a photo must score more to come before one of the next better kind."""

KINDS: tuple[MatchKind, ...] = ("exact", "partial", "similar")
"""Best first."""

EXACT, PARTIAL, SIMILAR = 0, 1, 2
"""Places in KINDS."""


@dataclass(frozen=True, eq=False)
class Scores:
    """How N regions match one word.

    Attributes:
        values: (N,) float32, calibrated, 0 to 1.
        lattice: (N,) float32, how well the letters fit, 0 to 1.
        kinds: (N,) int, places in KINDS.
    """

    values: FloatArray
    lattice: FloatArray
    kinds: NDArray[np.int64]


def letter_fit(alignment: Alignment) -> FloatArray:
    """Return how well the letters fit each of N regions, (N,) float32, at most 0: as the whole text, or as a part."""
    return np.asarray(np.maximum(alignment.whole, alignment.part - PART_MARGIN), np.float32)


def word_evidence(similarities: FloatArray, alignment: Alignment, text_scores: FloatArray | float) -> FloatArray:
    """Return one number (N,) float32 for all that speaks for a word in N regions."""
    return SIMILARITY * similarities + letter_fit(alignment) + SURENESS * _sureness(text_scores)


def part_evidence(fit: FloatArray, text_scores: FloatArray | float) -> FloatArray:
    """Return one number (N,) float32 for all that speaks for letters; `fit` (N,) is their log-score per letter."""
    return fit + SURENESS * _sureness(text_scores)


def score(similarities: FloatArray, alignment: Alignment, text_scores: FloatArray | float = 1.0) -> Scores:
    """Fuse all evidence for a word.

    Args:
        similarities: (N,) float32 cosines.
        alignment: of the same N regions.
        text_scores: (N,) float32, mean probability of the transcripts' characters, 0 to 1.
    """
    values = WORD_CURVE.probability(word_evidence(similarities, alignment, text_scores))
    part = PART_CURVE.probability(part_evidence(alignment.part, text_scores))
    kinds = _kinds(alignment)
    least = _EXACT_LEAST + (1 - _EXACT_LEAST / _EXACT_FLOOR) * values
    exact = np.where(kinds == EXACT, np.maximum(least, _EXACT_FLOOR * part), 0)
    values = np.maximum(values, np.maximum(exact, _PARTIAL_FLOOR * part))
    return _scores(values, np.exp(letter_fit(alignment)), kinds)


def score_anchored(fit: FloatArray, letters: int, text_scores: FloatArray | float) -> Scores:
    """Score letters that may or must have others before or after them: where they fit they are all that was asked for.

    Args:
        fit: (N,) float32 log-scores per letter.
        letters: their number.
        text_scores: (N,) float32, mean probability of the transcripts' characters, 0 to 1.
    """
    values = PART_CURVE.probability(part_evidence(fit, text_scores))
    return _scores(values, np.exp(fit), np.where(fit >= CERTAIN / letters, EXACT, SIMILAR))


def score_crossing(alignment: Alignment, text_scores: FloatArray | float) -> Scores:
    """Score letters that run on from one region into the next; `alignment` is of N lines."""
    whole, part = (
        PART_CURVE.probability(part_evidence(fit - _CROSSING_MARGIN, text_scores))
        for fit in (alignment.whole, alignment.part)
    )
    values = np.maximum(_CROSSING_EXACT * whole, _CROSSING_PARTIAL * part)
    return _scores(values, np.exp(np.maximum(alignment.whole, alignment.part)), _kinds(alignment))


def _scores(values: FloatArray, lattice: FloatArray, kinds: NDArray[np.int64]) -> Scores:
    """Return scores in which those whose letters are certain are above a least one."""
    raised = np.where(kinds == SIMILAR, values, _CERTAIN_FLOOR + (1 - _CERTAIN_FLOOR) * values)
    return Scores(np.asarray(raised, np.float32), lattice, kinds)


def _kinds(alignment: Alignment) -> NDArray[np.int64]:
    """Return the kinds (N,) of matches with whole and part of N regions."""
    certain = CERTAIN / alignment.letters
    return np.where(alignment.whole >= certain, EXACT, np.where(alignment.part >= certain, PARTIAL, SIMILAR))


def _sureness(text_scores: FloatArray | float) -> FloatArray:
    return np.asarray(np.log(np.maximum(text_scores, np.float32(_LEAST_SURE))), np.float32)


def together(values: FloatArray) -> FloatArray:
    """Return the score of M images, 0 to 1, from the best match of each of W words, (W, M) float32.

    All words should be there: the geometric mean punishes a missing one.
    """
    return np.asarray(np.exp(np.log(np.maximum(values, 1e-3)).mean(axis=0)), np.float32)


def placed(value: float, closeness: float, apart: float) -> float:
    """Return an image's score after looking at where its words stand.

    Args:
        value: the score from the words alone, 0 to 1.
        closeness: how near and how well in order they stand, 0 to 1.
        apart: what is left of the score where they do not, APART or SEPARATE.
    """
    return value * (apart + (1 - apart) * closeness)
