from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.index.samples import IDENTITY
from textsearch.index.folder import IndexFolder


@pytest.fixture
def location(tmp_path: Path) -> Path:
    return tmp_path / "gallery" / ".textsearch"


@pytest.fixture
def index(location: Path) -> Iterator[IndexFolder]:
    with IndexFolder.create_or_open(location, IDENTITY) as opened:
        yield opened
