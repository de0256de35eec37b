"""What a database tells of the photos it holds, and how it forgets those that are gone."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from tests.fakes import FakeModel, save_photo
from textsearch.database import Database
from textsearch.errors import IndexModelError, IndexNotFoundError
from textsearch.index import catalog
from textsearch.location import INDEX_FOLDER


@pytest.fixture
def gallery(tmp_path: Path) -> Path:
    save_photo(tmp_path / "gallery" / "exit.png", "EXIT", "only")
    save_photo(tmp_path / "gallery" / "hotel.png", "HOTEL")
    return tmp_path / "gallery"


@pytest.fixture
def small_portions(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(catalog, "_PHOTOS_AT_ONCE", 2)


@pytest.mark.usefixtures("small_portions")
def test_all_texts_come_once_ordered_by_path(gallery: Path) -> None:
    with Database(gallery / INDEX_FOLDER, FakeModel()) as database:
        database.index(gallery)
        for name, word in (("zoo.png", "ZOO"), ("bank.png", "BANK"), ("sky.png", "")):  # a later id, an earlier path
            save_photo(gallery / name, *word.split())
        shutil.copy(gallery / "hotel.png", gallery / "album.png")
        database.index(gallery)
        photos = list(database.texts())
        assert [(photo.path.name, [text.text for text in photo.texts]) for photo in photos] == [
            ("album.png", ["HOTEL"]),
            ("bank.png", ["BANK"]),
            ("exit.png", ["EXIT", "only"]),
            ("sky.png", []),
            ("zoo.png", ["ZOO"]),
        ]
        assert photos[0].copies == (gallery / "hotel.png",)
        shown = database.show(gallery / "exit.png")
        exit_photo = photos[2].to_dict()
        assert (exit_photo["width"], exit_photo["height"]) == (320, 48)
        assert [text["polygon"] for text in exit_photo["regions"]] == [polygon.tolist() for polygon in shown.polygons]
        assert exit_photo["regions"][0]["xyxy"] == [0, 4, 158, 40]
        assert exit_photo["regions"][0]["text_score"] == pytest.approx(0.95)
        hit = database.search("only", 1)[0]
        assert hit.matches[0].region_id == exit_photo["regions"][1]["region_id"]
        assert hit.sha256 == exit_photo["sha256"]
        assert json.loads(json.dumps(exit_photo)) == exit_photo


@pytest.mark.usefixtures("small_portions")
def test_texts_can_be_taken_while_another_process_indexes(gallery: Path) -> None:
    for number in range(5):
        save_photo(gallery / f"{number}.png", f"number{number}")
    with (
        Database(gallery / INDEX_FOLDER, FakeModel()) as reading,
        Database(gallery / INDEX_FOLDER, FakeModel()) as writing,
    ):
        writing.index(gallery)
        photos = reading.texts()
        first = next(photos)
        (gallery / "4.png").unlink()
        (gallery / "3.png").rename(gallery / "00.png")  # before what was taken already
        save_photo(gallery / "new.png", "new")
        assert writing.index(gallery).added == 1, "the writer does not wait for the reader"
        taken = [text.text for photo in (first, *photos) for text in photo.texts]
        assert taken == ["number0", "number1", "number2", "number3", "EXIT", "only", "HOTEL"]


def test_texts_of_no_index(tmp_path: Path) -> None:
    with Database(tmp_path / "none", FakeModel()) as database, pytest.raises(IndexNotFoundError):
        database.texts()


def test_prune_forgets_only_what_vanished(gallery: Path) -> None:
    with Database(gallery / INDEX_FOLDER, FakeModel()) as database:
        database.index(gallery)
        (gallery / "exit.png").unlink()
        assert database.prune(dry_run=True) == [gallery / "exit.png"]
        assert database.status().info.images == 2
        assert database.prune() == [gallery / "exit.png"]
        assert database.status().info.images == 1
        assert [hit.path.name for hit in database.search("exit", 0)] == ["hotel.png"]


def test_prune_forgets_links_to_nowhere(gallery: Path) -> None:
    (gallery / "exit.png").rename(gallery.parent / "taxi.png")
    (gallery / "exit.png").symlink_to(gallery.parent / "taxi.png")
    with Database(gallery / INDEX_FOLDER, FakeModel()) as database:
        database.index(gallery)
        assert database.prune() == []
        (gallery.parent / "taxi.png").unlink()
        assert database.prune() == [gallery / "exit.png"]


def test_prune_needs_no_network(gallery: Path) -> None:
    with Database(gallery / INDEX_FOLDER, FakeModel()) as database:
        database.index(gallery)
    (gallery / "exit.png").unlink()
    other_model = FakeModel()
    other_model.fingerprint = "1" * 64
    with Database(gallery / INDEX_FOLDER, other_model) as other:
        with pytest.raises(IndexModelError):
            other.search("exit")
        assert other.prune() == [gallery / "exit.png"]


def test_prune_keeps_what_cannot_be_reached(gallery: Path) -> None:
    save_photo(gallery / "album" / "taxi.png", "TAXI")
    with Database(gallery / INDEX_FOLDER, FakeModel()) as database:
        database.index(gallery)
        (gallery / "exit.png").unlink()
        (gallery / "album").rename(gallery / "elsewhere")
        (gallery / "album").symlink_to("album")  # no way through it, as through a disk that does not answer
        assert database.prune() == [gallery / "exit.png"]


def test_prune_forgets_only_what_it_is_told_to(gallery: Path) -> None:
    with Database(gallery / INDEX_FOLDER, FakeModel()) as database:
        database.index(gallery)
        (gallery / "exit.png").unlink()
        agreed = [*database.prune(dry_run=True), gallery / "not_indexed.png"]
        (gallery / "hotel.png").unlink()
        assert database.prune(only=agreed) == [gallery / "exit.png"]
        assert database.prune(dry_run=True) == [gallery / "hotel.png"]
