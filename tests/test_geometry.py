from __future__ import annotations

import itertools
import math

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.boxes import box
from textsearch.geometry import (
    Fit,
    is_vertical,
    order_corners,
    overlap,
    rectify,
    side_lengths,
    slice_along,
    turned,
)
from textsearch.types import FloatArray


def rotated(quadrilateral: FloatArray, degrees: float) -> FloatArray:
    """Turn clockwise on screen, about the origin."""
    cosine, sine = math.cos(math.radians(degrees)), math.sin(math.radians(degrees))
    return quadrilateral @ np.array([[cosine, sine], [-sine, cosine]], np.float32)


LINE = box(-50, -10, 50, 10)
COLUMN = box(-10, -50, 10, 50)


# --- Fit


@pytest.mark.parametrize(
    ("size", "longer_side", "fitted"),
    [
        ((640, 480), 640, (640, 480)),
        ((4000, 3000), 1920, (1920, 1440)),
        ((3000, 4000), 1920, (1440, 1920)),
        ((1000, 700), 1000, (992, 704)),
        ((100, 30), 100, (96, 32)),
        ((33_000, 60), 1920, (1920, 32)),
        ((1, 1), 1, (32, 32)),
    ],
)
def test_fit(size: tuple[int, int], longer_side: int, fitted: tuple[int, int]) -> None:
    fit = Fit.of(*size, longer_side)
    assert (fit.width, fit.height) == fitted


@given(st.integers(32, 5000), st.integers(32, 5000), st.integers(64, 2000))
def test_fit_gives_whole_multiples_and_a_way_back(width: int, height: int, longer_side: int) -> None:
    fit = Fit.of(width, height, longer_side)
    assert fit.width % 32 == 0
    assert fit.height % 32 == 0
    assert abs(max(fit.width, fit.height) - longer_side) <= 16
    corner = np.array([[0, 0], [fit.width, fit.height]], np.float32)
    np.testing.assert_allclose(fit.to_photo(corner), [[0, 0], [width, height]], rtol=1e-5)


