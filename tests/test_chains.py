from __future__ import annotations

import numpy as np
import pytest

from tests.boxes import box
from textsearch import chains as module
from textsearch.chains import band
from textsearch.geometry import order_corners, side_lengths, sides, slice_along
from textsearch.types import FloatArray


def turned(polygon: FloatArray, degrees: float) -> FloatArray:
    """Return a quadrilateral turned clockwise around its centre, ordered anew."""
    angle = np.radians(degrees)
    matrix = np.array([[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]], np.float32)
    centre = polygon.mean(axis=0)
    return order_corners(((polygon - centre) @ matrix + centre).astype(np.float32))


def around_a_circle(count: int, radius: float = 200, size: float = 40, apart: float = 20) -> list[FloatArray]:
    """Return tiles along the upper half of a circle around (400, 400), clockwise."""
    step = 360 * (size + apart) / (2 * np.pi * radius)
    tiles = []
    for angle in (np.arange(count) - (count - 1) / 2) * step:
        x, y = 400 + radius * np.sin(np.radians(angle)), 400 - radius * np.cos(np.radians(angle))
        tiles.append(turned(box(x - size / 2, y - size / 2, x + size / 2, y + size / 2), angle))
    return tiles


def chains(polygons: list[FloatArray], apart: float = 1.7) -> list[list[int]]:
    return module.chains(polygons, apart)


LETTERS = [box(60.0 * number, 0, 60.0 * number + 40, 40) for number in range(5)]


# --- which regions belong together


@pytest.mark.parametrize("polygons", [[], [box(0, 0, 100, 20)]])
def test_nothing_to_link(polygons: list[FloatArray]) -> None:
    assert chains(polygons) == []


def test_letters_set_apart_are_a_chain_in_whatever_order_they_are_found() -> None:
    assert chains(LETTERS) == [[0, 1, 2, 3, 4]]
    assert chains([LETTERS[place] for place in (2, 0, 4, 1, 3)]) == [[1, 3, 0, 4, 2]]


def test_letters_below_each_other_are_a_chain() -> None:
    assert chains([polygon[:, ::-1] for polygon in LETTERS]) == [[0, 1, 2, 3, 4]]


def test_a_broken_word_is_a_chain() -> None:
    assert chains([box(0, 0, 100, 20), box(110, 1, 140, 21), box(150, 0, 250, 20)]) == [[0, 1, 2]]


@pytest.mark.parametrize(("apart", "found"), [(0.55, [[0, 1, 2, 3, 4]]), (0.45, [])])
def test_letters_are_apart_by_their_own_sizes(apart: float, found: list[list[int]]) -> None:
    assert chains(LETTERS, apart) == found


@pytest.mark.parametrize(
    "other",
    [
        box(125, 0, 225, 20),  # more than a height away
        box(104, -9, 304, 31),  # twice as large
        box(0, 25, 100, 45),  # below
        box(105, 30, 205, 50),  # on the next line
        turned(box(65, 60, 165, 80), 90),  # in another direction, below
        turned(box(62, 40, 162, 60), 80),  # its end is near, but it turns too much
    ],
)
def test_regions_that_do_not_go_on_are_not_linked(other: FloatArray) -> None:
    assert chains([box(0, 0, 100, 20), other]) == []


def test_text_does_not_turn_back() -> None:
    row = LETTERS[:2]
    assert chains([*row, box(30, 60, 70, 100)]) == [[0, 1]]  # below, between both


def test_a_word_is_continued_once_at_each_end() -> None:
    found = chains([box(0, 0, 100, 20), box(105, 0, 205, 20), box(108, 4, 208, 24)])
    assert found == [[0, 1]]


def test_letters_around_a_circle_are_a_chain() -> None:
    assert chains(around_a_circle(9)) == [list(range(9))]


def test_a_closed_ring_is_cut_somewhere() -> None:
    ring = around_a_circle(21, size=40, apart=2 * np.pi * 200 / 21 - 40)
    (chain,) = chains(ring)
    assert sorted(chain) == list(range(21))


def test_a_speck_between_two_letters_does_not_part_them() -> None:
    assert chains([*LETTERS, box(41, 9, 63, 31)]) == [[0, 1, 2, 3, 4]]


def test_two_rows_are_two_chains() -> None:
    below = [polygon + np.array([0, 200], np.float32) for polygon in LETTERS]
    assert chains([*LETTERS, *below]) == [[0, 1, 2, 3, 4], [5, 6, 7, 8, 9]]


# --- the band through them


def test_a_straight_chain_has_a_quadrilateral() -> None:
    polygon = band(LETTERS, bend=0.4)
    assert polygon is not None
    assert polygon.dtype == np.float32
    np.testing.assert_allclose(polygon, [[0, 0], [280, 0], [280, 40], [0, 40]], atol=4)


def test_the_parts_of_a_word_are_all_in_its_band() -> None:
    polygon = band([box(0, 0, 100, 20), box(110, 1, 140, 21)], bend=0.4)
    assert polygon is not None
    np.testing.assert_allclose(polygon, [[0, 0], [140, 1], [140, 21], [0, 20]], atol=3)


@pytest.mark.parametrize("backwards", [False, True])
def test_a_chain_around_a_circle_has_a_bent_band(backwards: bool) -> None:
    tiles = around_a_circle(9)
    polygon = band(tiles[::-1] if backwards else tiles, bend=0.4)
    assert polygon is not None
    top, bottom = sides(polygon)
    assert len(polygon) > 4
    assert top[0, 0] < top[-1, 0]
    np.testing.assert_allclose(np.linalg.norm(top - 400, axis=1), 220, atol=8)
    np.testing.assert_allclose(np.linalg.norm(bottom - 400, axis=1), 180, atol=8)
    assert side_lengths(polygon)[0] == pytest.approx(8 * 60 + 40, rel=0.05)


def test_bent_parts_keep_their_curve() -> None:
    whole = band(around_a_circle(9), bend=0.4)
    assert whole is not None
    polygon = band([slice_along(whole, 0.0, 0.45), slice_along(whole, 0.55, 1.0)], bend=0.4)
    assert polygon is not None
    np.testing.assert_allclose(np.linalg.norm(sides(polygon)[0] - 400, axis=1), 220, atol=12)


def test_with_quadrilaterals_only_a_bent_chain_has_one_as_well() -> None:
    polygon = band(around_a_circle(9), bend=float("inf"))
    assert polygon is not None
    assert polygon.shape == (4, 2)


def test_a_small_letter_does_not_thin_the_band() -> None:
    polygon = band([box(0, 0, 40, 40), box(60, 12, 85, 40), box(105, 0, 145, 40)], bend=0.4)
    assert polygon is not None
    assert 38 < side_lengths(polygon)[1] < 50


def test_a_ring_that_no_band_follows_has_none() -> None:
    assert band(around_a_circle(19), bend=0.4) is None


def test_a_band_that_would_fold_is_none() -> None:
    assert band(around_a_circle(3, radius=22, size=40, apart=0), bend=0.1) is None
