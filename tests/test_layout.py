from __future__ import annotations

import numpy as np
import pytest

from textsearch.layout import closeness
from textsearch.types import FloatArray


def box(left: float, top: float, width: float = 40, height: float = 10) -> FloatArray:
    right, bottom = left + width, top + height
    return np.array([[left, top], [right, top], [right, bottom], [left, bottom]], np.float32)


FIRST = box(100, 100)


@pytest.mark.parametrize(
    ("second", "expected"),
    [
        (box(140, 100), 1.0),  # the next word of the line
        (box(160, 100), 0.5),  # two text heights further
        (box(180, 100), 0.0),  # four
        (box(400, 100), 0.0),
        (box(100, 110), 1.0),  # the line below
        (box(100, 130), 0.5),
        (box(60, 100), 0.5),  # against the reading order
        (box(100, 90), 0.5),
        (box(40, 100), 0.25),
        (box(145, 115), 0.75),  # both gaps count
        (box(140, 104), 1.0),  # a little lower is still the line
    ],
)
def test_a_pair(second: FloatArray, expected: float) -> None:
    assert closeness([FIRST, second]) == pytest.approx(expected)


def test_one_region_or_none_is_close() -> None:
    assert closeness([]) == 1.0
    assert closeness([FIRST]) == 1.0


def test_the_same_region_twice_is_close() -> None:
    assert closeness([FIRST, FIRST]) == 1.0


def test_more_regions_are_averaged() -> None:
    assert closeness([FIRST, box(140, 100), box(400, 100)]) == pytest.approx(0.5)


def test_distance_is_measured_in_the_smaller_text_height() -> None:
    small = box(160, 100, height=5)
    assert closeness([FIRST, small]) == pytest.approx(0.0)
    assert closeness([small, FIRST]) == pytest.approx(0.0)


def test_a_region_without_height_does_not_divide_by_zero() -> None:
    assert closeness([box(0, 0, height=0), box(40, 0, height=0)]) == 1.0
