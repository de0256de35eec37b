from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass

import pytest
import torch
from torch import Tensor

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


def test_a_thread_draws_in_order_and_only_what_is_wanted() -> None:
    drawn = list(batches_ahead(Squares(damaged=6), 2, 6))
    assert values(iter(drawn)) == [4, 9, 16, 25]
    assert {process for _, process in drawn} == {os.getpid()}
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


def test_whoever_stops_need_not_wait_for_the_rest() -> None:
    batches = batches_ahead(Squares(), 0, 10**9)
    assert int(next(batches)[0]) == 0
    batches.close()  # type: ignore[attr-defined]
    assert list(batches) == []
