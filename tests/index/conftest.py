from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.index.samples import FRUITS, IDENTITY, encoded
from textsearch.index.folder import IndexFolder


@pytest.fixture
def location(tmp_path: Path) -> Path:
    return tmp_path / "gallery" / ".textsearch"


@pytest.fixture
def index(location: Path) -> Iterator[IndexFolder]:
    with IndexFolder.create_or_open(location, IDENTITY) as opened:
        yield opened


@pytest.fixture
def fruits(location: Path) -> Path:
    """Return the location of a closed index: one image with one word for each fruit."""
    with IndexFolder.create_or_open(location, IDENTITY) as index, index.writer() as writer:
        writer.add([encoded(f"/{fruit}.jpg", fruit) for fruit in FRUITS])
    return location


@pytest.fixture
def other(index: IndexFolder) -> Iterator[IndexFolder]:
    """Return a second opening of the same folder, as another process has it."""
    with IndexFolder.open(index.location, IDENTITY) as opened:
        yield opened
