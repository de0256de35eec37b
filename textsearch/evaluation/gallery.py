"""The regions of a gallery in memory, ranked for one query after the other by one kind of evidence alone."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from textsearch.alignment import LatticeBatch, align
from textsearch.alphabet import words_of
from textsearch.index.folder import IndexFolder, StoredRegion
from textsearch.indexer.scan import absolute
from textsearch.rerank import letter_fit
from textsearch.similarity import similarity
from textsearch.types import FloatArray, TextModel

Evidence = Literal["vectors", "lattice"]
"""What ranks: the learned similarity alone, or the fit of the letters alone."""

_BATCH = 2048
"""Regions aligned at once; they are sorted by length, so that short ones are not padded to the longest."""


class Gallery:
    """P photos of an index with all their N regions.

    Args:
        index: holds the photos; one that it lacks, for example because it cannot be decoded, has no regions.
        model: the network the index was made with.
        photos: P files.
    """

    def __init__(self, index: IndexFolder, model: TextModel, photos: Sequence[Path]) -> None:
        self.model = model
        self.size = len(photos)
        found = [index.regions_of(absolute(photo)) or [] for photo in photos]
        regions = [(place, region) for place, row in enumerate(found) for region in row]
        regions.sort(key=lambda item: len(item[1].lattice))
        self._owners = np.array([place for place, _ in regions], np.int64)
        self._vectors = index.embeddings([region.region_id for _, region in regions])
        self._batches = self._batched([region for _, region in regions])

    def __len__(self) -> int:
        """Return the number of photos P."""
        return self.size

    @property
    def regions(self) -> int:
        """Return the number of regions N."""
        return len(self._owners)

    @property
    def without_text(self) -> int:
        """Return the number of photos without a region."""
        return self.size - len(np.unique(self._owners))

    def scores(self, query: str, evidence: Evidence) -> NDArray[np.float64]:
        """Return the score of each photo, (P,) float64: that of its best region, and 0 for a photo without any.

        Of several words each has its own best region, and the mean counts. A query that holds nothing that can be
        searched scores 0 everywhere.
        """
        alphabet = self.model.alphabet
        words = [word for word in words_of(query) if len(alphabet.encode(word))]
        if not words or not self.regions:
            return np.zeros(self.size)
        cosines = similarity(self.model.encode_words(words), self._vectors)  # (W, N)
        rows = [self._best(self._rate(word, row, evidence)) for word, row in zip(words, cosines, strict=True)]
        return np.asarray(np.mean(rows, axis=0), np.float64)

    def _rate(self, word: str, cosines: FloatArray, evidence: Evidence) -> FloatArray:
        """Return the score of each region for one word, (N,) float32."""
        if evidence == "vectors":
            return cosines
        letters = self.model.alphabet.encode(word)
        return np.concatenate([np.exp(letter_fit(align(letters, batch))) for batch in self._batches])

    def _best(self, values: FloatArray) -> NDArray[np.float64]:
        best = np.full(self.size, -np.inf)
        np.maximum.at(best, self._owners, values.astype(np.float64))
        return np.where(np.isneginf(best), 0.0, best)

    def _batched(self, regions: Sequence[StoredRegion]) -> list[LatticeBatch]:
        lattices = [region.lattice for region in regions]
        portions = [lattices[start : start + _BATCH] for start in range(0, len(lattices), _BATCH)]
        return [LatticeBatch.of(portion, self.model.alphabet) for portion in portions]
