from __future__ import annotations

import cv2
import numpy as np
import pytest

from tests.boxes import box
from textsearch.detection import decode
from textsearch.geometry import overlap
from textsearch.options import DetectionOptions
from textsearch.training.cores import core, core_targets, follows
from textsearch.training.samples import WordLabel
from textsearch.types import FloatArray

GROWTH = 1.3


def word(polygon: FloatArray, legible: bool = True) -> WordLabel:
    return WordLabel(polygon, "word", legible)


@pytest.mark.parametrize(("width", "height"), [(200, 40), (60, 60), (400, 24)])
def test_a_perfect_map_decodes_to_the_words(width: int, height: int) -> None:
    turn = cv2.getRotationMatrix2D((250, 150), 10, 1)
    polygon = (box(30, 100, 30 + width, 100 + height) @ turn[:, :2].T + turn[:, 2]).astype(np.float32)
    targets = core_targets([word(polygon)], 300, 500, GROWTH)
    found, scores = decode(targets.cores.astype(np.float32), DetectionOptions(growth=GROWTH))
    assert len(found) == 1
    assert overlap(np.asarray(found[0], np.float32)[:4], polygon) > 0.75
    assert scores[0] > 0.8


def test_the_core_is_inside_by_the_same_distance_on_all_sides() -> None:
    shrunk = core(box(0, 0, 100, 20), GROWTH)
    inset = shrunk[0, 0]
    np.testing.assert_allclose(shrunk, box(inset, inset, 100 - inset, 20 - inset), atol=1e-3)
    inner = (100 - 2 * inset, 20 - 2 * inset)
    assert GROWTH * inner[0] * inner[1] / (2 * sum(inner)) == pytest.approx(inset, rel=1e-4)


def test_between_the_words_of_a_line_the_map_is_free() -> None:
    words = [word(box(10, 10, 60, 30)), word(box(68, 10, 110, 30)), word(box(10, 40, 60, 60))]
    targets = core_targets(words, 70, 120, GROWTH)
    count, _ = cv2.connectedComponents(targets.cores)
    assert count == 4  # the ground is one of them
    assert targets.counted[20, 64] == 0
    assert targets.counted[35, 30] == 1  # between two lines
    assert (targets.counted[targets.cores == 1] == 1).all()


@pytest.mark.parametrize(
    ("right", "expected"),
    [
        (box(68, 10, 110, 30), True),
        (box(68, 15, 110, 35), True),
        (box(95, 10, 130, 30), False),  # too far
        (box(68, 25, 110, 45), False),  # another line
        (box(68, 0, 150, 60), False),  # much higher
        (box(10, 10, 50, 30), False),  # the same place
    ],
)
def test_what_follows_on_a_line(right: FloatArray, expected: bool) -> None:
    assert follows(box(10, 10, 60, 30), right) == expected


def test_a_curved_word_keeps_its_course() -> None:
    angles = np.linspace(np.pi, 2 * np.pi, 7)
    circle = np.stack([np.cos(angles), np.sin(angles)], axis=1)
    polygon = np.concatenate([100 + 80 * circle, (100 + 50 * circle)[::-1]]).astype(np.float32)
    shrunk = core(polygon, GROWTH)
    radii = np.linalg.norm(shrunk - 100, axis=1)
    assert shrunk.shape == polygon.shape
    assert (radii[:7].max() < 76) and (radii[7:].min() > 50)


def test_illegible_words_are_not_looked_at() -> None:
    targets = core_targets([word(box(10, 10, 60, 30), legible=False)], 40, 80, GROWTH)
    assert not targets.cores.any()
    assert targets.counted[20, 30] == 0
    assert targets.counted[5, 5] == 1


def test_a_legible_core_on_an_illegible_word_counts() -> None:
    words = [word(box(10, 10, 60, 30)), word(box(0, 0, 80, 40), legible=False)]
    targets = core_targets(words, 40, 80, GROWTH)
    assert (targets.counted[targets.cores == 1] == 1).all()
