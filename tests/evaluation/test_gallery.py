from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from tests.evaluation import drawn
from tests.evaluation.drawn import Indexed
from tests.fakes import FakeModel
from textsearch.database import Database
from textsearch.evaluation import gallery as module
from textsearch.evaluation.gallery import Evidence, Gallery
from textsearch.evaluation.retrieval import search_scores
from textsearch.index.folder import IndexFolder
from textsearch.similarity import similarity

KINDS: tuple[Evidence, ...] = ("vectors", "lattice")
WORDS = [text.split() for text in ("hotel taxi", "", "hostel", "bar hotels nowhere", "Hotel")]
Street = tuple[Gallery, Database, list[Path]]


@pytest.fixture(scope="module")
def street(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Street]:
    """A gallery of five photos, the second without text, and its index."""
    database, paths = drawn.indexed(tmp_path_factory.mktemp("street"), *WORDS)
    with database, IndexFolder.open(database.location) as index:
        yield Gallery(index, database.model, paths), database, paths


def test_its_size(street: Street) -> None:
    gallery, _, _ = street
    assert (len(gallery), gallery.regions, gallery.without_text) == (5, 7, 1)


def test_vectors_score_by_the_best_cosine(street: Street) -> None:
    gallery, _, _ = street
    model = FakeModel()
    query = model.encode_words(["hotel"])
    expected = [float(similarity(query, model.encode_words(words)).max()) if words else 0.0 for words in WORDS]
    np.testing.assert_allclose(gallery.scores("HOTEL", "vectors"), expected, atol=1e-3)


def test_a_photo_without_text_scores_0_also_where_the_others_are_below(
    street: Street, monkeypatch: pytest.MonkeyPatch
) -> None:
    gallery, _, _ = street
    monkeypatch.setattr(gallery, "_vectors", -gallery._vectors)
    scores = gallery.scores("hotel", "vectors")
    assert scores[1] == 0.0
    assert (scores[[0, 2, 4]] < 0).all()


def test_the_lattice_scores_by_letters(street: Street) -> None:
    gallery, _, _ = street
    scores = gallery.scores("hotel", "lattice")
    assert scores[0] == scores[4] == 1.0
    assert scores[1] == 0.0
    assert scores[0] > scores[3] > scores[2] > 0  # itself, as a part, with a letter too many


def test_full_is_the_score_of_a_search(street: Street) -> None:
    _, database, paths = street
    scores = search_scores(database, paths, "hotel")
    assert scores[1] == 0.0
    assert scores[0] == scores[4] == max(scores)
    assert scores[0] > scores[3] > scores[2] > 0  # itself, as a part, with a letter too many


@pytest.mark.parametrize("text", ["-hotel", '"hotel"', "hotel*", "/hotel/", "ho|tel", "ho\\tel"])
def test_no_character_of_a_published_query_is_an_operator(street: Street, text: str) -> None:
    _, database, paths = street
    np.testing.assert_array_equal(search_scores(database, paths, text), search_scores(database, paths, "hotel"))


@pytest.mark.parametrize("text", ["&", " ", "大"])
def test_a_search_for_nothing_scores_0_everywhere(street: Street, text: str) -> None:
    _, database, paths = street
    assert search_scores(database, paths, text).tolist() == [0.0] * 5


@pytest.mark.parametrize("evidence", KINDS)
def test_of_several_words_the_mean_counts(street: Street, evidence: Evidence) -> None:
    gallery, _, _ = street
    both = gallery.scores("hotel bar", evidence)
    mean = (gallery.scores("hotel", evidence) + gallery.scores("bar", evidence)) / 2
    np.testing.assert_allclose(both, mean, rtol=1e-6)


@pytest.mark.parametrize("evidence", KINDS)
def test_batches_do_not_matter(street: Street, evidence: Evidence, monkeypatch: pytest.MonkeyPatch) -> None:
    gallery, database, paths = street
    monkeypatch.setattr(module, "_BATCH", 2)
    with IndexFolder.open(database.location) as index:
        other = Gallery(index, database.model, paths)
    assert len(other._batches) == 4
    np.testing.assert_allclose(other.scores("hostel", evidence), gallery.scores("hostel", evidence), rtol=1e-6)


@pytest.mark.parametrize("evidence", KINDS)
@pytest.mark.parametrize("query", ["&", " ", "大"])
def test_what_cannot_be_searched_scores_0_everywhere(street: Street, evidence: Evidence, query: str) -> None:
    assert street[0].scores(query, evidence).tolist() == [0.0] * 5


@pytest.mark.parametrize("evidence", KINDS)
def test_a_gallery_without_any_text(indexed: Indexed, tmp_path: Path, evidence: Evidence) -> None:
    database, paths = indexed([], ["hotel"])
    with IndexFolder.open(database.location) as index:
        gallery = Gallery(index, database.model, [paths[0], tmp_path / "never-indexed.png"])
    assert gallery.scores("hotel", evidence).tolist() == [0.0, 0.0]
    assert (gallery.regions, gallery.without_text) == (0, 2)
