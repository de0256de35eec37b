"""Searching by several threads while photos are indexed and forgotten: each answer is one true state of the gallery."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest

from tests.fakes import FakeModel, save_photo
from textsearch.database import Database
from textsearch.hits import Hit
from textsearch.index.records import PICTURE_WIDTH, Notice, PhotoKnowledge
from textsearch.indexer.options import IndexOptions
from textsearch.knowledge.lexicon import Entity, default_lexicon
from textsearch.knowledge.question import ask
from textsearch.knowledge.spans import Reading
from textsearch.types import ByteArray, FloatArray, Regions

PHOTOS = 16
QUERIES = (("number7", 20), ('"coca cola"', 20), ("coca cola", 20), ("cola", 0))
"""A word, a phrase, the name of something, and the whole gallery, with the most hits that are asked for."""

PATIENCE = 30.0


def words_of(number: int) -> tuple[str, ...]:
    """Return what a photo shows; every third one is known for what it does not say."""
    return ("exit", f"number{number}") if number % 3 == 0 else ("coca", "cola", f"number{number}")


class PacedModel(FakeModel):
    """Reads a photo only after another search has ended, so that photos are added between searches and amid them."""

    def __init__(self) -> None:
        super().__init__()
        self.searched = threading.Semaphore(0)

    def encode_images(self, images: Sequence[ByteArray]) -> list[Regions]:
        assert self.searched.acquire(timeout=PATIENCE), "nobody searches any more"
        return super().encode_images(images)


class DrinkDescriber:
    """Knows of each photo that the last of its words names Coca-Cola."""

    maker = "drinks 1"

    def __init__(self) -> None:
        question = ask("coca cola", default_lexicon())
        assert question is not None
        (self.drink,) = {sense.target.identifier for sense in question.senses if isinstance(sense.target, Entity)}

    def see(self, pixels: ByteArray) -> FloatArray:
        return np.full(PICTURE_WIDTH, pixels.mean() / 255, np.float32)

    def describe(self, pixels: ByteArray, readings: Sequence[Reading]) -> PhotoKnowledge:
        return PhotoKnowledge((Notice("entity", self.drink, 0.9, (len(readings) - 1,)),), self.see(pixels), self.maker)


class Searchers:
    """Threads that search until they are told to stop, and look at each hit.

    Attributes:
        sizes: numbers of photos in the states that were searched.
        wrong: hits that contradict their photo, and whatever was raised.
    """

    def __init__(
        self, databases: Sequence[Database], searched: threading.Semaphore, shown: dict[Path, set[str]]
    ) -> None:
        self.sizes: set[int] = set()
        self.wrong: list[str] = []
        self._stop = threading.Event()
        self._searched = searched
        self._shown = shown
        self._threads = [
            threading.Thread(target=self._search, args=(database, start), daemon=True)
            for database in databases
            for start in range(2)
        ]

    @contextmanager
    def at_work(self) -> Iterator[None]:
        for thread in self._threads:
            thread.start()
        try:
            yield
        finally:
            self._stop.set()
            for thread in self._threads:
                thread.join(PATIENCE)
        assert not any(thread.is_alive() for thread in self._threads)

    def _search(self, database: Database, number: int) -> None:
        while not self._stop.is_set():
            query, count = QUERIES[number % len(QUERIES)]
            number += 1
            try:
                result = database.search(query, count)
                self.sizes.add(result.searched.images)
                self.wrong += [f"{query}: {reason}" for hit in result for reason in self._contradictions(query, hit)]
                if len({hit.sha256 for hit in result}) < len(result):
                    self.wrong.append(f"{query}: a photo came twice")
            except BaseException as error:  # noqa: BLE001 - whatever goes wrong in a thread must reach the test
                self.wrong.append(f"{query}: {error!r}")
                self._stop.set()
                self._searched.release(PHOTOS)  # lest the indexing wait for searches that never come
            self._searched.release()

    def _contradictions(self, query: str, hit: Hit) -> Iterator[str]:
        """Yield what a hit says that its photo does not show."""
        shown = self._shown[hit.path]
        texts = {match.text for match in hit.matches}  # of a hit by knowledge, what says so
        if texts - shown:
            yield f"{texts} in {hit.path.name}"
        if hit.kind == "exact" and not set(query.strip('"').split()) <= shown:
            yield f"{hit.path.name} is an exact hit"
        if hit.kind == "exact" and not hit.matches:
            yield f"{hit.path.name} shows nothing"


@pytest.fixture
def shown(tmp_path: Path) -> dict[Path, set[str]]:
    """The gallery's photos and the words on each."""
    folder = (tmp_path / "gallery").resolve()
    return {save_photo(folder / f"{n:02}.png", *words_of(n)): set(words_of(n)) for n in range(PHOTOS)}


def test_hits_are_true_while_photos_come_and_go(shown: dict[Path, set[str]], tmp_path: Path) -> None:
    model, describer = PacedModel(), DrinkDescriber()
    photos = sorted(shown)
    with (
        Database(tmp_path / "index", model, describer=describer) as database,
        Database(tmp_path / "index", FakeModel(), describer=describer) as elsewhere,  # as another process has it
    ):
        model.searched.release()
        database.index(photos[0])
        searchers = Searchers((database, elsewhere), model.searched, shown)
        with searchers.at_work():
            report = database.index(photos[0].parent, options=IndexOptions(jobs=1, batch_size=1, checkpoint_every=5))
            for photo in photos[::2]:
                photo.unlink()
                assert database.prune() == [photo]
        assert searchers.wrong == []
        assert (report.added, report.failures) == (PHOTOS - 1, ())
        assert len(searchers.sizes) > 3, "hardly anything was searched while the index was written"
        for opened in (database, elsewhere):
            assert sorted(hit.path for hit in opened.search("cola", 0)) == photos[1::2]
            assert next(hit.path for hit in opened.search("number7")) == photos[7]
