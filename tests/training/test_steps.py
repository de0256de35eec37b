from __future__ import annotations

import json
import multiprocessing
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import torch

from textsearch.errors import TextSearchError
from textsearch.training.steps import (
    Schedule,
    as_lines,
    descend,
    rate_factor,
    take_steps,
    take_up,
    train_on_batches,
)


class Counter:
    """A trainer that counts its steps; its loss is their number."""

    def __init__(self) -> None:
        self.step = 0

    def steps(self, last: int) -> Iterator[dict[str, float]]:
        while self.step < last:
            self.step += 1
            yield {"loss": float(self.step)}

    def state(self) -> dict[str, Any]:
        return {"step": self.step}

    def load_state(self, state: dict[str, Any]) -> None:
        self.step = state["step"]


def log(folder: Path) -> list[dict[str, float]]:
    return [json.loads(line) for line in (folder / "log.jsonl").read_text().splitlines()]


def test_means_are_logged_and_measurements_now_and_then(tmp_path: Path) -> None:
    trainer, seen = Counter(), dict[int, dict[str, float]]()
    schedule = Schedule(tmp_path / "run", last=7, save_every=2, evaluate_every=4)
    take_up(trainer, schedule)
    take_steps(
        trainer,
        trainer.steps(7),
        schedule,
        lambda: {"held_back_map": trainer.step / 10},
        lambda step, terms: seen.update({step: terms}),
    )
    assert log(tmp_path / "run") == [
        {"step": 2, "loss": 1.5},
        {"step": 4, "loss": 3.5, "held_back_map": 0.4},
        {"step": 6, "loss": 5.5},
        {"step": 7, "loss": 7.0, "held_back_map": 0.7},
    ]
    assert seen[3] == {"loss": 3.0} and seen[4] == {"loss": 3.5, "held_back_map": 0.4}
    assert (tmp_path / "run" / "curves.png").is_file()


def stop_at_five(step: int, terms: dict[str, float]) -> None:
    if step == 5:
        raise KeyboardInterrupt


def test_a_run_that_was_stopped_goes_on_at_its_checkpoint(tmp_path: Path) -> None:
    stopped, resumed, seen = Counter(), Counter(), list[int]()
    schedule = Schedule(tmp_path, last=6, save_every=2, evaluate_every=2)
    take_up(stopped, schedule)
    with pytest.raises(KeyboardInterrupt):
        take_steps(stopped, stopped.steps(6), schedule, progress=stop_at_five)
    take_up(resumed, schedule)
    assert resumed.step == 4
    take_steps(resumed, resumed.steps(6), schedule, progress=lambda step, terms: seen.append(step))
    assert seen == [5, 6]
    assert [line["step"] for line in log(tmp_path)] == [2, 4, 6]


class Adder(Counter):
    """Learns from batches that are the numbers of their steps."""

    def train_step(self, batch: int) -> dict[str, float]:
        assert batch == self.step
        self.step += 1
        return {"loss": float(batch)}


class Numbers:
    def batch(self, step: int) -> int:
        return step


def test_batches_go_on_with_the_trainer_and_end_with_it(tmp_path: Path) -> None:
    schedule = Schedule(tmp_path, last=6, save_every=2, evaluate_every=2)
    with pytest.raises(KeyboardInterrupt):
        train_on_batches(Adder(), Numbers(), schedule, progress=stop_at_five, processes=1)
    assert multiprocessing.active_children() == []
    train_on_batches(Adder(), Numbers(), schedule)
    assert [line["loss"] for line in log(tmp_path)] == [0.5, 2.5, 4.5]


def test_measurements_fall_on_checkpoints(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="250"):
        Schedule(tmp_path, last=1000, save_every=100, evaluate_every=250)


def test_a_run_as_lines() -> None:
    lines: list[str] = []
    tell = as_lines(lines.append, last=8, every=3)
    for step in range(1, 9):
        tell(step, {"loss": step / 2} | ({"held_back_map": 0.5} if step == 7 else {}))
    assert lines == [
        "step 3 loss 1.5000",
        "step 6 loss 3.0000",
        "step 7 loss 3.5000 held_back_map 0.5000",
        "step 8 loss 4.0000",
    ]


# --- one step


@pytest.mark.parametrize(
    ("step", "falls_from", "part"),
    [(0, 0, 0.25), (2, 0, 0.75 * 0.853553), (4, 0, 0.5), (8, 0, 0.0), (0, 4, 0.25), (4, 4, 1.0), (6, 4, 0.5)],
)
def test_the_rate_rises_evenly_and_falls_along_a_cosine(step: int, falls_from: int, part: float) -> None:
    assert rate_factor(step, 4, 8, falls_from) == pytest.approx(part, rel=1e-5)


def test_a_step_goes_down_the_terms_that_are_trained() -> None:
    weight = torch.nn.Parameter(torch.tensor([3.0, 4.0]))
    optimiser = torch.optim.SGD([weight], lr=1.0)
    for _ in range(2):  # the gradient of the first step is gone
        weight.data = torch.tensor([3.0, 4.0])
        losses = {"square": 0.5 * weight.square().sum(), "first": weight[0]}
        assert descend(losses, ["square"], optimiser, [weight], 2.5, 0) == {"loss": 12.5, "square": 12.5, "first": 3.0}
        torch.testing.assert_close(weight.detach(), torch.tensor([1.5, 2.0]))  # the gradient is (3, 4), shortened


@pytest.mark.parametrize("loss", [lambda weight: weight * float("nan"), lambda weight: (weight - 1).sqrt()])
def test_a_loss_or_gradient_that_is_no_number_changes_nothing(loss: Callable[[torch.Tensor], torch.Tensor]) -> None:
    weight = torch.nn.Parameter(torch.tensor(1.0))
    with pytest.raises(TextSearchError, match=r"At step 7 .* lower learning rate"):
        descend({"loss": loss(weight)}, ["loss"], torch.optim.AdamW([weight]), [weight], 5.0, 7)
    assert weight.item() == 1.0
