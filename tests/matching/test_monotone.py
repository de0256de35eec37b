"""Whoever types less finds no less: the photos that surely hold a query surely hold its beginning."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.boxes import word_box
from tests.matching.gallery import MODEL, fill, image_of, unsure_lattice
from textsearch.query import Searcher, SearchOptions

LETTERS = "abc1"
PHOTOS = 60
_WORDS = st.text(LETTERS, min_size=1, max_size=6)


@pytest.fixture(scope="module")
def searcher(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Searcher]:
    """Return a gallery of photos with two lines of up to three short words, of few and unsure letters."""
    generator = np.random.default_rng(0)
    images = []
    for number in range(PHOTOS):
        words, polygons = [], []
        for line in range(2):
            for place in range(int(generator.integers(1, 4))):
                words.append("".join(generator.choice(list(LETTERS), int(generator.integers(1, 6)))))
                polygons.append(
                    word_box(45 * place + float(generator.integers(4)), 14 * line + float(generator.integers(3)))
                )
        lattices = [unsure_lattice(word, LETTERS, generator) for word in words]
        images.append(image_of(f"/{number}.jpg", words, polygons, lattices))
    with fill(tmp_path_factory.mktemp("index") / ".textsearch", images) as index:
        yield Searcher(index, MODEL)


def sure(searcher: Searcher, query: str, exhaustive: bool) -> set[str]:
    """Return the photos that are exact or partial hits at the default threshold."""
    result = searcher.search(query, SearchOptions(PHOTOS, "partial", exhaustive=exhaustive))
    return {hit.path.name for hit in result}


@pytest.mark.parametrize("exhaustive", [True, False])
@settings(max_examples=15)
@given(word=_WORDS)
def test_a_word_getting_shorter(searcher: Searcher, exhaustive: bool, word: str) -> None:
    found = [sure(searcher, word[:length], exhaustive) for length in range(1, len(word) + 1)]
    for shorter, longer in pairwise(found):
        assert longer <= shorter


@pytest.mark.parametrize("exhaustive", [True, False])
@pytest.mark.parametrize("written", ["{}", '"{}"'])
@settings(max_examples=8)
@given(words=st.lists(st.text(LETTERS, min_size=1, max_size=3), min_size=2, max_size=3))
def test_words_getting_fewer(searcher: Searcher, exhaustive: bool, written: str, words: list[str]) -> None:
    query = " ".join(words)
    beginnings = [query[:length].strip() for length in range(1, len(query) + 1)]
    found = [sure(searcher, written.format(beginning), exhaustive) for beginning in dict.fromkeys(beginnings)]
    for shorter, longer in pairwise(found):
        assert longer <= shorter


@settings(max_examples=20)
@given(word=_WORDS)
def test_all_that_is_sure_is_among_the_candidates(searcher: Searcher, word: str) -> None:
    assert sure(searcher, word, exhaustive=False) == sure(searcher, word, exhaustive=True)


def test_the_gallery_is_a_test_at_all(searcher: Searcher) -> None:
    counts = [len(sure(searcher, word, True)) for word in ("a", "ab", "ab1", "ab1c", "a b", '"a b"')]
    assert all(0 < count < PHOTOS for count in counts)
    assert counts[:4] == sorted(counts[:4], reverse=True)
