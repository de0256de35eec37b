from __future__ import annotations

import math

import torch

from textsearch.training.map_losses import balanced_cross_entropy, dice_loss, map_losses


def test_cross_entropy_counts_the_hardest_other_pixels() -> None:
    logits = torch.tensor([[[2.0, -1.0, 1.0, -3.0, 0.5]]])
    cores = torch.tensor([[[1.0, 0.0, 0.0, 0.0, 0.0]]])
    counted = torch.tensor([[[1.0, 1.0, 1.0, 1.0, 0.0]]])
    inside = -math.log(1 / (1 + math.exp(-2)))
    outside = [-math.log(1 - 1 / (1 + math.exp(-logit))) for logit in (-1.0, 1.0, -3.0)]
    expected = (inside + sum(outside)) / 4
    assert math.isclose(balanced_cross_entropy(logits, cores, counted).item(), expected, rel_tol=1e-5)


def test_few_cores_keep_the_easy_ground_out() -> None:
    logits = torch.full((1, 40, 40), -4.0)
    logits[0, :20, :20] = 1.0
    cores = torch.zeros_like(logits)
    # No core at all: as if there were 100 of its pixels, so the 300 hardest of 1,600 count, all of them at logit 1.
    expected = -math.log(1 - 1 / (1 + math.exp(-1)))
    assert math.isclose(balanced_cross_entropy(logits, cores, torch.ones_like(logits)).item(), expected, rel_tol=1e-4)


def test_dice_against_its_formula() -> None:
    logits = torch.tensor([[[0.0, 0.0, 9.0]]])
    cores = torch.tensor([[[1.0, 0.0, 1.0]]])
    counted = torch.tensor([[[1.0, 1.0, 0.0]]])
    expected = 1 - (2 * 0.5 + 1) / (1.0 + 1.0 + 1)
    assert math.isclose(dice_loss(logits, cores, counted).item(), expected, rel_tol=1e-6)


def test_a_perfect_map_costs_nothing_and_what_is_not_counted_has_no_gradient() -> None:
    cores = torch.zeros((1, 8, 8), dtype=torch.uint8)
    cores[0, 2:5, 2:6] = 1
    counted = torch.ones_like(cores)
    counted[0, 7] = 0
    logits = (40 * cores.float() - 20)[:, None].requires_grad_()
    terms = map_losses(logits, cores, counted)
    total = terms["cores"] + terms["dice"]
    assert total.item() < 0.01
    noisy = torch.zeros((1, 1, 8, 8), requires_grad=True)
    sum(map_losses(noisy, cores, counted).values()).backward()  # type: ignore[union-attr]
    assert noisy.grad is not None
    assert not noisy.grad[0, 0, 7].any()
    assert noisy.grad[0, 0, 3].all()
