from __future__ import annotations

import pytest
import torch

from tests.models.gradients import silent_parameters
from textsearch.models.branches import ImageBranch, SequenceBranch, WordBranch


@pytest.mark.parametrize("branch_type", [ImageBranch, WordBranch])
@pytest.mark.parametrize("count", [0, 1, 3])
def test_shape(branch_type: type[SequenceBranch], count: int) -> None:
    branch = branch_type(input_dimension=6, hidden=8)
    assert branch(torch.rand(count, 30, 6)).shape == (count, 15, 32)


def test_neighbouring_frames_are_averaged() -> None:
    pooled = ImageBranch(5, 8, frames_in=6, frames_out=3, channels=4)
    whole = ImageBranch(5, 8, frames_in=6, frames_out=6, channels=4)
    whole.load_state_dict(pooled.state_dict())
    features = torch.rand(2, 6, 5)
    sequence = whole(features)
    torch.testing.assert_close(pooled(features), (sequence[:, ::2] + sequence[:, 1::2]) / 2)


def test_both_directions_reach_every_frame() -> None:
    branch = ImageBranch(5, 8, frames_in=6, frames_out=6, channels=4)
    features = torch.rand(1, 6, 5)
    changed_end, changed_start = features.clone(), features.clone()
    changed_end[0, -1] += 1
    changed_start[0, 0] += 1
    assert not torch.equal(branch(features)[0, 0], branch(changed_end)[0, 0])
    assert not torch.equal(branch(features)[0, -1], branch(changed_start)[0, -1])


def test_frames_out_must_divide_frames_in() -> None:
    with pytest.raises(ValueError, match="must divide"):
        WordBranch(5, 8, frames_in=30, frames_out=14)


def test_every_parameter_receives_a_gradient() -> None:
    branch = WordBranch(5, 8)
    branch(torch.rand(2, 30, 5)).square().mean().backward()
    assert silent_parameters(branch) == []
