"""What the catalog keeps and finds, looked at through the folder that everybody uses."""

from __future__ import annotations

import os
import sqlite3
import sys
import threading
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from tests.index.samples import IDENTITY, MODEL, content_of, encoded, failed, texts_holding, vectors_of
from textsearch.errors import IndexCorruptError, IndexWriteError
from textsearch.index import changes
from textsearch.index.catalog import CATALOG, Catalog
from textsearch.index.folder import FailedFile, IndexFolder, KnownFile, StoredImage
from textsearch.types import Failure

ODD_NAME = os.fsdecode(b"/photos/caf\xe9 \xff.jpg")


def texts(index: IndexFolder, path: str) -> list[str] | None:
    regions = index.regions_of(Path(path))
    return None if regions is None else [region.text for region in regions]


def check_database(location: Path) -> None:
    """Have SQLite compare the database with itself."""
    with closing(sqlite3.connect(location / CATALOG)) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        assert connection.execute("PRAGMA foreign_key_check").fetchall() == []


# --- what goes in comes out


def test_a_region_comes_back_as_it_was_written(index: IndexFolder) -> None:
    image = encoded("/a.jpg", "Coca-Cola", "zero")
    with index.writer() as writer:
        assert writer.add([image]) == 2
    regions = index.regions_of(Path("/a.jpg"))
    assert regions is not None
    for i, region in enumerate(regions):
        np.testing.assert_array_equal(region.polygon, image.regions.polygons[i])
        assert region.lattice == type(region.lattice).from_bytes(image.regions.lattices[i].to_bytes())
        assert (region.text, region.line) == (image.regions.texts[i], image.regions.lines[i])
        assert (region.score, region.text_score) == (image.regions.scores[i], image.regions.text_scores[i])
    stored = index.embeddings([region.region_id for region in regions])
    np.testing.assert_array_equal(stored, image.regions.embeddings.astype(np.float16))
    assert stored.dtype == np.float32


def test_an_image_without_text_is_an_image(index: IndexFolder) -> None:
    with index.writer() as writer:
        assert writer.add([encoded("/sky.jpg")]) == 0
    assert texts(index, "/sky.jpg") == []
    assert index.info().images == 1


def test_regions_come_in_the_order_asked_without_those_that_are_gone(index: IndexFolder) -> None:
    with index.writer() as writer:
        writer.add([encoded("/a.jpg", "one", "two", "three")])
    assert [region.text for region in index.regions([3, 99, 1, 3])] == ["three", "one", "three"]
    assert index.regions([]) == []
    np.testing.assert_array_equal(index.embeddings([99, 2])[0], np.zeros(MODEL.dimension))
    assert index.embeddings([]).shape == (0, MODEL.dimension)


def test_thousands_of_ids_can_be_asked_at_once(index: IndexFolder) -> None:
    with index.writer() as writer:
        writer.add([encoded("/a.jpg", "one")])
    assert len(index.regions(np.arange(300_000))) == 1


@pytest.mark.skipif(sys.platform in {"darwin", "win32"}, reason="file names are Unicode there")
def test_a_name_that_is_not_utf8_is_a_name(index: IndexFolder) -> None:
    path = Path(ODD_NAME)
    with index.writer() as writer:
        writer.add([encoded(path, "menu")])
        writer.fail([FailedFile(path.with_name(path.name + "2"), None, None, None, f"cannot open {path}")])
    assert texts(index, ODD_NAME) == ["menu"]
    assert [file.path for file in index.known_files([path.parent])] == [path, path.with_name(path.name + "2")]
    assert index.images()[1].path == path
    assert index.failures()[0].path == path.with_name(path.name + "2")
    assert "cannot open /photos/caf" in index.failures()[0].reason


def test_a_relative_path_is_a_mistake(index: IndexFolder) -> None:
    with index.writer() as writer, pytest.raises(ValueError, match="absolute"):
        writer.add([encoded("a.jpg", "one")])


