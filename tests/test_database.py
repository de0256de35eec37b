"""The object users hold: where an index is, and what can be asked of it."""

from __future__ import annotations

import gc
import shutil
import threading
import weakref
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import platformdirs
import pytest
from PIL import Image

import textsearch
from tests.fakes import FakeModel, save_photo
from textsearch.database import Database
from textsearch.database import open as open_database
from textsearch.errors import (
    ImageError,
    IndexLockedError,
    IndexModelError,
    IndexNotFoundError,
    IndexWriteError,
    QueryError,
    TextSearchError,
)
from textsearch.index.folder import IndexFolder
from textsearch.index.readings_file import READINGS
from textsearch.index.records import ModelIdentity
from textsearch.indexer.options import IndexOptions
from textsearch.location import INDEX_FOLDER, INDEX_VARIABLE, locate
from textsearch.types import ByteArray, MatchMode, Regions, TextModel


class OtherModel(FakeModel):
    fingerprint = "1" * 64


@pytest.fixture
def gallery(tmp_path: Path) -> Path:
    save_photo(tmp_path / "gallery" / "exit.png", "EXIT", "only")
    save_photo(tmp_path / "gallery" / "hotel.png", "HOTEL")
    return tmp_path / "gallery"


def test_a_fake_model_is_a_model() -> None:
    model: TextModel = FakeModel()
    assert model.encode_words(["a"]).shape == (1, model.dimension)


