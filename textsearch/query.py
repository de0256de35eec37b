"""From the text of a query to ranked photos: candidates, exact scoring, ranking."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from textsearch.alignment import LatticeBatch, align
from textsearch.alphabet import Alphabet, words_of
from textsearch.errors import QueryError
from textsearch.index.folder import IndexFolder
from textsearch.index.records import StoredRegion
from textsearch.layout import closeness
from textsearch.rerank import KINDS, MEANINGFUL, MINIMUM_SCORE, PLACE_FLOOR, Scores, placed, score, together, weakest
from textsearch.similarity import similarity
from textsearch.types import FloatArray, Hit, Match, SearchResult, TextModel

_NEIGHBOURS = 200
"""Regions per word that FAISS proposes for exact scoring."""

_CONTAINING = 100
"""Regions per word that the trigram index proposes for exact scoring."""

_CACHED_REGIONS = 20_000
"""Regions kept in memory between queries."""


_Rated = tuple[int, float, tuple[Match, ...]]
"""Image id, score from 0 to 1, and the matches that earned it."""


@dataclass(frozen=True)
class Query:
    """A parsed query.

    Attributes:
        text: exactly as it was given.
        words: its normalised words, in order.
        joined: the words as one, for signs that leave out the space; None for a single word.
    """

    text: str
    words: tuple[str, ...]
    joined: str | None

    @classmethod
    def parse(cls, text: str, alphabet: Alphabet) -> Query:
        """Read a query.

        Raises:
            QueryError: it is empty, or no character of it can be searched.
        """
        if not text.strip():
            raise QueryError('The query is empty; give a word that can be seen in a photo, for example "exit".')
        words = tuple(word for word in words_of(text) if len(alphabet.encode(word)))
        if not words:
            raise QueryError(f"{text!r} holds no letter or digit that this index can search; give at least one.")
        return cls(text, words, "".join(words) if len(words) > 1 else None)


class Searcher:
    """Answers queries over one index; safe to use from several threads.

    Args:
        index: where to search.
        model: the network the index was made with.
    """

    def __init__(self, index: IndexFolder, model: TextModel) -> None:
        self.index = index
        self.model = model
        self._regions: dict[int, StoredRegion] = {}

    def search(self, text: str, k: int, min_score: float | None = None) -> SearchResult:
        """Find the photos that show a text.

        Args:
            text: the query.
            k: hits at most; 0 for the whole gallery, also photos that do not match at all.
            min_score: hits below this score (0 to 100) are left out; None: MINIMUM_SCORE, or 0 if k is 0.

        Raises:
            QueryError: the query is empty or cannot be searched.
            ValueError: k is negative.
        """
        began = time.perf_counter()
        if k < 0:
            raise ValueError(f"k must be 0 (the whole gallery) or positive, not {k}")
        query = Query.parse(text, self.model.alphabet)
        info = self.index.info()
        if min_score is None:
            min_score = MINIMUM_SCORE if k else 0.0
        rated = self._rate(query, k, min_score) if info.regions else []
        if k == 0 and min_score <= 0:
            rated += self._without_text(rated)
        hits = self._hits(rated[: k or None])
        took = (time.perf_counter() - began) * 1000
        return SearchResult(text, tuple(hits), took, info)

    def _rate(self, query: Query, k: int, min_score: float) -> list[_Rated]:
        """Return the candidate images with their scores and matches, best first; at least k if there are as many."""
        words = [*query.words, query.joined] if query.joined else list(query.words)
        vectors = self.model.encode_words(words)
        regions, cosines = self._candidates(words, vectors, exhaustive=k == 0)
        batch = LatticeBatch.of([region.lattice for region in regions], self.model.alphabet.folded)
        scores = [
            score(similarities, align(self.model.alphabet.encode(word), batch))
            for word, similarities in zip(words, cosines, strict=True)
        ]
        table = _Table(query, words, regions, cosines, scores)
        rated = [table.rate(place) for place in table.promising(k, max(min_score / 100, 0.0))]
        rated = [row for row in rated if 100 * row[1] >= min_score]
        return sorted(rated, key=lambda row: (-row[1], row[0]))

    def _candidates(
        self, words: Sequence[str], vectors: FloatArray, exhaustive: bool
    ) -> tuple[list[StoredRegion], FloatArray]:
        """Return the regions worth scoring exactly, and the cosine of every word with each, (W, N) float32."""
        count = max(1, self.index.info().regions) if exhaustive else _NEIGHBOURS
        ids, similarities = self.index.nearest(vectors, count)
        proposals = [ids.ravel()]
        if not exhaustive:
            proposals += [self.index.containing(word, _CONTAINING) for word in words]
        proposed = np.unique(np.concatenate(proposals))
        regions = self._load(proposed[proposed >= 0].tolist())
        place = {region.region_id: number for number, region in enumerate(regions)}
        cosines = np.full((len(words), len(regions)), np.nan, np.float32)
        for row, (neighbours, values) in enumerate(zip(ids.tolist(), similarities.tolist(), strict=True)):
            for region_id, value in zip(neighbours, values, strict=True):
                if region_id in place:
                    cosines[row, place[region_id]] = value
        unknown = np.nonzero(np.isnan(cosines).any(axis=0))[0]
        if len(unknown):
            embeddings = self.index.embeddings([regions[number].region_id for number in unknown])
            cosines[:, unknown] = similarity(vectors, embeddings)
        return regions, cosines

    def _load(self, region_ids: Sequence[int]) -> list[StoredRegion]:
        """Read regions, the often needed ones from memory: an id always names the same region."""
        missing = [region_id for region_id in region_ids if region_id not in self._regions]
        loaded = {region.region_id: region for region in self.index.regions(missing)} if missing else {}
        if len(self._regions) + len(loaded) > _CACHED_REGIONS:
            self._regions = {}
        cached = self._regions
        regions = [loaded.get(region_id) or cached.get(region_id) for region_id in region_ids]
        cached.update(loaded)
        return [region for region in regions if region is not None]

    def _hits(self, rated: Sequence[_Rated]) -> list[Hit]:
        images = self.index.images([image_id for image_id, _, _ in rated])
        # A photo may have been removed by another process since its regions were read.
        kept = [(images[image_id], value, matches) for image_id, value, matches in rated if image_id in images]
        return [
            Hit(
                rank=rank,
                score=100 * value,
                kind=weakest([match.kind for match in matches]),
                path=image.path,
                sha256=image.sha256,
                width=image.width,
                height=image.height,
                matches=matches,
                copies=image.paths[1:],
            )
            for rank, (image, value, matches) in enumerate(kept, start=1)
        ]

    def _without_text(self, rated: Sequence[_Rated]) -> list[_Rated]:
        """Return the images in which nothing was found to score, at score 0."""
        seen = {image_id for image_id, _, _ in rated}
        return [(image_id, 0.0, ()) for image_id in sorted(self.index.images()) if image_id not in seen]


class _Table:
    """The scores of W words for N regions, by image.

    Args:
        query: what was asked.
        words: its words and, last, the joined words if there are several.
        regions: N regions.
        cosines: (W, N) float32.
        scores: for each word, of the N regions.
    """

    def __init__(
        self,
        query: Query,
        words: Sequence[str],
        regions: Sequence[StoredRegion],
        cosines: FloatArray,
        scores: Sequence[Scores],
    ) -> None:
        self.words = words
        self.regions = regions
        self.cosines = cosines
        self.scores = scores
        self.images, owner = np.unique([region.image_id for region in regions], return_inverse=True)
        values = np.stack([word.values for word in scores])
        # For each word the regions of an image follow each other, best first: the first of each image is its best.
        orders = [np.lexsort((-row, owner)) for row in values]
        starts = np.searchsorted(owner[orders[0]], np.arange(len(self.images)))
        self.best = np.stack([order[starts] for order in orders])
        self.values = np.take_along_axis(values, self.best, axis=1)
        self.apart = together(self.values[: len(query.words)])
        self.joined = self.values[-1] if query.joined else np.zeros_like(self.apart)
        self.spread = query.joined is not None

    def promising(self, k: int, floor: float) -> list[int]:
        """Return places in `images` that may be among the best k (0: all) with at least a score of `floor`."""
        highest = np.maximum(self.apart, self.joined)
        if 0 < k < len(highest):
            # Where the words stand takes away a part of the score at most, so nothing below this can still win.
            floor = max(floor, PLACE_FLOOR * float(np.partition(highest, -k)[-k]))
        return np.nonzero(highest >= floor)[0].tolist()

    def rate(self, place: int) -> _Rated:
        """Return one image's id, its score, and the matches that earned it."""
        chosen = self.best[:, place]
        value, rows = float(self.apart[place]), range(len(self.words))
        if self.spread:
            rows = range(len(self.words) - 1)
            value = placed(value, closeness([self.regions[chosen[row]].polygon for row in rows]))
            if self.joined[place] >= value:
                value, rows = float(self.joined[place]), range(len(self.words) - 1, len(self.words))
        matches = {
            chosen[row]: self._match(row, int(chosen[row])) for row in rows if self.values[row, place] >= MEANINGFUL
        }
        return int(self.images[place]), value, tuple(matches.values())

    def _match(self, row: int, place: int) -> Match:
        region, scores = self.regions[place], self.scores[row]
        return Match(
            word=self.words[row],
            kind=KINDS[scores.kinds[place]],
            score=100 * float(scores.values[place]),
            similarity=float(self.cosines[row, place]),
            lattice_score=float(scores.lattice[place]),
            region_id=region.region_id,
            polygon=tuple((x, y) for x, y in region.polygon.tolist()),
            text=region.text,
            text_score=region.text_score,
        )
