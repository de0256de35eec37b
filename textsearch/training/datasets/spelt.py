"""The part of a set that the paper of TDSL trains on: words that can be spelt, and the photos that hold any."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import cached_property

from textsearch.models.sequence import spelling
from textsearch.training.datasets.photos import AnnotatedPhoto, Entry, PhotoSet, WordAnnotation

_SHORTEST = 3
"""Letters of a word, at least."""


class SpeltWords(PhotoSet[Entry]):
    """A set without words of other letters than `LETTERS`, without short ones and without photos that have no other.

    What is left out is background to whoever learns from it, not ignored. Of MLT this leaves what the paper calls
    MLT-5k.

    Args:
        photos: the whole set.
    """

    def __init__(self, photos: PhotoSet[Entry]) -> None:
        self.whole = photos

    def entries(self) -> Sequence[Entry]:
        """Return the entries whose photos have such words; the annotation of every photo is read for it, once.

        Raises:
            TextSearchError: as those of the whole set.
        """
        return self._entries

    @cached_property
    def _entries(self) -> Sequence[Entry]:
        return [entry for entry in self.whole.entries() if self.photo(entry).words]

    def photo(self, entry: Entry) -> AnnotatedPhoto:
        """Return a photo with such words alone.

        Raises:
            TextSearchError: as that of the whole set.
        """
        photo = self.whole.photo(entry)
        return replace(photo, words=tuple(word for word in photo.words if _is_spelt(word)))


def _is_spelt(word: WordAnnotation) -> bool:
    return word.legible and len(spelling(word.text)) >= _SHORTEST