class TestLocation:
    @pytest.fixture(autouse=True)
    def elsewhere(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.delenv(INDEX_VARIABLE, raising=False)
        monkeypatch.chdir(tmp_path)

    def test_the_named_one_wins(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv(INDEX_VARIABLE, "/elsewhere")
        assert locate("here") == tmp_path / "here"

    def test_then_the_environment(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        (tmp_path / INDEX_FOLDER).mkdir()
        monkeypatch.setenv(INDEX_VARIABLE, str(tmp_path / "named"))
        assert locate() == tmp_path / "named"

    def test_then_the_nearest_upward(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        (tmp_path / INDEX_FOLDER).mkdir()
        inner = tmp_path / "a" / "b"
        inner.mkdir(parents=True)
        monkeypatch.chdir(inner)
        assert locate() == tmp_path / INDEX_FOLDER

    def test_then_the_users_own(self) -> None:
        assert locate() == platformdirs.user_data_path("textsearch") / "index"

    def test_a_working_directory_that_was_deleted(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        (tmp_path / "gone").mkdir()
        monkeypatch.chdir(tmp_path / "gone")
        (tmp_path / "gone").rmdir()
        with pytest.raises(TextSearchError, match="working directory does not exist any more"):
            locate("index")

    def test_a_gallery_keeps_its_index_inside(self, gallery: Path) -> None:
        assert open_database(gallery).location == gallery / INDEX_FOLDER

    def test_an_index_folder_is_taken_as_it_is(self, gallery: Path) -> None:
        with open_database(index=gallery / "my-index", model=FakeModel()) as database:
            database.index(gallery)
        assert open_database(gallery / "my-index").location == gallery / "my-index"

    def test_both_at_once_is_an_error(self, gallery: Path) -> None:
        with pytest.raises(TextSearchError, match="not both"):
            open_database(gallery, index=gallery)


def test_from_photos_to_hits_with_the_public_names_only(gallery: Path) -> None:
    with textsearch.open(gallery, model=FakeModel()) as database:
        report = database.index(gallery)
        assert (report.added, report.regions, report.failures) == (2, 3, ())
        assert [hit.path.name for hit in database.search("exit", 1)] == ["exit.png"]
        assert [result[0].path.name for result in database.search_many(["hotel", "exit"], 1)] == [
            "hotel.png",
            "exit.png",
        ]
        assert database.is_indexed(gallery / "exit.png")
        assert not database.is_indexed(gallery / "none.png")
        status = database.status()
        assert (status.info.images, status.info.regions, status.failures) == (2, 3, 0)
        assert status.bytes > 0


class TestPaths:
    """One photo has many names."""

    @pytest.fixture
    def database(self, gallery: Path, tmp_path: Path) -> Iterator[Database]:
        """`linked` in the gallery leads to a folder outside, `alias.png` to a file outside."""
        save_photo(tmp_path / "outside" / "taxi.png", "TAXI")
        save_photo(tmp_path / "album" / "bank.png", "BANK")
        (gallery / "linked").symlink_to(tmp_path / "outside")
        (gallery / "alias.png").symlink_to(tmp_path / "album" / "bank.png")
        (tmp_path / "other").symlink_to(gallery)
        with open_database(gallery, model=FakeModel()) as database:
            database.index(gallery, options=IndexOptions(follow_links=True))
            yield database

    def test_also_from_within_a_linked_folder(
        self, database: Database, gallery: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.chdir(gallery / "linked")
        monkeypatch.setenv("PWD", str(gallery / "linked"))  # as a shell says it
        assert database.known_path("taxi.png") == gallery / "linked" / "taxi.png"
        assert [hit.path.name for hit in database.search("taxi", under=".")] == ["taxi.png"]
        monkeypatch.setenv("PWD", str(gallery))  # of a parent that went elsewhere meanwhile
        assert database.known_path("taxi.png") is None

    @pytest.mark.parametrize(
        ("named", "known"),
        [
            ("exit.png", "exit.png"),
            ("../gallery/exit.png", "exit.png"),
            ("../other/exit.png", "exit.png"),
            ("linked/taxi.png", "linked/taxi.png"),
            ("../other/linked/taxi.png", "linked/taxi.png"),
            ("../to_exit.png", "exit.png"),
        ],
    )
    def test_each_leads_to_the_photo(
        self, database: Database, gallery: Path, monkeypatch: pytest.MonkeyPatch, named: str, known: str
    ) -> None:
        monkeypatch.chdir(gallery)
        (gallery.parent / "to_exit.png").symlink_to("gallery/exit.png")
        assert database.known_path(named) == gallery / known
        assert database.is_indexed(named)
        assert database.protects(named)
        assert database.knowledge(named) == []

    @pytest.mark.parametrize("named", ["album/bank.png", "outside/taxi.png", "hard.png", "gallery/broken.jpg"])
    def test_what_must_not_be_overwritten_under_any_name(
        self, database: Database, gallery: Path, tmp_path: Path, named: str
    ) -> None:
        (tmp_path / "hard.png").hardlink_to(gallery / "exit.png")
        (gallery / "broken.jpg").write_bytes(b"no picture")
        database.index(gallery)
        assert not database.is_indexed(tmp_path / named)
        assert database.protects(tmp_path / named)

    def test_nothing_else_is_protected(self, database: Database, tmp_path: Path) -> None:
        save_photo(tmp_path / "marked.png", "EXIT", "drawn")
        (tmp_path / "empty.html").touch()
        assert not any(database.protects(tmp_path / name) for name in ("marked.png", "empty.html", "none", ""))

    def test_links_in_circles_are_an_error(self, database: Database, tmp_path: Path) -> None:
        (tmp_path / "loop").symlink_to("loop")
        with pytest.raises(TextSearchError, match="lead back to themselves"):
            database.known_path(tmp_path / "loop" / "a.png")


def test_no_index_yet(tmp_path: Path) -> None:
    with Database(tmp_path / "none", FakeModel()) as database:
        with pytest.raises(IndexNotFoundError, match="textsearch index"):
            database.search("exit")
        with pytest.raises(IndexNotFoundError):
            database.status()
        assert not database.is_indexed(tmp_path / "a.png")
        assert not database.protects(save_photo(tmp_path / "a.png", "EXIT"))


def test_another_model_is_refused_but_may_look(gallery: Path) -> None:
    with Database(gallery / INDEX_FOLDER, FakeModel()) as database:
        database.index(gallery)
    with Database(gallery / INDEX_FOLDER, OtherModel()) as database:
        assert database.status().info.images == 2
        with pytest.raises(IndexModelError, match="new folder"):
            database.search("exit")
        with pytest.raises(IndexModelError):
            database.index(gallery)


def test_missing_folder_and_no_folder(tmp_path: Path) -> None:
    with Database(tmp_path / "index", FakeModel()) as database:
        with pytest.raises(TextSearchError, match="no file or folder"):
            database.index(tmp_path / "gone")
        with pytest.raises(TextSearchError, match="at least one folder"):
            database.index()
        assert not (tmp_path / "index").exists()


def test_one_missing_file_of_a_list_is_reported_and_the_rest_indexed(gallery: Path) -> None:
    with Database(gallery / INDEX_FOLDER, FakeModel()) as database:
        report = database.index(gallery / "exit.png", gallery / "deleted.png", gallery / "hotel.png")
        assert report.added == 2
        assert [(failure.path.name, failure.reason) for failure in report.failures] == [
            ("deleted.png", "there is no such file or folder")
        ]
        assert database.failures() == []


def test_a_second_writer_is_told_to_wait(gallery: Path) -> None:
    with Database(gallery / INDEX_FOLDER, FakeModel()) as database:
        database.index(gallery)
        with (
            database._open().writer(),
            pytest.raises(IndexLockedError),
            Database(gallery / INDEX_FOLDER, FakeModel()) as second,
        ):
            second.index(gallery)


def test_show_reads_a_photo_that_is_not_indexed(gallery: Path, tmp_path: Path) -> None:
    with Database(tmp_path / "none", FakeModel()) as database:
        assert database.show(gallery / "exit.png").texts == ("EXIT", "only")
        (tmp_path / "bad.jpg").write_bytes(b"no picture")
        with pytest.raises(ImageError, match=r"bad\.jpg"):
            database.show(tmp_path / "bad.jpg")


def test_what_is_committed_can_be_searched_while_indexing(gallery: Path) -> None:
    """A reader of another database object sees a batch as soon as it is committed."""
    with (
        Database(gallery / INDEX_FOLDER, FakeModel()) as writing,
        Database(gallery / INDEX_FOLDER, FakeModel()) as reading,
    ):
        writing.index(gallery / "exit.png")
        assert [hit.path.name for hit in reading.search("hotel", 0)] == ["exit.png"]
        writing.index(gallery / "hotel.png")
        assert [hit.path.name for hit in reading.search("hotel", 1)] == ["hotel.png"]


def test_threads_may_search_together(gallery: Path) -> None:
    with Database(gallery / INDEX_FOLDER, FakeModel()) as database:
        database.index(gallery)
        found: list[str] = []
        threads = [
            threading.Thread(target=lambda: found.append(database.search("exit", 1)[0].path.name)) for _ in range(8)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert found == ["exit.png"] * 8


def test_encode_query_gives_unit_vectors(tmp_path: Path) -> None:
    with Database(tmp_path, FakeModel()) as database:
        vectors = database.encode_query(["exit", "coca cola"])
        np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, rtol=1e-5)
        assert database.encode_query([]).shape == (0, 64)
        expected = FakeModel().encode_words(["borabora", "taxicab", "a", "ab"])
        given = database.encode_query(["bora bora", "taxi|cab", "-a", '"a* b'])
        np.testing.assert_array_equal(given, expected)
        with pytest.raises(QueryError, match="cannot read 永"):
            database.encode_query(["永"])
        with pytest.raises(QueryError):
            database.encode_query(["?"])


def test_a_closed_database_keeps_nothing_of_its_index_in_memory(tmp_path: Path) -> None:
    save_photo(tmp_path / "photos" / "exit.png", "EXIT")
    with Database(tmp_path / "index", FakeModel()) as database:
        database.index(tmp_path / "photos")
        database.search("exit")
        readings = weakref.ref(database._search().index)
        database.close()
        gc.collect()
        assert readings() is None
        assert len(database.search("exit")) == 1


def test_an_index_keeps_the_preset_it_was_begun_with(tmp_path: Path) -> None:
    location = tmp_path / "index"
    begun = Database(location, preset="fast").model
    IndexFolder.create_or_open(location, ModelIdentity(begun.name, begun.fingerprint, begun.dimension)).close()
    assert Database(location).model.name == "joint-fast"
    assert Database(tmp_path / "new").model.name == "joint"
    with pytest.raises(IndexModelError, match="joint-fast"):
        Database(location, preset="default").search("exit")


# --- a picture of a word


def test_a_picture_of_a_word_finds_the_word(gallery: Path, tmp_path: Path) -> None:
    picture = save_photo(tmp_path / "crop.png", "Exit")
    with open_database(gallery, model=FakeModel()) as database:
        database.index(gallery)
        for image in (picture, str(picture), np.asarray(Image.open(picture)), Image.open(picture)):
            best = database.search_like(image)[0]
            assert (best.path.name, best.kind, best.matches[0].text) == ("exit.png", "exact", "EXIT")
        result = database.search_like(picture, (0, 0, 320, 48), 0)
        assert [hit.path.name for hit in result] == ["exit.png", "hotel.png"]
        assert result.query == "exit"


def test_the_largest_word_of_a_picture_counts(gallery: Path, tmp_path: Path) -> None:
    class Uneven(FakeModel):
        def encode_images(self, images: Sequence[ByteArray]) -> list[Regions]:
            found = super().encode_images(images)
            return [
                replace(regions, polygons=tuple(p * (1 + i) for i, p in enumerate(regions.polygons)))
                for regions in found
            ]

    picture = save_photo(tmp_path / "crop.png", "the", "hotel", "!")
    with open_database(gallery, model=Uneven()) as database:
        database.index(gallery)
        assert database.search_like(picture).query == "hotel"


@pytest.mark.parametrize("box", [(0, 0, 400, 20), (10, 10, 10, 20), (-1, 0, 5, 5), (5, 20, 10, 10)])
def test_a_box_outside_the_picture_is_an_error(gallery: Path, box: tuple[float, float, float, float]) -> None:
    with open_database(gallery, model=FakeModel()) as database:
        database.index(gallery)
        with pytest.raises(QueryError, match="does not lie in the picture, which is 320 x 48"):
            database.search_like(gallery / "exit.png", box)


def test_pictures_that_cannot_be_asked(gallery: Path, tmp_path: Path) -> None:
    with open_database(gallery, model=FakeModel()) as database:
        database.index(gallery)
        with pytest.raises(QueryError, match="No letter can be read in the picture"):
            database.search_like(save_photo(tmp_path / "blank.png"))
        with pytest.raises(ImageError, match="cannot be read"):
            database.search_like(tmp_path / "missing.png")
        with pytest.raises(ImageError, match=r"\(H, W, 3\) of uint8"):
            database.search_like(np.zeros((4, 4), np.uint8))


def test_the_alphabet_tells_what_can_be_searched(gallery: Path) -> None:
    letters = open_database(gallery, model=FakeModel()).alphabet().letters
    assert {"a", "z", "0"} <= letters.keys()
    assert "é" not in letters, "it is searched as e"


def test_indexing_keeps_the_readings_for_the_next_process(gallery: Path) -> None:
    with open_database(gallery, model=FakeModel()) as database:
        database.index(gallery)
        assert (database.location / READINGS).is_file()


def test_readings_that_cannot_be_kept_spoil_no_run(gallery: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise IndexWriteError("no space left")

    monkeypatch.setattr(IndexFolder, "keep_readings", refuse)
    with open_database(gallery, model=FakeModel()) as database:
        assert database.index(gallery).added == 2
        assert [hit.path.name for hit in database.search("exit", 1)] == ["exit.png"]


@pytest.mark.parametrize("match", ["exact", "partial"])
def test_many_queries_take_the_same_options(gallery: Path, match: MatchMode) -> None:
    with open_database(gallery, model=FakeModel()) as database:
        database.index(gallery)
        (result,) = database.search_many(["exi"], match=match, exhaustive=True)
        assert [hit.path.name for hit in result] == (["exit.png"] if match == "partial" else [])
        assert [hit.path.name for hit in database.search("exi", match=match)] == [hit.path.name for hit in result]


def test_an_index_that_was_replaced_is_opened_anew(gallery: Path) -> None:
    location = gallery / INDEX_FOLDER
    with Database(location, FakeModel()) as database:
        database.index(gallery)
        assert database.search("hotel")
        shutil.rmtree(location)
        with pytest.raises(IndexNotFoundError):
            database.search("hotel")
        (gallery / "hotel.png").unlink()
        with Database(location, FakeModel()) as other:
            other.index(gallery)
        assert not database.search("hotel")
        save_photo(gallery / "bank.png", "BANK")
        database.index(gallery)
    with Database(location, FakeModel()) as fresh:
        assert [hit.path.name for hit in fresh.search("bank")] == ["bank.png"]
