"""From the text of a query to ranked photos: candidates, exact scoring, ranking."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import get_args

import numpy as np
from numpy.typing import NDArray

from textsearch.errors import QueryError
from textsearch.index.folder import IndexFolder
from textsearch.index.records import StoredRegion
from textsearch.matching.describe import Describer, Piece, explain, pieces
from textsearch.matching.evidence import Evidence
from textsearch.matching.found import Best, Found, either, every
from textsearch.matching.marks import prefer_marks
from textsearch.matching.phrases import Cut, standing_together
from textsearch.matching.plan import Pattern, Plan, Sought, Target, Words
from textsearch.matching.transcripts import Transcripts
from textsearch.rerank import (
    APART,
    EXACT,
    KIND_MARGIN,
    KINDS,
    LEAST_PHRASE,
    MEANINGFUL,
    MINIMUM_SCORE,
    PARTIAL,
    SEPARATE,
    SIMILAR,
)
from textsearch.types import FloatArray, Hit, MatchMode, SearchResult, TextModel

_CACHED_REGIONS = 20_000
"""Regions kept in memory between queries."""

_NEAREST = 5
"""Words of the gallery that are named where nothing was found."""


@dataclass(frozen=True)
class SearchOptions:
    """What a search returns; see `textsearch.database.Database.search`."""

    k: int = 20
    match: MatchMode = "auto"
    min_score: float | None = None
    exhaustive: bool = False

    def __post_init__(self) -> None:
        """Refuse what makes no sense."""
        if self.k < 0:
            raise ValueError(f"k must be 0 (the whole gallery) or positive, not {self.k}")
        if self.match not in get_args(MatchMode):
            raise QueryError(f"There is no match mode {self.match!r}; choose one of {', '.join(get_args(MatchMode))}.")

    @property
    def least(self) -> float:
        """Return the lowest score, 0 to 100, of a hit."""
        if self.min_score is not None:
            return self.min_score
        return MINIMUM_SCORE if self.k else 0.0

    @property
    def worst(self) -> int:
        """Return the worst kind of a hit, a place in `rerank.KINDS`."""
        return {"exact": EXACT, "partial": PARTIAL}.get(self.match, SIMILAR)

    @property
    def margin(self) -> float:
        """Return the points by which a photo must score more to come before one of the next better kind."""
        return 0.0 if self.match == "similar" else KIND_MARGIN

    @property
    def everything(self) -> bool:
        """Return whether photos without any match are hits, too."""
        return self.k == 0 and self.least <= 0 and self.match in ("auto", "similar")


class Searcher:
    """Answers queries over one index; safe to use from several threads.

    Args:
        index: where to search.
        model: the network the index was made with.
    """

    def __init__(self, index: IndexFolder, model: TextModel) -> None:
        self.index = index
        self.model = model
        self.transcripts = Transcripts(index)
        self._regions: dict[int, StoredRegion] = {}

    def search(self, text: str, options: SearchOptions) -> SearchResult:
        """Find the photos that show a text.

        Args:
            text: the query.
            options: what to return.

        Raises:
            QueryError: the query is empty, malformed or cannot be searched.
        """
        plan = Plan.of(text, self.model.alphabet)
        vectors = self.model.encode_words([target.word for target in plan.targets]) if plan.targets else None
        return self._answer(plan, vectors, options)

    def search_like(self, word: str, vector: FloatArray, options: SearchOptions) -> SearchResult:
        """Find the photos that show a word of which a picture is given.

        Args:
            word: how the picture is read, normalised.
            vector: (D,) float32, the picture's vector.
            options: what to return.
        """
        target = Target(word)
        return self._answer(Plan(word, ((target,),), (), None), vector[None], options)

    def _answer(self, plan: Plan, vectors: FloatArray | None, options: SearchOptions) -> SearchResult:
        began = time.perf_counter()
        info = self.index.info()
        hits: list[Hit] = []
        nearest: tuple[str, ...] = ()
        if info.regions:
            asked = _Asked(self, plan, vectors, options)
            hits = self._hits(asked, options)
            nearest = () if hits else asked.nearest()
        if options.everything:
            hits += self._without_text(hits)
        took = (time.perf_counter() - began) * 1000
        return SearchResult(plan.text, tuple(hits), took, info, nearest)

    def regions(self, region_ids: Sequence[int]) -> dict[int, StoredRegion]:
        """Read regions by id, the often needed ones from memory: an id always names the same region."""
        wanted = set(region_ids)
        cached = self._regions
        found = {number: cached[number] for number in wanted if number in cached}
        missing = sorted(wanted - found.keys())
        if missing:
            loaded = {region.region_id: region for region in self.index.regions(missing)}
            if len(cached) + len(loaded) > _CACHED_REGIONS:
                cached = self._regions = {}
            cached.update(loaded)
            found |= loaded
        return found

    def _hits(self, asked: _Asked, options: SearchOptions) -> list[Hit]:
        best = asked.best
        order = asked.order()[: options.k or None]
        images = self.index.images(best.images[order].tolist())
        # A photo may have been removed by another process since its regions were read.
        kept = [place for place in order.tolist() if int(best.images[place]) in images]
        shown = {place: _meaningful(pieces(best, place)) for place in kept}
        everything = [piece for place in kept for piece in shown[place]]
        describer = Describer(
            asked.readings, self.model.alphabet, everything, self.regions(asked.region_ids(everything))
        )
        return [
            Hit(
                rank=rank,
                score=100 * float(best.values[place]),
                kind=KINDS[best.kinds[place]],
                path=(image := images[int(best.images[place])]).path,
                sha256=image.sha256,
                width=image.width,
                height=image.height,
                matches=tuple(match for piece in shown[place] for match in describer.matches(piece)),
                copies=image.paths[1:],
                explanation=explain(best, place, shown[place]),
            )
            for rank, place in enumerate(kept, start=1)
        ]

    def _without_text(self, hits: Sequence[Hit]) -> list[Hit]:
        """Return the photos in which nothing was found to score, at score 0."""
        seen = {hit.sha256 for hit in hits}
        images = [image for _, image in sorted(self.index.images().items()) if image.sha256 not in seen]
        return [
            Hit(rank, 0.0, "similar", image.path, image.sha256, image.width, image.height, (), image.paths[1:])
            for rank, image in enumerate(images, start=len(hits) + 1)
        ]


class _Asked:
    """One query put to the index as it is now.

    Attributes:
        readings: what every region can be read as.
        best: the best evidence of every image that has any.
    """

    def __init__(self, searcher: Searcher, plan: Plan, vectors: FloatArray | None, options: SearchOptions) -> None:
        self.searcher = searcher
        self.plan = plan
        self.options = options
        exhaustive = options.exhaustive or options.k == 0
        if vectors is None:
            vectors = np.zeros((0, searcher.model.dimension), np.float32)
        self.evidence = Evidence(searcher.index, searcher.model.alphabet, plan.targets, vectors, exhaustive)
        self.readings = self.evidence.readings
        self._tables: dict[Target | Pattern, Found] = {}
        self._excluded = np.zeros(0, np.int64)
        excluded = [self._best_of(sought, Cut(worst=PARTIAL)) for sought in plan.excluded]
        self._excluded = np.concatenate([self._excluded, *(best.images[best.kinds < SIMILAR] for best in excluded)])
        self.best = self._wanted()
        if any(target.marked for target in plan.targets):
            self.best = prefer_marks(self.best, self.readings, searcher.regions)

    def _wanted(self) -> Best:
        """Return the best evidence for all clauses together, in the images that hold nothing excluded."""
        clauses = self.plan.wanted
        single = [[sought for sought in clause if not isinstance(sought, Words)] for clause in clauses]
        if len(clauses) > 1 and [*map(len, single)] == [*map(len, clauses)]:
            tables = [Found.merged([self._kept(sought) for sought in own]) for own in single]
            best = standing_together(tables, self.readings, APART, self._cut)
        else:
            alone = self._cut if len(clauses) == 1 else replace(self._cut, enough=None)
            best = every([either([self._best_of(sought, alone) for sought in clause]) for clause in clauses])
        if self.plan.joined is not None:
            best = either([best, Best.of(self._kept(self.plan.joined))])
        return best.only(~np.isin(best.images, self._excluded))

    @property
    def _cut(self) -> Cut:
        """Return which images can be hits."""
        options = self.options
        # What is taken away later, for a diacritic, may let others come before.
        settled = options.k and not any(target.marked for target in self.plan.targets)
        return Cut(options.k if settled else None, options.least / 100, options.worst, options.margin)

    def _best_of(self, sought: Sought, cut: Cut) -> Best:
        if not isinstance(sought, Words):
            return Best.of(self._kept(sought))
        together = standing_together([self._kept(word) for word in sought.words], self.readings, SEPARATE, cut)
        best = either([together, Best.of(self._kept(sought.joined))])
        return best.only((best.kinds < SIMILAR) | (best.values >= LEAST_PHRASE)) if cut.floor > 0 else best

    def _kept(self, sought: Target | Pattern) -> Found:
        """Return where something may be in the images that hold nothing excluded."""
        found = self.table(sought)
        return found.only(~np.isin(found.images, self._excluded)) if len(self._excluded) else found

    def table(self, sought: Target | Pattern) -> Found:
        """Return where letters or a pattern may be; asked for twice it is looked for once."""
        if sought not in self._tables:
            self._tables[sought] = (
                self.searcher.transcripts.found(sought, self.readings)
                if isinstance(sought, Pattern)
                else self.evidence.found(sought)
            )
        return self._tables[sought]

    def order(self) -> NDArray[np.int64]:
        """Return the places in `best` that are hits, best first."""
        best, options = self.best, self.options
        scores = 100 * best.values
        ranked = np.lexsort((best.images, -(scores + options.margin * (SIMILAR - best.kinds))))
        # The threshold is a score that people see, so it is compared as they see it.
        kept = (scores >= options.least) & (best.kinds <= options.worst)
        return ranked[kept[ranked]]

    def region_ids(self, shown: Sequence[Piece]) -> list[int]:
        """Return the ids of all regions that rows name."""
        places = [place for found, row in shown for place in range(found.first[row], found.last[row] + 1)]
        return self.readings.region_ids[places].tolist() if places else []

    def nearest(self) -> tuple[str, ...]:
        """Return the words of the gallery that are most similar to those of the query."""
        rows = [(found, int(row)) for found in self._tables.values() for row in np.argsort(-found.values)[:_NEAREST]]
        rows = [(found, row) for found, row in rows if found.first[row] == found.last[row]]
        rows.sort(key=lambda piece: -float(piece[0].values[piece[1]]))
        regions = self.searcher.regions(self.region_ids(rows))
        ids = self.region_ids(rows)
        words = [regions[number].text for number in ids if number in regions and regions[number].text]
        return tuple(dict.fromkeys(words))[:_NEAREST]


def _meaningful(shown: Sequence[Piece]) -> list[Piece]:
    """Return the rows that have something to do with the query; one that answers two words comes once."""
    kept: dict[tuple[str, int, int], Piece] = {}
    for found, row in shown:
        if found.values[row] >= MEANINGFUL:
            key = (found.targets[found.which[row]].word, int(found.first[row]), int(found.last[row]))
            kept.setdefault(key, (found, row))
    return list(kept.values())
