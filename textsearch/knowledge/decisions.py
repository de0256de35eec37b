"""What a classifier's scores mean for a photo: classes with probabilities, and the categories of the taxonomy above."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from textsearch.knowledge.lexicon import Lexicon
from textsearch.types import FloatArray


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


def restrict(scores: FloatArray, labels: Sequence[str], kept: Sequence[str]) -> FloatArray:
    """Return the columns of scores (P, C) of some labels, in their order.

    Raises:
        KeyError: a label is none of the classifier's.
    """
    places = {label: place for place, label in enumerate(labels)}
    return scores[:, [places[label] for label in kept]]
