"""Where something may be: rows of regions with scores, and the best of them for each image."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from textsearch.matching.plan import Pattern, Target
from textsearch.rerank import SIMILAR, together
from textsearch.types import FloatArray

NO_ROW = -1


@dataclass(frozen=True, eq=False)
class Found:
    """M places in the index where one of some targets may be seen.

    Attributes:
        targets: what was looked for.
        which: (M,) int64, which target each row is about.
        first: (M,) int64, a region, as a place in the readings; where the letters run on, the first of the line.
        last: (M,) int64, the same region; where the letters run on, the last of the line.
        images: (M,) int64, image ids.
        values: (M,) float32, scores, 0 to 1.
        kinds: (M,) int64, places in `rerank.KINDS`.
        whole: (M,) bool, whether all of the regions' text answers the target.
        similarity: (M,) float32, cosines; NaN where there is no vector to compare.
        fit: (M,) float32, how well the letters fit, 0 to 1.
        extent: (M, 2) float32, where in the first region the text begins and ends, as fractions of its letters; NaN
            where the lattice tells, or where all of the regions count.
    """

    targets: tuple[Target | Pattern, ...]
    which: NDArray[np.int64]
    first: NDArray[np.int64]
    last: NDArray[np.int64]
    images: NDArray[np.int64]
    values: FloatArray
    kinds: NDArray[np.int64]
    whole: NDArray[np.bool_]
    similarity: FloatArray
    fit: FloatArray
    extent: FloatArray

    def __len__(self) -> int:
        """Return the number of rows M."""
        return len(self.images)

    def only(self, kept: NDArray[np.bool_]) -> Found:
        """Return the rows (M,) bool that are kept."""
        return Found(self.targets, **{name: getattr(self, name)[kept] for name in _ARRAYS})

    @classmethod
    def merged(cls, parts: Sequence[Found]) -> Found:
        """Return the rows of several as one; where there is only one it is returned itself."""
        if len(parts) == 1:
            return parts[0]
        offsets = np.cumsum([0, *(len(part.targets) for part in parts)])
        arrays = {name: np.concatenate([getattr(part, name) for part in parts]) for name in _ARRAYS}
        which = np.concatenate([part.which + offset for part, offset in zip(parts, offsets, strict=False)])
        return cls(tuple(target for part in parts for target in part.targets), **{**arrays, "which": which})


KIND_FIRST = 1000.0
"""A margin that no score outweighs."""

_ARRAYS = tuple(field.name for field in fields(Found) if field.name != "targets")


def worth(values: NDArray[Any], kinds: NDArray[Any], margin: float) -> NDArray[np.float64]:
    """Return what evidence is compared by: its points, and a margin for each kind better than similar."""
    return 100.0 * values + margin * (SIMILAR - kinds)


@dataclass(frozen=True, eq=False)
class Best:
    """The best evidence in each of U images.

    Attributes:
        images: (U,) int64, ascending.
        values: (U,) float32, scores, 0 to 1.
        kinds: (U,) int64, places in `rerank.KINDS`.
        founds: P tables.
        rows: (U, P) int64, the row of each table that counts; NO_ROW for none.
        text: (U,) float32, the scores before where the words stand was looked at.
        phrase: (U,) float32, how well the words stand together, 0 to 1; NaN where that was not asked.
    """

    images: NDArray[np.int64]
    values: FloatArray
    kinds: NDArray[np.int64]
    founds: tuple[Found, ...]
    rows: NDArray[np.int64]
    text: FloatArray
    phrase: FloatArray

    @classmethod
    def of(cls, found: Found, margin: float = KIND_FIRST) -> Best:
        """Return the best row of each image.

        Args:
            found: the rows.
            margin: points by which a row must score more to come before one of the next better kind.
        """
        order = np.lexsort((-worth(found.values, found.kinds, margin), found.images))
        images, starts = np.unique(found.images[order], return_index=True)
        rows = order[starts]
        values = found.values[rows]
        nothing = np.full(len(rows), np.nan, np.float32)
        return cls(images, values, found.kinds[rows], (found,), rows[:, None], values, nothing)

    @classmethod
    def nothing(cls) -> Best:
        """Return no evidence in no image."""
        numbers, scores = np.zeros(0, np.int64), np.zeros(0, np.float32)
        return cls(numbers, scores, numbers, (), numbers.reshape(0, 0), scores, scores)

    def at(self, images: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
        """Return where images (V,) stand here, and which of them do; the place of others means nothing."""
        if not len(self.images):
            return np.zeros(len(images), np.int64), np.zeros(len(images), bool)
        places = np.minimum(np.searchsorted(self.images, images), len(self.images) - 1)
        return places, self.images[places] == images

    def only(self, kept: NDArray[np.bool_]) -> Best:
        """Return the images (U,) bool that are kept."""
        return replace(
            self,
            images=self.images[kept],
            values=self.values[kept],
            kinds=self.kinds[kept],
            rows=self.rows[kept],
            text=self.text[kept],
            phrase=self.phrase[kept],
        )


def either(options: Sequence[Best], margin: float = KIND_FIRST) -> Best:
    """Return the best option for each image; `margin` as for `Best.of`."""
    if len(options) == 1:
        return options[0]
    images = np.concatenate([option.images for option in options])
    kinds = np.concatenate([option.kinds for option in options])
    values = np.concatenate([option.values for option in options])
    order = np.lexsort((-worth(values, kinds, margin), images))
    unique, starts = np.unique(images[order], return_index=True)
    chosen = order[starts]
    founds = tuple(found for option in options for found in option.founds)
    rows = np.full((len(images), len(founds)), NO_ROW, np.int64)
    row = column = 0
    for option in options:
        rows[row : row + len(option.images), column : column + len(option.founds)] = option.rows
        row, column = row + len(option.images), column + len(option.founds)
    return Best(
        unique,
        values[chosen],
        kinds[chosen],
        founds,
        rows[chosen],
        np.concatenate([option.text for option in options])[chosen],
        np.concatenate([option.phrase for option in options])[chosen],
    )


def every(clauses: Sequence[Best]) -> Best:
    """Return all images in which any clause holds: the score asks for all of them, the kind is that of the weakest."""
    if len(clauses) == 1:
        return clauses[0]
    images = np.unique(np.concatenate([clause.images for clause in clauses]))
    values = np.zeros((len(clauses), len(images)), np.float32)
    kinds = np.full(values.shape, SIMILAR)
    rows = []
    for number, clause in enumerate(clauses):
        places, there = clause.at(images)
        values[number, there] = clause.values[places[there]]
        kinds[number, there] = clause.kinds[places[there]]
        own = np.full((len(images), len(clause.founds)), NO_ROW, np.int64)
        own[there] = clause.rows[places[there]]
        rows.append(own)
    text = together(values)
    return Best(
        images,
        text,
        kinds.max(axis=0),
        tuple(found for clause in clauses for found in clause.founds),
        np.concatenate(rows, axis=1),
        text,
        np.full(len(images), np.nan, np.float32),
    )
