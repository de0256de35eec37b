"""Which known names look like a word that was read: letter pairs shared, found through an inverted list."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

_BEFORE, _AFTER = "<", ">"
"""Stand for the two ends of a word in its letter pairs."""


class LetterPairs:
    """Names, listed under each pair of neighbouring letters they contain."""

    def __init__(self, names: Sequence[str]) -> None:
        """Take M names, normalised and without spaces."""
        lengths = np.array([len(name) for name in names], np.int64)
        # Numbered by length inside, so that names of nearly one length are a slice.
        self._numbers = np.argsort(lengths, kind="stable")
        self._lengths = lengths[self._numbers]
        text = "".join(f"{_BEFORE}{names[number]}{_AFTER}" for number in self._numbers)
        letters = np.frombuffer(text.encode("utf-32-le"), np.uint32).astype(np.uint64)
        owners = np.repeat(np.arange(len(names)), self._lengths + 2)
        inside = owners[1:] == owners[:-1]
        pairs = ((letters[:-1] << np.uint64(32)) | letters[1:])[inside]
        order = np.argsort(pairs, kind="stable")
        self._owners = owners[:-1][inside][order].astype(np.int32)
        keys, starts = np.unique(pairs[order], return_index=True)
        self._places = dict(zip(keys.tolist(), pairwise([*starts.tolist(), len(pairs)]), strict=True))

    def similar(self, word: str, errors: int) -> NDArray[np.int64]:
        """Return the numbers of names that `errors` misread, lost or added letters can turn into a word, and some more.

        Every wrong letter breaks two pairs at most, so a name shares at least the others.
        """
        first, last = np.searchsorted(self._lengths, (len(word) - errors, len(word) + errors + 1)).tolist()
        shared = np.zeros(last - first, np.int8)
        for left, right in pairwise(f"{_BEFORE}{word}{_AFTER}"):
            start, end = self._places.get((ord(left) << 32) | ord(right), (0, 0))
            owners = self._owners[start:end]
            start, end = np.searchsorted(owners, (first, last)).tolist()
            shared[owners[start:end] - first] += 1
        needed = np.maximum(self._lengths[first:last], len(word)) + 1 - 2 * errors
        similar: NDArray[np.int64] = self._numbers[first + np.flatnonzero(shared >= needed)]
        return similar
