"""What a query returns: hits with their matches, what is known about them, and how their scores came about."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, overload

from textsearch.types import IndexInfo, MatchKind, Points, box_around

if TYPE_CHECKING:
    from PIL import Image


@dataclass(frozen=True)
class Match:
    """One region that answers one word of the query.

    Attributes:
        word: the word of the query, as normalised.
        kind: how it matches.
        score: calibrated score of this match, 0 to 100.
        similarity: cosine of the word's and the region's vectors, -1 to 1.
        lattice_score: how well the word's letters fit the region's lattice, 0 to 1.
        region_id: the region's id in the index.
        polygon: V points (x, y) of the region.
        text: the region's transcript.
        text_score: mean probability of the transcript's characters, 0 to 1.
        letters: V points (x, y) of the matched letters inside the region; the region's polygon where all of it matches.
        span: the first and one past the last character of `text` that matched.
    """

    word: str
    kind: MatchKind
    score: float
    similarity: float
    lattice_score: float
    region_id: int
    polygon: Points
    text: str
    text_score: float
    letters: Points = ()
    span: tuple[int, int] = (0, 0)

    @property
    def xyxy(self) -> tuple[float, float, float, float]:
        """Return the axis-parallel box around the polygon: left, top, right, bottom, pixels."""
        return box_around(self.polygon)

    def to_dict(self) -> dict[str, Any]:
        """Return the match as JSON types, as in the schema textsearch.hits/1."""
        return {
            "word": self.word,
            "match": self.kind,
            "score": self.score,
            "similarity": self.similarity,
            "lattice_score": self.lattice_score,
            "region_id": self.region_id,
            "polygon": [list(point) for point in self.polygon],
            "xyxy": list(self.xyxy),
            "text": self.text,
            "text_score": self.text_score,
            "letters": [list(point) for point in self.letters],
            "span": list(self.span),
        }

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> Match:
        """Return the match that `to_dict` wrote."""
        first, stop = data.get("span", (0, 0))
        return cls(
            word=data["word"],
            kind=data["match"],
            score=data["score"],
            similarity=data["similarity"],
            lattice_score=data["lattice_score"],
            region_id=data["region_id"],
            polygon=tuple((x, y) for x, y in data["polygon"]),
            text=data["text"],
            text_score=data["text_score"],
            letters=tuple((x, y) for x, y in data.get("letters", ())),
            span=(first, stop),
        )


FactKind = Literal["entity", "category", "scene", "own"]
"""Who says so: words that name it, the trained classifier, the picture alone, or a category of the user."""


@dataclass(frozen=True)
class Fact:
    """One thing that is known about a photo and answers what was asked.

    Attributes:
        kind: who says so.
        identifier: of an entity or a category in the lexicon; a category of the user is its own.
        name: what it is called.
        gloss: what it is, in a line; perhaps empty.
        path: the categories it belongs to, the nearest first, up to the widest.
        score: how surely it is true of the photo, 0 to 100.
        region_ids: the texts that say it; empty if the picture does.
    """

    kind: FactKind
    identifier: str
    name: str
    gloss: str
    path: tuple[str, ...]
    score: float
    region_ids: tuple[int, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """Return the fact as JSON types, as in the schema textsearch.hits/1."""
        return {
            "kind": self.kind,
            "identifier": self.identifier,
            "name": self.name,
            "gloss": self.gloss,
            "path": list(self.path),
            "score": self.score,
            "region_ids": list(self.region_ids),
        }

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> Fact:
        """Return the fact that `to_dict` wrote."""
        return cls(**{**data, "path": tuple(data["path"]), "region_ids": tuple(data["region_ids"])})


@dataclass(frozen=True)
class Explanation:
    """How the score of a hit came about; every part from 0 to 1, None where it played no role.

    Attributes:
        text: how well the words themselves match, from vectors and lattices.
        similarity: cosine of the vectors, mean over the matches.
        lattice: how well the letters fit, mean over the matches.
        phrase: how near and how well in order the words stand.
        knowledge: how surely the photo shows what the query means, by all that is known about it.
    """

    text: float
    similarity: float | None = None
    lattice: float | None = None
    phrase: float | None = None
    knowledge: float | None = None

    def to_dict(self) -> dict[str, float | None]:
        """Return the parts as JSON types."""
        return {
            "text": self.text,
            "similarity": self.similarity,
            "lattice": self.lattice,
            "phrase": self.phrase,
            "knowledge": self.knowledge,
        }

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> Explanation:
        """Return the explanation that `to_dict` wrote."""
        return cls(data["text"], data["similarity"], data["lattice"], data["phrase"], data.get("knowledge"))


@dataclass(frozen=True)
class Hit:
    """One photo that answers a query.

    Attributes:
        rank: place in the result, from 1.
        score: calibrated score, 0 to 100.
        kind: the weakest match kind among the words of the query; "knowledge" where none of them need be there.
        path: the photo, absolute; if there are copies, the first by name that is there.
        sha256: hexadecimal digest of the file's content when it was indexed.
        width: width of the upright photo, pixels.
        height: height of the upright photo, pixels.
        matches: the best region for each word of the query that has one, in the query's order; of a hit by knowledge
            the regions whose words say it.
        copies: further files with the same content.
        explanation: how the score came about.
        facts: what is known about the photo that answers the query or its conditions, surest first.
    """

    rank: int
    score: float
    kind: MatchKind
    path: Path
    sha256: str
    width: int
    height: int
    matches: tuple[Match, ...]
    copies: tuple[Path, ...] = ()
    explanation: Explanation = Explanation(0.0)
    facts: tuple[Fact, ...] = ()

    def __repr__(self) -> str:
        """Return a short description."""
        return f"Hit(#{self.rank} {self.score:.1f} {self.kind} {self.path.name})"

    def to_dict(self) -> dict[str, Any]:
        """Return the hit as JSON types, as in the schema textsearch.hits/1."""
        return {
            "rank": self.rank,
            "score": self.score,
            "match": self.kind,
            "path": str(self.path),
            "sha256": self.sha256,
            "width": self.width,
            "height": self.height,
            "regions": [match.to_dict() for match in self.matches],
            "copies": [str(path) for path in self.copies],
            "components": self.explanation.to_dict(),
            "knowledge": [fact.to_dict() for fact in self.facts],
        }

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> Hit:
        """Return the hit that `to_dict` wrote."""
        return cls(
            rank=data["rank"],
            score=data["score"],
            kind=data["match"],
            path=Path(data["path"]),
            sha256=data["sha256"],
            width=data["width"],
            height=data["height"],
            matches=tuple(Match.from_dict(match) for match in data["regions"]),
            copies=tuple(Path(path) for path in data["copies"]),
            explanation=Explanation.from_dict(data["components"]) if "components" in data else Explanation(0.0),
            facts=tuple(Fact.from_dict(fact) for fact in data.get("knowledge", ())),
        )

    def plot(self) -> Image.Image:
        """Return the photo with the matched regions drawn on it."""
        from textsearch.plot import draw_hit

        return draw_hit(self)


@dataclass(frozen=True)
class SearchResult(Sequence[Hit]):
    """The hits of one query, best first.

    Attributes:
        query: the query exactly as it was given.
        hits: the hits, best first.
        took_ms: milliseconds from the query to the result.
        searched: the index that answered.
        nearest: where there is no hit, the most similar words that the gallery does hold.
    """

    query: str
    hits: tuple[Hit, ...]
    took_ms: float
    searched: IndexInfo
    nearest: tuple[str, ...] = ()

    @overload
    def __getitem__(self, position: int) -> Hit: ...

    @overload
    def __getitem__(self, position: slice) -> tuple[Hit, ...]: ...

    def __getitem__(self, position: int | slice) -> Hit | tuple[Hit, ...]:
        """Return one hit, or a tuple of hits for a slice."""
        return self.hits[position]

    def __len__(self) -> int:
        """Return the number of hits."""
        return len(self.hits)

    def __iter__(self) -> Iterator[Hit]:
        """Iterate over the hits, best first."""
        return iter(self.hits)

    def __repr__(self) -> str:
        """Return a short description."""
        return f"SearchResult({self.query!r}: {len(self)} hits in {self.took_ms:.0f} ms)"

    def to_dict(self) -> dict[str, Any]:
        """Return the result in the schema textsearch.hits/1."""
        return {
            "schema": "textsearch.hits/1",
            "query": self.query,
            "index": self.searched.to_dict(),
            "took_ms": self.took_ms,
            "hits": [hit.to_dict() for hit in self.hits],
            "nearest": list(self.nearest),
        }

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> SearchResult:
        """Return the result that `to_dict` wrote.

        Raises:
            ValueError: the schema is another one.
        """
        if data.get("schema") != "textsearch.hits/1":
            raise ValueError(f"expected the schema textsearch.hits/1, got {data.get('schema')!r}")
        return cls(
            query=data["query"],
            hits=tuple(Hit.from_dict(hit) for hit in data["hits"]),
            took_ms=data["took_ms"],
            searched=IndexInfo(**data["index"]),
            nearest=tuple(data.get("nearest", ())),
        )
