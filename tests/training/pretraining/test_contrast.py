from __future__ import annotations

import math

import pytest
import torch
from torch import Tensor
from torch.nn.functional import kl_div, normalize

from textsearch.training.pretraining.contrast import (
    Queue,
    consistency_losses,
    cross_level_loss,
    divergence,
    information_loss,
    level_losses,
    logits,
)


def unit(*shape: int, seed: int = 0) -> Tensor:
    return normalize(torch.randn(*shape, generator=torch.Generator().manual_seed(seed)), dim=-1)


def test_a_queue_overwrites_the_oldest_keys_first() -> None:
    queue = Queue(5, 2)
    assert torch.allclose(queue.keys.norm(dim=1), torch.ones(5))
    rows = torch.arange(16.0).view(8, 2)
    queue.push(rows[:3])
    assert torch.equal(queue.keys[:3], rows[:3])
    queue.push(rows[3:7])
    assert torch.equal(queue.keys, rows[[5, 6, 2, 3, 4]])
    queue.push(rows[7:])
    assert torch.equal(queue.keys, rows[[5, 6, 7, 3, 4]])


def test_of_more_keys_than_a_queue_holds_the_last_stay() -> None:
    queue = Queue(3, 1)
    queue.push(torch.arange(8.0).view(8, 1))
    assert sorted(queue.keys.flatten().tolist()) == [5, 6, 7]


def test_losses_reach_the_queries_through_a_push() -> None:
    queue, queries = Queue(4, 3), unit(2, 3).requires_grad_()
    loss = information_loss(queries, unit(2, 3, seed=1), queue.keys, 0.1)
    queue.push(unit(2, 3, seed=2))
    loss.backward()  # type: ignore[no-untyped-call]
    assert queries.grad is not None and queries.grad.abs().sum() > 0


def test_info_nce_is_the_cross_entropy_of_the_own_key() -> None:
    queries, keys, queue = unit(3, 4), unit(3, 4, seed=1), unit(6, 4, seed=2)
    expected = 0.0
    for query, key in zip(queries, keys, strict=True):
        own = math.exp(float(query @ key) / 0.07)
        expected -= math.log(own / (own + sum(math.exp(float(query @ other) / 0.07) for other in queue))) / 3
    assert float(information_loss(queries, keys, queue, 0.07)) == pytest.approx(expected, rel=1e-5)


def test_the_divergence_is_both_ways_summed_over_the_queue() -> None:
    query, key = 3 * torch.randn(5, 7), 3 * torch.randn(5, 7)
    p, q = key.log_softmax(dim=1), query.log_softmax(dim=1)
    expected = kl_div(q, p, reduction="batchmean", log_target=True) + kl_div(
        p, q, reduction="batchmean", log_target=True
    )
    assert float(divergence(query, key)) == pytest.approx(float(expected), rel=1e-5)
    assert float(divergence(query, query + 2)) == pytest.approx(0, abs=1e-6)


def test_the_published_reduction_is_smaller_by_the_size_of_the_queue() -> None:
    query, key = 3 * torch.randn(5, 64), 3 * torch.randn(5, 64)
    p, q = key.log_softmax(dim=1), query.log_softmax(dim=1)
    published = kl_div(q, p, reduction="mean", log_target=True) + kl_div(p, q, reduction="mean", log_target=True)
    assert float(divergence(query, key)) / 64 == pytest.approx(float(published), rel=1e-5)


def test_every_level_meets_its_own_queue() -> None:
    queries = {"frame": unit(2, 6, 4), "word": unit(2, 1, 4, seed=1)}
    keys = {"frame": unit(2, 6, 4, seed=2), "word": unit(2, 1, 4, seed=3)}
    queues = {"frame": unit(8, 4, seed=4), "word": unit(5, 4, seed=5)}
    contrast, related = level_losses(queries, keys, queues, 0.1), consistency_losses(queries, keys, queues, 0.2)
    for name in ("frame", "word"):
        query, key = queries[name].reshape(-1, 4), keys[name].reshape(-1, 4)
        assert contrast[f"contrast_{name}"] == information_loss(query, key, queues[name], 0.1)
        expected = divergence(query @ queues[name].T / 0.2, key @ queues[name].T / 0.2)
        assert torch.allclose(related[f"consistency_{name}"], expected)


def test_parts_are_held_against_the_key_of_the_whole_that_they_belong_to() -> None:
    fine, coarse, queue = unit(2, 3, 5, 4), unit(2, 3, 4, seed=1), unit(6, 4, seed=2)
    expected = torch.stack(
        [
            divergence(logits(fine[b, n, i], queue, 0.1)[None], logits(coarse[b, n], queue, 0.1)[None])
            for b in range(2)
            for n in range(3)
            for i in range(5)
        ]
    ).mean()
    assert torch.allclose(cross_level_loss(fine, coarse, queue, 0.1), expected)
