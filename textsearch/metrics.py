"""Retrieval metrics as the field publishes them."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike


def average_precision(relevant: ArrayLike, scores: ArrayLike) -> float:
    """Return the average precision of a ranking: not interpolated, tied scores taken as one group.

    The same number as scikit-learn's `average_precision_score`, which the published tables were made with.

    Args:
        relevant: (N,) truth values, at least one of them true.
        scores: (N,) float, higher is better.

    Raises:
        ValueError: nothing is relevant, so the metric is not defined.
    """
    truth, values = np.asarray(relevant, bool), np.asarray(scores, np.float64)
    if not truth.any():
        raise ValueError("average precision needs at least one relevant item")
    order = np.argsort(-values, kind="stable")
    truth, values = truth[order], values[order]
    last_of_group = np.append(np.nonzero(np.diff(values))[0], len(values) - 1)
    found = np.cumsum(truth)[last_of_group]
    precision = found / (last_of_group + 1)
    recall = found / truth.sum()
    return float(np.sum(np.diff(recall, prepend=0.0) * precision))
