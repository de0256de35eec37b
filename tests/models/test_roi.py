"""RoIAlign against the definition, one cell after the other."""

from __future__ import annotations

import math

import pytest
import torch
from torch import Tensor

from textsearch.models.roi import REGION_STRIDES, align_regions, pool_regions, region_levels


def bilinear(level: Tensor, y: float, x: float) -> list[float]:
    """Read (C, h, w) at one point; 0 more than a cell outside."""
    _, height, width = level.shape
    if y < -1 or y > height or x < -1 or x > width:
        return [0.0] * len(level)
    y, x = min(max(y, 0.0), height - 1.0), min(max(x, 0.0), width - 1.0)
    top, left = math.floor(y), math.floor(x)
    bottom, right = min(top + 1, height - 1), min(left + 1, width - 1)
    down, across = y - top, x - left
    return [
        float(
            channel[top, left] * (1 - down) * (1 - across)
            + channel[top, right] * (1 - down) * across
            + channel[bottom, left] * down * (1 - across)
            + channel[bottom, right] * down * across
        )
        for channel in level
    ]


def slowly(level: Tensor, box: list[float], rows: int, columns: int) -> Tensor:
    """Cut one box, in cells of the level, out of (C, h, w)."""
    left, top, right, bottom = box
    cell_width, cell_height = max(right - left, 1.0) / columns, max(bottom - top, 1.0) / rows
    cut = torch.zeros(len(level), rows, columns)
    for row in range(rows):
        for column in range(columns):
            y, x = top + (row + 0.5) * cell_height, left + (column + 0.5) * cell_width
            cut[:, row, column] = torch.tensor(bilinear(level, y, x))
    return cut


@pytest.mark.parametrize(
    "box",
    [
        [1.0, 2.0, 9.0, 5.0],
        [0.3, 0.7, 11.9, 7.8],
        [3.2, 3.1, 3.4, 3.2],  # smaller than a cell
        [-0.6, -0.4, 4.0, 2.0],  # a little outside
        [-6.0, -6.0, 20.0, 14.0],  # far outside
        [11.5, 7.5, 13.0, 9.0],
    ],
)
def test_a_box_against_the_loop(box: list[float]) -> None:
    level = torch.randn(2, 3, 8, 12, generator=torch.Generator().manual_seed(0))
    ours = align_regions(level, torch.tensor([1]), torch.tensor([box]), 4, 15)
    torch.testing.assert_close(ours[0], slowly(level[1], box, 4, 15), rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize(
    ("width", "height", "level"),
    [
        (10, 10, 0),
        (111, 111, 0),
        (56, 200, 0),
        (112, 112, 1),
        (223, 223, 1),
        (448, 112, 2),
        (224, 224, 2),
        (900, 900, 2),
    ],
)
def test_the_level_follows_the_geometric_mean_of_the_sides(width: float, height: float, level: int) -> None:
    assert region_levels(torch.tensor([[5.0, 7.0, 5.0 + width, 7.0 + height]])).tolist() == [level]


def test_boxes_of_several_images_and_levels_keep_their_order() -> None:
    levels = [torch.randn(3, 2, 64 * 4 // stride, 64 * 4 // stride) for stride in REGION_STRIDES]
    boxes = [
        torch.tensor([[10.0, 10.0, 250.0, 250.0], [10.0, 10.0, 40.0, 20.0]]),
        torch.zeros(0, 4),
        torch.tensor([[20.0, 30.0, 150.0, 160.0]]),
    ]
    pooled = pool_regions(levels, boxes)
    assert pooled.shape == (3, 2, 4, 15)
    expected = [
        slowly(levels[2][0], (boxes[0][0] / 16).tolist(), 4, 15),
        slowly(levels[0][0], (boxes[0][1] / 4).tolist(), 4, 15),
        slowly(levels[1][2], (boxes[2][0] / 8).tolist(), 4, 15),
    ]
    torch.testing.assert_close(pooled, torch.stack(expected), rtol=1e-4, atol=1e-5)


def test_no_boxes_give_no_regions() -> None:
    levels = [torch.randn(1, 2, 8, 8), torch.randn(1, 2, 4, 4), torch.randn(1, 2, 2, 2)]
    assert pool_regions(levels, [torch.zeros(0, 4)]).shape == (0, 2, 4, 15)


def test_gradients_match_those_of_finite_differences() -> None:
    level = torch.randn(1, 1, 4, 5, dtype=torch.float64, requires_grad=True)
    boxes = torch.tensor([[0.5, 0.5, 4.2, 3.1], [-0.5, 1.0, 2.0, 2.5]], dtype=torch.float64)

    def cut(values: Tensor) -> Tensor:
        return align_regions(values, torch.tensor([0, 0]), boxes, 2, 3)

    assert torch.autograd.gradcheck(cut, (level,))
