from __future__ import annotations

import torch

from tests.single_thread import one_torch_thread  # noqa: F401
from textsearch.knowledge.scrim import (
    CoarseParts,
    FineParts,
    choose_windows,
    part_loss,
    pool_windows,
    ranking_loss,
    window_grid,
)


def test_coarse_attention_sums_to_one() -> None:
    vector, attention = CoarseParts(32, 3, 16)(torch.rand(2, 32, 5, 6))
    assert vector.shape == (2, 16)
    assert attention.shape == (2, 3, 5, 6)
    assert torch.allclose(attention.sum((2, 3)), torch.ones(2, 3))


def test_windows_are_averaged_as_they_lie() -> None:
    features, windows = torch.rand(1, 2, 7, 7), window_grid(7, 7)
    pooled = pool_windows(features, windows)
    for number, (top, left, bottom, right) in enumerate(windows.tolist()):
        expected = features[0, :, top:bottom, left:right].mean((1, 2))
        assert torch.allclose(pooled[0, number], expected, atol=1e-5)


def test_the_best_windows_are_chosen_apart() -> None:
    windows = torch.tensor([[0, 0, 4, 4], [0, 1, 4, 5], [4, 4, 8, 8]])
    assert choose_windows(torch.tensor([[3.0, 2.0, 1.0]]), windows, 2).tolist() == [[0, 2]]
    assert choose_windows(torch.tensor([[3.0, 2.0, 1.0]]), windows, 3).tolist() == [[0, 2, 1]]


def test_fine_parts_are_the_best_judged_where_no_part_peaks() -> None:
    regions = FineParts(8, 3, 16)(torch.rand(2, 8, 7, 7), torch.zeros(2, 1, 7, 7))
    assert regions.features.shape == (2, 3, 16)
    assert regions.scores.shape == (2, 3)


def test_parts_of_one_class_and_module_are_pulled_together() -> None:
    labels = torch.tensor([0, 0, 1, 1])
    corners = torch.eye(4)
    sorted_out = torch.stack([torch.stack([corners[2 * label], corners[2 * label + 1]]) for label in labels.tolist()])
    mixed = sorted_out[[0, 2, 1, 3]]
    assert part_loss(sorted_out, labels) < part_loss(mixed, labels)


def test_the_ranking_must_follow_the_losses() -> None:
    losses = torch.tensor([[0.1, 2.0, 1.0]])
    assert ranking_loss(torch.tensor([[4.0, 0.0, 2.0]]), losses) == 0
    assert ranking_loss(torch.tensor([[0.0, 4.0, 2.0]]), losses) > 0
