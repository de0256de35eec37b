"""How many steps fit into the time."""

from __future__ import annotations

import time
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from tests.fakes import ALPHABET
from tests.training.adaptation.samples import strips_of
from textsearch.training.adaptation import stages
from textsearch.training.adaptation.report import AdaptOptions
from textsearch.training.adaptation.stages import affordable_steps


class Slow:
    """A trainer whose steps take two seconds of a clock that stands still otherwise."""

    now = 0.0

    def __init__(self, *parts: object) -> None:
        pass

    def train_step(self) -> None:
        Slow.now += 2.0


@pytest.fixture
def old(monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.setattr(stages, "SelfTrainer", Slow)
    monkeypatch.setattr(stages, "load_joint", lambda folder: None)
    monkeypatch.setattr(time, "monotonic", lambda: Slow.now)
    return SimpleNamespace(folder=Path(), alphabet=ALPHABET)


@pytest.mark.parametrize(("minutes", "steps"), [(10.0, 236), (0.1, 3), (1000.0, 450)])
def test_the_steps_fit_into_the_time(tmp_path: Path, old: Any, minutes: float, steps: int) -> None:
    found = affordable_steps(tmp_path / "steps.json", old, strips_of(["exit"]), AdaptOptions(minutes=minutes))
    assert found == steps


def test_a_run_that_goes_on_takes_as_many_as_planned(tmp_path: Path, old: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    options = AdaptOptions(minutes=10.0)
    first = affordable_steps(tmp_path / "steps.json", old, strips_of(["exit"]), options)
    monkeypatch.setattr(Slow, "train_step", lambda self: pytest.fail("tried again"))
    assert affordable_steps(tmp_path / "steps.json", old, strips_of(["exit"]), options) == first
