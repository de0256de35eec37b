from __future__ import annotations

from itertools import permutations

import pytest
import torch

from tests.training.pretraining.trunks import trunk_of
from textsearch.training.pretraining.rearrange import permute, restore


@pytest.mark.parametrize("order", list(permutations(range(4))))
def test_restoring_the_frames_of_permuted_strips_gives_those_of_the_strips(order: tuple[int, ...]) -> None:
    crops = torch.rand(4, 3, 48, 32)
    local = trunk_of("local")
    with torch.no_grad():
        assert torch.equal(restore(local(permute(crops, order)), order), local(crops))


def test_halves_of_a_pair_come_to_the_places_named() -> None:
    first, second = torch.arange(4.0).view(1, 1, 4), torch.arange(4.0, 8.0).view(1, 1, 4)
    mixed = permute(torch.stack([first, second, first + 10, second + 10]), (2, 1, 3, 0))
    assert mixed.flatten(1).tolist() == [[4, 5, 2, 3], [6, 7, 0, 1], [14, 15, 12, 13], [16, 17, 10, 11]]
