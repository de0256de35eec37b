"""The batches of a run, drawn before they are needed by a thread or by processes beside the one that trains.

A batch depends on the number of its step alone, so who draws it changes nothing.
"""

from __future__ import annotations

import multiprocessing
import signal
from collections import deque
from collections.abc import Iterator
from concurrent.futures import Executor, Future, ProcessPoolExecutor, ThreadPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from typing import Any, Protocol, TypeVar

import cv2
import torch

from textsearch.errors import TextSearchError

BatchOf = TypeVar("BatchOf", covariant=True)


class StepData(Protocol[BatchOf]):
    """Draws the batch of any step."""

    def batch(self, step: int) -> BatchOf:
        """Return the batch of a step."""
        ...


def batches_ahead(data: StepData[BatchOf], start: int, stop: int, processes: int = 0) -> Iterator[BatchOf]:
    """Yield the batches of steps start to stop (exclusive), in order; the next ones are being drawn meanwhile.

    Args:
        data: draws them; must be picklable for processes.
        start: first step.
        stop: the step after the last one.
        processes: how many draw; 0: a thread of this process, which is enough where a step takes long.

    Raises:
        TextSearchError: a process ended before its time.
    """
    if not processes:
        yield from _in_order(ThreadPoolExecutor(1), data.batch, start, stop, 1)
        return
    # Forked processes would inherit locks of OpenCV and CUDA that nobody opens there.
    fresh = multiprocessing.get_context("spawn")
    pool = ProcessPoolExecutor(processes, fresh, initializer=_keep, initargs=(data,))
    try:
        yield from _in_order(pool, _batch_of, start, stop, 2 * processes)
    except BrokenProcessPool as error:
        raise TextSearchError(
            "A process that draws batches ended, perhaps for lack of memory; give the same command again with fewer."
        ) from error


def _in_order(pool: Executor, draw: Any, start: int, stop: int, ahead: int) -> Iterator[Any]:
    """Yield what `draw` returns for each step, `ahead` further ones always asked for; close the pool in the end."""
    waiting: deque[Future[Any]] = deque()
    try:
        for step in range(start, stop):
            while len(waiting) <= ahead and step + len(waiting) < stop:
                waiting.append(pool.submit(draw, step + len(waiting)))
            yield waiting.popleft().result()
    finally:
        pool.shutdown(cancel_futures=True)


_kept: list[StepData[Any]] = []
"""What a process draws from: its only entry is set when the process starts."""


def _keep(data: StepData[Any]) -> None:
    """Prepare a process: one core each, and Ctrl-C is the trainer's to handle."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    cv2.setNumThreads(1)
    torch.set_num_threads(1)
    _kept.append(data)


def _batch_of(step: int) -> Any:
    return _kept[0].batch(step)
