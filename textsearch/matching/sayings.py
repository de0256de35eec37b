"""Where the words of a user's category are written: as words, or as the beginning or the end of longer ones."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import numpy as np

from textsearch.alphabet import words_of
from textsearch.index.readings import Readings
from textsearch.index.records import StoredRegion
from textsearch.knowledge.relevance import Saying
from textsearch.matching.describe import Piece, pieces
from textsearch.matching.found import Best
from textsearch.matching.plan import Target
from textsearch.rerank import EXACT, PARTIAL

SHORTEST_PART = 5
"""Letters that a word needs for a longer one to hold it: "boulder" is in bouldering, and "spa" in space by accident."""

RegionsOf = Callable[[Sequence[int]], Mapping[int, StoredRegion]]
"""Reads regions by id."""


def sayings(best: Best, readings: Readings, regions_of: RegionsOf) -> dict[int, Saying]:
    """Return, by image, how surely it says what was looked for; images that hold it by accident are left out.

    Args:
        best: the best evidence of each image.
        readings: of the index.
        regions_of: reads regions by id.
    """
    shown = {place: pieces(best, place) for place in np.flatnonzero(best.kinds <= PARTIAL).tolist()}
    regions = regions_of([number for rows in shown.values() for piece in rows for number in _ids(piece, readings)])
    return {
        int(best.images[place]): Saying(
            float(best.values[place]),
            tuple(number for piece in rows for number in _ids(piece, readings)),
            bool(best.kinds[place] > EXACT),
        )
        for place, rows in shown.items()
        if all(_is_meant(piece, _ids(piece, readings), regions) for piece in rows)
    }


def _ids(piece: Piece, readings: Readings) -> list[int]:
    """Return the ids of the regions that a row names."""
    found, row = piece
    ids: list[int] = readings.region_ids[found.first[row] : found.last[row] + 1].tolist()
    return ids


def _is_meant(piece: Piece, region_ids: Sequence[int], regions: Mapping[int, StoredRegion]) -> bool:
    """Return whether a row shows a whole word, or a long enough one at the beginning or the end of another."""
    found, row = piece
    target = found.targets[found.which[row]]
    if found.kinds[row] <= EXACT:
        return True
    if not isinstance(target, Target) or len(target.word) < SHORTEST_PART:
        return False
    texts = [regions[number].text for number in region_ids if number in regions]
    words = [*words_of(" ".join(texts)), "".join(words_of(" ".join(texts)))]
    return any(word.startswith(target.word) or word.endswith(target.word) for word in words)
