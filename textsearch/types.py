"""The result types that cross the house's rooms, and the protocol every network fulfils.

Coordinates are pixels of the EXIF-upright original photo, (x, y), origin at the top left corner.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, Protocol, overload

import numpy as np
from numpy.typing import NDArray

from textsearch.alphabet import Alphabet
from textsearch.lattice import Lattice

if TYPE_CHECKING:
    from PIL import Image

FloatArray = NDArray[np.float32]
ByteArray = NDArray[np.uint8]

MatchKind = Literal["exact", "partial", "similar"]

MatchMode = Literal["auto", "exact", "partial", "similar"]
"""Which kinds of match a search returns; "auto" and "similar" return all three and differ in their order."""

Points = tuple[tuple[float, float], ...]
"""A polygon: V points (x, y)."""


@dataclass(frozen=True, eq=False)
class Regions:
    """Every text instance (a word, as far as words could be told apart) found in one image.

    Attributes:
        width: width of the upright image, pixels.
        height: height of the upright image, pixels.
        polygons: N arrays of (V, 2) float32, V >= 4, clockwise from the text's own top left corner.
        scores: (N,) float32, the detector's confidence, 0 to 1.
        texts: N transcripts, the best path through each lattice; never needed for retrieval.
        text_scores: (N,) float32, mean probability of the transcript's characters, 0 to 1.
        lines: (N,) int32, which detected line a word was cut from; words of a line follow in reading order.
        embeddings: (N, D) float32, unit vectors in the space shared with query words.
        lattices: N character lattices.
    """

    width: int
    height: int
    polygons: tuple[FloatArray, ...]
    scores: FloatArray
    texts: tuple[str, ...]
    text_scores: FloatArray
    lines: NDArray[np.int32]
    embeddings: FloatArray
    lattices: tuple[Lattice, ...]

    def __len__(self) -> int:
        """Return the number of regions N."""
        return len(self.polygons)

    def __repr__(self) -> str:
        """Return a short description with the first few transcripts."""
        shown = ", ".join(repr(text) for text in self.texts[:4]) + (", ..." if len(self) > 4 else "")
        return f"Regions({len(self)} in {self.width}x{self.height}: {shown})"


class TextModel(Protocol):
    """A network that puts text regions and query words into one space; ranking is a cosine.

    Attributes:
        name: the configuration's name, for example "joint".
        fingerprint: hexadecimal digest of all weights; vectors of different fingerprints are not comparable.
        dimension: D, the length of every vector.
        alphabet: the character classes that the lattices' ids name.
    """

    @property
    def name(self) -> str: ...  # noqa: D102

    @property
    def fingerprint(self) -> str: ...  # noqa: D102

    @property
    def dimension(self) -> int: ...  # noqa: D102

    @property
    def alphabet(self) -> Alphabet: ...  # noqa: D102

    def encode_images(self, images: Sequence[ByteArray]) -> list[Regions]:
        """Find and encode the text in images, each (H, W, 3) uint8 RGB, upright."""
        ...

    def encode_words(self, words: Sequence[str]) -> FloatArray:
        """Encode W query words, already normalised, into (W, D) float32 unit vectors."""
        ...


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
        xs = [x for x, _ in self.polygon]
        ys = [y for _, y in self.polygon]
        return min(xs), min(ys), max(xs), max(ys)

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


@dataclass(frozen=True)
class Explanation:
    """How the score of a hit came about; every part from 0 to 1, None where it played no role.

    Attributes:
        text: how well the words themselves match, from vectors and lattices.
        similarity: cosine of the vectors, mean over the matches.
        lattice: how well the letters fit, mean over the matches.
        phrase: how near and how well in order the words stand.
    """

    text: float
    similarity: float | None = None
    lattice: float | None = None
    phrase: float | None = None

    def to_dict(self) -> dict[str, float | None]:
        """Return the parts as JSON types."""
        return {"text": self.text, "similarity": self.similarity, "lattice": self.lattice, "phrase": self.phrase}

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> Explanation:
        """Return the explanation that `to_dict` wrote."""
        return cls(data["text"], data["similarity"], data["lattice"], data["phrase"])


@dataclass(frozen=True)
class Hit:
    """One photo that answers a query.

    Attributes:
        rank: place in the result, from 1.
        score: calibrated score, 0 to 100.
        kind: the weakest match kind among the words of the query.
        path: the photo, absolute; the first by name if there are copies.
        sha256: hexadecimal digest of the file's content when it was indexed.
        width: width of the upright photo, pixels.
        height: height of the upright photo, pixels.
        matches: the best region for each word of the query that has one, in the query's order.
        copies: further files with the same content.
        explanation: how the score came about.
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
        )

    def plot(self) -> Image.Image:
        """Return the photo with the matched regions drawn on it."""
        from textsearch.plot import draw_hit

        return draw_hit(self)


@dataclass(frozen=True)
class IndexInfo:
    """What an index held when a query was answered."""

    images: int
    regions: int
    model: str
    generation: int

    def to_dict(self) -> dict[str, Any]:
        """Return the four values as JSON types."""
        return {
            "images": self.images,
            "regions": self.regions,
            "model": self.model,
            "generation": self.generation,
        }


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


@dataclass(frozen=True)
class Failure:
    """A file that could not be indexed, and why."""

    path: Path
    reason: str

    def to_dict(self) -> dict[str, Any]:
        """Return path and reason as JSON types."""
        return {"path": str(self.path), "reason": self.reason}


@dataclass(frozen=True)
class IndexReport:
    """What one indexing run did.

    Attributes:
        added: photos read for the first time.
        updated: photos read again because their content changed.
        moved: photos whose path changed or that are copies of an indexed one: nothing had to be read.
        removed: photos that vanished from the scanned folders.
        unchanged: photos that were already in the index.
        regions: text regions written by this run.
        failures: files that failed in this run.
        seconds: duration of the run.
        interrupted: whether the run was stopped before all files were seen.
    """

    added: int
    updated: int
    moved: int
    removed: int
    unchanged: int
    regions: int
    failures: tuple[Failure, ...]
    seconds: float
    interrupted: bool

    @property
    def images_per_second(self) -> float:
        """Return photos read per second, 0 if none was."""
        return (self.added + self.updated) / self.seconds if self.seconds else 0.0

    def to_dict(self) -> dict[str, Any]:
        """Return the report as JSON types."""
        return {
            "added": self.added,
            "updated": self.updated,
            "moved": self.moved,
            "removed": self.removed,
            "unchanged": self.unchanged,
            "regions": self.regions,
            "failures": [failure.to_dict() for failure in self.failures],
            "seconds": self.seconds,
            "images_per_second": self.images_per_second,
            "interrupted": self.interrupted,
        }
