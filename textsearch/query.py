"""From the text of a query to ranked photos: candidates, exact scoring, ranking."""

from __future__ import annotations

import time
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path

import numpy as np

from textsearch.errors import QueryError
from textsearch.hits import Explanation, Fact, Hit, SearchResult
from textsearch.index.folder import IndexFolder
from textsearch.index.records import StoredRegion
from textsearch.knowledge.relevance import Relevance, Saying
from textsearch.matching.describe import Describer, Piece, explain, known_matches, pieces
from textsearch.matching.evidence import Evidence
from textsearch.matching.found import Best, Found, either, every
from textsearch.matching.knowledge import (
    KINDS,
    KNOWLEDGE,
    Knowing,
    Ranking,
    Relevances,
    both,
    fused,
)
from textsearch.matching.marks import prefer_marks
from textsearch.matching.options import SearchOptions
from textsearch.matching.phrases import Cut, standing_together
from textsearch.matching.plan import Pattern, Plan, Sought, Target, Words
from textsearch.matching.sayings import sayings
from textsearch.matching.transcripts import Transcripts
from textsearch.rerank import (
    APART,
    LEAST_PHRASE,
    MEANINGFUL,
    MINIMUM_SCORE,
    PARTIAL,
    SEPARATE,
    SIMILAR,
)
from textsearch.types import FloatArray, TextModel

__all__ = ["SearchOptions", "Searcher"]

_CACHED_REGIONS = 20_000
"""Regions kept in memory between queries."""

