"""A database that answers from a list, and the results the command line is tested with."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np

from tests.fakes import FakeModel, certain_lattice
from textsearch.alphabet import Alphabet
from textsearch.errors import QueryError, TextSearchError
from textsearch.hits import Hit, Match, SearchResult
from textsearch.index.records import PICTURE_WIDTH, Notice, OwnCategory
from textsearch.lattice import Lattice
from textsearch.types import Failure, IndexedPhoto, IndexInfo, IndexReport, MatchKind, Regions

INFO = IndexInfo(images=1234, regions=5678, model="fake", generation=3)


def a_match(
    text: str,
    left: float = 10.0,
    *,
    kind: MatchKind = "exact",
    region_id: int = 1,
    span: tuple[int, int] | None = None,
) -> Match:
    """A match of 50 x 20.4 pixels; its letters are of equal width, and those of the span match."""
    first, stop = span or (0, len(text))
    start, end = left + 50 * first / max(len(text), 1), left + 50 * stop / max(len(text), 1)
    return Match(
        word=text[first:stop].lower(),
        kind=kind,
        score=97.4,
        similarity=0.981,
        lattice_score=0.93,
        region_id=region_id,
        polygon=((left, 20.0), (left + 50, 20.0), (left + 50, 40.4), (left, 40.4)),
        text=text,
        text_score=0.93,
        letters=((start, 20.0), (end, 20.0), (end, 40.4), (start, 40.4)),
        span=(first, stop),
    )


def a_hit(rank: int, path: Path, *matches: Match, kind: MatchKind = "exact") -> Hit:
    return Hit(rank, 100 / 3, kind, path, "ab" * 32, 640, 480, matches)


def a_result(*hits: Hit, query: str = "coca cola") -> SearchResult:
    return SearchResult(query, hits, 38.2, INFO)


def some_regions(*texts: str) -> Regions:
    lattices: tuple[Lattice, ...] = tuple(certain_lattice(text) for text in texts)
    return Regions(
        width=320,
        height=48,
        polygons=tuple(
            np.array([[9 * i, 4], [9 * i + 8, 4], [9 * i + 8, 40], [9 * i, 40]], np.float32) for i in range(len(texts))
        ),
        scores=np.full(len(texts), 0.9, np.float32),
        texts=texts,
        text_scores=np.full(len(texts), 0.5, np.float32),
        lines=np.zeros(len(texts), np.int32),
        embeddings=np.zeros((len(texts), 64), np.float32),
        lattices=lattices,
    )


def a_report(**changes: Any) -> IndexReport:
    counts: dict[str, Any] = dict.fromkeys(("added", "updated", "moved", "removed", "unchanged", "regions"), 0)
    return IndexReport(**{**counts, "failures": (), "seconds": 2.0, "interrupted": False, **changes})


class StubDatabase:
    """Stands for textsearch.database.Database: it returns what a test put into it and remembers what it was asked."""

    def __init__(self) -> None:
        self.location = Path("/index")
        self.results: dict[str, SearchResult] = {}
        self.report = a_report()
        self.regions = some_regions()
        self.failed: list[Failure] = []
        self.photos: list[IndexedPhoto] = []
        self.gone: list[Path] = []
        self.indexed: set[Path] = set()
        self.outdated: set[Path] = set()
        self.asked: list[Any] = []
        self.options: dict[str, Any] = {}
        self.model = FakeModel()
        self.notices: list[Notice] = []
        self.shown: dict[str, int] = {}
        self.own: list[OwnCategory] = []

    def __enter__(self) -> StubDatabase:
        return self

    def __exit__(self, *error: object) -> None:
        self.asked.append("closed")

    def search(self, query: str, k: int = 20, *, min_score: float | None = None, **options: Any) -> SearchResult:
        self.asked.append((query, k, min_score))
        self.options = options
        conditions = options.get("category") or options.get("scene")
        if not (conditions or any(letter.isalnum() for letter in query)):
            raise QueryError("The query has no letter or digit; give at least one.")
        return self.results.get(query, a_result(query=query))

    def search_like(
        self,
        image: Path,
        box: tuple[float, ...] | None = None,
        k: int = 20,
        *,
        min_score: float | None = None,
        **options: Any,
    ) -> SearchResult:
        self.asked.append((image, box, k, min_score))
        self.options = options
        return self.results.get(str(image), a_result(query=""))

    def alphabet(self) -> Alphabet:
        return self.model.alphabet

    def index(self, *sources: Path, options: Any = None, progress: Any = None) -> IndexReport:
        self.asked.append((sources, options, progress))
        return self.report

    def show(self, image: Path) -> Regions:
        self.asked.append(image)
        return self.regions

    def status(self) -> Any:
        state = SimpleNamespace(info=INFO, location=self.location, failures=len(self.failed), bytes=2_300_000)
        state.to_dict = lambda: {**INFO.to_dict(), "location": str(self.location)}
        return state

    def texts(self) -> list[IndexedPhoto]:
        return self.photos

    def failures(self) -> list[Failure]:
        return self.failed

    def prune(self, dry_run: bool = False, only: Sequence[Path] | None = None) -> list[Path]:
        self.asked.append(("prune", dry_run))
        return [path for path in self.gone if only is None or path in only]

    def knowledge(self, path: Path) -> list[Notice]:
        return self.notices

    def shown_categories(self) -> dict[str, int]:
        return self.shown

    def categories(self) -> list[OwnCategory]:
        return self.own

    def add_category(self, name: str, words: Sequence[str] = (), examples: Sequence[Path] = ()) -> OwnCategory:
        self.asked.append((name, words, examples))
        kept = tuple(word.strip() for word in words if word.strip())
        return OwnCategory(name, kept, np.zeros((len(examples), PICTURE_WIDTH), np.float32))

    def remove_category(self, name: str) -> None:
        if name not in [own.name for own in self.own]:
            raise TextSearchError(f"There is no category {name!r} of your own; `textsearch categories` lists them.")
        self.asked.append(("remove", name))

    def is_indexed(self, path: Path) -> bool:
        return path in self.indexed

    def is_current(self, path: Path) -> bool:
        return path in self.indexed - self.outdated

    def known_path(self, path: Path) -> Path | None:
        return path if path in self.indexed else None

    def protects(self, path: Path) -> bool:
        return path in self.indexed
