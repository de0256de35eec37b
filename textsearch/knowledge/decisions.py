"""What a classifier's scores mean for a photo: classes with probabilities, and the categories of the taxonomy above."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from textsearch.knowledge.lexicon import Lexicon
from textsearch.types import FloatArray

ELSEWHERE = 4.0
"""Score that a trained classifier's classes compete with: that of one more class, all photos of anything else."""


@dataclass(frozen=True, eq=False)
class CategoryScores:
    """How likely a photo shows each class of a task.

    Attributes:
        labels: C names of classes.
        categories: their categories' identifiers; None where the lexicon has none.
        probabilities: (C,) float32, sum 1.
    """

    labels: tuple[str, ...]
    categories: tuple[str | None, ...]
    probabilities: FloatArray

    def best(self, count: int = 3) -> list[tuple[str, float]]:
        """Return the likeliest classes with their probabilities."""
        order = np.argsort(-self.probabilities, kind="stable")[:count]
        return [(self.labels[place], float(self.probabilities[place])) for place in order]

    def of_category(self, identifier: str, lexicon: Lexicon) -> float:
        """Return how likely the photo shows a category or anything under it, 0 to 1.

        Raises:
            KeyError: the lexicon has no such category.
        """
        below = lexicon.below(identifier)
        chosen = [place for place, category in enumerate(self.categories) if category in below]
        return float(self.probabilities[chosen].sum())


def probabilities(logits: FloatArray, temperature: float = 1.0) -> FloatArray:
    """Return the softmax of logits (..., C) over the last axis, float32."""
    scaled = logits / temperature
    exponentials = np.exp(scaled - scaled.max(axis=-1, keepdims=True))
    shares: FloatArray = (exponentials / exponentials.sum(axis=-1, keepdims=True)).astype(np.float32)
    return shares


def choose(scores: FloatArray, labels: Sequence[str], wanted: Sequence[str], evidence: FloatArray) -> FloatArray:
    """Return the scores of the labels that may be the answer, (P, W), also of those that no training has seen.

    A photo of something else, as likely as ELSEWHERE, is shared among the labels that were not trained by what
    knowledge says of them.

    Args:
        scores: (P, C), of a trained classifier.
        labels: its C labels.
        wanted: W labels.
        evidence: (P, W), log-odds of the wanted labels by knowledge alone.
    """
    places = {label: place for place, label in enumerate(labels)}
    chosen = evidence.astype(np.float32)
    trained = [column for column, label in enumerate(wanted) if label in places]
    others = [column for column, label in enumerate(wanted) if label not in places]
    chosen[:, trained] = scores[:, [places[wanted[column]] for column in trained]]
    if others:
        chosen[:, others] = ELSEWHERE + np.log(probabilities(chosen[:, others]) + _LEAST)
    return chosen


_LEAST = 1e-9