def test_vectors_of_another_length_are_refused(index: IndexFolder) -> None:
    image = encoded("/a.jpg", "one")
    shorter = replace(image, regions=replace(image.regions, embeddings=vectors_of("one")[:, :8]))
    with index.writer() as writer, pytest.raises(ValueError, match=r"\(1, 64\).*\(1, 8\)"):
        writer.add([encoded("/b.jpg", "two"), shorter])
    assert index.info().images == 0, "the transaction is all or nothing"


# --- files and contents


def test_a_changed_file_replaces_what_stood_there(index: IndexFolder) -> None:
    with index.writer() as writer:
        writer.add([encoded("/a.jpg", "old", "sign")])
        writer.add([encoded("/a.jpg", "new")])
    assert texts(index, "/a.jpg") == ["new"]
    assert texts_holding(index, "old") == []
    assert index.info().images == index.info().regions == 1
    check_database(index.location)


def test_the_same_content_is_written_once(index: IndexFolder) -> None:
    with index.writer() as writer:
        assert writer.add([encoded("/a.jpg", "stop"), encoded("/b.jpg", "stop")]) == 1
        assert writer.add([encoded("/c.jpg", "stop")]) == 0
    paths = tuple(Path(name) for name in ("/a.jpg", "/b.jpg", "/c.jpg"))
    assert index.images() == {1: StoredImage(1, paths[0], content_of("stop"), 320, 48, paths)}
    assert texts(index, "/c.jpg") == ["stop"]


def test_an_image_lives_as_long_as_its_last_file(index: IndexFolder) -> None:
    with index.writer() as writer:
        writer.add([encoded("/a.jpg", "stop"), encoded("/b.jpg", "stop")])
        writer.forget([Path("/a.jpg")])
        assert index.images()[1].paths == (Path("/b.jpg"),)
        writer.forget([Path("/b.jpg"), Path("/never-seen.jpg")])
    assert index.images() == {}
    assert texts_holding(index, "stop") == []
    check_database(index.location)


def test_a_renamed_file_keeps_its_regions(index: IndexFolder) -> None:
    with index.writer() as writer:
        writer.add([encoded("/old.jpg", "stop")])
        writer.link(Path("/new.jpg"), content_of("stop"), 10, 30)
        writer.forget([Path("/old.jpg")])
    assert index.images()[1].paths == (Path("/new.jpg"),)
    assert [region.region_id for region in index.regions_of(Path("/new.jpg")) or []] == [1]


def test_linking_a_path_drops_what_it_held(index: IndexFolder) -> None:
    with index.writer() as writer:
        writer.add([encoded("/a.jpg", "stop"), encoded("/b.jpg", "go")])
        writer.link(Path("/b.jpg"), content_of("stop"), 10, 30)
    assert index.image_of_content(content_of("go")) is None
    assert texts(index, "/b.jpg") == ["stop"]


def test_linking_unknown_content_is_a_mistake(index: IndexFolder) -> None:
    with index.writer() as writer, pytest.raises(KeyError, match="sha256"):
        writer.link(Path("/a.jpg"), "e" * 64, 1, 1)


def test_ids_are_not_used_again(index: IndexFolder) -> None:
    with index.writer() as writer:
        writer.add([encoded("/a.jpg", "one", "two")])
        writer.forget([Path("/a.jpg")])
        writer.add([encoded("/b.jpg", "three")])
    assert [region.region_id for region in index.regions_of(Path("/b.jpg")) or []] == [3]
    assert list(index.images()) == [2]


def test_a_failure_takes_the_place_of_what_stood_there_until_it_is_read_again(index: IndexFolder) -> None:
    with index.writer() as writer:
        writer.add([encoded("/a.jpg", "stop")])
        writer.fail([failed("/a.jpg", "truncated")])
        assert index.failures() == [Failure(Path("/a.jpg"), "truncated")]
        assert index.info().regions == 0
        assert texts(index, "/a.jpg") is None
        writer.fail([failed("/a.jpg", "still truncated")])
        assert index.failures() == [Failure(Path("/a.jpg"), "still truncated")]
        writer.add([encoded("/a.jpg", "stop")])
    assert index.failures() == []