_NEAREST = 5
"""Words of the gallery that are named where nothing was found."""


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
        self.knowing = Knowing(index, model.alphabet, self._said)
        self._regions: dict[int, StoredRegion] = {}

    def search(self, text: str, options: SearchOptions) -> SearchResult:
        """Find the photos that show a text.

        Args:
            text: the query; blank for all photos that fulfil the conditions.
            options: what to return.

        Raises:
            QueryError: the query is empty, malformed or cannot be searched; or a condition is not covered.
            MissingDependencyError: the scene is no known name, and the sentence encoder is not installed.
        """
        began = time.perf_counter()
        if options.conditions and options.uses_knowledge and not text.strip():
            return self._fulfilling(began, options)
        plan = Plan.of(text, self.model.alphabet)
        vectors = self._vectors(plan)
        question = self.knowing.question(plan) if options.uses_knowledge else None
        known = self.knowing.relevances(question) if question is not None else {}
        return self._answer(began, plan, vectors, options, _Told.of(known, self._allowed(options)))

    def _fulfilling(self, began: float, options: SearchOptions) -> SearchResult:
        """Return the photos that fulfil the conditions, surest first, whatever their texts say."""
        allowed = self._allowed(options) or {}
        plan = Plan(options.conditions, (), (), None)
        return self._answer(began, plan, self._vectors(plan), options, _Told(allowed, allowed))

    def search_like(self, word: str, vector: FloatArray, options: SearchOptions) -> SearchResult:
        """Find the photos that show a word of which a picture is given.

        Args:
            word: how the picture is read, normalised.
            vector: (D,) float32, the picture's vector.
            options: what to return.
        """
        target = Target(word)
        began = time.perf_counter()
        told = _Told.of({}, self._allowed(options))
        return self._answer(began, Plan(word, ((target,),), (), None), vector[None], options, told)

    def _answer(
        self, began: float, plan: Plan, vectors: FloatArray, options: SearchOptions, told: _Told
    ) -> SearchResult:
        info = self.index.info()
        hits: list[Hit] = []
        nearest: tuple[str, ...] = ()
        excluded: Collection[int] = ()
        if info.regions or told.known:
            asked = _Asked(self, plan, vectors, options, told)
            hits = self._hits(asked, options, told)
            nearest = () if hits else asked.nearest()
            excluded = set(asked.excluded.tolist())
        if options.everything:
            hits += self._without_text(hits, options, told, excluded)
        took = (time.perf_counter() - began) * 1000
        return SearchResult(plan.text, tuple(hits), took, info, nearest)

    def _vectors(self, plan: Plan) -> FloatArray:
        """Return the vectors (T, D) float32 of the letters that a plan looks for."""
        if not plan.targets:
            return np.zeros((0, self.model.dimension), np.float32)
        return self.model.encode_words([target.word for target in plan.targets])

    def _allowed(self, options: SearchOptions) -> Relevances | None:
        """Return the photos that fulfil the conditions on category, scene and place; None if there is no condition."""
        category = self.knowing.of_category(options.category) if options.category is not None else None
        scene = self.knowing.of_scene(options.scene) if options.scene is not None else None
        return both(both(category, scene), self._under(options.under))

    def _under(self, folder: Sequence[Path]) -> Relevances | None:
        """Return the photos that lie in a folder, by all its names, or below it; None for no folder."""
        if not folder:
            return None
        images = self.index.images_at_or_below(folder)
        if not images:
            raise QueryError(
                f"The index holds no photo under {folder[0]}; check the folder, or run: textsearch index {folder[0]}"
            )
        return dict.fromkeys(images, Relevance(1.0, tuple))

    def _said(self, plan: Plan) -> Mapping[int, Saying]:
        """Return, by image, where what was planned is written."""
        if not self.index.info().regions:
            return {}
        options = SearchOptions(self.index.info().images, match="partial")
        asked = _Asked(self, plan, self._vectors(plan), options, _Told())
        said: dict[int, Saying] = {}
        # Word by word: one that a photo holds by accident must not hide another one that it says.
        for sought in plan.wanted[0]:
            for image, saying in sayings(asked.best_of(sought, asked.cut), asked.readings, self.regions).items():
                said[image] = max(said.get(image, saying), saying, key=lambda each: each.value)
        return said

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

    def _hits(self, asked: _Asked, options: SearchOptions, told: _Told) -> list[Hit]:
        best, ranking = asked.best, asked.ranking().first(options.k or None)
        numbers = ranking.images.tolist()
        images = {number: image.where_it_is(options.under) for number, image in self.index.images(numbers).items()}
        # A photo may have been removed by another process since its regions were read.
        kept = [row for row, number in enumerate(numbers) if number in images]
        by_text = [row for row in kept if ranking.kinds[row] != KNOWLEDGE]
        shown = {row: _meaningful(pieces(best, int(ranking.places[row]))) for row in by_text}
        everything = [piece for pieces_of_one in shown.values() for piece in pieces_of_one]
        facts = {row: told.known[numbers[row]].facts for row in kept if row not in shown}
        saying = [region for facts_of_one in facts.values() for fact in facts_of_one for region in fact.region_ids]
        regions = self.regions([*asked.region_ids(everything), *saying])
        describer = Describer(asked.readings, self.model.alphabet, everything, regions)
        hits = []
        for rank, row in enumerate(kept, start=1):
            image, known = images[numbers[row]], told.known.get(numbers[row])
            if row in shown:
                matches = tuple(match for piece in shown[row] for match in describer.matches(piece))
                explanation = explain(best, int(ranking.places[row]), shown[row])
            else:
                matches, explanation = known_matches(asked.plan.text, facts[row], regions), Explanation(0.0)
            hits.append(
                Hit(
                    rank=rank,
                    score=100 * float(ranking.values[row]),
                    kind=KINDS[ranking.kinds[row]],
                    path=image.path,
                    sha256=image.sha256,
                    width=image.width,
                    height=image.height,
                    matches=matches,
                    copies=image.paths[1:],
                    explanation=explanation if known is None else replace(explanation, knowledge=known.value),
                    facts=told.facts(numbers[row]),
                )
            )
        return hits

    def _without_text(
        self, hits: Sequence[Hit], options: SearchOptions, told: _Told, excluded: Collection[int]
    ) -> list[Hit]:
        """Return the photos in which nothing was found to score, and nothing that is excluded, at score 0."""
        seen = {hit.sha256 for hit in hits}
        others = [
            (number, image.where_it_is(options.under))
            for number, image in sorted(self.index.images().items())
            if image.sha256 not in seen and number not in excluded and (told.allowed is None or number in told.allowed)
        ]
        return [
            Hit(
                rank,
                0.0,
                "similar",
                image.path,
                image.sha256,
                image.width,
                image.height,
                (),
                image.paths[1:],
                facts=told.facts(number),
            )
            for rank, (number, image) in enumerate(others, start=len(hits) + 1)
        ]


@dataclass(frozen=True)
class _Told:
    """What is known of photos that matters for one query.

    Attributes:
        known: those that show what the query means, among those that are allowed.
        allowed: those that fulfil the conditions; None if there is no condition.
    """

    known: Relevances = field(default_factory=dict)
    allowed: Relevances | None = None

    @classmethod
    def of(cls, known: Relevances, allowed: Relevances | None) -> _Told:
        """Return what is known, without the photos that are not allowed."""
        kept = known if allowed is None else {image: each for image, each in known.items() if image in allowed}
        return cls(kept, allowed)

    def facts(self, image: int) -> tuple[Fact, ...]:
        """Return what is known about an image, what answers the query first; nothing comes twice."""
        sources = (source.get(image) for source in (self.known, self.allowed or {}))
        return tuple(dict.fromkeys(fact for source in sources if source for fact in source.facts))

    def only_allowed(self, found: Found) -> Found:
        """Return the rows about images that fulfil the conditions."""
        return found if self.allowed is None else found.only(np.isin(found.images, list(self.allowed)))


