"""Learning from one's own readings."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from tests.fakes import ALPHABET
from tests.tiny_joint import FRAME, tiny_joint
from tests.training.adaptation.samples import strips_of
from textsearch.models.branches import ImageBranch
from textsearch.models.joint import JointNetwork
from textsearch.training.adaptation.self_training import SelfTrainer, SelfTrainingRecipe

RECIPE = SelfTrainingRecipe(steps=4, words=4, kept=2, others=4, warm_up=1)
WORDS = ["exit", "hotel", "taxi", "menu", "", "Bar"]


def network(seed: int = 0) -> JointNetwork:
    """Return a tiny network whose image branch sees no maps, as a packaged one."""
    tiny = tiny_joint(seed)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        tiny.image = ImageBranch(2 * FRAME + 1, 32)
    return tiny.eval()


def trainer(recipe: SelfTrainingRecipe = RECIPE) -> SelfTrainer:
    return SelfTrainer(network(), network(), strips_of(WORDS), ALPHABET, recipe)


def test_only_the_last_blocks_and_the_branches_learn() -> None:
    training = trainer(replace(RECIPE, trunk_rate=1e-2, branch_rate=1e-2))
    before = {name: tensor.clone() for name, tensor in training.network.state_dict().items()}
    training.train_step()
    changed = {name for name, tensor in training.network.state_dict().items() if not torch.equal(tensor, before[name])}
    trunk = "recogniser.trunk."
    assert {name.split(".")[0] for name in changed} == {"recogniser", "image", "word"}
    learning = tuple(f"{trunk}{part}" for part in ("neck.", "backbone.stages.2."))
    assert all(name.startswith(learning) for name in changed if name.startswith("recogniser"))
    assert any(name.startswith(trunk) for name in changed)


def test_what_was_learnt_is_read_again() -> None:
    training = trainer(replace(RECIPE, steps=30, trunk_rate=3e-3, branch_rate=3e-3, keep_loss=0.0, words=5))
    losses = [training.train_step() for _ in range(30)]
    first, last = (np.mean([terms["read"] for terms in part]) for part in (losses[:5], losses[-5:]))
    assert last < 0.85 * first


def test_clean_strips_are_read_as_at_the_start() -> None:
    free, kept = (trainer(replace(RECIPE, steps=15, trunk_rate=3e-3, keep_loss=weight)) for weight in (1e-6, 100.0))
    for _ in range(15):
        free_terms, kept_terms = free.train_step(), kept.train_step()
    assert kept_terms["keep"] / 100.0 < 0.5 * free_terms["keep"] / 1e-6


def test_strips_that_are_held_back_are_not_looked_at() -> None:
    held_back = [False, False, False, True, True, True]
    training = SelfTrainer(network(), network(), strips_of(WORDS, held_back), ALPHABET, RECIPE)
    assert training.lexicon == ["exit", "hotel", "taxi"]
    assert sorted(training.all) == [0, 1, 2]


def test_a_stopped_run_goes_on_to_the_same_numbers(tmp_path: Path) -> None:
    whole = trainer()
    whole.run(tmp_path / "whole", save_every=2)
    stopped = trainer()

    def stop(step: int, terms: dict[str, float]) -> None:
        if step == 3:  # the last checkpoint was written at step 2
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        stopped.run(tmp_path / "stopped", save_every=2, progress=stop)
    again = trainer()
    again.run(tmp_path / "stopped", save_every=2)
    assert again.step == RECIPE.steps
    for name, tensor in whole.adapted().state_dict().items():
        assert torch.equal(tensor, again.adapted().state_dict()[name]), name


def test_the_kept_weights_lie_between_the_first_and_the_last() -> None:
    training = trainer(replace(RECIPE, trunk_rate=1e-2, branch_rate=1e-2, average=0.0, way=0.25))
    training.train_step()
    name = "image.embed.weight"
    first, last, kept = (net.state_dict()[name] for net in (training.start, training.network, training.adapted()))
    assert torch.allclose(kept, 0.75 * first + 0.25 * last)
    assert not torch.allclose(first, last)


def test_the_same_seed_gives_the_same_steps() -> None:
    first, same, other = trainer(), trainer(), trainer(replace(RECIPE, seed=1))
    assert first.train_step() == same.train_step()
    assert first.train_step() != other.train_step()
