"""The vectors in memory, kept in step with the catalog: whatever was committed, by whatever process, is found."""

from __future__ import annotations

import threading
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from textsearch.errors import IndexWriteError
from textsearch.index.catalog import Catalog
from textsearch.index.derived import Stamp, remove_leftovers
from textsearch.index.snapshot import Snapshot
from textsearch.index.vectors import VECTORS, VectorOptions, Vectors
from textsearch.similarity import similarity
from textsearch.types import FloatArray

_Held = tuple[Vectors, Stamp]

_COMPARED_AT_ONCE = 50_000
"""Vectors unpacked at once: 96 MB of float32 at 480 dimensions. A letter alone may be compared with all there are."""


class Mirror:
    """Loads the vectors when they are first needed and brings them up to date before each use. Thread-safe."""

    def __init__(self, catalog: Catalog, options: VectorOptions) -> None:
        self._catalog = catalog
        self._options = options
        self._dimension = catalog.model.dimension
        self._lock = threading.Lock()
        self._held: _Held | None = None
        self._unsaved = False

    @property
    def path(self) -> Path:
        """Return the file in which the vectors are kept."""
        return self._catalog.location / VECTORS

    def search(self, queries: FloatArray, count: int) -> tuple[NDArray[np.int64], FloatArray]:
        """Return ids and similarities as `Vectors.search`, of the state committed when the search begins."""
        with self._lock:
            return self._current()[0].search(queries, count)

    def compare(self, queries: FloatArray, ids: NDArray[np.int64]) -> FloatArray:
        """Return cosines (W, N) float32 of vectors (W, D) with regions; 0 for ids that are not there."""
        compared = np.zeros((len(queries), len(ids)), np.float32)
        for start in range(0, len(ids), _COMPARED_AT_ONCE):
            portion = slice(start, start + _COMPARED_AT_ONCE)
            with self._lock:
                found = self._current()[0].compare(queries, ids[portion])
            compared[:, portion] = (
                similarity(queries, self._catalog.embeddings(ids[portion])) if found is None else found
            )
        return compared

    def prepare(self) -> None:
        """Load the vectors now; what is missing for that (FAISS, a GPU) is found out before any work is done."""
        with self._lock:
            self._current()

    def save(self) -> int | None:
        """Write the file if anything changed since it was written or read; the caller holds the write lock.

        Returns:
            The generation the file now is of, None if it was not written.
        """
        with self._lock:
            vectors, stamp = self._current()
            if vectors.outgrown:
                with self._catalog.snapshot() as snapshot:
                    vectors, stamp = self._held = self._build(snapshot)
            if not self._unsaved:
                return None
            remove_leftovers(self.path)
            # A power cut must not leave a file that knows more than the catalog.
            self._catalog.make_durable()
            vectors.save(self.path, stamp)
            self._unsaved = False
            return stamp.generation

    def _current(self) -> _Held:
        """Return the vectors of the newest committed state."""
        held = self._held
        if held is not None and held[1].generation == self._catalog.generation():
            return held
        # What is half brought up to date must not be taken for the old state if this is interrupted.
        self._held = None
        with self._catalog.snapshot() as snapshot:
            held = self._follow(held, snapshot)
            if held is None:
                self._unsaved = False
                held = self._follow(Vectors.load(self.path, self._dimension, self._options), snapshot)
            if held is None:
                held = self._build(snapshot)
                self._keep(held)
        self._held = held
        return held

    def _follow(self, held: _Held | None, snapshot: Snapshot) -> _Held | None:
        """Bring vectors from their state to the snapshot's; return None if that is not possible."""
        if held is None:
            return None
        vectors, stamp = held
        if stamp.identity != self._catalog.identity:
            return None
        if stamp.generation > snapshot.generation:
            return None
        removed = snapshot.removed_after(stamp.generation)
        vectors.remove(removed)
        highest = _add_after(stamp.highest_id, vectors, snapshot)
        # Ids are never used again, so nothing can be missing here; too many are there if removals were forgotten.
        if len(vectors) != snapshot.count:
            return None
        self._unsaved = self._unsaved or bool(len(removed)) or highest > stamp.highest_id
        return vectors, Stamp(stamp.identity, snapshot.generation, highest)

    def _build(self, snapshot: Snapshot) -> _Held:
        """Make the vectors anew from the catalog."""
        if snapshot.count > self._options.partition_above:
            sample = snapshot.sample(Vectors.sample_size(snapshot.count))
            vectors = Vectors.partitioned(sample, snapshot.count, self._options)
        else:
            vectors = Vectors.empty(self._dimension, self._options)
        highest = _add_after(0, vectors, snapshot)
        self._unsaved = True
        return vectors, Stamp(self._catalog.identity, snapshot.generation, highest)

    def _keep(self, held: _Held) -> None:
        """Save what was built anew for the next process, where the folder can be written.

        This needs no write lock, which would turn a writer away for that moment: whoever replaces the file last, it is
        whole and says of which state it is.
        """
        try:
            held[0].save(self.path, held[1])
        except IndexWriteError:
            return
        self._unsaved = False


def _add_after(highest: int, vectors: Vectors, snapshot: Snapshot) -> int:
    """Add all vectors above an id; return the highest id there is now."""
    for ids, added in snapshot.vectors_after(highest):
        vectors.add(ids, added)
        highest = int(ids[-1])
    return highest
