"""Threads that share memory wait for it in order."""

from __future__ import annotations

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest

from textsearch.budget import Loan, MemoryBudget


def test_the_budget_is_never_exceeded() -> None:
    budget = MemoryBudget(100)
    peaks: list[int] = []

    def work(count: int) -> None:
        with budget.lend(count) as loan:
            peaks.append(budget.lent)
            time.sleep(0.001)
            loan.shrink(count // 2)
            peaks.append(budget.lent)

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(work, [30, 70, 50, 100, 10] * 8))
    assert max(peaks) <= 100
    assert budget.lent == 0


def test_what_exceeds_the_whole_budget_goes_alone() -> None:
    budget = MemoryBudget(100)
    order: list[str] = []

    def work(name: str, count: int) -> None:
        with budget.lend(count):
            order.append(name)

    with ThreadPoolExecutor(3) as pool, budget.lend(10):
        pool.submit(work, "huge", 1000)
        _until(lambda: len(budget._queue) == 1)
        pool.submit(work, "small", 10)  # would fit, but came later
        _until(lambda: len(budget._queue) == 2)
        assert order == []
    assert order == ["huge", "small"]


def test_a_loan_comes_back_after_an_error() -> None:
    budget = MemoryBudget(100)
    with pytest.raises(ZeroDivisionError), budget.lend(60) as loan:
        assert isinstance(loan, Loan)
        loan.shrink(20)
        1 / 0  # noqa: B018
    assert budget.lent == 0


def _until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 5
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.001)
