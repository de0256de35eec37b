from __future__ import annotations

import cv2
import numpy as np
import pytest

from textsearch.training.bending import Arc, Bend, Course, Wave, moved, rotated, scaled, seen_from_aside
from textsearch.types import FloatArray

BENDS = [Arc(100.0, 1), Arc(100.0, -1), Arc(35.0, 1), Wave(8.0, 150.0, 0.7)]
GRID = np.stack(np.meshgrid(np.linspace(-50, 50, 9), np.linspace(-15, 15, 5)), axis=-1).astype(np.float32)


@pytest.mark.parametrize("bend", BENDS, ids=repr)
def test_there_and_back_again(bend: Bend) -> None:
    np.testing.assert_allclose(bend.backward(bend.forward(GRID)), GRID, atol=1e-3)


def test_an_arch_hangs_down_at_its_ends_and_a_bowl_rises() -> None:
    end = np.array([[50.0, 0.0]], np.float32)
    angle = 50 / 100
    expected = [100 * np.sin(angle), 100 * (1 - np.cos(angle))]
    np.testing.assert_allclose(Arc(100.0, 1).forward(end)[0], expected, rtol=1e-5)
    np.testing.assert_allclose(Arc(100.0, -1).forward(end)[0], [expected[0], -expected[1]], rtol=1e-5)


def test_letters_stand_outside_of_an_arch_and_inside_of_a_bowl() -> None:
    heads = np.array([[-50.0, -10.0], [50.0, -10.0]], np.float32)
    arch, bowl = (float(np.ptp(Arc(100.0, side).forward(heads)[:, 0])) for side in (1, -1))
    assert arch > 2 * 100 * np.sin(0.5) > bowl


def course(bend: Bend | None) -> Course:
    view = moved(150, 140) @ rotated(0.4) @ seen_from_aside(0.5, -0.3, 400.0)
    return Course(scaled(0.5) @ moved(-100, -30), bend, view)


@pytest.mark.parametrize("bend", [None, *BENDS], ids=repr)
def test_what_is_warped_fills_its_outline(bend: Bend | None) -> None:
    layer: FloatArray = np.zeros((60, 200, 1), np.float32)
    layer[10:50, 20:180] = 1
    way = course(bend)
    outline = way.outline(np.array([20, 10, 180, 50], np.float32))
    assert outline.shape == ((4, 2) if bend is None else (14, 2))
    drawn = way.warp(layer, 0, 0, 300, 280).reshape(280, 300)
    # Four times finer, so that the outline's own rounding does not matter.
    filled = np.zeros((1120, 1200), np.uint8)
    cv2.fillPoly(filled, [np.rint(outline * 4).astype(np.int32)], 1)
    expected = cv2.resize(filled.astype(np.float32), (300, 280), interpolation=cv2.INTER_AREA)
    assert np.abs(drawn - expected).sum() < 0.06 * expected.sum()


def test_a_part_of_the_scene_is_the_same_part_of_the_whole() -> None:
    layer = np.random.default_rng(0).random((60, 200, 4)).astype(np.float32)
    for bend in (None, Arc(100.0, 1)):
        whole = course(bend).warp(layer, 0, 0, 300, 280)
        np.testing.assert_allclose(course(bend).warp(layer, 90, 100, 60, 50), whole[100:150, 90:150], atol=2e-2)


def test_pixels_stay_where_they_are_without_any_transform() -> None:
    layer = np.random.default_rng(0).random((20, 30, 4)).astype(np.float32)
    np.testing.assert_allclose(Course(np.eye(3), None, np.eye(3)).warp(layer, 0, 0, 30, 20), layer, atol=1e-6)


def test_what_turns_away_looks_shorter() -> None:
    ends = np.array([[[-50.0, 0.0], [50.0, 0.0]]], np.float32)
    turned = cv2.perspectiveTransform(ends, seen_from_aside(np.pi / 3, 0.0, 1e6))[0]
    assert float(np.ptp(turned[:, 0])) == pytest.approx(50, rel=1e-3)
