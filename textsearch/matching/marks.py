"""Diacritics that were typed: photos that show them come before those that do not."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np

from textsearch.alphabet import marked
from textsearch.index.readings import Readings
from textsearch.index.records import StoredRegion
from textsearch.matching.found import NO_ROW, Best
from textsearch.matching.plan import Target
from textsearch.rerank import UNTYPED_MARKS

_LOOKED_AT = 500
"""Images, the best, whose transcripts are compared with what was typed."""


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
    places = np.argsort(-best.values, kind="stable")[:_LOOKED_AT]
    wanted = []
    for place in places.tolist():
        for found, row in zip(best.founds, best.rows[place].tolist(), strict=True):
            target = found.targets[found.which[row]] if row != NO_ROW else None
            if isinstance(target, Target) and target.marked:
                stretch = range(int(found.first[row]), int(found.last[row]) + 1)
                wanted.append((place, target.marked, readings.region_ids[stretch].tolist()))
    regions = regions_of([number for _, _, numbers in wanted for number in numbers])
    values = best.values.copy()
    for place, typed, numbers in wanted:
        text = "".join(regions[number].text for number in numbers if number in regions)
        if typed not in marked(text):
            values[place] *= UNTYPED_MARKS
    return replace(best, values=values)
