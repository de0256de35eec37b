"""Single samples, drawn at random from sets of photos or by the generator of scenes."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Sequence
from typing import Protocol, TypeVar

import numpy as np
from numpy.random import Generator

from textsearch.errors import ImageError, TextSearchError
from textsearch.training.datasets.photos import Entry, PhotoSet, sample_of
from textsearch.training.samples import Sample

Chosen = TypeVar("Chosen")
Read = TypeVar("Read")

_TRIES = 20
"""Pictures that are tried before there must be something wrong with all of them."""


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
        """Return one photo with its words; if it cannot be decoded, another one.

        Raises:
            TextSearchError: an annotation cannot be read, or none of many pictures.
        """
        return first_readable(
            lambda: self.entries[int(generator.integers(len(self.entries)))],
            lambda entry: sample_of(self.photos.photo(entry)),
        )


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


def first_readable(choose: Callable[[], Chosen], read: Callable[[Chosen], Read]) -> Read:
    """Choose until a picture can be read, and return what was read of it; the others are warned of.

    A run draws from hundreds of thousands of pictures, and one that is damaged would end it at the same step for ever.

    Raises:
        ImageError: none of _TRIES pictures can be read.
    """
    for _ in range(_TRIES - 1):
        try:
            return read(choose())
        except ImageError as error:
            # Shown once for each picture, unless Python is told otherwise.
            warnings.warn(f"{error} Another one is taken in its place.", stacklevel=2)
    return read(choose())
