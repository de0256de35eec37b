"""What every region of an index can be read as, in memory and in reading order: what a search for letters looks into.

Derived from the catalog, as the vectors are: a file that is missing, damaged or of another state is made anew.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from functools import cached_property
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from textsearch.alignment import CERTAIN, CHOICES, LatticeBatch
from textsearch.alphabet import Alphabet
from textsearch.index.signatures import PLANES, Signatures, signatures
from textsearch.lattice import STEPS_PER_NAT, ranges
from textsearch.layout import adjacency, corners, reading_lines
from textsearch.types import FloatArray

ReadingRow = tuple[int, int, bytes, bytes, float]
"""Region id, image id, packed polygon, packed lattice, mean probability of the transcript's characters."""


_KEPT_ADJACENCIES = 4096
"""Images whose layout is kept in memory between queries."""


@dataclass(frozen=True, eq=False)
class Readings:
    """N regions in M lines, sorted by image, line and place in the line.

    Attributes:
        region_ids: (N,) int64.
        image_ids: (N,) int64, ascending.
        corners: (N, 4, 2) float32, as `textsearch.layout` takes them.
        text_scores: (N,) float32, mean probability of the transcript's characters, 0 to 1.
        starts: (N + 1,) int64, the frames of region n are starts[n] to starts[n + 1].
        letters: (F, CHOICES) uint16, as in LatticeBatch.
        costs: (F, CHOICES) uint8, as in LatticeBatch.
        line_starts: (M + 1,) int64, the regions of line m are line_starts[m] to line_starts[m + 1].
        signatures: (PLANES, N) uint64, of each region.
        line_signatures: (PLANES, M) uint64, of each line.
    """

    region_ids: NDArray[np.int64]
    image_ids: NDArray[np.int64]
    corners: FloatArray
    text_scores: FloatArray
    starts: NDArray[np.int64]
    letters: NDArray[np.uint16]
    costs: NDArray[np.uint8]
    line_starts: NDArray[np.int64]
    signatures: Signatures
    line_signatures: Signatures

    @classmethod
    def empty(cls) -> Readings:
        """Return readings of no region."""
        return cls(
            region_ids=np.zeros(0, np.int64),
            image_ids=np.zeros(0, np.int64),
            corners=np.zeros((0, 4, 2), np.float32),
            text_scores=np.zeros(0, np.float32),
            starts=np.zeros(1, np.int64),
            letters=np.zeros((0, CHOICES), np.uint16),
            costs=np.zeros((0, CHOICES), np.uint8),
            line_starts=np.zeros(1, np.int64),
            signatures=np.zeros((PLANES, 0), np.uint64),
            line_signatures=np.zeros((PLANES, 0), np.uint64),
        )

    @classmethod
    def of(cls, rows: Sequence[ReadingRow], alphabet: Alphabet) -> Readings:
        """Read regions, all of whole images.

        Args:
            rows: sorted by image.
            alphabet: the classes of the lattices.
        """
        if not rows:
            return cls.empty()
        images = np.array([row[1] for row in rows], np.int64)
        boxes = np.stack([corners(np.frombuffer(row[2], "<f4").reshape(-1, 2)) for row in rows])
        order: list[int] = []
        line_lengths: list[int] = []
        bounds = [0, *(np.nonzero(np.diff(images))[0] + 1).tolist(), len(rows)]
        for start, stop in pairwise(bounds):
            for line in reading_lines(boxes[start:stop]):
                order += [start + place for place in line]
                line_lengths.append(len(line))
        batch = LatticeBatch.unpack([rows[place][3] for place in order], alphabet)
        line_starts = np.cumsum([0, *line_lengths], dtype=np.int64)
        lines = LatticeBatch(batch.letters, batch.costs, batch.starts[line_starts], batch.starts)
        return cls(
            region_ids=np.array([rows[place][0] for place in order], np.int64),
            image_ids=images[order],
            corners=boxes[order],
            text_scores=np.array([rows[place][4] for place in order], np.float32),
            starts=batch.starts,
            letters=batch.letters,
            costs=batch.costs,
            line_starts=line_starts,
            signatures=signatures(batch, alphabet.shapes),
            line_signatures=signatures(lines, alphabet.shapes),
        )

    @classmethod
    def joined(cls, parts: Sequence[Readings]) -> Readings:
        """Return several readings, of images in ascending order, as one."""
        if len(parts) == 1:
            return parts[0]
        joined: dict[str, Any] = {}
        for name, axis in ((field.name, _AXES.get(field.name, 0)) for field in fields(cls)):
            arrays = [getattr(part, name) for part in parts]
            if name in _BOUNDS:
                ends = np.cumsum([0, *(array[-1] for array in arrays)])
                arrays = [array[1:] + end for array, end in zip(arrays, ends, strict=False)]
                arrays.insert(0, np.zeros(1, np.int64))
            joined[name] = np.concatenate(arrays, axis=axis)
        return cls(**joined)

    def __len__(self) -> int:
        """Return the number of regions N."""
        return len(self.region_ids)

    def without(self, region_ids: NDArray[np.int64]) -> Readings:
        """Return the readings without the images that hold any of these regions."""
        gone = np.isin(self.image_ids, self.image_ids[np.isin(self.region_ids, region_ids)])
        if not gone.any():
            return self
        lines_gone = gone[self.line_starts[:-1]]
        frames = ~np.repeat(gone, np.diff(self.starts))
        return Readings(
            region_ids=self.region_ids[~gone],
            image_ids=self.image_ids[~gone],
            corners=self.corners[~gone],
            text_scores=self.text_scores[~gone],
            starts=_bounds(np.diff(self.starts)[~gone]),
            letters=self.letters[frames],
            costs=self.costs[frames],
            line_starts=_bounds(np.diff(self.line_starts)[~lines_gone]),
            signatures=self.signatures[:, ~gone],
            line_signatures=self.line_signatures[:, ~lines_gone],
        )

    @cached_property
    def lines(self) -> NDArray[np.int64]:
        """Return the line (N,) int64 of each region."""
        return np.repeat(np.arange(len(self.line_starts) - 1), np.diff(self.line_starts))

    @cached_property
    def present(self) -> NDArray[np.bool_]:
        """Return (65536,) bool: which symbols a frame of any region holds as surely as a word that is there needs."""
        present = np.zeros(1 << 16, bool)
        present[self.letters[self.costs <= -CERTAIN * STEPS_PER_NAT]] = True
        return present

    @cached_property
    def _by_id(self) -> NDArray[np.int64]:
        return np.argsort(self.region_ids, kind="stable")

    def places(self, region_ids: NDArray[np.int64]) -> NDArray[np.int64]:
        """Return where regions stand, in the shape asked; -1 for ids that are not there."""
        if not len(self):
            return np.full(region_ids.shape, -1, np.int64)
        found = np.searchsorted(self.region_ids, region_ids, sorter=self._by_id)
        places = self._by_id[np.minimum(found, len(self) - 1)]
        return np.where(self.region_ids[places] == region_ids, places, -1)

    def of_image(self, image_id: int) -> slice:
        """Return the places of an image's regions."""
        start, stop = np.searchsorted(self.image_ids, [image_id, image_id + 1])
        return slice(int(start), int(stop))

    def adjacency(self, image_id: int) -> FloatArray:
        """Return (R, R) float32: how well each of an image's regions is followed by each; kept for the next query."""
        known = self._adjacencies.get(image_id)
        if known is None:
            if len(self._adjacencies) >= _KEPT_ADJACENCIES:
                self._adjacencies.clear()
            image = self.of_image(image_id)
            known = self._adjacencies[image_id] = adjacency(self.corners[image], self.lines[image])
        return known

    @cached_property
    def _adjacencies(self) -> dict[int, FloatArray]:
        return {}

    def region_lattices(self, places: NDArray[np.int64]) -> LatticeBatch:
        """Return the lattices of regions."""
        return self._cut(self.starts[places], self.starts[places + 1], None)

    def spans(self, first: NDArray[np.int64], last: NDArray[np.int64]) -> LatticeBatch:
        """Return the lattices of stretches of lines, from one region (N,) to another (N,), both included."""
        return self._cut(self.starts[first], self.starts[last + 1], ranges(first, last + 1 - first))

    def line_lattices(self, lines: NDArray[np.int64]) -> LatticeBatch:
        """Return the lattices of lines, each region beginning where the one before it ends."""
        return self.spans(self.line_starts[lines], self.line_starts[lines + 1] - 1)

    def _cut(
        self, first: NDArray[np.int64], stop: NDArray[np.int64], regions: NDArray[np.int64] | None
    ) -> LatticeBatch:
        frames = ranges(first, stop - first)
        starts = _bounds(stop - first)
        inner = starts if regions is None else _bounds(self.starts[regions + 1] - self.starts[regions])
        return LatticeBatch(self.letters[frames], self.costs[frames], starts, inner)


_BOUNDS = ("starts", "line_starts")
_AXES = {"signatures": 1, "line_signatures": 1}


def _bounds(lengths: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return where things of these lengths begin when they follow each other, and where the last one ends."""
    return np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64)
