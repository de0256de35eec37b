"""The part of a set that the paper of TDSL trains on: words that can be spelt, and the photos that hold any."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import cached_property
from pathlib import Path

from textsearch.models.sequence import spelling
from textsearch.training.datasets.photos import AnnotatedPhoto, Entry, PhotoSet, WordAnnotation

_SHORTEST = 3
"""Letters of a word, at least."""


class SpeltWords(PhotoSet[Entry]):
    """A set without words of another script, of other letters than `LETTERS`, or short ones; photos show some word.

    What is left out is background to whoever learns from it, not ignored. Of MLT this leaves what the paper calls
    MLT-5k: its published code drops every word whose script is not Latin, numbers among symbols too, then those of
    fewer than three letters, then the photos without any. There "é" is dropped from a word, here it counts as "e".

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

    def path(self, entry: Entry) -> Path:
        """Return the picture of an entry."""
        return self.whole.path(entry)

    def photo(self, entry: Entry) -> AnnotatedPhoto:
        """Return a photo with such words alone.

        Raises:
            TextSearchError: as that of the whole set.
        """
        photo = self.whole.photo(entry)
        return replace(photo, words=tuple(word for word in photo.words if _is_spelt(word)))


def _is_spelt(word: WordAnnotation) -> bool:
    of_latin = word.script.lower() in ("", "latin")
    return word.legible and of_latin and len(spelling(word.text)) >= _SHORTEST
