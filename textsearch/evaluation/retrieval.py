"""Word retrieval as published: every query ranks the whole gallery, and the mean average precision is the result."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from textsearch.database import Database
from textsearch.errors import QueryError
from textsearch.evaluation.gallery import Evidence, Gallery
from textsearch.evaluation.tasks import RetrievalTask
from textsearch.grammar import Word
from textsearch.index.folder import IndexFolder
from textsearch.index.records import ModelIdentity
from textsearch.indexer.scan import absolute
from textsearch.metrics import average_precision

Variant = Evidence | Literal["full"]
"""What ranks: one kind of evidence alone, or the score that search shows."""


@dataclass(frozen=True)
class RetrievalResult:
    """How well a gallery was ranked.

    Attributes:
        variant: what ranked it.
        map: mean average precision over all queries, percent.
        frequent_map: the same over the most frequent queries; None where the protocol has no such list.
        images: photos ranked.
        queries: queries asked.
        regions: text regions found in the photos.
        without_text: photos in which nothing was found, which score 0.
        unreadable: those of them that the index lists as failed.
        seconds: for asking all queries; reading the photos is not in it.
        precisions: average precision of each query in the order of the task, 0 to 1.
    """

    variant: Variant
    map: float
    frequent_map: float | None
    images: int
    queries: int
    regions: int
    without_text: int
    unreadable: int
    seconds: float
    precisions: tuple[float, ...]

    def to_dict(self) -> dict[str, Any]:
        """Return all but the single precisions as JSON types."""
        return {
            "variant": self.variant,
            "map": self.map,
            "frequent_map": self.frequent_map,
            "images": self.images,
            "queries": self.queries,
            "regions": self.regions,
            "without_text": self.without_text,
            "unreadable": self.unreadable,
            "ranking_seconds": self.seconds,
        }


def evaluate(
    task: RetrievalTask, database: Database, variant: Variant, progress: Callable[[int, int], None] | None = None
) -> RetrievalResult:
    """Rank the photos of a task, which are in the index already, for each of its queries.

    A photo's score is that of its best region, 0 without any. Average precision is taken over the whole gallery, not
    interpolated, tied scores as one group; the result is the plain mean over the queries.

    Args:
        task: what is asked.
        database: its index holds the photos; those it could not read count as photos without text.
        variant: what ranks.
        progress: called after each query with the number done and the number of all.

    Raises:
        IndexNotFoundError: nothing was indexed yet.
        IndexModelError: another model made the index.
    """
    model = database.model
    identity = ModelIdentity(model.name, model.fingerprint, model.dimension)
    with IndexFolder.open(database.active.index, identity) as index:
        gallery = Gallery(index, model, task.photos)
        failed = {failure.path for failure in index.failures()}
    began = time.perf_counter()
    precisions = []
    for done, query in enumerate(task.queries, start=1):
        relevant = np.isin(np.arange(len(gallery)), list(query.relevant))
        scores = (
            search_scores(database, task.photos, query.text)
            if variant == "full"
            else gallery.scores(query.text, variant)
        )
        precisions.append(average_precision(relevant, scores))
        if progress is not None:
            progress(done, len(task.queries))
    pairs = list(zip(task.queries, precisions, strict=True))
    frequent = [precision for query, precision in pairs if query.text in task.frequent]
    return RetrievalResult(
        variant=variant,
        map=100 * float(np.mean(precisions)),
        frequent_map=100 * float(np.mean(frequent)) if frequent else None,
        images=len(gallery),
        queries=len(task.queries),
        regions=gallery.regions,
        without_text=gallery.without_text,
        unreadable=sum(absolute(photo) in failed for photo in task.photos),
        seconds=time.perf_counter() - began,
        precisions=tuple(precisions),
    )


def search_scores(database: Database, photos: Sequence[Path], text: str) -> NDArray[np.float64]:
    """Return the score (P,) float64 that search shows for each of P photos, every region scored; 0 without any.

    A text that holds nothing that can be searched scores 0 everywhere.

    Args:
        database: its index holds the photos.
        photos: P files.
        text: words, in which no character has a meaning of the query language.
    """
    try:
        found = database.search(" ".join(str(Word(word)) for word in text.split()), 0, match="similar")
    except QueryError:
        return np.zeros(len(photos))
    scores = {path: hit.score for hit in found for path in (hit.path, *hit.copies)}
    return np.array([scores.get(absolute(photo), 0.0) for photo in photos])
