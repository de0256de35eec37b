"""Memory that threads share."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass


class MemoryBudget:
    """Bytes that threads borrow, first come first served."""

    def __init__(self, total: int) -> None:
        self.total = total
        self.lent = 0
        self._queue: deque[object] = deque()
        self._changed = threading.Condition()

    @contextmanager
    def lend(self, count: int) -> Iterator[Loan]:
        """Wait until so many bytes are free, or nothing is lent at all, and lend them for the block."""
        loan = Loan(self, count)
        with self._changed:
            self._queue.append(loan)
            # In order of arrival: otherwise small photos would keep a large one waiting for ever.
            while self._queue[0] is not loan or (self.lent and self.lent + count > self.total):
                self._changed.wait()
            self._queue.popleft()
            self.lent += count
            self._changed.notify_all()
        try:
            yield loan
        finally:
            loan.shrink(0)

    def give_back(self, count: int) -> None:
        """Take bytes back."""
        with self._changed:
            self.lent -= count
            self._changed.notify_all()


@dataclass
class Loan:
    """Bytes lent by a budget."""

    budget: MemoryBudget
    count: int

    def shrink(self, count: int) -> None:
        """Keep only so many bytes."""
        self.budget.give_back(self.count - count)
        self.count = count
