"""Exact scoring: from the vectors' similarity and the lattice's alignment to one calibrated score and a match kind."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from textsearch.alignment import Alignment
from textsearch.types import FloatArray, Match, MatchKind

CERTAIN = -0.5
"""An alignment above this, per letter, counts as the word itself: the lattice holds every letter at odds no worse."""

PART_MARGIN = 0.5
"""How much worse per letter a whole word may fit and still come before a part that fits perfectly."""

_INTERCEPT, _SIMILARITY_WEIGHT, _LATTICE_WEIGHT = -6.0, 9.0, 1.2

KINDS: tuple[MatchKind, ...] = ("exact", "partial", "similar")
"""Best first."""


@dataclass(frozen=True, eq=False)
class Scores:
    """How N regions match one word.

    Attributes:
        values: (N,) float32, calibrated, 0 to 1.
        lattice: (N,) float32, how well the letters fit, 0 to 1.
        kinds: N match kinds.
    """

    values: FloatArray
    lattice: FloatArray
    kinds: tuple[MatchKind, ...]


def score(similarities: FloatArray, alignment: Alignment) -> Scores:
    """Fuse both kinds of evidence.

    Args:
        similarities: (N,) float32 cosines.
        alignment: of the same N regions.
    """
    lattice = np.maximum(alignment.whole, alignment.part - PART_MARGIN)
    logits = _INTERCEPT + _SIMILARITY_WEIGHT * similarities + _LATTICE_WEIGHT * lattice
    return Scores(
        values=(1 / (1 + np.exp(-logits))).astype(np.float32),
        lattice=np.exp(lattice).astype(np.float32),
        kinds=tuple(_kind(whole, part) for whole, part in zip(alignment.whole, alignment.part, strict=True)),
    )


def _kind(whole: float, part: float) -> MatchKind:
    if whole >= CERTAIN:
        return "exact"
    return "partial" if part >= CERTAIN else "similar"


def weakest(kinds: Sequence[MatchKind]) -> MatchKind:
    """Return the weakest of some match kinds; "similar" if there are none."""
    return max(kinds, key=KINDS.index, default="similar")


def combine(matches: Sequence[Match | None], closeness: float) -> float:
    """Return the score of an image, 0 to 1, from the best match of each word.

    All words should be there: the geometric mean punishes a missing one. Words that stand together and in order count
    for a tenth.

    Args:
        matches: best match of each word, None where there is none.
        closeness: how near and how well in order the words stand, 0 to 1.
    """
    found = [match.score / 100 if match else 0.0 for match in matches]
    mean = float(np.exp(np.mean(np.log(np.maximum(found, 1e-3)))))
    return mean * (0.9 + 0.1 * closeness) if len(found) > 1 else mean
