"""What the classifier is trained on: the right class, parts that agree, and latent distances that follow the tree."""

from __future__ import annotations

import torch
import torch.nn.functional as functional
from torch import Tensor

from textsearch.knowledge.decisions import ELSEWHERE
from textsearch.knowledge.network import READING_SHARE, Judgement
from textsearch.knowledge.scrim import part_loss, ranking_loss

ALONE_WEIGHT = 1.0
"""Of the branches' own cross-entropy: each must tell the class alone as well, so that none leans on another."""

WINDOWS_WEIGHT = 0.3
"""Of the cross-entropy of SCRIM's windows."""

PARTS_WEIGHT = 0.5
"""Of the parts' contrastive loss (MAMC's lambda)."""

KNOWLEDGE_WEIGHT = 20.0
"""The published alpha of the knowledge loss."""

_EXPONENT = 1.2
_TREE_SCALE = 0.1

_LEARNT_BRANCHES = {"picture": 1.0, "spelling": 1.0, "reading": READING_SHARE, "parts": 1.0}
"""What each was multiplied by; alone it is judged as it was before."""


def classifier_loss(judged: Judgement, labels: Tensor, smoothing: float) -> Tensor:
    """Return the cross-entropy of the sum and of each branch that learns, and the losses of SCRIM where it is there.

    The sum competes with ELSEWHERE, so that a photo of anything else can be told by its low scores.

    Args:
        judged: what the network said of B photos.
        labels: (B,) int64, classes; C for a photo of anything else, which has no parts that tell its class.
        smoothing: share of the target that is spread over all classes.
    """
    elsewhere = torch.full((len(labels), 1), ELSEWHERE)
    loss = functional.cross_entropy(torch.cat([judged.logits, elsewhere], 1), labels, label_smoothing=smoothing)
    known = labels < judged.logits.shape[1]
    for name, share in _LEARNT_BRANCHES.items():
        if name in judged.branches and known.any():
            scores = judged.branches[name][known] / share
            loss = loss + ALONE_WEIGHT * functional.cross_entropy(scores, labels[known], label_smoothing=smoothing)
    if known.any():
        loss = loss + _scrim_loss(judged, labels, known)
    return loss


def _scrim_loss(judged: Judgement, labels: Tensor, known: Tensor) -> Tensor | float:
    """Return the losses of the parts and windows of the photos whose class is known; 0 without SCRIM."""
    if judged.parts is None or judged.region_logits is None or judged.region_scores is None:
        return 0.0
    labels, logits = labels[known], judged.region_logits[known]
    count, classes = logits.shape[1:]
    each = functional.cross_entropy(
        logits.reshape(-1, classes), labels.repeat_interleave(count), reduction="none"
    ).view(-1, count)
    loss = WINDOWS_WEIGHT * each.mean() + PARTS_WEIGHT * part_loss(judged.parts[known], labels)
    return loss + ranking_loss(judged.region_scores[known], each.detach())


def knowledge_distance_loss(first: Tensor, second: Tensor, third: Tensor, distances: tuple[Tensor, Tensor]) -> Tensor:
    """Return how far ratios of latent distances are from ratios of distances in the taxonomy (CKFR, section 5.1).

    The published demo reads the third photo's label from the second; here each distance is that of its own pair.

    Args:
        first: (B, D), latent features of the anchors.
        second: (B, D), of the second photos.
        third: (B, D), of the third photos.
        distances: from each anchor's class to the second's and to the third's, two of (B,).
    """
    anchors, seconds, thirds = (_standardised(features) for features in (first, second, third))
    near = (anchors - seconds).abs().clamp(min=1e-6).pow(_EXPONENT).mean(dim=1)
    far = (anchors - thirds).abs().clamp(min=1e-6).pow(_EXPONENT).mean(dim=1)
    to_second, to_third = (_TREE_SCALE * each for each in distances)
    return KNOWLEDGE_WEIGHT * (near * to_third - far * to_second).abs().mean()


def _standardised(features: Tensor) -> Tensor:
    """Return features with mean 0 and deviation 1 over the whole batch, one number for both."""
    return (features - features.mean()) / features.std().clamp(min=1e-6)


def triples(count: int, generator: torch.Generator) -> tuple[Tensor, Tensor]:
    """Return the second and the third photo for each of `count` anchors, drawn at random: two of (count,) int64."""
    return torch.randperm(count, generator=generator), torch.randperm(count, generator=generator)
