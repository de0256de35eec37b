"""Exact scoring: from the vectors' similarity and the lattice's alignment to one calibrated score and a match kind."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from textsearch.alignment import Alignment
from textsearch.types import FloatArray, MatchKind

CERTAIN = -0.5
"""An alignment above this, per letter, counts as the word itself: the lattice holds every letter at odds no worse."""

PART_MARGIN = 0.5
"""How much worse per letter a whole word may fit and still come before a part that fits perfectly."""

PLACE_FLOOR = 0.9
"""What is left of the score of a photo whose words stand far apart."""

MEANINGFUL = 0.05
"""A match below this score is not shown: its region has nothing to do with the word."""

_INTERCEPT, _SIMILARITY_WEIGHT, _LATTICE_WEIGHT = -4.82, 7.87, 1.47
"""Fitted by `benchmarks/fit_scores.py` on ICDAR 2015 training photos, split dev; see benchmarks/results."""

_EXACT_FLOOR, _PARTIAL_FLOOR = 0.6, 0.5
"""Least score of a region whose lattice holds all the letters perfectly, whatever the vectors say. The fit asks for the
whole word only; somebody who types a part of a word wants the photos that hold it."""

MINIMUM_SCORE = 5.0
"""Hits below this score, of 100, are left out unless asked for: fewer than one in a hundred of them holds the word."""

KINDS: tuple[MatchKind, ...] = ("exact", "partial", "similar")
"""Best first."""


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


def score(similarities: FloatArray, alignment: Alignment) -> Scores:
    """Fuse both kinds of evidence.

    Args:
        similarities: (N,) float32 cosines.
        alignment: of the same N regions.
    """
    lattice = letter_fit(alignment)
    logits = _INTERCEPT + _SIMILARITY_WEIGHT * similarities + _LATTICE_WEIGHT * lattice
    kinds = np.where(alignment.whole >= CERTAIN, 0, np.where(alignment.part >= CERTAIN, 1, 2))
    floors = np.choose(
        kinds, [_EXACT_FLOOR * np.exp(alignment.whole), _PARTIAL_FLOOR * np.exp(alignment.part), np.float32(0)]
    )
    return Scores(
        values=np.maximum(1 / (1 + np.exp(-logits)), floors).astype(np.float32),
        lattice=np.exp(lattice).astype(np.float32),
        kinds=kinds,
    )


def weakest(kinds: Sequence[MatchKind]) -> MatchKind:
    """Return the weakest of some match kinds; "similar" if there are none."""
    return max(kinds, key=KINDS.index, default="similar")


def together(values: FloatArray) -> FloatArray:
    """Return the score of M images, 0 to 1, from the best match of each of W words, (W, M) float32.

    All words should be there: the geometric mean punishes a missing one.
    """
    return np.asarray(np.exp(np.log(np.maximum(values, 1e-3)).mean(axis=0)), np.float32)


def placed(value: float, closeness: float) -> float:
    """Return an image's score after looking at where its words stand: near and in order counts for a tenth.

    Args:
        value: the score from the words alone, 0 to 1.
        closeness: how near and how well in order they stand, 0 to 1.
    """
    return value * (PLACE_FLOOR + (1 - PLACE_FLOOR) * closeness)
