"""Average precision, against values worked out by hand and against scikit-learn."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import average_precision_score

from textsearch.metrics import average_precision


@pytest.mark.parametrize(
    ("relevant", "scores", "expected"),
    [
        ([1, 0, 0], [3, 2, 1], 1.0),
        ([0, 1, 0], [3, 2, 1], 1 / 2),
        ([1, 0, 1], [3, 2, 1], (1 + 2 / 3) / 2),
        ([1, 0, 0, 0], [1, 1, 1, 1], 1 / 4),  # a tie is one group
    ],
)
def test_rows_worked_out_by_hand(relevant: list[int], scores: list[float], expected: float) -> None:
    assert average_precision(relevant, scores) == pytest.approx(expected)


@given(st.lists(st.tuples(st.booleans(), st.integers(0, 5)), min_size=1, max_size=40))
def test_same_as_scikit_learn(rows: list[tuple[bool, int]]) -> None:
    relevant, scores = np.array(rows).T
    if relevant.any():
        assert average_precision(relevant, scores) == pytest.approx(average_precision_score(relevant, scores))


def test_nothing_relevant_is_an_error() -> None:
    with pytest.raises(ValueError, match="at least one relevant"):
        average_precision([0, 0], [1, 2])