@pytest.mark.parametrize("longer_side", [64, 128])
def test_resize_keeps_what_is_where(longer_side: int) -> None:
    photo = np.zeros((64, 128, 3), np.uint8)
    photo[32:, 64:] = (10, 200, 90)
    fit = Fit.of(128, 64, longer_side)
    resized = fit.resize(photo)
    assert resized.shape == (longer_side // 2, longer_side, 3)
    assert resized[-1, -1].tolist() == [10, 200, 90]
    assert not resized[: longer_side // 4 - 1].any()


# --- corners


@pytest.mark.parametrize("corners", list(itertools.permutations(LINE.tolist())))
def test_any_order_of_corners_is_put_right(corners: tuple[list[float], ...]) -> None:
    np.testing.assert_array_equal(order_corners(np.array(corners, np.float32)), LINE)


@pytest.mark.parametrize("degrees", [-70, -45, -20, 0, 20, 44, 46, 70])
def test_text_runs_left_to_right_along_the_longer_sides(degrees: float) -> None:
    tilted = rotated(LINE, degrees)
    np.testing.assert_allclose(order_corners(np.roll(tilted, 1, axis=0)), tilted, atol=1e-4)


@pytest.mark.parametrize("degrees", [-10, 0, 10])
def test_a_column_is_read_top_to_bottom(degrees: float) -> None:
    column = rotated(COLUMN, degrees)
    ordered = order_corners(column)
    np.testing.assert_allclose(ordered, column[[1, 2, 3, 0]], atol=1e-4)
    assert is_vertical(ordered)
    assert side_lengths(ordered) == pytest.approx((100, 20), rel=1e-5)


def test_a_box_only_somewhat_higher_than_wide_is_one_letter_not_a_column() -> None:
    letter = box(0, 0, 10, 14)
    np.testing.assert_array_equal(order_corners(letter), letter)
    assert not is_vertical(letter)


def test_turned_starts_at_the_opposite_corner() -> None:
    np.testing.assert_array_equal(turned(LINE)[0], LINE[2])
    np.testing.assert_array_equal(turned(turned(LINE)), LINE)
    assert is_vertical(turned(order_corners(COLUMN)))


def test_side_lengths_are_means_of_opposite_sides() -> None:
    trapezium = np.array([[0, 0], [10, 0], [20, 20], [-10, 20]], np.float32)
    along, across = side_lengths(trapezium)
    assert along == pytest.approx((10 + 30) / 2)
    assert across == pytest.approx(math.hypot(10, 20))


# --- strips


@pytest.mark.parametrize(
    ("quadrilateral", "width"),
    [
        (box(10, 10, 110, 34), 200),  # enlarged
        (box(0, 0, 500, 480), 50),  # averaged down ten times
        (box(0, 0, 500, 4), 300),  # squeezed to the longest
        (box(0, 0, 1, 100), 8),  # never thinner than one frame
        (np.zeros((4, 2), np.float32), 8),  # no area at all
    ],
)
def test_strips_keep_the_proportions(quadrilateral: FloatArray, width: int) -> None:
    photo = np.zeros((500, 600, 3), np.uint8)
    assert rectify(photo, quadrilateral, 48, 300).shape == (48, width, 3)


@pytest.mark.parametrize("degrees", [-30, 0, 30, 90, 180])
@pytest.mark.parametrize("size", [1.0, 4.0])
def test_a_strip_shows_its_text_upright(degrees: float, size: float) -> None:
    # Four fields of different brightness; they must come out in the order of the corners.
    unit = rotated(LINE * size, degrees)
    middle = np.array([300, 300], np.float32)
    photo = np.zeros((600, 600, 3), np.uint8)
    brightness = [40, 100, 160, 220]
    rows, columns = np.mgrid[0:600, 0:600].astype(np.float32)
    points = rotated(np.stack([columns, rows], axis=-1) - middle, -degrees)
    for value, (right, below) in zip(
        brightness, [(False, False), (True, False), (True, True), (False, True)], strict=True
    ):
        photo[((points[..., 0] > 0) == right) & ((points[..., 1] > 0) == below)] = value
    strip = rectify(photo, unit + middle, 48, 1280)
    height, width = strip.shape[:2]
    quarters = [(12, width // 4), (12, width * 3 // 4), (36, width * 3 // 4), (36, width // 4)]
    assert [int(strip[y, x, 0]) for y, x in quarters] == brightness
    assert abs(width / height - 5) < 0.1


def test_a_strip_beyond_the_edge_repeats_the_edge() -> None:
    photo = np.full((40, 40, 3), 90, np.uint8)
    assert (rectify(photo, box(-20, -20, 60, 20), 48, 1280) == 90).all()


def ring(points: int, radius: float = 60, thickness: float = 20) -> FloatArray:
    """Return the upper half of a ring about (100, 100), read from left to right."""
    angles = np.linspace(math.pi, 0, points)
    rays = np.stack([np.cos(angles), -np.sin(angles)], axis=-1)
    outer, inner = 100 + (radius + thickness / 2) * rays, 100 + (radius - thickness / 2) * rays
    return np.concatenate([outer, inner[::-1]]).astype(np.float32)


def test_a_bent_polygon_has_a_length_a_height_and_a_direction() -> None:
    along, across = side_lengths(ring(20))
    assert along == pytest.approx(math.pi * 60, rel=0.01)
    assert across == pytest.approx(20, rel=0.01)
    assert not is_vertical(ring(20))
    assert is_vertical(rotated(ring(20), 90))


def test_a_bent_polygon_turned_starts_at_its_other_end() -> None:
    polygon = ring(10)
    np.testing.assert_array_equal(turned(polygon)[0], polygon[10])
    np.testing.assert_array_equal(turned(polygon)[-1], polygon[9])
    np.testing.assert_array_equal(turned(turned(polygon)), polygon)


@pytest.mark.parametrize("size", [1.0, 3.0])
def test_a_bent_strip_is_unrolled(size: float) -> None:
    # Brightness tells the angle, blue the distance from the middle of the ring.
    rows, columns = np.mgrid[0:600, 0:600].astype(np.float32)
    angles = np.degrees(np.arctan2(100 * size - rows, columns - 100 * size))
    distances = np.hypot(rows - 100 * size, columns - 100 * size)
    photo = np.stack([np.clip(angles, 0, 180), distances / size, 0 * rows], axis=-1).astype(np.uint8)
    strip = rectify(photo, ring(20) * size, 48, 1280).astype(np.float64)
    height, width = strip.shape[:2]
    assert width / height == pytest.approx(math.pi * 60 / 20, rel=0.03)
    expected = 180 - 180 * (np.arange(width) + 0.5) / width
    np.testing.assert_allclose(strip[height // 2, 2:-2, 0], expected[2:-2], atol=2.5)
    np.testing.assert_allclose(strip[:, width // 2, 1], 70 - 20 * (np.arange(height) + 0.5) / height, atol=1.5)


def test_a_bent_strip_beyond_the_edge_repeats_the_edge() -> None:
    photo = np.full((100, 200, 3), 90, np.uint8)
    assert (rectify(photo, ring(20) - np.array([100, 60], np.float32), 48, 1280) == 90).all()


def test_slices_of_a_bent_polygon_lie_side_by_side() -> None:
    polygon = ring(20)
    first, second = slice_along(polygon, 0.0, 0.4), slice_along(polygon, 0.4, 1.0)
    assert first.dtype == np.float32
    np.testing.assert_allclose(first[len(first) // 2 - 1], second[0], atol=1e-4)
    np.testing.assert_allclose(first[len(first) // 2], second[-1], atol=1e-4)
    np.testing.assert_allclose(slice_along(polygon, 0.0, 1.0), polygon, atol=1e-4)
    assert side_lengths(first)[0] == pytest.approx(0.4 * side_lengths(polygon)[0], rel=0.01)


def test_beyond_its_ends_a_polygon_goes_straight_on() -> None:
    np.testing.assert_allclose(slice_along(box(0, 0, 100, 20), -0.1, 1.2), box(-10, 0, 120, 20), atol=1e-4)
    polygon = ring(20)
    longer = slice_along(polygon, -0.1, 1.0)
    assert side_lengths(longer)[0] == pytest.approx(1.1 * side_lengths(polygon)[0], rel=0.02)
    np.testing.assert_allclose(longer[len(longer) // 2 - 1], polygon[len(polygon) // 2 - 1], atol=1e-4)
    outwards, along = longer[0] - polygon[0], polygon[1] - polygon[0]
    assert outwards[0] * along[1] == pytest.approx(outwards[1] * along[0], abs=0.1)
    assert outwards @ along < 0


def test_overlap_of_bent_polygons() -> None:
    polygon = ring(20)
    assert overlap(polygon, polygon) == 1.0
    assert overlap(polygon, polygon + 500) == 0.0
    assert overlap(polygon, slice_along(polygon, 0.0, 0.5)) == pytest.approx(0.5, abs=0.04)
    middle = box(60, 80, 140, 120)  # inside the ring's hollow for the greater part
    assert overlap(polygon, middle) < 0.2


def test_slice_along() -> None:
    np.testing.assert_allclose(slice_along(box(0, 0, 100, 20), 0.25, 0.5), box(25, 0, 50, 20))
    column = order_corners(box(0, 0, 20, 100))
    np.testing.assert_allclose(order_corners(slice_along(column, 0.0, 0.5)), order_corners(box(0, 0, 20, 50)))
    np.testing.assert_allclose(slice_along(LINE, 0.0, 1.0), LINE)


@pytest.mark.parametrize(
    ("first", "second", "expected"),
    [
        (box(0, 0, 10, 10), box(0, 0, 10, 10), 1.0),
        (box(0, 0, 10, 10), box(5, 0, 15, 10), 1 / 3),
        (box(0, 0, 10, 10), box(2, 2, 7, 7), 0.25),
        (box(0, 0, 10, 10), box(20, 20, 30, 30), 0.0),
        (box(0, 0, 10, 10), box(10, 0, 20, 10), 0.0),
        (box(0, 0, 0, 0), box(0, 0, 0, 0), 0.0),
    ],
)
def test_overlap(first: FloatArray, second: FloatArray, expected: float) -> None:
    assert overlap(first, second) == pytest.approx(expected, abs=1e-5)
    assert overlap(second, first) == pytest.approx(expected, abs=1e-5)


@pytest.mark.parametrize("bent", [False, True])
@pytest.mark.parametrize("side", [0, 1])
def test_text_is_cut_out_of_a_picture_longer_than_opencv_warps(side: int, bent: bool) -> None:
    random = np.random.default_rng(0)
    photo = cv2.GaussianBlur(random.integers(0, 256, (400, 200, 3), np.uint8), (5, 5), 2).astype(np.uint8)
    corners = np.array([[40, 300], [150, 310], [148, 350], [38, 340]], np.float32)
    polygon = np.insert(corners, [1, 3], [[95, 304], [93, 344]], axis=0).astype(np.float32) if bent else corners
    expected = rectify(photo, polygon, 48, 960)
    long = np.pad(photo, [(32_700, 0), (0, 0), (0, 0)] if side else [(0, 0), (32_900, 0), (0, 0)], mode="edge")
    shift = np.array([0, 32_700] if side else [32_900, 0], np.float32)
    strip = rectify(long, polygon + shift, 48, 960)
    np.testing.assert_allclose(strip.astype(int), expected.astype(int), atol=2)


def test_a_line_longer_than_opencv_warps_is_squeezed() -> None:
    photo = np.zeros((20, 33_000, 3), np.uint8)
    photo[:, 16_500:] = 200
    line = box(0, 0, 33_000, 20)
    for polygon in (line, np.insert(line, [1, 3], [[16_500, 0], [16_500, 20]], axis=0).astype(np.float32)):
        strip = rectify(photo, polygon, 48, 960)
        assert strip.shape == (48, 960, 3)
        assert strip[:, :470].max() == 0
        assert strip[:, -470:].min() == 200
