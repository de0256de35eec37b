"""Galleries whose indexes are closed after each test."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.evaluation import drawn
from tests.evaluation.drawn import Indexed
from textsearch.database import Database


@pytest.fixture
def indexed(tmp_path: Path) -> Iterator[Indexed]:
    """Save a photo in the test's folder for each list of words, and index them."""
    with ExitStack() as opened:

        def index(*photos: Sequence[str]) -> tuple[Database, list[Path]]:
            database, paths = drawn.indexed(tmp_path, *photos)
            opened.enter_context(database)
            return database, paths

        yield index
