"""What a classifier's scores mean for a photo: probabilities of its classes, and of labels that it never saw."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from textsearch.types import FloatArray

ELSEWHERE = 4.0
"""Score that a trained classifier's classes compete with: that of one more class, all photos of anything else."""


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
