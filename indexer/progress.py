"""How far a run is, how fast, and how long it will take."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

_REMEMBERED = 100
"""Files over which the speed is averaged: enough to be calm, few enough to follow a change."""


@dataclass(frozen=True)
class Progress:
    """A moment of a run.

    Attributes:
        done: files that are finished, those that did not have to be read included.
        total: files found.
        path: the file that was finished last, None before the first.
        images_per_second: photos read per second lately, 0 while that is not known.
        seconds_left: how long the rest will take, None while that is not known.
    """

    done: int
    total: int
    path: Path | None
    images_per_second: float
    seconds_left: float | None


class Meter:
    """Counts finished files and tells a callback of each."""

    def __init__(
        self, callback: Callable[[Progress], None] | None, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._callback = callback
        self._clock = clock
        self._done = 0
        self._total = 0
        self._moments: deque[float] = deque(maxlen=_REMEMBERED)

    def start(self, done: int, total: int) -> None:
        """Begin, with the files that are finished already."""
        self._done, self._total = done, total
        self._tell(None)

    def correct(self, done: int) -> None:
        """Put right how many files are finished."""
        if done != self._done:
            self._done = done
            self._tell(None)

    def start_reading(self) -> None:
        """Begin to measure the speed: from here on photos are read."""
        self._moments.append(self._clock())

    def finished(self, path: Path) -> None:
        """Count one more file."""
        self._done += 1
        if self._moments:
            self._moments.append(self._clock())
        self._tell(path)

    def _tell(self, path: Path | None) -> None:
        if self._callback is None:
            return
        passed = self._moments[-1] - self._moments[0] if self._moments else 0.0
        speed = (len(self._moments) - 1) / passed if passed > 0 else 0.0
        left = (self._total - self._done) / speed if speed else None
        self._callback(Progress(self._done, self._total, path, speed, left))
