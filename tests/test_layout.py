from __future__ import annotations

import numpy as np
import pytest

from tests.boxes import word_box
from textsearch.layout import BREAK, adjacency, beneath, beside, corners, reading_lines, slice_polygon
from textsearch.types import FloatArray

FIRST = word_box(100, 100)


# --- the next word of a line, the line below


def turned(polygon: FloatArray, degrees: float) -> FloatArray:
    angle = np.deg2rad(degrees)
    turn = np.array([[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]], np.float32)
    return np.asarray(polygon @ turn, np.float32)


PLACES = [
    (word_box(145, 100), 1.0, 0.0),  # the next word
    (word_box(160, 100), 0.5, 0.0),  # two text heights further
    (word_box(180, 100), 0.0, 0.0),  # four
    (word_box(137, 100), 1.0, 0.0),  # overlapping a little
    (word_box(120, 100), 0.0, 0.0),  # overlapping far
    (word_box(105, 102, 20, 6), 0.0, 0.0),  # inside
    (word_box(60, 100), 0.0, 0.0),  # before
    (word_box(145, 103), 1.0, 0.0),  # a little lower
    (word_box(145, 106), 0.5, 0.0),  # much lower
    (word_box(145, 97, height=16), 1.0, 0.0),  # larger letters
    (word_box(145, 85, height=40), 0.0, 0.0),  # a headline
    (word_box(100, 112), 0.0, 1.0),  # the line below
    (word_box(100, 125), 0.0, 0.5),  # with a loose leading
    (word_box(100, 150), 0.0, 0.0),  # another paragraph
    (word_box(150, 112), 0.0, 0.0),  # below, but beside
    (word_box(100, 88), 0.0, 0.0),  # above
]


@pytest.mark.parametrize("degrees", [0, 20, -40, 90, 180])
@pytest.mark.parametrize(("second", "right", "below"), PLACES)
def test_where_a_second_word_stands(second: FloatArray, right: float, below: float, degrees: float) -> None:
    first, other = turned(FIRST, degrees)[None], turned(second, degrees)[None]
    assert beside(first, other)[0, 0] == pytest.approx(right, abs=0.01)
    assert beneath(first, other)[0, 0] == pytest.approx(below, abs=0.01)


def test_text_in_another_direction_does_not_go_on() -> None:
    upwards = turned(word_box(0, 0), -90) + np.array([145, 105], np.float32)
    assert beside(FIRST[None], upwards[None])[0, 0] == 0
    assert beneath(FIRST[None], turned(FIRST, 180)[None] + np.array([240, 222], np.float32))[0, 0] == 0


def on_circle(count: int, radius: float = 150) -> FloatArray:
    """Return words along an arch, each turned by 15 degrees more."""
    arch = [turned(word_box(-18, -radius, 36), 15 * place) for place in range(count)]
    return np.stack(arch)


def test_a_curved_line_is_one_line() -> None:
    assert reading_lines(on_circle(5)) == [[0, 1, 2, 3, 4]]


def test_lines_are_read_from_above_and_from_the_left() -> None:
    words = [word_box(50, 20), word_box(0, 0), word_box(50, 0), word_box(0, 20), word_box(0, 60)]
    assert reading_lines(np.stack(words)) == [[1, 2], [3, 0], [4]]


def test_two_columns_are_not_one_line() -> None:
    words = [word_box(0, 0), word_box(100, 0), word_box(0, 20), word_box(100, 20)]
    assert reading_lines(np.stack(words)) == [[0], [1], [2], [3]]


def test_a_word_continues_one_line_only() -> None:
    words = [word_box(0, 0), word_box(0, 4), word_box(45, 0)]
    assert sorted(reading_lines(np.stack(words))) == [[0, 2], [1]]


def test_regions_that_follow_each_other_in_a_circle_are_all_read() -> None:
    lines = reading_lines(on_circle(24))
    assert sorted(place for line in lines for place in line) == list(range(24))


def test_no_region_has_no_line() -> None:
    assert reading_lines(np.zeros((0, 4, 2), np.float32)) == []
    assert adjacency(np.zeros((0, 4, 2), np.float32), np.zeros(0, np.int64)).shape == (0, 0)


def test_a_line_break_leads_to_the_beginning_of_the_next_line() -> None:
    words = np.stack([word_box(0, 0), word_box(45, 0), word_box(0, 15), word_box(45, 15)])
    follows = adjacency(words, np.array([0, 0, 1, 1]))
    assert follows[0, 1] == follows[2, 3] == 1
    assert follows[1, 2] == pytest.approx(BREAK), "the last word of a line and the first of the next"
    assert follows[0, 2] == pytest.approx(BREAK), "a word and the one below it"
    assert follows[0, 3] == follows[2, 1] == follows[1, 0] == follows[0, 0] == 0


# --- polygons


def test_the_corners_of_a_long_polygon() -> None:
    polygon = np.array([[0, 0], [5, -2], [10, 0], [10, 4], [5, 2], [0, 4]], np.float32)
    assert corners(polygon).tolist() == [[0, 0], [10, 0], [10, 4], [0, 4]]
    assert corners(FIRST).tolist() == FIRST.tolist()


def test_a_slice_of_a_quadrilateral() -> None:
    assert slice_polygon(FIRST, 0.25, 0.75).tolist() == [[110, 100], [130, 100], [130, 110], [110, 110]]
    assert slice_polygon(FIRST, 0, 1).tolist() == FIRST.tolist()


def test_a_slice_of_a_bent_polygon_keeps_the_bend() -> None:
    polygon = np.array([[0, 0], [10, 0], [10, 10], [6, 10], [6, 4], [0, 4]], np.float32)
    part = slice_polygon(polygon, 0.25, 0.75)
    assert part.tolist() == [[5, 0], [10, 0], [10, 5], [6, 7], [6, 4], [3, 4]]


def test_a_slice_of_nothing() -> None:
    point = np.zeros((4, 2), np.float32)
    assert slice_polygon(point, 0.2, 0.8).tolist() == point.tolist()
