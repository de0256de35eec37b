"""Diacritics that were typed: photos that show them come before those that do not."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from textsearch.alphabet import marked
from textsearch.index.readings import Readings
from textsearch.index.records import StoredRegion
from textsearch.matching.found import NO_ROW, Best
from textsearch.matching.plan import Target
from textsearch.rerank import MINIMUM_SCORE, UNTYPED_MARKS

_LOOKED_AT = 500
"""Images, the best, whose transcripts are compared with what was typed."""

_LEAST_LEFT = np.float32(1.001 * MINIMUM_SCORE / 100)
"""A score above this does not fall below it: whoever types a diacritic finds no fewer photos."""


def prefer_marks(
    best: Best, readings: Readings, regions_of: Callable[[Sequence[int]], dict[int, StoredRegion]]
) -> Best:
    """Return the images with a lower score where a letter was typed with a diacritic and read without.

    The photo is still found, and its kind stays: signs leave diacritics out, and recognisers lose them.

    Args:
        best: the best evidence of every image.
        readings: of the index.
        regions_of: reads regions by id.
    """
    # Those that are not looked at may not come before those that are: they count as written without.
    lowered = best.values * np.float32(UNTYPED_MARKS) ** _marked(best).sum(axis=1)
    places = np.lexsort((-best.values, best.kinds))[:_LOOKED_AT]
    lowered[places] = best.values[places]
    wanted = []
    for place in places.tolist():
        for found, row in zip(best.founds, best.rows[place].tolist(), strict=True):
            target = found.targets[found.which[row]] if row != NO_ROW else None
            if isinstance(target, Target) and target.marked:
                stretch = range(int(found.first[row]), int(found.last[row]) + 1)
                wanted.append((place, target.marked, readings.region_ids[stretch].tolist()))
    regions = regions_of([number for _, _, numbers in wanted for number in numbers])
    for place, typed, numbers in wanted:
        text = "".join(regions[number].text for number in numbers if number in regions)
        if typed not in marked(text):
            lowered[place] *= UNTYPED_MARKS
    kept = np.where(100 * best.values >= MINIMUM_SCORE, np.minimum(best.values, _LEAST_LEFT), 0)
    return replace(best, values=np.maximum(lowered, kept).astype(np.float32))


def _marked(best: Best) -> NDArray[np.bool_]:
    """Return (U, P) bool: whether the row of a table that counts for an image is about a word typed with diacritics."""
    columns = [np.zeros((len(best.images), 0), bool)]
    for found, rows in zip(best.founds, best.rows.T, strict=True):
        about = np.array([isinstance(target, Target) and bool(target.marked) for target in found.targets], bool)
        column = rows != NO_ROW
        column[column] = about[found.which[rows[column]]]
        columns.append(column[:, None])
    return np.concatenate(columns, axis=1)
