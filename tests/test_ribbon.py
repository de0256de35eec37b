from __future__ import annotations

import math

import cv2
import numpy as np
import pytest

from textsearch.ribbon import Ribbon
from textsearch.types import FloatArray

LENGTH, THICKNESS = 240.0, 12


def arc(degrees: float, turn: float = 0.0) -> FloatArray:
    """Return the line (200, 2) of a given length that turns clockwise by so many degrees, itself turned by `turn`."""
    angles = np.radians(degrees * np.linspace(-0.5, 0.5, 200) + turn)
    steps = np.stack([np.cos(angles), np.sin(angles)], axis=-1) * LENGTH / 200
    line = steps.cumsum(axis=0)
    return np.asarray(line - line.mean(axis=0) + 200, np.float32)


def outline(line: FloatArray) -> FloatArray:
    """Return the outline of a brush stroke along a line, as it is found in a mask."""
    mask = np.zeros((400, 400), np.uint8)
    cv2.polylines(mask, [np.round(line).astype(np.int32)], False, 1, THICKNESS)
    (contour,), _ = cv2.findContours(mask, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_SIMPLE)
    return contour.reshape(-1, 2).astype(np.float32)


def farthest(points: FloatArray, line: FloatArray) -> float:
    """Return the largest distance of some points from a line."""
    return float(np.linalg.norm(points[:, None] - line[None], axis=-1).min(axis=1).max())


@pytest.mark.parametrize("degrees", [-180, -120, -60, 0, 60, 90, 120, 150, 180])
@pytest.mark.parametrize("turn", [-20, 0, 20])
def test_an_arc_is_followed(degrees: float, turn: float) -> None:
    line = arc(degrees, turn)
    ribbon = Ribbon.of(outline(line))
    assert farthest(ribbon.centre[5:-5].astype(np.float32), line) < 0.2 * THICKNESS  # a stroke has round ends
    assert ribbon.length == pytest.approx(LENGTH + THICKNESS, rel=0.06)
    assert ribbon.thickness == pytest.approx(THICKNESS, rel=0.25)
    assert ribbon.centre[0, 0] < ribbon.centre[-1, 0]
    assert not ribbon.folds


def test_an_s_is_followed() -> None:
    place = np.linspace(0, 1, 200)
    line = np.stack([80 + 240 * place, 200 + 30 * np.sin(2 * math.pi * place)], axis=-1).astype(np.float32)
    ribbon = Ribbon.of(outline(line))
    assert farthest(ribbon.centre[5:-5].astype(np.float32), line) < 0.3 * THICKNESS


@pytest.mark.parametrize("degrees", [0, 60, 120, 180])
def test_bend_is_the_height_of_the_arc_in_thicknesses(degrees: float) -> None:
    radius = LENGTH / math.radians(degrees) if degrees else math.inf
    height = radius * (1 - math.cos(math.radians(degrees / 2))) if degrees else 0.0
    assert Ribbon.of(outline(arc(degrees))).bend == pytest.approx(height / THICKNESS, rel=0.15, abs=0.15)


def test_growing_keeps_the_curve_and_adds_the_same_on_every_side() -> None:
    core = Ribbon.of(outline(arc(90)))
    grown = core.grown(1.6)
    outwards = 1.6 * core.length * core.thickness / (2 * (core.length + core.thickness))
    assert grown.thickness - core.thickness == pytest.approx(2 * outwards)
    assert grown.length - core.length == pytest.approx(2 * outwards, rel=0.02)


@pytest.mark.parametrize("turn", [0, 90])
def test_the_top_of_a_hill_is_outside_and_of_a_valley_inside(turn: float) -> None:
    for degrees, outer in ((120, True), (-120, False)):
        line = arc(degrees, turn)
        polygon = Ribbon.of(outline(line)).polygon(8)
        assert polygon.shape == (16, 2)
        assert polygon.dtype == np.float32
        top, bottom = polygon[:8], polygon[8:]
        lengths = [np.linalg.norm(np.diff(side, axis=0), axis=1).sum() for side in (top, bottom)]
        assert (lengths[0] > lengths[1]) == outer


@pytest.mark.parametrize("turn", [80, 100, 260, 280])
def test_a_bent_column_is_read_downwards(turn: float) -> None:
    centre = Ribbon.of(outline(arc(60, turn))).centre
    assert centre[0, 1] < centre[-1, 1]


def test_a_thick_band_on_a_tight_curve_folds() -> None:
    assert Ribbon.of(outline(arc(180))).grown(20.0).folds


@pytest.mark.parametrize("degrees", [-120, 0, 150])
def test_a_band_through_a_line_follows_it_from_left_to_right(degrees: float) -> None:
    line = arc(degrees)
    ribbon = Ribbon.through(line[::-5].astype(np.float64), 12.0)
    assert ribbon.thickness == 12.0
    assert ribbon.length == pytest.approx(LENGTH, rel=0.03)
    assert farthest(ribbon.centre.astype(np.float32), line) < 3
    assert ribbon.centre[0, 0] < ribbon.centre[-1, 0]
