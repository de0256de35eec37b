"""Which location answers for which box, on boxes laid out by hand."""

from __future__ import annotations

import math

import pytest
import torch
from torch import Tensor

from textsearch.training.targets import IGNORED, NEGATIVE, POSITIVE, Locations, LocationTargets, assign

SIZES = [(32, 32), (16, 16), (8, 8), (4, 4), (2, 2)]
"""Rows and columns of P3 to P7 of a picture 256 by 256."""

STARTS = [0, 1024, 1280, 1344, 1360]
"""Where each level begins in the row of all locations."""

LOCATIONS = Locations.of(SIZES, torch.device("cpu"))


def at(level: int, row: int, column: int) -> int:
    return STARTS[level] + row * SIZES[level][1] + column


def assigned(boxes: list[list[float]], legible: list[bool] | None = None) -> LocationTargets:
    shown = torch.tensor(legible or [True] * len(boxes), dtype=torch.bool)
    return assign(LOCATIONS, torch.tensor(boxes, dtype=torch.float32).reshape(-1, 4), shown)


def places(targets: LocationTargets, label: int) -> list[int]:
    return (targets.labels == label).nonzero()[:, 0].tolist()


def test_locations_of_all_levels() -> None:
    assert len(LOCATIONS.points) == 1364
    assert LOCATIONS.points[at(0, 1, 2)].tolist() == [20, 12]
    assert LOCATIONS.points[at(4, 1, 0)].tolist() == [64, 192]
    assert LOCATIONS.strides[[at(0, 0, 0), at(4, 0, 0)]].tolist() == [8, 128]


def test_a_small_word_is_answered_for_about_its_middle_on_the_finest_level() -> None:
    targets = assigned([[84.0, 92.0, 124.0, 108.0]])  # middle (104, 100): within 12 pixels of it and inside the box
    # x = 92 + 12 is excluded (exactly 1.5 strides), so columns 12 (x = 100) and 13 (x = 108); y = 92 is not inside.
    assert places(targets, POSITIVE) == [at(0, 12, 12), at(0, 12, 13)]
    assert places(targets, IGNORED) == []
    x, y = 100, 100
    torch.testing.assert_close(
        targets.distances[at(0, 12, 12)], torch.tensor([x - 84.0, y - 92.0, 124.0 - x, 108.0 - y]) / 8
    )


@pytest.mark.parametrize(("half", "level"), [(20, 0), (60, 0), (80, 1), (120, 1)])
def test_larger_words_belong_to_coarser_levels(half: float, level: int) -> None:
    box = [128.0 - half, 128 - half / 2, 128 + half, 128 + half / 2]
    positive = places(assigned([box]), POSITIVE)
    starts = [*STARTS, len(LOCATIONS.points)]
    on_level = [place for place in positive if starts[level] <= place < starts[level + 1]]
    assert on_level
    # A location off the middle may reach beyond 64 although the box's half does not; no other level can.
    assert all(place < starts[level + 2] for place in positive)


def test_every_positive_reaches_as_far_as_its_level_answers_for() -> None:
    targets = assigned([[10.0, 10.0, 60.0, 40.0], [70.0, 20.0, 250.0, 80.0], [5.0, 100.0, 250.0, 250.0]])
    positive = targets.labels == POSITIVE
    reach = (targets.distances * LOCATIONS.strides[:, None]).amax(dim=1)[positive]
    assert (reach > LOCATIONS.smallest[positive]).all()
    assert (reach <= LOCATIONS.largest[positive]).all()
    assert targets.distances[positive].min() > 0


def test_where_two_words_overlap_the_smaller_is_meant() -> None:
    large, small = [60.0, 60.0, 148.0, 148.0], [92.0, 96.0, 116.0, 112.0]
    for boxes in ([large, small], [small, large]):
        targets = assigned(boxes)
        distances = targets.distances[at(0, 12, 12)] * 8  # (100, 100)
        assert distances.tolist() == [8, 4, 16, 12]


def test_illegible_words_are_ignored_all_over() -> None:
    targets = assigned([[40.0, 40.0, 80.0, 56.0]], legible=[False])
    inside = (
        (LOCATIONS.points[:, 0] > 40)
        & (LOCATIONS.points[:, 0] < 80)
        & (LOCATIONS.points[:, 1] > 40)
        & (LOCATIONS.points[:, 1] < 56)
    )
    assert places(targets, IGNORED) == inside.nonzero()[:, 0].tolist() != []
    assert places(targets, POSITIVE) == []


def test_a_legible_word_inside_an_illegible_one_counts() -> None:
    targets = assigned([[40.0, 40.0, 200.0, 200.0], [92.0, 96.0, 116.0, 112.0]], legible=[False, True])
    assert targets.labels[at(0, 12, 12)] == POSITIVE
    assert targets.labels[at(0, 20, 20)] == IGNORED
    assert targets.labels[at(0, 1, 1)] == NEGATIVE


def test_no_words() -> None:
    targets = assigned([])
    assert set(targets.labels.tolist()) == {NEGATIVE}
    assert targets.distances.shape == (1364, 4)


@pytest.mark.parametrize(
    ("distances", "expected"),
    [
        ([1.0, 1.0, 1.0, 1.0], 1.0),
        ([1.0, 2.0, 4.0, 2.0], 0.5),
        ([1.0, 3.0, 2.0, 1.0], math.sqrt(1 / 2 * 1 / 3)),
    ],
)
def test_centerness(distances: list[float], expected: float) -> None:
    targets = LocationTargets(torch.ones(1), Tensor([distances]))
    assert targets.centerness.item() == pytest.approx(expected)
