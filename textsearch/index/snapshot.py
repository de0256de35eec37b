"""What the holders of vectors in memory ask of the catalog, all answered from one state of it."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Connection, bindparam, select

from textsearch.index import queries
from textsearch.index.packing import unpack_vectors
from textsearch.index.readings import ReadingRow
from textsearch.index.schema import regions, removals
from textsearch.types import FloatArray

_PORTION = 8192
"""Vectors read at once: 16 MB of float32 at 480 dimensions."""

_REMOVED_AFTER = select(removals.c.region_id).where(removals.c.generation > bindparam("generation"))
_VECTORS_AFTER = (
    select(regions.c.id, regions.c.embedding)
    .where(regions.c.id > bindparam("region_id"))
    .order_by(regions.c.id)
    .limit(_PORTION)
)
_READINGS_AFTER = (
    select(regions.c.id, regions.c.image_id, regions.c.polygon, regions.c.lattice, regions.c.text_score)
    .where(regions.c.id > bindparam("region_id"))
    .order_by(regions.c.id)
)
"""The regions of an image were written together: by id, images follow each other."""


class Snapshot:
    """One state of the catalog, for as long as the transaction it was made in is open.

    Attributes:
        generation: the number of transactions committed until this state.
        count: number of regions.
    """

    def __init__(self, connection: Connection, dimension: int) -> None:
        self._connection = connection
        self._dimension = dimension
        self.generation, _, self.count = (int(number) for number in connection.execute(queries.COUNTS).one())

    def removed_after(self, generation: int) -> NDArray[np.int64]:
        """Return the ids of regions removed after a generation, as far as still logged, (N,) int64."""
        return np.array(self._connection.scalars(_REMOVED_AFTER, {"generation": generation}).all(), np.int64)

    def vectors_after(self, region_id: int) -> Iterator[tuple[NDArray[np.int64], FloatArray]]:
        """Yield ids (N,) int64 and vectors (N, D) float32 of all regions with a higher id, in portions, ascending."""
        while rows := self._connection.execute(_VECTORS_AFTER, {"region_id": region_id}).all():
            ids = np.array([row[0] for row in rows], np.int64)
            yield ids, unpack_vectors([row[1] for row in rows], self._dimension)
            region_id = int(ids[-1])

    def readings_after(self, region_id: int) -> Iterator[list[ReadingRow]]:
        """Yield what all regions with a higher id can be read as, in portions of whole images, ascending."""
        rows = self._connection.execute(_READINGS_AFTER, {"region_id": region_id})
        portion: list[ReadingRow] = []
        for _, image in groupby(rows, key=lambda row: row[1]):
            portion += [(row[0], row[1], row[2], row[3], row[4]) for row in image]
            if len(portion) >= _PORTION:
                yield portion
                portion = []
        if portion:
            yield portion

    def sample(self, count: int) -> FloatArray:
        """Return the vectors of about `count` regions spread evenly over the catalog, (N, D) float32."""
        ids = self._connection.scalars(select(regions.c.id).order_by(regions.c.id)).all()
        chosen = ids[:: max(len(ids) // max(count, 1), 1)]
        rows = self._connection.execute(queries.EMBEDDINGS_BY_ID, queries.as_numbers(chosen)).all()
        return unpack_vectors([row[1] for row in rows], self._dimension)
