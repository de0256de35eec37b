from __future__ import annotations

import numpy as np
import pytest
from PIL import Image, ImageOps

from textsearch.training.datasets.polygons import along_text, box, text_corners, turned_upright
from textsearch.types import FloatArray


def arc(points: int, degrees: float = 120, radius: float = 100, height: float = 20) -> FloatArray:
    """A word bent upwards: the upper edge from left to right, then the lower one back, clockwise on the screen."""
    angles = np.radians(270 + np.linspace(-degrees / 2, degrees / 2, points))
    circle = np.stack([np.cos(angles), np.sin(angles)], axis=1)
    return np.concatenate([circle * radius, circle[::-1] * (radius - height)]).astype(np.float32) + 200


def test_a_box() -> None:
    assert box(1, 2, 5, 4).tolist() == [[1, 2], [5, 2], [5, 4], [1, 4]]


@pytest.mark.parametrize("orientation", range(1, 9))
def test_a_polygon_is_turned_with_its_picture(orientation: int) -> None:
    stored = Image.new("RGB", (40, 20))
    stored.paste("red", (6, 2, 16, 8))
    stored.getexif()[0x0112] = orientation
    turned = np.asarray(ImageOps.exif_transpose(stored))[..., 0]
    polygon = turned_upright(box(6, 2, 16, 8), 40, 20, orientation)
    (left, top), (right, bottom) = polygon.min(axis=0).astype(int), polygon.max(axis=0).astype(int)
    assert (turned[top:bottom, left:right] > 0).all()
    assert int((turned > 0).sum()) == (right - left) * (bottom - top) == 60


@pytest.mark.parametrize("start", range(4))
@pytest.mark.parametrize("backwards", [False, True])
@pytest.mark.parametrize(("letters", "first"), [(1, [0, 0]), (2, [0, 0]), (3, [10, 0])])
def test_a_high_box_is_read_along_its_height_if_it_holds_a_word(
    start: int, backwards: bool, letters: int, first: list[float]
) -> None:
    corners = np.roll(box(0, 0, 10, 30), start, axis=0)
    ordered = text_corners(corners[::-1] if backwards else corners, letters)
    assert ordered[0].tolist() == first
    assert sorted(ordered.tolist()) == sorted(corners.tolist())


def test_a_wide_box_starts_at_its_top_left_corner() -> None:
    assert text_corners(box(0, 0, 30, 10)[::-1], 5).tolist() == box(0, 0, 30, 10).tolist()


def test_edges_stay_as_they_were_drawn() -> None:
    for outline in (arc(5), arc(2), np.roll(arc(3), 3, axis=0)):  # the last one is upside down: it begins below
        assert along_text(outline).tolist() == outline.tolist()


def test_a_drawing_in_the_other_direction_keeps_its_first_point() -> None:
    outline = arc(4)
    assert along_text(np.roll(outline[::-1], 1, axis=0)).tolist() == outline.tolist()


@pytest.mark.parametrize(("points", "start"), [(3, 1), (4, 2), (5, 1), (5, 3), (5, 8), (7, 2), (7, 6), (7, 8)])
def test_ends_are_found_wherever_the_drawing_begins(points: int, start: int) -> None:
    outline = arc(points)
    assert along_text(np.roll(outline, -start, axis=0)).tolist() == outline.tolist()


def test_an_edge_with_fewer_points_gets_as_many() -> None:
    outline = arc(5)
    thinned = np.delete(outline, 7, axis=0)  # the lower edge's middle
    polygon = along_text(thinned)
    assert polygon.shape == (10, 2)
    assert polygon[:5].tolist() == outline[:5].tolist()
    np.testing.assert_allclose(polygon[[5, 9]], outline[[5, 9]], atol=1e-4)
    steps = np.linalg.norm(np.diff(polygon[5:], axis=0), axis=1)
    assert steps.max() - steps.min() < 0.2 * steps.max()


def test_a_point_too_many_on_the_upper_edge() -> None:
    outline = arc(4)
    between = (outline[1] + outline[2]) / 2
    polygon = along_text(np.insert(outline, 2, between, axis=0))
    assert polygon[:5].tolist() == [*outline[:2].tolist(), between.tolist(), *outline[2:4].tolist()]
    np.testing.assert_allclose(polygon[[5, 9]], outline[[4, 7]], atol=1e-4)
