from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Literal

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from tests.pretended_device import pretended_device
from tests.training.pretraining.trunks import KINDS, trunk_of
from textsearch.errors import TextSearchError
from textsearch.training.pixels import network_input
from textsearch.training.pretraining.pretrain import Pretrainer, PretrainRecipe, Task
from textsearch.training.runs import mean_terms
from textsearch.types import ByteArray

RECIPE = PretrainRecipe(steps=4, batch=4, queue=32, warm_up=1, frame_distance=2, band=(8, 12))
CONTRAST = {
    *(f"contrast_{level}" for level in ("frame", "subword", "word")),
    *(f"consistency_{level}" for level in ("frame", "subword", "word", "frame_subword", "subword_word")),
}


def strips(count: int = 8) -> ByteArray:
    """Strips with stripes of a width and colour of their own."""
    generator = np.random.default_rng(0)
    pixels = np.empty((count, 48, 64, 3), np.uint8)
    for row in pixels:
        dark, light = generator.integers(0, 100, 3), generator.integers(150, 255, 3)
        bars = np.arange(64) // int(generator.integers(2, 9)) % 2 == 0
        row[:] = np.where(bars[:, None], dark, light)
    return pixels


def trainer(recipe: PretrainRecipe = RECIPE, kind: str = "crnn") -> Pretrainer:
    return Pretrainer(trunk_of(kind), strips(), recipe)


def gradients(module: nn.Module) -> dict[str, float]:
    return {
        name: 0.0 if parameter.grad is None else float(parameter.grad.abs().sum())
        for name, parameter in module.named_parameters()
    }


@pytest.mark.parametrize("kind", KINDS)
def test_the_gradient_reaches_the_trunk_every_level_and_the_decoder(kind: str) -> None:
    learning = trainer(kind=kind)
    terms = learning.losses(learning.batches.batch(0))
    assert set(terms) == CONTRAST | {"mask"}
    torch.stack(list(terms.values())).sum().backward()  # type: ignore[no-untyped-call]
    for module in (learning.trunk, learning.encoder.levels, learning.decoder):
        assert all(value > 0 for value in gradients(module).values())
    assert all(parameter.grad is None for parameter in learning.momentum_encoder.parameters())


@pytest.mark.parametrize("kind", KINDS)
def test_steps_on_another_device_are_those_on_the_cpu(kind: str) -> None:
    def steps(device: str) -> list[dict[str, float]]:
        learning = trainer(replace(RECIPE, tasks=("contrast", "mask", "keep"), device=device), kind)
        return [learning.train_step(learning.batches.batch(step)) for step in range(2)]

    expected = steps("cpu")
    with pretended_device() as device:
        found = steps(str(device))
    for terms, expected_terms in zip(found, expected, strict=True):
        assert terms == pytest.approx(expected_terms, rel=1e-2, abs=1e-6)


@pytest.mark.parametrize("level", ["frame", "subword", "word"])
def test_each_level_alone_teaches_the_trunk(level: str) -> None:
    learning = trainer()
    terms = learning.losses(learning.batches.batch(0))
    terms[f"contrast_{level}"].backward()  # type: ignore[no-untyped-call]
    reached = {name for name, value in gradients(learning.encoder.levels).items() if value}
    assert reached == {f"predictors.{level}.project.weight", f"predictors.{level}.project.bias"}
    assert all(value > 0 for value in gradients(learning.trunk).values())


@pytest.mark.parametrize(
    ("tasks", "names"),
    [
        (("contrast",), CONTRAST),
        (("mask",), {"mask"}),
        (("contrast", "mask"), CONTRAST | {"mask"}),
        (("mask", "keep"), {"mask", "keep"}),
    ],
)
def test_tasks_are_chosen_by_name(tasks: tuple[Task, ...], names: set[str]) -> None:
    terms = trainer(replace(RECIPE, tasks=tasks)).train_step(trainer().batches.batch(0))
    assert set(terms) == names | {"loss"}
    assert terms["loss"] == pytest.approx(sum(terms[name] for name in names), rel=1e-5)


