"""The batches of a run, drawn before they are needed by a thread or by processes beside the one that trains.

A batch depends on the number of its step alone, so who draws it changes nothing.
"""

from __future__ import annotations

import multiprocessing
import os
import pickle
import signal
import threading
from collections import deque
from collections.abc import Callable, Generator
from concurrent.futures import Executor, Future, ProcessPoolExecutor, ThreadPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Protocol, TypeVar

import cv2
import torch

from textsearch.errors import TextSearchError

Batch = TypeVar("Batch", covariant=True)


class StepBatches(Protocol[Batch]):
    """Draws the batch of any step."""

    def batch(self, step: int) -> Batch:
        """Return the batch of a step."""
        ...


def batches_ahead(
    batches: StepBatches[Batch], start: int, stop: int, processes: int = 0
) -> Generator[Batch, None, None]:
    """Yield the batches of steps start to stop (exclusive), in order; the next ones are being drawn meanwhile.

    Whoever may stop early should close the generator, which ends what draws.

    Args:
        batches: draws them; must be picklable for processes.
        start: first step.
        stop: the step after the last one.
        processes: how many draw; 0: a thread of this process, which is enough where a step takes long.

    Raises:
        TextSearchError: a process ended before its time.
    """
    if not processes:
        yield from _in_order(ThreadPoolExecutor(1), batches.batch, start, stop, 1)
        return
    with TemporaryDirectory() as folder:
        # Through a file: a process that dies before it has read all of a pipe would leave the writer waiting for ever.
        file = Path(folder) / "batches.pickle"
        file.write_bytes(pickle.dumps(batches))
        # Forked processes would inherit locks of OpenCV and CUDA that nobody opens there.
        fresh = multiprocessing.get_context("spawn")
        pool = ProcessPoolExecutor(processes, fresh, initializer=_prepare, initargs=(file,))
        try:
            yield from _in_order(pool, _batch_of, start, stop, 2 * processes)
        except BrokenProcessPool as error:
            raise TextSearchError(
                f"One of {processes} processes that draw batches ended, perhaps for lack of memory; give the same "
                "command again with fewer, or with none."
            ) from error


def _in_order(
    pool: Executor, draw: Callable[[int], Batch], start: int, stop: int, further: int
) -> Generator[Batch, None, None]:
    """Yield what `draw` returns for each step, `further` ones always asked for; close the pool in the end."""
    waiting: deque[Future[Batch]] = deque()
    try:
        for step in range(start, stop):
            while len(waiting) <= further and step + len(waiting) < stop:
                waiting.append(pool.submit(draw, step + len(waiting)))
            yield waiting.popleft().result()
    finally:
        pool.shutdown(cancel_futures=True)


_drawn_from: list[StepBatches[Any]] = []
"""What a process draws from; its only entry is set when the process starts."""


def _prepare(file: Path) -> None:
    """Prepare a process: it has one core, leaves Ctrl-C to the trainer, and ends when the trainer does."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_end_with_the_trainer, daemon=True).start()
    cv2.setNumThreads(1)
    torch.set_num_threads(1)
    _drawn_from.append(pickle.loads(file.read_bytes()))


def _end_with_the_trainer() -> None:
    trainer = multiprocessing.parent_process()
    if trainer is not None:
        trainer.join()
        os._exit(1)


def _batch_of(step: int) -> Any:
    return _drawn_from[0].batch(step)