def test_failures_are_forgotten_and_linked_away(index: IndexFolder) -> None:
    with index.writer() as writer:
        writer.add([encoded("/good.jpg", "stop")])
        writer.fail([failed("/a.jpg"), failed("/b.jpg")])
        writer.forget([Path("/a.jpg")])
        writer.link(Path("/b.jpg"), content_of("stop"), 1, 2)
    assert index.failures() == []


def test_a_touched_file_has_its_new_stat(index: IndexFolder) -> None:
    with index.writer() as writer:
        writer.add([encoded("/a.jpg", "stop")])
        writer.fail([failed("/b.jpg")])
        writer.touch(Path("/a.jpg"), 12, 22)
        writer.touch(Path("/b.jpg"), 13, 23)
        with pytest.raises(KeyError, match=r"/c\.jpg"):
            writer.touch(Path("/c.jpg"), 1, 1)
    assert sorted(index.known_files(), key=lambda file: file.path) == [
        KnownFile(Path("/a.jpg"), content_of("stop"), 12, 22, False, None),
        KnownFile(Path("/b.jpg"), "f" * 64, 13, 23, True, "not a picture"),
    ]


@pytest.mark.parametrize(
    ("under", "expected"),
    [
        (None, ["/a/b.jpg", "/a/b/1.jpg", "/a/b/c/2.jpg", "/a/b%/3.jpg", "/a/bc/4.jpg", "/z.jpg"]),
        (["/a/b"], ["/a/b/1.jpg", "/a/b/c/2.jpg"]),
        (["/a/b%"], ["/a/b%/3.jpg"]),
        (["/a/b_"], []),
        (["/a/b/1.jpg", "/a/b"], ["/a/b/1.jpg", "/a/b/c/2.jpg"]),
        (["/"], ["/a/b.jpg", "/a/b/1.jpg", "/a/b/c/2.jpg", "/a/b%/3.jpg", "/a/bc/4.jpg", "/z.jpg"]),
        ([], []),
        ([*(f"/no/{number}.jpg" for number in range(1500)), "/z.jpg"], ["/z.jpg"]),
    ],
)
def test_known_files_below_folders(index: IndexFolder, under: list[str] | None, expected: list[str]) -> None:
    with index.writer() as writer:
        writer.add([encoded(path, "x") for path in ("/a/b.jpg", "/a/b/1.jpg", "/a/b%/3.jpg", "/a/bc/4.jpg")])
        writer.fail([failed("/a/b/c/2.jpg"), failed("/z.jpg")])
    known = list(index.known_files(None if under is None else [Path(path) for path in under]))
    assert sorted(str(file.path) for file in known) == sorted(expected)


# --- letters


def test_transcripts_are_kept_as_search_compares_them(index: IndexFolder) -> None:
    with index.writer() as writer:
        writer.add([encoded("/a.jpg", "Coca-Cola", "Café", "日本語店", "!")])
    assert index.letters() == {1: "cocacola", 2: "cafe", 3: "日本語店", 4: ""}


# --- transactions


def test_each_writing_call_is_a_generation_and_nothing_else_is(index: IndexFolder) -> None:
    assert index.generation == 0
    with index.writer() as writer:
        writer.add([encoded("/a.jpg", "one"), encoded("/b.jpg", "two")])
        assert index.generation == 1
        writer.touch(Path("/a.jpg"), 1, 2)
        writer.fail([failed("/c.jpg")])
        writer.link(Path("/d.jpg"), content_of("one"), 1, 2)
        writer.forget([Path("/c.jpg")])
        assert index.generation == 5
        writer.add([])
        writer.fail([])
        writer.forget([])
        writer.checkpoint()
    list(index.known_files())
    assert index.generation == 5


def test_a_failed_transaction_changes_nothing(index: IndexFolder) -> None:
    catalog = Catalog.open(index.location)
    with pytest.raises(RuntimeError), catalog.writing() as transaction:
        changes.add(transaction, [encoded("/a.jpg", "one")], MODEL.dimension)
        raise RuntimeError("interrupted")
    catalog.close()
    assert (index.generation, index.info().images) == (0, 0)


