"""Words that stand together: the best chain of regions for the words of a phrase, image by image."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from heapq import heappop, heappush

import numpy as np
from numpy.typing import NDArray

from textsearch.index.readings import Readings
from textsearch.matching.found import KIND_FIRST, NO_ROW, Best, Found, every, worth
from textsearch.rerank import KIND_MARGIN, PARTIAL, SEPARATE, SIMILAR, placed
from textsearch.types import FloatArray

_LEAST = 1e-3
"""Score of a word that is not there, and how well regions stand together that do not."""


@dataclass(frozen=True)
class Cut:
    """Which images can be among the hits, so that only these are looked into.

    Attributes:
        enough: how many of the best must be right; None for all.
        floor: the lowest score, 0 to 1, of a hit.
        worst: the worst kind, a place in `rerank.KINDS`, of a hit.
        margin: points by which an image must score more to come before one of the next better kind.
    """

    enough: int | None = None
    floor: float = 0.0
    worst: int = SIMILAR
    margin: float = KIND_MARGIN

    @property
    def within(self) -> float:
        """Return the points by which evidence in one image must score more to come before some of the next better kind.

        As many as between images, or a weak match would hide a better one beside it. But where worse kinds are no hits,
        they must not take the place of those that are.
        """
        return self.margin if self.worst == SIMILAR else KIND_FIRST


def standing_together(words: Sequence[Found], readings: Readings, apart: float, cut: Cut) -> Best:
    """Return the images with any of the words, scored by how well the best regions for them stand together.

    Args:
        words: where each word of the phrase may be, in the phrase's order; two or more.
        readings: of the index.
        apart: what is left of the score of words that do not stand together, APART or SEPARATE.
        cut: the images that matter; the others keep the score of words that stand apart.
    """
    best = every([Best.of(word, cut.within) for word in words])
    values, kinds = apart * best.values, best.kinds.copy()
    if apart == SEPARATE:
        # A phrase that is not seen together is no exact match, however sure its words are.
        kinds[:] = SIMILAR
    text, phrase, rows = best.text.copy(), best.phrase.copy(), best.rows.copy()
    groups = [_Rows(word) for word in words]
    ceiling = every([Best.of(word, 0.0) for word in words]).values
    best_kinds = every([Best.of(word) for word in words]).kinds
    highest = worth(ceiling, best_kinds, cut.margin)
    reached: list[float] = []  # a heap of the best, at most `enough`
    matters = (best.rows != NO_ROW).all(axis=1) & (ceiling >= cut.floor) & (best_kinds <= cut.worst)
    candidates = np.nonzero(matters)[0]
    for place in candidates[np.argsort(-highest[candidates], kind="stable")].tolist():
        if len(reached) == cut.enough and reached[0] >= highest[place]:
            break  # so many have reached what no other can surpass
        image = int(best.images[place])
        own = [group.of(image) for group in groups]
        chain = _best_chain(own, words, readings, image) if all(map(len, own)) else None
        if chain is not None:
            value, close, chosen, kind = chain
            if close <= 0 and apart == SEPARATE:
                kind = SIMILAR
            together = placed(value, close, apart)
            before, after = worth(np.array([values[place], together]), np.array([kinds[place], kind]), cut.within)
            if after >= before:
                values[place], kinds[place], rows[place] = together, kind, chosen
                text[place], phrase[place] = value, close
        if cut.enough is not None and kinds[place] <= cut.worst:
            heappush(reached, float(worth(values[place : place + 1], kinds[place : place + 1], cut.margin)[0]))
            if len(reached) > cut.enough:
                heappop(reached)
    return replace(best, values=values, kinds=kinds, rows=rows, text=text, phrase=phrase)


class _Rows:
    """The rows of a table by image."""

    def __init__(self, found: Found) -> None:
        single = np.nonzero(found.first == found.last)[0]
        self._order = single[np.argsort(found.images[single], kind="stable")]
        self._images = found.images[self._order]

    def of(self, image: int) -> NDArray[np.int64]:
        start, stop = np.searchsorted(self._images, [image, image + 1])
        return self._order[start:stop]


def _best_chain(
    rows: Sequence[NDArray[np.int64]], words: Sequence[Found], readings: Readings, image: int
) -> tuple[float, float, NDArray[np.int64], int]:
    """Return the score of the best regions for the words, how well they stand together, their rows, and their kind.

    Regions that surely show their words and stand together come before all others.
    """
    close, start = readings.adjacency(image), readings.of_image(image).start
    count = len(close)
    scores = np.full((len(words), count), np.log(_LEAST), np.float32)
    row_at = np.full((len(words), count), NO_ROW, np.int64)
    sure = np.zeros((len(words), count), bool)
    for number, (word, own) in enumerate(zip(words, rows, strict=True)):
        # The best come last: of two rows about one region the better stays.
        own = own[np.lexsort((word.values[own], -word.kinds[own]))]
        regions = word.first[own] - start
        scores[number, regions] = np.log(np.maximum(word.values[own], _LEAST))
        row_at[number, regions] = own
        sure[number, regions] = word.kinds[own] <= PARTIAL
    path = _chain(np.where(sure, scores, -np.inf), np.where(close > 0, close, 0))
    if path is None:
        path = _chain(scores, np.maximum(close, _LEAST))
    if path is None:
        path = scores.argmax(axis=1)
    steps = close[path[:-1], path[1:]]
    numbers = np.arange(len(words))
    chosen = row_at[numbers, path]
    kinds = [int(word.kinds[row]) if row != NO_ROW else SIMILAR for word, row in zip(words, chosen, strict=True)]
    value = float(np.exp(scores[numbers, path].mean()))
    return value, float(steps.min()), chosen, max(kinds)


def _chain(scores: FloatArray, close: FloatArray) -> NDArray[np.int64] | None:
    """Return the regions (W,) of the best chain; None if there is none.

    Args:
        scores: (W, R) logarithms of the words' scores, -inf where a region is out of the question.
        close: (R, R), how well each region is followed by each other.
    """
    with np.errstate(divide="ignore"):
        steps = np.log(close)
    total, came_from = scores[0], []
    for row in scores[1:]:
        reached = total[:, None] + steps
        came_from.append(reached.argmax(axis=0))
        total = reached.max(axis=0) + row
    if not len(total) or not np.isfinite(total.max()):
        return None
    path = [int(total.argmax())]
    for before in reversed(came_from):
        path.append(int(before[path[-1]]))
    return np.array(path[::-1])
