"""Contrast with the keys of earlier steps: queues, InfoNCE and relational consistency (RCLSTR's loss; MoCo).

Keys are vectors of the momentum encoder. Queries meet the key of their own place as positive and the queue of their
level as negatives.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import cast

import torch
import torch.nn.functional as functional
from torch import Tensor, nn


class Queue(nn.Module):
    """The last keys of a level, the oldest being overwritten first; random unit vectors until there are enough.

    Args:
        size: K, number of keys.
        dimension: D, of a key.
    """

    keys: Tensor
    position: Tensor

    def __init__(self, size: int, dimension: int) -> None:
        super().__init__()
        self.register_buffer("keys", functional.normalize(torch.randn(size, dimension), dim=1))
        self.register_buffer("position", torch.zeros((), dtype=torch.long))

    @torch.no_grad()
    def push(self, keys: Tensor) -> None:
        """Take in keys (N, D); of more than fit, the last ones."""
        size = len(self.keys)
        kept = keys[-size:]
        places = (self.position + torch.arange(len(kept), device=keys.device)) % size
        # Into a copy, since the losses of this step still need the old keys on their way back.
        self.keys = self.keys.index_copy(0, places, kept.to(self.keys))
        self.position.copy_((self.position + len(kept)) % size)


class Queues(nn.Module):
    """A queue for each of some levels.

    Args:
        names: of the levels.
        size: K, keys of each.
        dimension: D, of a key.
    """

    def __init__(self, names: Iterable[str], size: int, dimension: int) -> None:
        super().__init__()
        self.levels = nn.ModuleDict({name: Queue(size, dimension) for name in names})

    def keys(self) -> dict[str, Tensor]:
        """Return the keys (K, D) of every level."""
        return {name: cast(Queue, queue).keys for name, queue in self.levels.items()}

    def push(self, keys: Mapping[str, Tensor]) -> None:
        """Take in keys (B, n, D) of every level."""
        for name, queue in self.levels.items():
            cast(Queue, queue).push(keys[name].flatten(0, 1))


def information_loss(queries: Tensor, keys: Tensor, queue: Tensor, temperature: float) -> Tensor:
    """Return InfoNCE, the cross entropy of telling a query's own key from the queue (MoCo, equation 1).

    Args:
        queries: (N, D) unit vectors.
        keys: (N, D) unit vectors, row by row the positives.
        queue: (K, D) unit vectors, the negatives.
        temperature: that cosines are divided by.

    Returns:
        The mean over the queries.
    """
    own = (queries * keys).sum(dim=1) / temperature
    return (torch.logaddexp(own, logits(queries, queue, temperature).logsumexp(dim=1)) - own).mean()


def logits(vectors: Tensor, queue: Tensor, temperature: float) -> Tensor:
    """Return how vectors (..., D) relate to a queue (K, D): (..., K), whose softmax is a distribution over its keys."""
    return (vectors / temperature) @ queue.T


def divergence(query: Tensor, key: Tensor) -> Tensor:
    """Return the symmetric divergence KL(q || p) + KL(p || q) of softmax(query) = q and softmax(key) = p.

    Each is summed over the queue, then averaged over the places. The published code takes torch's default, the mean
    over places *and* queue, so that its weight of 0.3 with 65,536 keys amounts to 0.3 / 65,536 here.

    Args:
        query: (..., K) logits.
        key: (..., K) logits.
    """
    # The logarithms of q and p differ from the logits by constants, which vanish as q - p sums to 0.
    return ((query.softmax(dim=-1) - key.softmax(dim=-1)) * (query - key)).sum(dim=-1).mean()


def level_losses(
    queries: Mapping[str, Tensor], keys: Mapping[str, Tensor], queues: Mapping[str, Tensor], temperature: float
) -> dict[str, Tensor]:
    """Return InfoNCE of every level, from vectors (B, n, D) and queues (K, D)."""
    return {
        f"contrast_{name}": information_loss(query.flatten(0, 1), keys[name].flatten(0, 1), queues[name], temperature)
        for name, query in queries.items()
    }


def consistency_losses(
    queries: Mapping[str, Tensor], keys: Mapping[str, Tensor], queues: Mapping[str, Tensor], temperature: float
) -> dict[str, Tensor]:
    """Return the divergence between what queries and keys relate to, from vectors (B, n, D) and queues (K, D)."""
    return {
        f"consistency_{name}": divergence(
            logits(query, queues[name], temperature), logits(keys[name], queues[name], temperature)
        )
        for name, query in queries.items()
    }


def cross_level_loss(fine: Tensor, coarse: Tensor, queue: Tensor, temperature: float) -> Tensor:
    """Return the divergence between parts and the key of the coarser part that they belong to, over the coarser queue.

    Args:
        fine: (B, n, length, D) queries of the finer level, see `textsearch.training.pretraining.levels.windows`.
        coarse: (B, n, D) keys of the coarser level.
        queue: (K, D) of the coarser level.
        temperature: that cosines are divided by.
    """
    known = logits(coarse, queue, temperature).unsqueeze(2)
    return divergence(logits(fine, queue, temperature), known)
