"""Queries over a small index, with the fake model."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from unittest.mock import ANY

import pytest

from tests.fakes import FakeModel, save_photo
from textsearch.database import Database
from textsearch.errors import QueryError
from textsearch.hits import SearchResult

Search = Callable[..., SearchResult]

GALLERY = {
    "cola": ("Enjoy", "Coca", "Cola"),
    "merged": ("CocaCola", "Classic"),
    "reversed": ("Cola", "cold", "drinks", "in", "the", "city", "of", "Coca"),
    "hotel": ("HOTEL", "ROYAL"),
    "hostel": ("HOSTEL",),
    "market": ("WHOLESALE", "market"),
    "year": ("REPORT", "2026"),
    "other": ("REPORT", "2025"),
    "blank": (),
}


@pytest.fixture(scope="module")
def database(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Database]:
    folder = tmp_path_factory.mktemp("gallery")
    for name, words in GALLERY.items():
        save_photo(folder / f"{name}.png", *words)
    with Database(folder / ".textsearch", FakeModel()) as opened:
        opened.index(folder)
        yield opened


def names(result: SearchResult) -> list[str]:
    return [hit.path.stem for hit in result]


def test_the_word_itself_comes_first_and_says_why(database: Database) -> None:
    best = database.search("hotel")[0]
    assert best.path.stem == "hotel"
    assert best.rank == 1
    assert best.kind == "exact"
    (match,) = best.matches
    assert (match.word, match.text) == ("hotel", "HOTEL")
    assert list(match.xyxy) == [0, 4, 158, 40]
    assert match.similarity == pytest.approx(1, abs=1e-3)


def test_a_part_of_a_word_is_found(database: Database) -> None:
    best = database.search("sale")[0]
    assert (best.path.stem, best.kind) == ("market", "partial")


def test_digits_are_literal(database: Database) -> None:
    first, *others = database.search("2026", min_score=0)
    assert (first.path.stem, first.kind) == ("year", "exact")
    assert "other" in {hit.path.stem for hit in others}
    assert {hit.kind for hit in others} == {"similar"}


def test_words_near_and_in_order_before_words_apart(database: Database) -> None:
    found = names(database.search("coca cola"))
    assert set(found[:3]) == {"cola", "merged", "reversed"}
    assert found.index("cola") < found.index("reversed")


def test_merged_words_answer_the_words_apart(database: Database) -> None:
    hit = next(hit for hit in database.search("coca cola") if hit.path.stem == "merged")
    assert [match.word for match in hit.matches] == ["cocacola"]
    assert hit.kind == "exact"


def test_split_words_answer_the_joined_word(database: Database) -> None:
    assert names(database.search("coca-cola"))[0] == "merged"


def test_scores_fall_and_ranks_count(database: Database) -> None:
    result = database.search("hotel", 5, min_score=0)
    assert [hit.rank for hit in result] == list(range(1, len(result) + 1))
    scores = [hit.score for hit in result]
    assert scores == sorted(scores, reverse=True)
    assert all(0 <= score <= 100 for score in scores)


def test_k_limits_and_0_is_the_whole_gallery(database: Database) -> None:
    assert len(database.search("hotel", 2)) == 2
    whole = database.search("hotel", 0)
    assert sorted(names(whole)) == sorted(GALLERY)
    assert whole[-1].path.stem == "blank"
    assert (whole[-1].score, whole[-1].matches) == (0, ())


def test_the_whole_gallery_is_without_what_is_excluded(database: Database) -> None:
    assert set(names(database.search("coca -cold", 0))) == set(GALLERY) - {"reversed"}
    assert set(names(database.search("xyz -hotel|cola", 0))) == set(GALLERY) - {"hotel", "cola", "merged", "reversed"}


def test_the_first_k_are_the_same_whatever_k_is(database: Database) -> None:
    whole = database.search("coca cola", 0)
    for k in (1, 2, 3, 5):
        assert names(database.search("coca cola", k, min_score=0)) == names(whole)[:k]


def test_a_minimum_score_leaves_out_the_rest(database: Database) -> None:
    exact = database.search("hotel", 1)[0].score
    assert names(database.search("hotel", min_score=exact)) == ["hotel"]
    assert len(database.search("hotel", min_score=100.0)) == 0


def test_the_query_is_repeated_as_given(database: Database) -> None:
    assert database.search("  HoTeL ").query == "  HoTeL "


@pytest.mark.parametrize("text", ["", "   ", "?!", "&"])
def test_nothing_to_search_is_an_error(database: Database, text: str) -> None:
    with pytest.raises(QueryError, match="give"):
        database.search(text)


def test_an_unknown_script_is_an_error(database: Database) -> None:
    with pytest.raises(QueryError, match="cannot read ქ, ა, რ"):
        database.search("ქართული")


def test_a_negative_k_is_an_error(database: Database) -> None:
    with pytest.raises(ValueError, match="k must be 0"):
        database.search("hotel", -1)


def test_an_empty_index_has_no_hits(tmp_path: Path) -> None:
    (tmp_path / "gallery").mkdir()
    with Database(tmp_path / "index", FakeModel()) as database:
        database.index(tmp_path / "gallery")
        assert len(database.search("hotel")) == 0
        assert len(database.search("hotel", 0)) == 0


def test_copies_are_one_hit_that_names_them(tmp_path: Path) -> None:
    for name in ("a", "b"):
        save_photo(tmp_path / f"{name}.png", "EXIT")
    with Database(tmp_path / ".textsearch", FakeModel()) as database:
        database.index(tmp_path)
        (hit,) = database.search("exit")
        assert (hit.path.name, [copy.name for copy in hit.copies]) == ("a.png", ["b.png"])


# --- in one folder


@pytest.fixture
def trips(tmp_path: Path) -> Iterator[Database]:
    """Photos in nested folders; one of them has a copy in another, and a folder's name begins like another's."""
    for name in ("rome", "rome/old", "rome2", "oslo"):
        (tmp_path / name).mkdir()
    save_photo(tmp_path / "rome" / "sale.png", "SALE")
    save_photo(tmp_path / "rome" / "old" / "sales.png", "SALES")
    save_photo(tmp_path / "rome2" / "sale.png", "SALE", "today")
    save_photo(tmp_path / "oslo" / "first.png", "SALE")  # the same bytes as rome/sale.png
    save_photo(tmp_path / "oslo" / "plain.png")
    with Database(tmp_path / ".textsearch", FakeModel()) as database:
        database.index(tmp_path)
        yield database


def paths(result: SearchResult, root: Path) -> list[str]:
    return [hit.path.relative_to(root).as_posix() for hit in result]


def test_only_photos_in_a_folder_and_below(trips: Database, tmp_path: Path) -> None:
    assert paths(trips.search("sale", under=tmp_path / "rome"), tmp_path) == ["rome/sale.png", "rome/old/sales.png"]
    assert paths(trips.search("sale", under=str(tmp_path / "rome" / "old")), tmp_path) == ["rome/old/sales.png"]
    (hit,) = trips.search("sale", under=tmp_path / "rome" / "sale.png")
    assert hit.path == tmp_path / "rome" / "sale.png"
    assert trips.search("sale", under=tmp_path) == replace(trips.search("sale"), took_ms=ANY)


def test_a_photo_is_named_by_its_copy_in_that_folder(trips: Database, tmp_path: Path) -> None:
    (hit,) = trips.search("sale", under=tmp_path / "oslo")
    assert (hit.path, hit.copies) == (tmp_path / "oslo" / "first.png", (tmp_path / "rome" / "sale.png",))
    (tmp_path / "oslo" / "first.png").unlink()
    (hit,) = trips.search("sale", under=tmp_path / "oslo")
    assert hit.path == tmp_path / "oslo" / "first.png", "who deletes what is found must not be led to another folder"


def test_the_whole_folder_is_ranked(trips: Database, tmp_path: Path) -> None:
    assert paths(trips.search("sale", 0, under=tmp_path / "oslo"), tmp_path) == ["oslo/first.png", "oslo/plain.png"]


def test_a_folder_goes_with_what_is_excluded_and_with_pictures(trips: Database, tmp_path: Path) -> None:
    assert paths(trips.search("sale -today", under=tmp_path / "rome2"), tmp_path) == []
    like = trips.search_like(tmp_path / "rome" / "sale.png", under=tmp_path / "rome2")
    assert paths(like, tmp_path) == ["rome2/sale.png"]
    (first, second) = trips.search_many(["sale", "today"], under=tmp_path / "rome2")
    assert paths(first, tmp_path) == paths(second, tmp_path) == ["rome2/sale.png"]


def test_a_folder_may_be_named_through_a_link_or_from_here(
    trips: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "link").symlink_to(tmp_path / "rome2")
    assert paths(trips.search("sale", under=tmp_path / "link"), tmp_path) == ["rome2/sale.png"]
    monkeypatch.chdir(tmp_path / "oslo")
    assert paths(trips.search("sale", under="."), tmp_path) == ["oslo/first.png"]
    assert paths(trips.search("sale", under="../rome2"), tmp_path) == ["rome2/sale.png"]


def test_a_folder_without_indexed_photos_is_a_mistake(trips: Database, tmp_path: Path) -> None:
    with pytest.raises(QueryError, match=r"holds no photo under .*rom; check the folder, or run: textsearch index"):
        trips.search("sale", under=tmp_path / "rom")


def test_a_folder_alone_is_no_query(trips: Database, tmp_path: Path) -> None:
    with pytest.raises(QueryError, match="empty"):
        trips.search(" ", under=tmp_path / "rome")
