from __future__ import annotations

import math

import cv2
import numpy as np
import pytest

from textsearch.detection import decode
from textsearch.geometry import is_vertical
from textsearch.options import DetectionOptions
from textsearch.types import FloatArray

EXACT = DetectionOptions(growth=0.0)


def painted(*boxes: tuple[int, int, int, int], probability: float = 0.9) -> FloatArray:
    """Return a map (100, 200) with filled boxes (left, top, right, bottom)."""
    probabilities = np.zeros((100, 200), np.float32)
    for left, top, right, bottom in boxes:
        probabilities[top:bottom, left:right] = probability
    return probabilities


def test_nothing_found() -> None:
    quadrilaterals, scores = decode(painted(), DetectionOptions())
    assert quadrilaterals == []
    assert scores.shape == (0,)
    assert scores.dtype == np.float32


def test_a_box_is_found_where_it_is() -> None:
    quadrilaterals, scores = decode(painted((40, 20, 120, 40)), EXACT)
    assert quadrilaterals[0].dtype == scores.dtype == np.float32
    # Closing gaps widens by up to one pixel to the left or above.
    np.testing.assert_allclose(quadrilaterals, [[[40, 20], [120, 20], [120, 40], [40, 40]]], atol=1.5)
    assert scores[0] == pytest.approx(0.9, abs=0.1)


def test_regions_grow_by_area_over_perimeter() -> None:
    (small,), _ = decode(painted((40, 30, 120, 50)), EXACT)
    (grown,), _ = decode(painted((40, 30, 120, 50)), DetectionOptions(growth=1.5))
    width, height = small[2] - small[0]
    outwards = 1.5 * width * height / (2 * (width + height))
    np.testing.assert_allclose(grown - small, outwards * np.array([[-1, -1], [1, -1], [1, 1], [-1, 1]]), atol=1e-3)


def test_top_to_bottom_then_left_to_right() -> None:
    quadrilaterals, scores = decode(painted((110, 10, 150, 20), (10, 60, 60, 70), (10, 10, 50, 20)), EXACT)
    assert [round(float(corners[0, 0]), -1) for corners in quadrilaterals] == [10, 110, 10]
    assert len(scores) == 3


def test_the_score_is_the_mean_inside() -> None:
    probabilities = painted((20, 20, 60, 40), probability=0.6) + painted((60, 20, 100, 40), probability=0.8)
    _, scores = decode(probabilities, EXACT)
    assert scores[0] == pytest.approx(0.7, abs=0.05)


@pytest.mark.parametrize(
    ("probability", "options", "found"),
    [
        (0.6, DetectionOptions(), 1),
        (0.2, DetectionOptions(), 0),
        (0.2, DetectionOptions(pixel_threshold=0.1, region_threshold=0.1), 1),
        (0.6, DetectionOptions(region_threshold=0.7), 0),
    ],
)
def test_thresholds(probability: float, options: DetectionOptions, found: int) -> None:
    _, scores = decode(painted((20, 20, 90, 50), probability=probability), options)
    assert len(scores) == found


def test_specks_are_dropped() -> None:
    _, scores = decode(painted((20, 20, 80, 22)), DetectionOptions(shortest_side=3))
    assert len(scores) == 0


def test_a_ring_is_one_region() -> None:
    # Its inner contour encloses hardly any probability.
    probabilities = painted((20, 20, 120, 80)) - painted((30, 30, 110, 70))
    quadrilaterals, _ = decode(probabilities, EXACT)
    assert len(quadrilaterals) == 1


def test_a_tilted_line_keeps_its_angle() -> None:
    probabilities = np.zeros((100, 200), np.float32)
    corners = cv2.boxPoints(((100, 50), (90, 16), 25))
    cv2.fillPoly(probabilities, [np.round(corners).astype(np.int32)], (0.9,))
    (found,), _ = decode(probabilities, EXACT)
    across, down = found[1] - found[0]
    assert np.degrees(np.arctan2(down, across)) == pytest.approx(25, abs=3)


def test_a_column_is_ordered_for_reading_down() -> None:
    (found,), _ = decode(painted((90, 10, 105, 90)), EXACT)
    assert is_vertical(found)


def test_text_at_the_edge_of_the_map() -> None:
    quadrilaterals, scores = decode(painted((0, 0, 60, 12), (150, 90, 200, 100)), DetectionOptions())
    assert len(quadrilaterals) == 2
    assert (scores > 0.7).all()


def arched(degrees: float, thickness: int = 10, breadth: float = 0.9) -> FloatArray:
    """Return a map (300, 300) with a stroke over a hill, 200 pixels long."""
    probabilities = np.zeros((300, 300), np.float32)
    angles = np.radians(np.linspace(-degrees / 2, degrees / 2, 100))
    line = np.cumsum(np.stack([np.cos(angles), np.sin(angles)], axis=-1) * 2, axis=0)
    line += 150 - line.mean(axis=0)
    cv2.polylines(probabilities, [np.round(line).astype(np.int32)], False, breadth, thickness)
    return probabilities


@pytest.mark.parametrize("degrees", [60, 90, 120, 150, 180])
def test_bent_text_becomes_a_polygon_along_its_curve(degrees: float) -> None:
    (polygon,), (score,) = decode(arched(degrees), DetectionOptions())
    assert polygon.shape == (20, 2)
    assert polygon.dtype == np.float32
    assert 0.65 < score < 0.9  # its corners stand out from the stroke's round ends
    # The mask of the polygon holds the stroke and little more than its growth.
    inside = np.zeros((300, 300), np.uint8)
    cv2.fillPoly(inside, [np.round(polygon).astype(np.int32)], (1,))
    stroke = arched(degrees) > 0
    assert inside[stroke].mean() > 0.99
    assert inside.sum() < 3.5 * stroke.sum()


@pytest.mark.parametrize(
    ("degrees", "options"), [(0, DetectionOptions()), (12, DetectionOptions()), (60, DetectionOptions(bend=math.inf))]
)
def test_straight_text_stays_a_quadrilateral(degrees: float, options: DetectionOptions) -> None:
    (polygon,), _ = decode(arched(degrees), options)
    assert polygon.shape == (4, 2)


def test_what_is_no_line_stays_a_quadrilateral() -> None:
    cross = painted((20, 45, 180, 55), (95, 5, 105, 95))
    blob = painted((20, 20, 100, 80), (20, 20, 60, 95))
    for probabilities in (cross, blob):
        assert all(len(polygon) == 4 for polygon in decode(probabilities, DetectionOptions())[0])
