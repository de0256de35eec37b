from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest
from numpy.random import Generator

from textsearch.errors import TextSearchError
from textsearch.training.samples import Sample
from textsearch.training.streams import SampleStream, StreamedSource, mix


class Numbers:
    """Photos of one pixel whose first value is their number, and whose second is drawn."""

    def __init__(self, count: int) -> None:
        self.count = count

    def samples(self, generator: Generator) -> Iterator[Sample]:
        for number in range(self.count):
            yield Sample(np.array([[[number, generator.integers(256), 0]]], np.uint8), ())


def shifted(sample: Sample, generator: Generator) -> Sample:
    image = sample.image.copy()
    image[..., 2] = generator.integers(256)
    return Sample(image, sample.words)


def stream(count: int = 6, seed: int = 1, longest_pass: int = 1024) -> SampleStream:
    source = StreamedSource(Numbers(count), 1.0, shifted)
    return SampleStream(source, (seed, 0), window=3, longest_pass=longest_pass)


def read(samples: SampleStream, count: int) -> list[list[int]]:
    return [samples.next().image[0, 0].tolist() for _ in range(count)]


def test_every_pass_gives_every_sample_once_in_another_order() -> None:
    rows = read(stream(), 18)
    numbers = [[row[0] for row in rows[start : start + 6]] for start in (0, 6, 12)]
    assert all(sorted(each) == list(range(6)) for each in numbers)
    assert numbers[0] != numbers[1]
    drawn = [{row[0]: row[1:] for row in rows[start : start + 6]} for start in (0, 6)]
    assert all(drawn[0][number] != drawn[1][number] for number in range(6))


@pytest.mark.parametrize("taken", [0, 1, 5, 6, 7, 12, 14])
def test_a_stream_told_where_another_stood_goes_on_like_it(taken: int) -> None:
    first, second = stream(), stream()
    read(first, taken)
    second.seek(first.passes, first.taken)
    assert read(second, 10) == read(first, 10)


def test_the_seed_decides() -> None:
    assert read(stream(seed=1), 10) == read(stream(seed=1), 10) != read(stream(seed=2), 10)


def test_a_source_without_end_is_begun_anew_after_a_while() -> None:
    endless = stream(count=250, longest_pass=4)
    rows = read(endless, 8)
    assert sorted(row[0] for row in rows[:4]) == sorted(row[0] for row in rows[4:]) == [0, 1, 2, 3]
    assert (endless.passes, endless.taken) == (1, 4)


def test_an_empty_source() -> None:
    with pytest.raises(TextSearchError, match="Numbers holds no sample"):
        stream(count=0).next()


def test_an_error_of_the_source_reaches_the_reader() -> None:
    def fail(sample: Sample, generator: Generator) -> Sample:
        raise TextSearchError("damaged")

    with pytest.raises(TextSearchError, match="damaged"):
        SampleStream(StreamedSource(Numbers(3), 1.0, fail), (1,)).next()


@pytest.mark.parametrize("count", [0, 1, 3, 10])
def test_mixing_keeps_every_sample(count: int) -> None:
    mixed = list(mix(Numbers(count).samples(np.random.default_rng(0)), 3, np.random.default_rng(1)))
    assert sorted(int(sample.image[0, 0, 0]) for sample in mixed) == list(range(count))
