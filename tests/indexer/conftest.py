"""Every test of the indexer gets an empty gallery and an empty index."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.indexer.bench import Bench, RememberingModel
from textsearch.index.folder import IndexFolder, ModelIdentity


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    gallery = (tmp_path / "gallery").resolve()
    gallery.mkdir()
    model = RememberingModel()
    identity = ModelIdentity(model.name, model.fingerprint, model.dimension)
    with IndexFolder.create_or_open(tmp_path / "index", identity) as index:
        yield Bench(gallery, index, model)
