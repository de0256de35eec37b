"""The detection losses of the configuration `joint`: how near a probability map is to its cores."""

from __future__ import annotations

import torch.nn.functional as functional
from torch import Tensor


def balanced_cross_entropy(logits: Tensor, cores: Tensor, counted: Tensor, negatives: float = 3.0) -> Tensor:
    """Return the binary cross-entropy over all core pixels and the hardest other pixels (DBNet, section 3.5).

    Args:
        logits: (B, H, W) float.
        cores: (B, H, W) float, 1 or 0.
        counted: (B, H, W) float, 0 where the loss must not look.
        negatives: other pixels counted for each core pixel, at most; where there is no core at all, as if there were a
            hundred of its pixels.
    """
    losses = functional.binary_cross_entropy_with_logits(logits, cores, reduction="none")
    inside = (cores * counted).bool()
    outside = ((1 - cores) * counted).bool()
    count = max(int(inside.sum()), 100)
    kept = min(int(outside.sum()), int(negatives * count))
    hardest = losses[outside].topk(kept).values if kept else losses.new_zeros(0)
    return (losses[inside].sum() + hardest.sum()) / (int(inside.sum()) + kept + 1e-6)


def dice_loss(logits: Tensor, cores: Tensor, counted: Tensor) -> Tensor:
    """Return 1 - Dice coefficient of probabilities and cores, over the counted pixels (arguments as above)."""
    probabilities = logits.sigmoid() * counted
    wanted = cores * counted
    both = (probabilities * wanted).sum()
    return 1 - (2 * both + 1) / (probabilities.sum() + wanted.sum() + 1)


def map_losses(logits: Tensor, cores: Tensor, counted: Tensor) -> dict[str, Tensor]:
    """Return the terms of the detection loss of a batch, weights included.

    Args:
        logits: (B, 1, H, W) float, as the detector returns them.
        cores: (B, H, W) uint8, see `textsearch.training.cores.CoreTargets`.
        counted: (B, H, W) uint8.
    """
    maps, wanted, weights = logits[:, 0], cores.to(logits.dtype), counted.to(logits.dtype)
    return {
        "cores": 2 * balanced_cross_entropy(maps, wanted, weights),
        "dice": dice_loss(maps, wanted, weights),
    }
