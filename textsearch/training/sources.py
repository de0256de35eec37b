"""Single samples, drawn at random from a set of photos or by the generator of scenes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from numpy.random import Generator

from textsearch.errors import TextSearchError
from textsearch.training.datasets.photos import Entry, PhotoSet, sample_of
from textsearch.training.samples import Sample
from textsearch.training.scenes import DrawnScenes


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
        self._photos = photos
        self._entries: Sequence[Entry] = photos.entries()
        if not self._entries:
            raise TextSearchError(f"{type(photos).__name__} holds no photo; check its folder and split.")

    def draw(self, generator: Generator) -> Sample:
        """Return one photo with its words."""
        entry = self._entries[int(generator.integers(len(self._entries)))]
        return sample_of(self._photos.photo(entry))


class ScenesAtRandom:
    """Drawn scenes."""

    def __init__(self, scenes: DrawnScenes) -> None:
        self._scenes = scenes

    def draw(self, generator: Generator) -> Sample:
        """Return one scene."""
        return self._scenes.scene(generator)
