"""RoIAlign (He et al., 2017) in plain torch, TDSL's way: one sample a cell, corners not shifted by half a pixel."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

ROWS, COLUMNS = 4, 15
"""Cells of a region, down and across."""

REGION_STRIDES = (4, 8, 16)
"""Strides of the pyramid levels that regions are cut from: P2, P3, P4."""


def region_levels(boxes: Tensor) -> Tensor:
    """Return which of `REGION_STRIDES` each box (N, 4) is cut from, (N,) int64.

    Boxes with a side (the geometric mean of width and height) below 112 pixels belong to stride 4, below 224 to stride
    8, the others to stride 16 (equation 1 of the FPN paper, clamped).
    """
    sides = ((boxes[:, 2] - boxes[:, 0]) * (boxes[:, 3] - boxes[:, 1])).clamp(min=1e-6).sqrt()
    return (torch.log2(sides / 224).floor() + 2).clamp(0, len(REGION_STRIDES) - 1).long()


def pool_regions(levels: Sequence[Tensor], boxes: Sequence[Tensor], rows: int = ROWS, columns: int = COLUMNS) -> Tensor:
    """Cut every box out of the level that suits its size.

    Args:
        levels: P2, P3, P4, (B, C, h, w) float.
        boxes: for each of the B images (N_i, 4) float: left, top, right, bottom, pixels of the network's input.
        rows: cells down a region.
        columns: cells across a region.

    Returns:
        (sum of N_i, C, rows, columns) float, in the order of the boxes; differentiable in the levels.
    """
    images = torch.cat([torch.full((len(one),), number) for number, one in enumerate(boxes)]).to(levels[0].device)
    stacked = torch.cat(list(boxes)).to(levels[0].device)
    chosen = region_levels(stacked)
    pooled = levels[0].new_zeros((len(stacked), levels[0].shape[1], rows, columns))
    for number, (level, stride) in enumerate(zip(levels, REGION_STRIDES, strict=True)):
        rest = (chosen == number).nonzero()[:, 0]
        cut = align_regions(level, images[rest], stacked[rest] / stride, rows, columns)
        pooled = pooled.index_copy(0, rest, cut)
    return pooled


def align_regions(level: Tensor, images: Tensor, boxes: Tensor, rows: int, columns: int) -> Tensor:
    """Cut boxes out of one level by bilinear interpolation at the centre of every cell.

    Args:
        level: (B, C, h, w) float.
        images: (N,) int64, the image of each box.
        boxes: (N, 4) float: left, top, right, bottom in cells of the level; sides below 1 count as 1.
        rows: cells down a region.
        columns: cells across a region.

    Returns:
        (N, C, rows, columns) float; what lies more than one cell outside the level is 0.
    """
    count, (_, channels, height, width) = len(boxes), level.shape
    across, down = (boxes[:, 2:] - boxes[:, :2]).clamp(min=1).unbind(1)
    x = boxes[:, 0, None] + across[:, None] * _cell_centres(columns, boxes)  # (N, columns)
    y = boxes[:, 1, None] + down[:, None] * _cell_centres(rows, boxes)  # (N, rows)
    inside = _within(y, height)[:, :, None] & _within(x, width)[:, None, :]
    left, right, to_right = _neighbours(x, width)
    top, bottom, to_bottom = _neighbours(y, height)

    lines = torch.stack([top, top, bottom, bottom])[..., None]  # (4, N, rows, 1)
    in_line = torch.stack([left, right, left, right])[:, :, None]  # (4, N, 1, columns)
    index = (images[:, None, None] * height + lines) * width + in_line
    # One look-up for the four corners: its gradient is as large as the level.
    corners = level.permute(0, 2, 3, 1).reshape(-1, channels)[index.flatten()].view(4, count, rows, columns, channels)

    to_right, to_bottom = to_right[:, None, :, None].to(level.dtype), to_bottom[:, :, None, None].to(level.dtype)
    upper = corners[0] * (1 - to_right) + corners[1] * to_right
    lower = corners[2] * (1 - to_right) + corners[3] * to_right
    region = (upper * (1 - to_bottom) + lower * to_bottom) * inside[..., None]
    return region.permute(0, 3, 1, 2)  # (N, C, rows, columns)


def _cell_centres(cells: int, like: Tensor) -> Tensor:
    """Return the middle of each of `cells` equal parts of the interval 0 to 1."""
    return (torch.arange(cells, dtype=like.dtype, device=like.device) + 0.5) / cells


def _within(position: Tensor, size: int) -> Tensor:
    return (position >= -1) & (position <= size)


def _neighbours(position: Tensor, size: int) -> tuple[Tensor, Tensor, Tensor]:
    """Return the cells before and after each position, clamped to the level, and the weight of the second."""
    clamped = position.clamp(0, size - 1)
    before = clamped.floor().long()
    return before, (before + 1).clamp(max=size - 1), clamped - before
