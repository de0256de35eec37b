"""Endless, mixed, repeatable streams of samples out of sources that can only be read from the start."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from itertools import islice

import numpy as np
from numpy.random import Generator

from textsearch.errors import TextSearchError
from textsearch.training.samples import Sample, SampleSource

_AHEAD = 8
"""Samples that are prepared before they are asked for."""


@dataclass(frozen=True, eq=False)
class StreamedSource:
    """One source of a run.

    Attributes:
        source: where samples come from.
        share: part of the run's samples that it gives, relative to the others.
        vary: how each sample is changed; must give all of them one size.
    """

    source: SampleSource
    share: float
    vary: Callable[[Sample, Generator], Sample]


class SampleStream:
    """Reads a source pass after pass, mixed within a window, and varies each sample, one thread ahead of its reader.

    Where it stands is two numbers, `passes` and `taken`; a new stream told both goes on with the same samples. It has
    to read what it skips, so a pass ends after `longest_pass` samples.

    Args:
        source: what is read.
        seed: with the number of the pass, seeds everything random.
        window: samples among which the next one is drawn.
        longest_pass: samples after which a source is begun anew.
    """

    def __init__(
        self, source: StreamedSource, seed: tuple[int, ...], window: int = 32, longest_pass: int = 1024
    ) -> None:
        self.source = source
        self.seed = seed
        self.window = window
        self.longest_pass = longest_pass
        self.passes = 0
        self.taken = 0
        self._samples: Iterator[Sample | None] | None = None
        self._waiting: deque[Future[Sample | None]] = deque()
        self._thread = ThreadPoolExecutor(1)

    def seek(self, passes: int, taken: int) -> None:
        """Go on after `taken` samples of a pass, where another stream stood."""
        self._waiting.clear()
        self.passes, self.taken = passes, taken
        self._samples = None

    def next(self) -> Sample:
        """Return the next sample.

        Raises:
            TextSearchError: the source holds no sample.
        """
        while True:
            if self._samples is None:
                self._samples = self._pass(self.passes, self.taken)
            while len(self._waiting) < _AHEAD:
                self._waiting.append(self._thread.submit(next, self._samples, None))
            sample = self._waiting.popleft().result()
            if sample is not None:
                self.taken += 1
                return sample
            if not self.taken:
                raise TextSearchError(
                    f"{type(self.source.source).__name__} holds no sample; check its folder and split."
                )
            self.seek(self.passes + 1, 0)

    def _pass(self, number: int, skipped: int) -> Iterator[Sample]:
        # Trailing zeros of a seed change nothing, so no seed here ends in one.
        read = islice(self.source.source.samples(np.random.default_rng([*self.seed, number, 1])), self.longest_pass)
        mixed = mix(read, self.window, np.random.default_rng([*self.seed, number, 2]))
        for position, sample in enumerate(mixed, start=1):
            if position > skipped:
                yield self.source.vary(sample, np.random.default_rng([*self.seed, number, 3, position]))


def mix(samples: Iterator[Sample], window: int, generator: Generator) -> Iterator[Sample]:
    """Yield every sample once, each drawn from the next `window` that have not been yielded yet."""
    waiting = list(islice(samples, window))
    for sample in samples:
        chosen = int(generator.integers(len(waiting)))
        waiting[chosen], sample = sample, waiting[chosen]
        yield sample
    generator.shuffle(waiting)
    yield from waiting