def test_levels_and_consistency_are_chosen() -> None:
    recipe = replace(RECIPE, tasks=("contrast",), levels=("word", "frame"))
    terms = set(trainer(recipe).train_step(trainer().batches.batch(0)))
    assert terms == {
        "loss",
        "contrast_frame",
        "contrast_word",
        "consistency_frame",
        "consistency_word",
        "consistency_frame_word",
    }
    without = set(trainer(replace(recipe, consistency=0)).train_step(trainer().batches.batch(0)))
    assert without == {"loss", "contrast_frame", "contrast_word"}


@pytest.mark.parametrize(("rearranged", "runs"), [("never", 4), ("always", 4), ("both", 8)])
def test_queries_are_plain_permuted_or_both(rearranged: Literal["never", "always", "both"], runs: int) -> None:
    learning = Pretrainer(trunk_of("local"), strips(), replace(RECIPE, rearranged=rearranged))
    batch = learning.batches.batch(0)
    crops = network_input(batch.first)
    frames = learning._query_frames(crops, batch.order)
    plain: Tensor = learning.trunk(crops)
    # A trunk that sees single frames cannot tell where they stood.
    assert torch.allclose(frames, plain.repeat(runs // 4, 1, 1), atol=1e-6)


@pytest.mark.parametrize(("tasks", "moved"), [(("keep", "mask"), False), (("mask",), True)])
def test_masked_strips_leave_running_statistics_alone_unless_they_are_the_only_task(
    tasks: tuple[Task, ...], moved: bool
) -> None:
    learning = trainer(replace(RECIPE, tasks=tasks))
    learning.encoder.eval()
    norm = next(module for module in learning.trunk.modules() if isinstance(module, nn.BatchNorm2d))
    assert norm.running_mean is not None
    norm.train()
    before = norm.running_mean.clone()
    batch = learning.batches.batch(0)
    learning._reconstruction(network_input(batch.first), batch.visible)
    assert bool((norm.running_mean != before).any()) == moved


def test_statistics_of_a_trained_trunk_are_kept() -> None:
    for statistics in ("kept", "batch"):
        learning = trainer(replace(RECIPE, statistics=statistics))
        learning.train_step(learning.batches.batch(0))
        moved = [
            bool(module.running_mean.abs().sum() > 0)
            for module in learning.trunk.modules()
            if isinstance(module, nn.BatchNorm2d) and module.running_mean is not None
        ]
        assert moved and set(moved) == {statistics == "batch"}


def test_keys_enter_the_queues_and_the_momentum_encoder_follows() -> None:
    learning = trainer()
    before = learning.queues.keys()
    start = [parameter.clone() for parameter in learning.momentum_encoder.parameters()]
    learning.train_step(learning.batches.batch(0))
    after = learning.queues.keys()
    changed = {name: int((keys != before[name]).any(dim=1).sum()) for name, keys in after.items()}
    assert changed == {"frame": 16, "subword": 16, "word": 4}
    moved = zip(learning.momentum_encoder.parameters(), start, strict=True)
    assert all(not torch.equal(new, old) for new, old in moved)


def test_keys_of_a_group_have_its_batch_statistics() -> None:
    learning = Pretrainer(trunk_of("local"), strips(64), replace(RECIPE, batch=64))
    crops = network_input(learning.batches.batch(0).second)
    whole = learning.momentum_encoder
    keys = learning._keys(crops)
    for number in range(2):
        expected = whole.levels(whole.trunk(crops[number::2]))
        assert all(torch.allclose(keys[name][number::2], each, atol=1e-5) for name, each in expected.items())


def test_frozen_parameters_stay() -> None:
    trunk = trunk_of("crnn")
    frozen = next(trunk.parameters()).requires_grad_(False)
    before = frozen.clone()
    learning = Pretrainer(trunk, strips(), RECIPE)
    learning.train_step(learning.batches.batch(0))
    assert torch.equal(frozen, before)


@pytest.mark.parametrize("tasks", [("contrast", "mask"), ("mask", "keep")])
def test_a_stopped_run_goes_on_with_the_same_numbers(tmp_path: Path, tasks: tuple[Task, ...]) -> None:
    recipe = replace(RECIPE, tasks=tasks)
    whole, stopped = trainer(recipe), trainer(recipe)
    for step in range(2):
        whole.train_step(whole.batches.batch(step))
        stopped.train_step(stopped.batches.batch(step))
    torch.save(stopped.state(), tmp_path / "checkpoint.pt")
    resumed = trainer(recipe)
    resumed.run(tmp_path)
    for step in range(2, 4):
        terms = whole.train_step(whole.batches.batch(step))
    assert resumed.step == whole.step == 4
    for name, tensor in whole.encoder.state_dict().items():
        assert torch.equal(resumed.encoder.state_dict()[name], tensor), name
    assert torch.equal(resumed.queues.keys()["word"], whole.queues.keys()["word"])
    logged = json.loads((tmp_path / "log.jsonl").read_text().splitlines()[-1])
    assert logged["step"] == 4 and terms["loss"] > 0
    assert (tmp_path / "curves.png").is_file()


def test_measurements_see_the_trunk_in_evaluation_mode_and_are_logged(tmp_path: Path) -> None:
    modes: list[bool] = []

    def evaluate(trunk: nn.Module) -> dict[str, float]:
        modes.append(trunk.training)
        return {"held_back_map": 0.5}

    seen: list[int] = []
    learning = trainer()
    learning.run(
        tmp_path, save_every=1, evaluate=evaluate, evaluate_every=3, progress=lambda step, terms: seen.append(step)
    )
    assert modes == [False, False] and seen == [1, 2, 3, 4]
    rows = [json.loads(line) for line in (tmp_path / "log.jsonl").read_text().splitlines()]
    assert [row["step"] for row in rows if "held_back_map" in row] == [3, 4]


def test_contrast_learns_to_tell_strips_apart() -> None:
    recipe = replace(RECIPE, tasks=("contrast",), levels=("word",), steps=50, batch=8, learning_rate=3e-3)
    learning = Pretrainer(trunk_of("crnn"), strips(128), replace(recipe, trunk_rate=3e-3))

    def nearer() -> float:
        """By how much the cosine of a query and its own key is above that of another strip's key."""
        batch = learning.batches.batch(1000)
        with torch.no_grad():
            queries = learning.encoder.levels(learning.trunk(network_input(batch.first)))["word"][:, 0]
        cosines = queries @ learning._keys(network_input(batch.second))["word"][:, 0].T
        return float(cosines.diag().mean() - cosines[~torch.eye(8, dtype=torch.bool)].mean())

    assert nearer() < 0.3
    for step in range(recipe.steps):
        learning.train_step(learning.batches.batch(step))
    assert nearer() > 0.5


def test_the_reconstruction_gets_better() -> None:
    learning = trainer(replace(RECIPE, tasks=("mask",), steps=40, learning_rate=3e-3, trunk_rate=3e-3))
    losses = [learning.train_step(learning.batches.batch(step)) for step in range(40)]
    assert mean_terms(losses[-4:])["mask"] < 0.9 * mean_terms(losses[:4])["mask"]


def test_the_published_optimiser_takes_its_momentum_along() -> None:
    learning = trainer(replace(RECIPE, tasks=("mask",), optimiser="sgd", weight_decay=1e-4))
    before = [parameter.clone() for parameter in learning.trunk.parameters()]
    learning.train_step(learning.batches.batch(0))
    moved = zip(learning.trunk.parameters(), before, strict=True)
    assert all(not torch.equal(new, old) for new, old in moved)
    assert all("momentum_buffer" in state for state in learning.optimiser.state_dict()["state"].values())


def test_too_few_strips_are_refused() -> None:
    with pytest.raises(TextSearchError, match=r"8 strips of text are too few.*takes 16"):
        trainer(replace(RECIPE, batch=16))


def test_strips_that_cannot_be_mixed_in_pairs_are_refused() -> None:
    with pytest.raises(ValueError, match="halve 5 strips"):
        trainer(replace(RECIPE, batch=5))
