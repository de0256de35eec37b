"""The types that cross the house's rooms, and the protocol every network fulfils; the hits of a query: `hits`.

Coordinates are pixels of the EXIF-upright original photo, (x, y), origin at the top left corner.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, Protocol

import numpy as np
from numpy.typing import NDArray

from textsearch.alphabet import Alphabet
from textsearch.lattice import Lattice

FloatArray = NDArray[np.float32]
ByteArray = NDArray[np.uint8]

MatchKind = Literal["exact", "partial", "similar", "knowledge"]
"""How a photo answers: with the word itself, a part of a longer one, something like it, or without it: what is known
about the photo says so."""

MatchMode = Literal["auto", "exact", "partial", "similar"]
"""Which kinds of match a search returns: "auto" all; "similar" those of text, in another order, and the others less."""

Rerank = Literal["auto", "none"]
"""Whether what is known about photos adds hits and orders them where a query means something ("auto"), or never."""

Points = tuple[tuple[float, float], ...]
"""A polygon: V points (x, y)."""


def box_around(points: Iterable[tuple[float, float]]) -> tuple[float, float, float, float]:
    """Return the axis-parallel box around points (x, y), one at least: left, top, right, bottom."""
    xs, ys = zip(*points, strict=True)
    return min(xs), min(ys), max(xs), max(ys)


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
        lines: (N,) int32, which line a word was cut from, as it was read; words of a line follow in reading order.
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
class IndexedText:
    """One text region as the index holds it.

    Attributes:
        region_id: the region's id in the index, as hits name it.
        polygon: V points (x, y), clockwise from the text's own top left corner.
        score: the detector's confidence, 0 to 1.
        text: transcript.
        text_score: mean probability of the transcript's characters, 0 to 1.
        line: which line of the photo the word was cut from, as it was read.
    """

    region_id: int
    polygon: Points
    score: float
    text: str
    text_score: float
    line: int

    @property
    def xyxy(self) -> tuple[float, float, float, float]:
        """Return the axis-parallel box around the polygon: left, top, right, bottom, pixels."""
        return box_around(self.polygon)

    def to_dict(self) -> dict[str, Any]:
        """Return the region as JSON types, as in the schema textsearch.regions/1, with its id."""
        return {
            "region_id": self.region_id,
            "polygon": [list(point) for point in self.polygon],
            "xyxy": list(self.xyxy),
            "score": self.score,
            "text": self.text,
            "text_score": self.text_score,
            "line": self.line,
        }

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> IndexedText:
        """Return the region that `to_dict` wrote."""
        named = {name: data[name] for name in ("region_id", "score", "text", "text_score", "line")}
        return cls(polygon=tuple((x, y) for x, y in data["polygon"]), **named)


@dataclass(frozen=True)
class IndexedPhoto:
    """One photo of the index with every text that was found in it.

    Attributes:
        path: the photo, absolute; the first by name if there are copies. It may be gone since it was indexed.
        copies: further files with the same content, by path.
        sha256: hexadecimal digest of the file's content when it was indexed.
        width: width of the upright photo, pixels.
        height: height of the upright photo, pixels.
        texts: in the order they were found; empty where there is no text.
    """

    path: Path
    copies: tuple[Path, ...]
    sha256: str
    width: int
    height: int
    texts: tuple[IndexedText, ...]

    def __repr__(self) -> str:
        """Return a short description with the first few transcripts."""
        shown = ", ".join(repr(text.text) for text in self.texts[:4]) + (", ..." if len(self.texts) > 4 else "")
        return f"IndexedPhoto({self.path.name}: {len(self.texts)} texts: {shown})"

    def to_dict(self) -> dict[str, Any]:
        """Return the photo in the schema textsearch.regions/1, with what only an indexed one has."""
        return {
            "schema": "textsearch.regions/1",
            "path": str(self.path),
            "copies": [str(path) for path in self.copies],
            "sha256": self.sha256,
            "width": self.width,
            "height": self.height,
            "regions": [text.to_dict() for text in self.texts],
        }

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> IndexedPhoto:
        """Return the photo that `to_dict` wrote."""
        return cls(
            path=Path(data["path"]),
            copies=tuple(Path(path) for path in data["copies"]),
            sha256=data["sha256"],
            width=data["width"],
            height=data["height"],
            texts=tuple(IndexedText.from_dict(text) for text in data["regions"]),
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
        described: photos indexed before of which this run only found out what they show and what their words mean.
        known_failures: files that failed in an earlier run and did not change since, so that they were not tried again.
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
    described: int = 0
    known_failures: int = 0

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
            "described": self.described,
            "failures": [failure.to_dict() for failure in self.failures],
            "known_failures": self.known_failures,
            "seconds": self.seconds,
            "images_per_second": self.images_per_second,
            "interrupted": self.interrupted,
        }
