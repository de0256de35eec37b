"""The three losses of the FCOS head (Tian et al., 2019): focal, generalised IoU, centerness."""

from __future__ import annotations

from collections.abc import Sequence

import torch
import torch.nn.functional as functional
from torch import Tensor

from textsearch.models.fcos import DetectionMaps
from textsearch.training.targets import IGNORED, POSITIVE, LocationTargets


def detection_losses(maps: DetectionMaps, targets: Sequence[LocationTargets]) -> dict[str, Tensor]:
    """Return the three terms of a batch; their sum is trained on.

    Args:
        maps: what the head computed for B images.
        targets: what it should have computed for each.
    """
    logits, distances, centerness = (_in_one_row(levels) for levels in maps)
    labels = torch.cat([one.labels for one in targets])
    positive, counted = labels == POSITIVE, labels != IGNORED
    wanted = torch.cat([one.distances for one in targets])[positive]
    central = torch.cat([one.centerness for one in targets])[positive]
    number = max(1, int(positive.sum()))
    overlaps = generalised_overlap(distances[positive], wanted)
    return {
        "find": focal_loss(logits[counted, 0], positive[counted].float()).sum() / number,
        "box": ((1 - overlaps) * central).sum() / central.sum().clamp(min=1e-6),
        "centerness": functional.binary_cross_entropy_with_logits(centerness[positive, 0], central, reduction="sum")
        / number,
    }


def focal_loss(logits: Tensor, targets: Tensor, balance: float = 0.25, focus: float = 2.0) -> Tensor:
    """Return the sigmoid focal loss of every logit (Lin et al., 2017): -a (1 - p)^g log p, p of the true class.

    Args:
        logits: (L,) float.
        targets: (L,) float, 0 or 1.
        balance: a of the positives; 1 - a is that of the negatives.
        focus: g.
    """
    entropy = functional.binary_cross_entropy_with_logits(logits, targets, reduction="none")
    right = torch.where(targets > 0, logits.sigmoid(), (-logits).sigmoid())
    return torch.where(targets > 0, balance, 1 - balance) * (1 - right) ** focus * entropy


def generalised_overlap(first: Tensor, second: Tensor) -> Tensor:
    """Return the generalised IoU of boxes around one point each (Rezatofighi et al., 2019), (P,) float, -1 to 1.

    Args:
        first: (P, 4) float distances to the left, top, right and bottom side, not negative.
        second: the same of the other boxes.
    """
    common = _area(torch.minimum(first, second))
    union = _area(first) + _area(second) - common
    hull = _area(torch.maximum(first, second))
    return common / union.clamp(min=1e-6) - (hull - union) / hull.clamp(min=1e-6)


def _area(distances: Tensor) -> Tensor:
    return (distances[:, 0] + distances[:, 2]) * (distances[:, 1] + distances[:, 3])


def _in_one_row(levels: Sequence[Tensor]) -> Tensor:
    """Lay levels (B, C, h, w) out as (B * L, C) float32: images one after the other, in each level after level."""
    return torch.cat([level.float().flatten(2) for level in levels], dim=2).transpose(1, 2).flatten(0, 1)
