from __future__ import annotations

import multiprocessing
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import torch
from torch import Tensor

from tests.children import next_line
from textsearch.errors import TextSearchError
from textsearch.training.ahead import batches_ahead


@dataclass(frozen=True)
class Squares:
    """The batch of a step is its square and the process that drew it; some steps fail."""

    damaged: int = -1
    deadly: int = -1

    def batch(self, step: int) -> tuple[Tensor, int]:
        if step == self.damaged:
            raise TextSearchError(f"{step}.jpg is damaged")
        if step == self.deadly:
            os._exit(1)
        return torch.tensor([step * step]), os.getpid()


def values(batches: Iterator[tuple[Tensor, int]]) -> list[int]:
    return [int(value) for value, _ in batches]


class Asked:
    """Remembers which steps were asked for."""

    def __init__(self) -> None:
        self.steps: list[int] = []

    def batch(self, step: int) -> tuple[Tensor, int]:
        self.steps.append(step)
        return Squares().batch(step)


def test_a_thread_draws_in_order_and_only_what_is_wanted() -> None:
    asked = Asked()
    drawn = list(batches_ahead(asked, 2, 6))
    assert values(iter(drawn)) == [4, 9, 16, 25]
    assert {process for _, process in drawn} == {os.getpid()}
    assert asked.steps == [2, 3, 4, 5]
    assert list(batches_ahead(Squares(), 2, 2)) == []


def test_processes_draw_the_same() -> None:
    drawn = list(batches_ahead(Squares(), 2, 12, processes=2))
    assert values(iter(drawn)) == [step * step for step in range(2, 12)]
    assert os.getpid() not in {process for _, process in drawn}


@pytest.mark.parametrize("processes", [0, 1])
def test_an_error_reaches_the_trainer_as_it_was_raised(processes: int) -> None:
    batches = batches_ahead(Squares(damaged=3), 2, 6, processes)
    assert int(next(batches)[0]) == 4
    with pytest.raises(TextSearchError, match=r"^3\.jpg is damaged$"):
        next(batches)


def test_a_process_that_ends_is_an_error() -> None:
    with pytest.raises(TextSearchError, match="fewer"):
        values(batches_ahead(Squares(deadly=3), 2, 6, processes=1))


def test_processes_end_when_no_more_is_wanted() -> None:
    batches = batches_ahead(Squares(), 0, 10**9, processes=1)
    assert int(next(batches)[0]) == 0
    batches.close()
    assert multiprocessing.active_children() == []
    assert list(batches) == []


_KILLED = """
import time
from tests.training.test_ahead import Squares
from textsearch.training.ahead import batches_ahead

if __name__ == "__main__":
    drawn = batches_ahead(Squares(), 0, 10**9, processes=1)
    print(next(drawn)[1], flush=True)
    time.sleep(60)
"""


def test_processes_end_with_a_trainer_that_is_killed() -> None:
    trainer = subprocess.Popen([sys.executable, "-c", _KILLED], stdout=subprocess.PIPE, text=True)
    drawer = int(next_line(trainer))
    trainer.kill()
    trainer.wait()
    for _ in range(100):
        if not alive(drawer):
            return
        time.sleep(0.1)
    raise AssertionError("the process goes on without its trainer")


def alive(process: int) -> bool:
    """Return whether a process runs; one that has ended and that nobody asks about does not."""
    status = Path(f"/proc/{process}/stat")
    return status.exists() and status.read_text().rpartition(")")[2].split()[0] != "Z"
