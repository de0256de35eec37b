from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from textsearch.training.steps import Rhythm, take_steps, take_up, told


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
    take_up(trainer, tmp_path / "run")
    take_steps(
        trainer,
        trainer.steps(7),
        7,
        tmp_path / "run",
        Rhythm(save=2, evaluate=4),
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


def test_a_run_that_was_stopped_goes_on_at_its_checkpoint(tmp_path: Path) -> None:
    def stop(step: int, terms: dict[str, float]) -> None:
        if step == 5:
            raise KeyboardInterrupt

    stopped, resumed, seen = Counter(), Counter(), list[int]()
    take_up(stopped, tmp_path)
    with pytest.raises(KeyboardInterrupt):
        take_steps(stopped, stopped.steps(6), 6, tmp_path, Rhythm(2, 2), progress=stop)
    take_up(resumed, tmp_path)
    assert resumed.step == 4
    take_steps(resumed, resumed.steps(6), 6, tmp_path, Rhythm(2, 2), progress=lambda step, terms: seen.append(step))
    assert seen == [5, 6]
    assert [line["step"] for line in log(tmp_path)] == [2, 4, 6]


def test_what_is_told_of_a_run() -> None:
    lines: list[str] = []
    tell = told(lines.append, last=8, every=3)
    for step in range(1, 9):
        tell(step, {"loss": step / 2} | ({"held_back_map": 0.5} if step == 7 else {}))
    told_of = [
        "step 3 loss 1.5000",
        "step 6 loss 3.0000",
        "step 7 loss 3.5000 held_back_map 0.5000",
        "step 8 loss 4.0000",
    ]
    assert lines == told_of
