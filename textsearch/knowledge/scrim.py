"""Parts of a picture that tell its class, SCRIM-style (reconstructed from the abstract; body and code are not public).

Coarse parts: two attention modules, on features of two depths, each gather a few parts; a contrastive loss pulls parts
of one class and module together. Fine parts: windows of several sizes are ranked by a score that learns to follow how
surely each window alone tells the right class; the best ones are used.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
import torch.nn.functional as functional
from torch import Tensor, nn

from textsearch.knowledge.attention import unit

WINDOW_SIDES = (0.3, 0.45, 0.6)
"""Sides of the windows as shares of the map's."""

_OVERLAP = 0.25
"""Intersection over union above which of two windows only the better one is kept."""

_PEAK_BONUS = 0.5
"""What a window's score gains where a coarse part has its peak."""


class CoarseParts(nn.Module):
    """One module: a channel gate, then attention maps that each gather one part.

    Args:
        channels: of the feature map.
        parts: K, attention maps.
        width: features of the module's result.
    """

    def __init__(self, channels: int, parts: int, width: int) -> None:
        super().__init__()
        self.gate = nn.Sequential(
            nn.Linear(channels, channels // 16), nn.ReLU(), nn.Linear(channels // 16, channels), nn.Sigmoid()
        )
        self.maps = nn.Conv2d(channels, parts, 1)
        self.join = nn.Linear(parts * channels, width)

    def forward(self, features: Tensor) -> tuple[Tensor, Tensor]:
        """Map (B, C, H, W) to the parts' joint features (B, width) and their attention (B, K, H, W), sums 1."""
        gated = features * self.gate(features.mean(dim=(2, 3)))[:, :, None, None]
        shares = self.maps(gated).flatten(2).softmax(dim=2)
        parts = shares @ gated.flatten(2).transpose(1, 2)
        return self.join(parts.flatten(1)), shares.unflatten(2, features.shape[2:])


@dataclass(frozen=True, eq=False)
class FineRegions:
    """The windows a photo was looked at through.

    Attributes:
        features: (B, M, width), of the chosen windows, best first.
        scores: (B, M), their informativeness as judged.
    """

    features: Tensor
    scores: Tensor


class FineParts(nn.Module):
    """Ranks windows of several sizes over a feature map.

    Args:
        channels: of the feature map.
        regions: M, windows chosen.
        width: features of a window.
    """

    def __init__(self, channels: int, regions: int, width: int) -> None:
        super().__init__()
        self.regions = regions
        self.describe = nn.Sequential(nn.Linear(channels, width), nn.ReLU())
        self.judge = nn.Sequential(nn.Linear(channels, 64), nn.ReLU(), nn.Linear(64, 1))

    def forward(self, features: Tensor, attention: Tensor) -> FineRegions:
        """Choose windows of (B, C, H, W); `attention` (B, K, H, W) is that of the coarse parts."""
        height, width = features.shape[2:]
        windows = window_grid(height, width).to(features.device)
        pooled = pool_windows(features, windows)
        # The judge follows the classifier and must not shape the features (as in NTS-Net).
        scores = self.judge(pooled.detach())[..., 0]
        ranks = scores.detach() + _PEAK_BONUS * _holds_peak(attention, windows)
        chosen = choose_windows(ranks, windows, self.regions)
        picked = pooled.gather(1, chosen[..., None].expand(-1, -1, pooled.shape[2]))
        return FineRegions(self.describe(picked), scores.gather(1, chosen))


def window_grid(height: int, width: int) -> Tensor:
    """Return the windows over a map, (R, 4) int64: top, left, bottom, right, the last two exclusive; cells."""
    windows = []
    for share in WINDOW_SIDES:
        tall, wide = max(1, round(share * height)), max(1, round(share * width))
        tops = range(0, height - tall + 1, max(1, tall // 2))
        lefts = range(0, width - wide + 1, max(1, wide // 2))
        windows += [(top, left, top + tall, left + wide) for top in tops for left in lefts]
    return torch.tensor(windows)


def pool_windows(features: Tensor, windows: Tensor) -> Tensor:
    """Return the mean over each window, (B, R, C), of (B, C, H, W), through sums over all upper left rectangles."""
    sums = functional.pad(features.cumsum(2).cumsum(3), (1, 0, 1, 0))
    top, left, bottom, right = windows.unbind(1)
    total = sums[:, :, bottom, right] - sums[:, :, top, right] - sums[:, :, bottom, left] + sums[:, :, top, left]
    return (total / ((bottom - top) * (right - left))).transpose(1, 2)


def choose_windows(ranks: Tensor, windows: Tensor, count: int) -> Tensor:
    """Return the best windows that overlap little, (B, count) int64, best first; ranks (B, R)."""
    overlaps = _overlaps(windows) > _OVERLAP
    left = ranks.clone()
    chosen = []
    for _ in range(count):
        best = left.argmax(dim=1)
        chosen.append(best)
        # Overlapping windows stay behind all others, so that there is a choice when few are left.
        left = torch.where(overlaps[best], left - 1e4, left).scatter(1, best[:, None], -torch.inf)
    return torch.stack(chosen, dim=1)


def _overlaps(windows: Tensor) -> Tensor:
    """Return the intersections over unions of windows (R, 4), (R, R)."""
    first, last = windows[:, :2].float(), windows[:, 2:].float()
    inner = torch.minimum(last[:, None], last) - torch.maximum(first[:, None], first)
    inner = inner.clamp(min=0).prod(dim=2)
    areas = (last - first).prod(dim=1)
    return inner / (areas[:, None] + areas - inner)


def _holds_peak(attention: Tensor, windows: Tensor) -> Tensor:
    """Return 1 where a window holds the peak of a coarse part, (B, R); attention (B, K, H, W)."""
    peaks = attention.flatten(2).argmax(dim=2)
    row, column = peaks // attention.shape[3], peaks % attention.shape[3]
    top, left, bottom, right = windows.unbind(1)
    inside = (row[..., None] >= top) & (row[..., None] < bottom) & (column[..., None] >= left)
    return (inside & (column[..., None] < right)).any(dim=1).float()


def part_loss(parts: Tensor, labels: Tensor) -> Tensor:
    """Return the N-pair loss over modules and classes (MAMC, section 3.1).

    For every anchor: parts of the same module and class against all others; of the same module against those that
    share neither; of the same class against those that share neither.

    Args:
        parts: (B, 2, D), a vector of each of the two modules.
        labels: (B,), classes.
    """
    vectors = unit(parts).flatten(0, 1)
    count = len(vectors)
    module = torch.arange(count, device=parts.device) % parts.shape[1]
    owner = labels.repeat_interleave(parts.shape[1])
    same_module = module[:, None] == module
    same_class = owner[:, None] == owner
    itself = torch.eye(count, dtype=torch.bool, device=parts.device)
    products = vectors @ vectors.T
    both = same_module & same_class & ~itself
    neither = ~same_module & ~same_class
    terms = [
        _n_pair(products, both, ~(same_module & same_class)),
        _n_pair(products, same_module & ~same_class, neither),
        _n_pair(products, ~same_module & same_class, neither),
    ]
    return torch.stack(terms).sum()


def _n_pair(products: Tensor, positive: Tensor, negative: Tensor) -> Tensor:
    """Return the mean of log(1 + sum over negatives of exp(negative - positive)) over all pairs with a positive."""
    repelled = products.masked_fill(~negative, -torch.inf).logsumexp(dim=1, keepdim=True)
    losses = functional.softplus(repelled - products)
    losses = losses.masked_fill(~positive, 0.0)
    return losses.sum() / positive.sum().clamp(min=1)


def ranking_loss(scores: Tensor, losses: Tensor) -> Tensor:
    """Return how far the judged order of windows is from the true one (NTS-Net's hinge).

    Args:
        scores: (B, M), informativeness as judged.
        losses: (B, M), cross-entropy of each window alone with the true class; smaller is more informative.
    """
    better = losses[:, :, None] < losses[:, None, :]
    hinge = functional.relu(1 - (scores[:, :, None] - scores[:, None, :]))
    return hinge.masked_fill(~better, 0.0).sum() / len(scores)
