"""From the text of a query to ranked photos: candidates, exact scoring, ranking."""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from textsearch.alignment import LatticeBatch, align
from textsearch.alphabet import Alphabet, words_of
from textsearch.errors import QueryError
from textsearch.geometry import closeness
from textsearch.index.folder import IndexFolder
from textsearch.index.records import StoredRegion
from textsearch.rerank import Scores, combine, score, weakest
from textsearch.similarity import similarity
from textsearch.types import FloatArray, Hit, Match, SearchResult, TextModel

_NEIGHBOURS = 300
"""Regions per word that FAISS proposes for exact scoring."""

_CONTAINING = 200
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

    def search(self, text: str, k: int, min_score: float) -> SearchResult:
        """Find the photos that show a text.

        Args:
            text: the query.
            k: hits at most; 0 for the whole gallery, also photos that do not match at all.
            min_score: hits below this score (0 to 100) are left out.

        Raises:
            QueryError: the query is empty or cannot be searched.
            ValueError: k is negative.
        """
        began = time.perf_counter()
        if k < 0:
            raise ValueError(f"k must be 0 (the whole gallery) or positive, not {k}")
        query = Query.parse(text, self.model.alphabet)
        info = self.index.info()
        found = self._match(query, exhaustive=k == 0) if info.regions else {}
        rated: list[_Rated] = [(image_id, *_rate(query, matches)) for image_id, matches in found.items()]
        if k == 0:
            rated += self._without_text(rated)
        rated.sort(key=lambda row: (-row[1], row[0]))
        hits = self._hits([row for row in rated if 100 * row[1] >= min_score][: k or None])
        took = (time.perf_counter() - began) * 1000
        return SearchResult(text, tuple(hits), took, info)

    def _match(self, query: Query, exhaustive: bool) -> dict[int, dict[str, Match]]:
        """Return, for each candidate image, the best match of each word (and of the joined words)."""
        words = [*query.words, query.joined] if query.joined else list(query.words)
        vectors = self.model.encode_words(words)
        regions, cosines = self._candidates(words, vectors, exhaustive)
        batch = LatticeBatch.of([region.lattice for region in regions], self.model.alphabet.folded)
        found: dict[int, dict[str, Match]] = defaultdict(dict)
        for word, similarities in zip(words, cosines, strict=True):
            scores = score(similarities, align(self.model.alphabet.encode(word), batch))
            for place in np.argsort(-scores.values, kind="stable").tolist():
                region = regions[place]
                best = found[region.image_id]
                if word not in best:
                    best[word] = _match_of(word, region, float(similarities[place]), scores, place)
        return found

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


def _match_of(word: str, region: StoredRegion, cosine: float, scores: Scores, place: int) -> Match:
    return Match(
        word=word,
        kind=scores.kinds[place],
        score=100 * float(scores.values[place]),
        similarity=cosine,
        lattice_score=float(scores.lattice[place]),
        region_id=region.region_id,
        polygon=tuple((float(x), float(y)) for x, y in region.polygon),
        text=region.text,
        text_score=region.text_score,
    )


def _rate(query: Query, found: dict[str, Match]) -> tuple[float, tuple[Match, ...]]:
    """Return an image's score, 0 to 1, and the matches that earned it."""
    matches = [found.get(word) for word in query.words]
    present = [match for match in matches if match is not None]
    boxes = [np.array(match.polygon, np.float32) for match in present]
    apart = combine(matches, closeness(boxes))
    together = found.get(query.joined) if query.joined else None
    if together is not None and together.score / 100 >= apart:
        return together.score / 100, (together,)
    return apart, tuple({match.region_id: match for match in present}.values())
