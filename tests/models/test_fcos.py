from __future__ import annotations

import pytest
import torch

from textsearch.models.boxes import BoxOptions, best_of_overlapping, decode_boxes, level_locations
from textsearch.models.fcos import DetectionHead, DetectionMaps

SIZES = ((16, 24), (8, 12), (4, 6), (2, 3), (1, 2))
"""Rows and columns of P3 to P7 of a picture 192 wide and 128 high."""

EVERYTHING = BoxOptions(location_threshold=0.0, threshold=0.0)


def quiet_maps(images: int = 1) -> DetectionMaps:
    """Outputs of a head that sees nothing anywhere."""
    return DetectionMaps(
        tuple(torch.full((images, 1, *size), -20.0) for size in SIZES),
        tuple(torch.zeros(images, 4, *size) for size in SIZES),
        tuple(torch.zeros(images, 1, *size) for size in SIZES),
    )


def say(
    maps: DetectionMaps, level: int, row: int, column: int, logit: float, distances: list[float], image: int = 0
) -> None:
    maps.logits[level][image, 0, row, column] = logit
    maps.distances[level][image, :, row, column] = torch.tensor(distances)


# --- the head


def test_outputs_of_the_head() -> None:
    head = DetectionHead(8, groups=4, depth=2)
    maps = head([torch.randn(2, 8, *size) for size in SIZES])
    for level, size in enumerate(SIZES):
        assert maps.logits[level].shape == maps.centerness[level].shape == (2, 1, *size)
        assert maps.distances[level].shape == (2, 4, *size)
        assert maps.distances[level].min() >= 0


def test_a_fresh_head_expects_text_at_one_location_in_a_hundred() -> None:
    maps = DetectionHead(8, groups=4)([torch.randn(1, 8, 16, 24)])
    assert maps.logits[0].sigmoid().mean().item() == pytest.approx(0.01, rel=0.05)


def test_the_weights_are_the_same_on_every_level() -> None:
    head, level = DetectionHead(8, groups=4), torch.randn(1, 8, 4, 4)
    first, second = head([level, level]).distances
    torch.testing.assert_close(first, second)


# --- decoding


def test_locations_are_the_middles_of_the_cells() -> None:
    points = level_locations(2, 3, 8, torch.device("cpu"))
    assert points.tolist() == [[4, 4], [12, 4], [20, 4], [4, 12], [12, 12], [20, 12]]


def test_a_box_is_the_location_and_its_distances_in_strides() -> None:
    maps = quiet_maps(images=2)
    say(maps, level=1, row=3, column=5, logit=2.0, distances=[1.0, 0.5, 2.0, 0.25], image=1)
    boxes, scores = decode_boxes(maps, 1, 192, 128, BoxOptions())
    # Column 5 of stride 16 is x = 88, row 3 is y = 56.
    torch.testing.assert_close(boxes, torch.tensor([[72.0, 48.0, 120.0, 60.0]]))
    torch.testing.assert_close(scores, torch.tensor([2.0]).sigmoid())
    assert len(decode_boxes(maps, 0, 192, 128, BoxOptions())[0]) == 0


def test_boxes_end_at_the_picture() -> None:
    maps = quiet_maps()
    say(maps, level=4, row=0, column=1, logit=2.0, distances=[9.0, 9.0, 9.0, 9.0])
    assert decode_boxes(maps, 0, 192, 128, BoxOptions())[0].tolist() == [[0, 0, 192, 128]]


def test_scores_follow_the_class_alone() -> None:
    maps = quiet_maps()
    say(maps, 0, 0, 0, logit=1.0, distances=[0.4] * 4)
    say(maps, 0, 8, 8, logit=2.0, distances=[0.4] * 4)
    maps.centerness[0][0, 0, 0, 0] = 9.0
    maps.centerness[0][0, 0, 8, 8] = -9.0
    _, scores = decode_boxes(maps, 0, 192, 128, BoxOptions())
    torch.testing.assert_close(scores, torch.tensor([2.0, 1.0]).sigmoid())


@pytest.mark.parametrize(
    ("options", "count"),
    [
        (BoxOptions(threshold=0.05), 3),
        (BoxOptions(threshold=0.2), 2),
        (BoxOptions(threshold=0.05, most=1), 1),
        (BoxOptions(threshold=0.05, per_level=1), 2),
        (BoxOptions(location_threshold=0.7, threshold=0.05), 1),
    ],
)
def test_options(options: BoxOptions, count: int) -> None:
    maps = quiet_maps()
    for place, logit in enumerate([1.0, 0.0]):
        say(maps, 0, 2, 5 * place + 2, logit, [0.4] * 4)
    say(maps, 1, 6, 6, -2.0, [0.4] * 4)
    assert len(decode_boxes(maps, 0, 192, 128, options)[0]) == count


# --- suppression


def test_of_two_boxes_that_overlap_the_better_stays() -> None:
    boxes = torch.tensor(
        [[0.0, 0.0, 10.0, 10.0], [0.0, 0.0, 10.0, 9.0], [0.0, 5.0, 10.0, 15.0], [20.0, 0.0, 30.0, 10.0]]
    )
    kept = best_of_overlapping(boxes, torch.tensor([0.5, 0.9, 0.4, 0.6]), overlap=0.6, most=10)
    assert kept.tolist() == [1, 3, 2]  # the first covers nine tenths of the second


def test_the_bound_of_the_overlap_is_kept() -> None:
    boxes = torch.tensor([[0.0, 0.0, 10.0, 10.0], [0.0, 0.0, 10.0, 5.0]])  # exactly one half
    assert len(best_of_overlapping(boxes, torch.tensor([0.9, 0.8]), overlap=0.5, most=10)) == 2
    assert len(best_of_overlapping(boxes, torch.tensor([0.9, 0.8]), overlap=0.49, most=10)) == 1


def test_boxes_without_area_and_no_boxes() -> None:
    flat = torch.tensor([[3.0, 3.0, 3.0, 9.0]])
    assert best_of_overlapping(flat, torch.tensor([0.9]), 0.6, 10).tolist() == []
    assert best_of_overlapping(flat[:0], torch.zeros(0), 0.6, 10).tolist() == []
    assert len(decode_boxes(quiet_maps(), 0, 192, 128, EVERYTHING)[0]) == 0
