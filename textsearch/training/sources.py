"""Single samples, drawn at random from sets of photos or by the generator of scenes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import numpy as np
from numpy.random import Generator

from textsearch.errors import TextSearchError
from textsearch.training.datasets.photos import Entry, PhotoSet, sample_of
from textsearch.training.samples import Sample


class RandomSource(Protocol):
    """Gives any number of samples; which one depends on the generator alone."""

    def draw(self, generator: Generator) -> Sample:
        """Return one sample."""
        ...


class PhotosAtRandom:
    """The photos of a set, each as likely as any other.

    Args:
        photos: the set.

    Raises:
        TextSearchError: it holds no photo.
    """

    def __init__(self, photos: PhotoSet[Entry]) -> None:
        self.photos = photos
        self.entries: Sequence[Entry] = photos.entries()
        if not self.entries:
            raise TextSearchError(f"{type(photos).__name__} holds no photo; check its folder and split.")

    def draw(self, generator: Generator) -> Sample:
        """Return one photo with its words."""
        entry = self.entries[int(generator.integers(len(self.entries)))]
        return sample_of(self.photos.photo(entry))


class Mixture:
    """Several sources in one.

    Args:
        sources: each with its share: how often it is drawn, relative to the others.
    """

    def __init__(self, sources: Sequence[tuple[RandomSource, float]]) -> None:
        self._sources = [source for source, _ in sources]
        shares = np.array([share for _, share in sources], np.float64)
        self._shares = shares / shares.sum()

    def draw(self, generator: Generator) -> Sample:
        """Return one sample of one of them."""
        return self._sources[int(generator.choice(len(self._sources), p=self._shares))].draw(generator)
