"""From the hits of a search to scores of photos: what the benchmarks share that rank a gallery by searching it.

It imports nothing of the program, so that a process whose memory is measured carries nothing else.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from textsearch.hits import SearchResult


def ranks_of(result: SearchResult) -> dict[str, int]:
    """Return the rank of each photo that scored anything, also of copies, by its path.

    Where the whole gallery is asked for, photos without any likeness to the query come last in the order of their
    paths; that order means nothing, so they get no rank.
    """
    return {str(path): hit.rank for hit in result if hit.score > 0 for path in (hit.path, *hit.copies)}


def scores_by_rank(ranks: Mapping[str, int], photos: Sequence[str | Path]) -> NDArray[np.float64]:
    """Return a score of each photo, (photos,), that falls with its rank; photos without a rank are tied for last."""
    return -np.array([ranks.get(str(photo), len(photos) + 1) for photo in photos], np.float64)
