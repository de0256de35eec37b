"""From the detection maps of one image to boxes: the decoding half of the head in `textsearch.models.fcos`."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from textsearch.models.fcos import DetectionMaps
from textsearch.models.pyramid import PYRAMID_STRIDES

DETECTION_STRIDES = PYRAMID_STRIDES[1:]
"""Strides of the levels that the head looks at."""


@dataclass(frozen=True)
class BoxOptions:
    """Which boxes are kept; the defaults are the paper's.

    Attributes:
        location_threshold: locations scored at or below are passed over.
        per_level: best locations of a level that are looked at.
        overlap: of two boxes with a larger intersection over union, the better is kept.
        most: boxes kept of an image.
        threshold: boxes scored below are dropped at the end; the paper takes 0.05 on SVT and 0.2 elsewhere.
    """

    location_threshold: float = 0.01
    per_level: int = 1000
    overlap: float = 0.6
    most: int = 100
    threshold: float = 0.2


def level_locations(height: int, width: int, stride: int, device: torch.device) -> Tensor:
    """Return the point of the image that each cell of a level stands for, (height * width, 2) float32, (x, y)."""
    x = torch.arange(width, dtype=torch.float32, device=device) * stride + stride // 2
    y = torch.arange(height, dtype=torch.float32, device=device) * stride + stride // 2
    return torch.stack([x.repeat(height), y.repeat_interleave(width)], dim=1)


def decode_boxes(
    maps: DetectionMaps, image: int, width: float, height: float, options: BoxOptions
) -> tuple[Tensor, Tensor]:
    """Find the boxes of one image; the score is the class probability alone, as in the paper's code.

    Args:
        maps: outputs of the head for a batch.
        image: which image of the batch.
        width: boxes end here, pixels of the network's input.
        height: the same downwards.
        options: thresholds.

    Returns:
        Boxes (N, 4) float32: left, top, right, bottom in input pixels; and scores (N,) float32, the best first.
    """
    boxes, scores = [], []
    for logits, distances, stride in zip(maps.logits, maps.distances, DETECTION_STRIDES, strict=True):
        probabilities = logits[image, 0].float().sigmoid().flatten()
        best, chosen = probabilities.topk(min(options.per_level, len(probabilities)))
        chosen, best = chosen[best > options.location_threshold], best[best > options.location_threshold]
        rows, columns = logits.shape[-2:]
        points = level_locations(rows, columns, stride, logits.device)[chosen]
        reach = distances[image].float().flatten(1).T[chosen] * stride  # (n, 4)
        boxes.append(torch.cat([points - reach[:, :2], points + reach[:, 2:]], dim=1))
        scores.append(best)
    found, score = torch.cat(boxes), torch.cat(scores)
    found = found.clamp(min=0).minimum(found.new_tensor([width, height, width, height]))
    kept = best_of_overlapping(found, score, options.overlap, options.most)
    kept = kept[score[kept] >= options.threshold]
    return found[kept], score[kept]


def best_of_overlapping(boxes: Tensor, scores: Tensor, overlap: float, most: int) -> Tensor:
    """Suppress boxes that overlap a better one (greedy non-maximum suppression).

    Args:
        boxes: (N, 4) float: left, top, right, bottom.
        scores: (N,) float.
        overlap: intersection over union above which the worse box goes.
        most: stop after this many.

    Returns:
        Indices of the boxes kept, (K,) int64, the best first. Boxes without an area are never kept.
    """
    order = scores.argsort(descending=True, stable=True)
    areas = (boxes[:, 2] - boxes[:, 0]) * (boxes[:, 3] - boxes[:, 1])
    order = order[areas[order] > 0]
    kept: list[Tensor] = []
    while len(order) and len(kept) < most:
        first, order = order[0], order[1:]
        kept.append(first)
        corner = torch.maximum(boxes[first, :2], boxes[order, :2])
        opposite = torch.minimum(boxes[first, 2:], boxes[order, 2:])
        common = (opposite - corner).clamp(min=0).prod(dim=1)
        order = order[common <= overlap * (areas[first] + areas[order] - common)]
    return torch.stack(kept) if kept else order.new_zeros(0)