class _Asked:
    """One query put to the index as it is now.

    Attributes:
        readings: what every region can be read as.
        excluded: (E,) int64, images that hold what must not be there.
    """

    def __init__(
        self, searcher: Searcher, plan: Plan, vectors: FloatArray, options: SearchOptions, told: _Told
    ) -> None:
        self.searcher = searcher
        self.plan = plan
        self.options = options
        self.told = told
        exhaustive = options.exhaustive or options.k == 0
        self.evidence = Evidence(
            searcher.index, searcher.model.alphabet, plan.targets, vectors, exhaustive, told.allowed
        )
        self.readings = self.evidence.readings
        self._tables: dict[Target | Pattern, Found] = {}
        self.excluded = np.zeros(0, np.int64)
        excluded = [self.best_of(sought, Cut(worst=PARTIAL)) for sought in plan.excluded]
        self.excluded = np.concatenate([self.excluded, *(best.images[best.kinds < SIMILAR] for best in excluded)])

    @cached_property
    def best(self) -> Best:
        """Return the best evidence of every image that has any."""
        best = self._wanted()
        if any(target.marked for target in self.plan.targets):
            return prefer_marks(best, self.readings, self.searcher.regions)
        return best

    def _wanted(self) -> Best:
        """Return the best evidence for all clauses together, in the images that hold nothing excluded."""
        clauses = self.plan.wanted
        if not clauses:
            return Best.nothing()
        single = [[sought for sought in clause if not isinstance(sought, Words)] for clause in clauses]
        if len(clauses) > 1 and [*map(len, single)] == [*map(len, clauses)]:
            tables = [Found.merged([self._kept(sought) for sought in own]) for own in single]
            best = standing_together(tables, self.readings, APART, self.cut)
        else:
            # What scores little by one clause may score enough by all of them.
            alone = self.cut if len(clauses) == 1 else replace(self.cut, enough=None, floor=self._low_floor)
            within = alone.within
            best = every([either([self.best_of(sought, alone) for sought in clause], within) for clause in clauses])
        if self.plan.joined is not None:
            within = self.cut.within
            best = either([best, Best.of(self._kept(self.plan.joined), within)], within)
        return best.only(~np.isin(best.images, self.excluded))

    @property
    def cut(self) -> Cut:
        """Return which images can be hits."""
        options = self.options
        # What is taken away later, for a diacritic, or is known may let others come before.
        settled = options.k and not self.told.known and not any(target.marked for target in self.plan.targets)
        floor = self._low_floor if self.told.known else options.least / 100
        return Cut(options.k if settled else None, floor, options.worst, options.margin)

    @property
    def _low_floor(self) -> float:
        """Return the score, 0 to 1, below which nothing is looked into however much else speaks for an image."""
        return min(self.options.least, MINIMUM_SCORE) / 100

    def best_of(self, sought: Sought, cut: Cut) -> Best:
        """Return the best evidence for a word, a pattern or a phrase alone."""
        if not isinstance(sought, Words):
            return Best.of(self._kept(sought), cut.within)
        together = standing_together([self._kept(word) for word in sought.words], self.readings, SEPARATE, cut)
        best = either([together, Best.of(self._kept(sought.joined), cut.within)], cut.within)
        return best.only((best.kinds < SIMILAR) | (best.values >= LEAST_PHRASE)) if cut.floor > 0 else best

    def _kept(self, sought: Target | Pattern) -> Found:
        """Return where something may be in the images that are allowed and hold nothing excluded."""
        found = self.told.only_allowed(self.table(sought))
        return found.only(~np.isin(found.images, self.excluded)) if len(self.excluded) else found

    def table(self, sought: Target | Pattern) -> Found:
        """Return where letters or a pattern may be; asked for twice it is looked for once."""
        if sought not in self._tables:
            self._tables[sought] = (
                self.searcher.transcripts.found(sought, self.readings)
                if isinstance(sought, Pattern)
                else self.evidence.found(sought)
            )
        return self._tables[sought]

    def ranking(self) -> Ranking:
        """Return the images that are hits, best first."""
        best, options = self.best, self.options
        if self.told.known:
            # Those that fulfil a condition have passed its own threshold.
            least_known = options.least_known if self.plan.wanted else options.least
            return fused(best, self.told.known, options.margin, options.least, least_known)
        scores = 100 * best.values
        order = np.lexsort((best.images, -(scores + options.margin * (SIMILAR - best.kinds))))
        # The threshold is a score that people see, so it is compared as they see it.
        kept = (scores >= options.least) & (best.kinds <= options.worst)
        return Ranking.of_text(best, order[kept[order]])

    def region_ids(self, shown: Sequence[Piece]) -> list[int]:
        """Return the ids of all regions that rows name."""
        places = [place for found, row in shown for place in range(found.first[row], found.last[row] + 1)]
        return self.readings.region_ids[places].tolist() if places else []

    def nearest(self) -> tuple[str, ...]:
        """Return the words of the gallery that are most similar to those that the query asks for."""
        tables = [self._tables[sought] for sought in self.plan.sought if sought in self._tables]
        rows = [(found, int(row)) for found in tables for row in np.argsort(-found.values)[:_NEAREST]]
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
