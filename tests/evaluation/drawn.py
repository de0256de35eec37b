"""A gallery with the words of a test, and the index of it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from tests.fakes import FakeModel, save_photo
from textsearch.database import Database
from textsearch.evaluation.tasks import RetrievalTask, WordQuery

Indexed = Callable[..., tuple[Database, list[Path]]]
"""Saves a photo for each list of words and indexes them."""


def indexed(folder: Path, *photos: Sequence[str]) -> tuple[Database, list[Path]]:
    """Save a photo for each list of words, and index them with the fake model; the caller closes."""
    paths = [save_photo(folder / f"{number}.png", *words) for number, words in enumerate(photos)]
    database = Database(folder / "index", FakeModel())
    database.index(*paths)
    return database, paths


def task_of(paths: Sequence[Path], **relevant: Sequence[int]) -> RetrievalTask:
    """Return the task in which each query is answered by the photos at these places."""
    return RetrievalTask(tuple(paths), tuple(WordQuery(text, frozenset(row)) for text, row in relevant.items()))