def test_readers_see_the_committed_state_while_somebody_writes(index: IndexFolder) -> None:
    writing = Catalog.open(index.location)
    seen: list[tuple[int, int]] = []

    def read() -> None:
        seen.append((index.generation, len(index.images())))

    with writing.writing() as transaction:
        changes.add(transaction, [encoded("/a.jpg", "one")], MODEL.dimension)
        thread = threading.Thread(target=read)
        thread.start()
        thread.join()
    read()
    writing.close()
    assert seen == [(0, 0), (1, 1)]


def test_info_counts_again_only_after_a_commit(index: IndexFolder, monkeypatch: pytest.MonkeyPatch) -> None:
    with index.writer() as writer:
        writer.add([encoded("/a.jpg", "one", "two")])
    info = index.info()
    assert (info.images, info.regions, info.model, info.generation) == (1, 2, "fake", 1)
    monkeypatch.setattr(Catalog, "counts", lambda _: pytest.fail("counted without need"))
    assert index.info() is info


# --- damage and media


def test_a_damaged_catalog_is_named_as_such(location: Path) -> None:
    with IndexFolder.create_or_open(location, IDENTITY) as index, index.writer() as writer:
        writer.add([encoded(f"/{number}.jpg", f"word{number}") for number in range(200)])
    catalog = location / CATALOG
    content = catalog.read_bytes()
    catalog.write_bytes(content[:8192] + b"\xa5" * (len(content) - 8192))
    with pytest.raises(IndexCorruptError, match="damaged"), IndexFolder.open(location) as index:
        index.images()


def test_a_folder_that_cannot_be_written_can_be_read(location: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with IndexFolder.create_or_open(location, IDENTITY) as index, index.writer() as writer:
        writer.add([encoded("/a.jpg", "one")])
    before = sorted(path.name for path in location.iterdir())
    monkeypatch.setattr(os, "access", lambda *_: False)
    with IndexFolder.open(location, IDENTITY) as index:
        assert texts(index, "/a.jpg") == ["one"]
        assert index.nearest(vectors_of("one"), 1)[0].tolist() == [[1]]
        assert sorted(path.name for path in location.iterdir()) == before, "no side files may be needed"
        with pytest.raises(IndexWriteError, match="permissions"):
            index.writer()


# --- written anew


def test_what_is_replaced_keeps_all_its_files(index: IndexFolder) -> None:
    with index.writer() as writer:
        writer.add([encoded("/a.jpg", "apple"), encoded("/other.jpg", "pear")])
        writer.link(Path("/copy.jpg"), content_of("apple"), 11, 21)
        writer.link(Path("/second.jpg"), content_of("apple"), 10, 20)
        before = index.image_at(Path("/copy.jpg"))
        generation = index.generation
        assert writer.replace([encoded("/a.jpg", "apple"), encoded("/new.jpg", "plum")]) == 2
        assert index.generation == generation + 1, "one transaction"
        assert writer.replace([]) == 0
    assert index.image_at(Path("/copy.jpg")) not in (None, before)
    assert {path: texts(index, path) for path in ("/a.jpg", "/copy.jpg", "/second.jpg", "/new.jpg", "/other.jpg")} == {
        "/a.jpg": ["apple"],
        "/copy.jpg": ["apple"],
        "/second.jpg": ["apple"],
        "/new.jpg": ["plum"],
        "/other.jpg": ["pear"],
    }
    known = {file.path.name: (file.size, file.mtime_ns) for file in index.known_files()}
    assert (known["copy.jpg"], known["second.jpg"]) == ((11, 21), (10, 20))
    assert index.info().images == 3
    assert texts_holding(index, "app") == ["apple"]


def test_a_replacement_cut_short_changes_nothing(index: IndexFolder, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise IndexWriteError("the disk is full")

    with index.writer() as writer:
        writer.add([encoded("/a.jpg", "apple")])
        writer.link(Path("/copy.jpg"), content_of("apple"), 11, 21)
        before = list(index.known_files())
        monkeypatch.setattr(changes, "link", full)
        with pytest.raises(IndexWriteError):
            writer.replace([encoded("/a.jpg", "apple")])
    assert list(index.known_files()) == before
    assert texts(index, "/copy.jpg") == ["apple"]
