"""The vectors in memory, compared a bounded number at a time."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from tests.boxes import word_box
from tests.fakes import certain_lattice
from tests.matching.gallery import MODEL, fill, image_of
from textsearch.index import mirror
from textsearch.index.catalog import Catalog, Numbers
from textsearch.index.vectors import Vectors
from textsearch.similarity import similarity
from textsearch.types import FloatArray


@pytest.mark.parametrize("in_memory", [True, False])
def test_never_more_than_a_portion_is_unpacked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, in_memory: bool
) -> None:
    words = [f"word{place}" for place in range(7)]
    images = [image_of(f"/{word}.jpg", [word], [word_box(0, 0)], [certain_lattice(word)]) for word in words]
    unpacked: list[int] = []
    compare, embeddings = Vectors.compare, Catalog.embeddings

    def compared(self: Vectors, queries: FloatArray, ids: NDArray[np.int64]) -> FloatArray | None:
        unpacked.append(len(ids))
        return compare(self, queries, ids) if in_memory else None

    def read(self: Catalog, region_ids: Numbers) -> FloatArray:
        unpacked.append(len(region_ids))
        return embeddings(self, region_ids)

    monkeypatch.setattr(mirror, "_COMPARED_AT_ONCE", 3)
    monkeypatch.setattr(Vectors, "compare", compared)
    monkeypatch.setattr(Catalog, "embeddings", read)
    with fill(tmp_path / ".textsearch", images) as index:
        queries = MODEL.encode_words(["word3", "other"])
        found = index.similarities(queries, np.arange(1, 8))
        np.testing.assert_allclose(found, similarity(queries, MODEL.encode_words(words)), atol=1e-3)
        assert max(unpacked) == 3
        assert index.similarities(queries, np.zeros(0, np.int64)).shape == (2, 0)
