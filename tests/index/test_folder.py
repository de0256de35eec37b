"""Catalog and vectors as one: opening, following other processes, repairing what is derived."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import threading
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from tests.children import PATIENCE
from tests.index.samples import FRUITS, IDENTITY, MODEL, encoded, texts_holding, texts_near, vectors_of
from textsearch.errors import (
    IndexModelError,
    IndexNotFoundError,
    IndexWriteError,
    MissingDependencyError,
)
from textsearch.index.catalog import CATALOG
from textsearch.index.derived import Stamp
from textsearch.index.folder import IndexFolder
from textsearch.index.snapshot import Snapshot
from textsearch.index.vectors import VECTORS, VectorOptions, Vectors

ROOT = Path(__file__).parents[2]


# --- opening


def test_there_is_nothing_to_open(tmp_path: Path) -> None:
    with pytest.raises(IndexNotFoundError, match="textsearch index"):
        IndexFolder.open(tmp_path / "nowhere")
    assert not (tmp_path / "nowhere").exists()


@pytest.mark.parametrize("content", [None, b""])
def test_a_creation_cut_short_is_no_index_and_can_be_resumed(location: Path, content: bytes | None) -> None:
    location.mkdir(parents=True)
    if content is not None:
        (location / CATALOG).write_bytes(content)
    with pytest.raises(IndexNotFoundError):
        IndexFolder.open(location)
    with IndexFolder.create_or_open(location, IDENTITY) as index:
        assert index.info().images == 0


def test_a_file_in_the_way_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(IndexWriteError, match="another place"):
        IndexFolder.create_or_open(tmp_path / "file", IDENTITY)
    with pytest.raises(IndexNotFoundError):
        IndexFolder.open(tmp_path / "file")


def test_an_index_opens_with_what_was_written(fruits: Path) -> None:
    with IndexFolder.create_or_open(fruits, IDENTITY) as index:
        assert texts_near(index, "cherry", 2)[0] == "cherry"
        assert index.info().regions == len(FRUITS)
        assert index.model == IDENTITY
        assert index.location.is_absolute()


def test_another_model_is_refused_naming_both(fruits: Path) -> None:
    newer = replace(IDENTITY, name="joint", fingerprint="ab" * 32)
    for opening in (IndexFolder.open, IndexFolder.create_or_open):
        with pytest.raises(IndexModelError, match=r"fake \(0{12}\).*joint \((ab){6}\).*new folder"):
            opening(fruits, newer)
    with IndexFolder.open(fruits) as index:
        assert index.model.fingerprint == IDENTITY.fingerprint


def test_what_needs_no_vectors_needs_no_faiss(fruits: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "faiss", None)
    with IndexFolder.open(fruits, IDENTITY) as index:
        assert texts_holding(index, "apple") == ["apple"]
        with pytest.raises(MissingDependencyError):
            index.nearest(vectors_of("apple"), 1)
        with pytest.raises(MissingDependencyError) as refused:
            index.writer()
    monkeypatch.undo()
    with IndexFolder.open(fruits, IDENTITY) as index:
        index.writer().close()
    assert refused.tb is not None, "the failed writer is still alive here, and yet does not keep the lock"


def test_the_device_is_asked_of_faiss(fruits: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import faiss

    monkeypatch.delattr(faiss, "StandardGpuResources", raising=False)
    with (
        IndexFolder.open(fruits, IDENTITY, device="cuda") as index,
        pytest.raises(MissingDependencyError, match="'cuda'"),
    ):
        index.nearest(vectors_of("apple"), 1)


def test_query_vectors_of_another_shape_are_a_mistake(index: IndexFolder) -> None:
    with pytest.raises(ValueError, match=r"\(W, 64\), got \(64,\)"):
        index.nearest(vectors_of("apple")[0], 1)


def test_sizes_are_bytes_on_disk(fruits: Path) -> None:
    with IndexFolder.open(fruits) as index:
        sizes = index.sizes()
        assert sizes["vectors"] == (fruits / VECTORS).stat().st_size > 0
        assert sizes["catalog"] >= (fruits / CATALOG).stat().st_size > 0
        (fruits / VECTORS).unlink()
        assert index.sizes()["vectors"] == 0


def test_two_processes_can_create_the_same_index(location: Path) -> None:
    program = (
        "import sys; from pathlib import Path; from tests.index.samples import IDENTITY;"
        "from textsearch.index.folder import IndexFolder;"
        "IndexFolder.create_or_open(Path(sys.argv[1]), IDENTITY).close()"
    )
    processes = [subprocess.Popen([sys.executable, "-c", program, str(location)], cwd=ROOT) for _ in range(2)]
    assert [process.wait(PATIENCE) for process in processes] == [0, 0]
    IndexFolder.open(location, IDENTITY).close()


# --- the vectors file is derived


def lose(location: Path) -> None:
    (location / VECTORS).unlink()


def empty(location: Path) -> None:
    (location / VECTORS).write_bytes(b"")


def damage(location: Path) -> None:
    content = bytearray((location / VECTORS).read_bytes())
    content[len(content) // 2] ^= 1
    (location / VECTORS).write_bytes(content)


def take_from_another_index(location: Path) -> None:
    stranger = location.with_name("stranger")
    with IndexFolder.create_or_open(stranger, IDENTITY) as index, index.writer() as writer:
        writer.add([encoded(f"/{number}.jpg", f"word{number}") for number in range(len(FRUITS))])
    shutil.copy(stranger / VECTORS, location / VECTORS)


def let_it_run_ahead(location: Path) -> None:
    """Restore an older catalog, as from a backup, beside the newer vectors."""
    backup = location.with_name("backup")
    shutil.copy(location / CATALOG, backup)
    with IndexFolder.open(location) as index, index.writer() as writer:
        writer.forget([Path("/apple.jpg")])
        writer.add([encoded("/zebra.jpg", "zebra")])
    shutil.copy(backup, location / CATALOG)


def leave_one_out(location: Path) -> None:
    """Write a whole file with the right stamp that lacks a vector, as a mistake of this program would."""
    loaded = Vectors.load(location / VECTORS, MODEL.dimension, VectorOptions())
    assert loaded is not None
    loaded[0].remove(np.array([2]))
    loaded[0].save(location / VECTORS, loaded[1])


@pytest.mark.parametrize("mishap", [lose, empty, damage, leave_one_out, take_from_another_index, let_it_run_ahead])
def test_vectors_are_made_anew_from_the_catalog(fruits: Path, mishap: Callable[[Path], None]) -> None:
    mishap(fruits)
    with IndexFolder.open(fruits, IDENTITY) as index:
        assert [texts_near(index, fruit) for fruit in FRUITS] == [[fruit] for fruit in FRUITS]
        assert (index.nearest(vectors_of("apple"), 99)[0] > 0).sum() == len(FRUITS)
    # and kept for the next process, though nobody wrote
    assert Vectors.load(fruits / VECTORS, MODEL.dimension, VectorOptions()) is not None


def test_a_matching_file_is_all_that_opening_needs(fruits: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Snapshot, "vectors_after", lambda *_: iter(()))
    with IndexFolder.open(fruits, IDENTITY) as index:
        assert texts_near(index, "grape") == ["grape"]


def test_a_stale_file_is_brought_up_to_date_not_made_anew(fruits: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shutil.copy(fruits / VECTORS, fruits / "old")
    with IndexFolder.open(fruits) as index, index.writer() as writer:
        writer.forget([Path("/apple.jpg"), Path("/mango.jpg")])
        writer.add([encoded("/orange.jpg", "orange")])
        writer.add([encoded("/plum.jpg", "plum")])
        writer.forget([Path("/plum.jpg")])
    shutil.move(fruits / "old", fruits / VECTORS)
    monkeypatch.setattr(Vectors, "empty", lambda *_: pytest.fail("made anew"))
    with IndexFolder.open(fruits, IDENTITY) as index:
        ids, similarities = index.nearest(vectors_of("orange"), 10)
        assert sorted(ids[0]) == [-1] * 5 + [2, 3, 4, 5, 7]
        assert (similarities[0][ids[0] < 0] == -np.inf).all()
        assert texts_near(index, "orange") == ["orange"]


def test_a_file_whose_removals_are_forgotten_is_made_anew(fruits: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("textsearch.index.writer._MOST_REMOVALS", 1)
    shutil.copy(fruits / VECTORS, fruits / "old")
    with IndexFolder.open(fruits, IDENTITY) as reader:
        assert texts_near(reader, "apple") == ["apple"]
        with IndexFolder.open(fruits) as index, index.writer() as writer:
            writer.forget([Path("/apple.jpg"), Path("/mango.jpg")])
        assert "apple" not in texts_near(reader, "apple", 9), "a reader that knew them loads the file again"
    shutil.move(fruits / "old", fruits / VECTORS)
    with IndexFolder.open(fruits, IDENTITY) as index:
        assert sorted(texts_near(index, "lemon", 9)) == ["banana", "cherry", "grape", "lemon"]


def test_few_removals_are_remembered(fruits: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with IndexFolder.open(fruits, IDENTITY) as reader:
        texts_near(reader, "apple")
        with IndexFolder.open(fruits) as index, index.writer() as writer:
            writer.forget([Path("/apple.jpg")])
        monkeypatch.setattr(Vectors, "load", lambda *_: pytest.fail("loaded again"))
        assert "apple" not in texts_near(reader, "apple", 9)


def test_the_file_is_written_only_when_vectors_changed(fruits: Path) -> None:
    before = (fruits / VECTORS).stat().st_mtime_ns
    with IndexFolder.open(fruits) as index, index.writer() as writer:
        writer.touch(Path("/apple.jpg"), 1, 2)
        writer.checkpoint()
    assert (fruits / VECTORS).stat().st_mtime_ns == before
    with IndexFolder.open(fruits) as index, index.writer() as writer:
        writer.forget([Path("/apple.jpg")])
        writer.checkpoint()
        assert (fruits / VECTORS).stat().st_mtime_ns != before


def test_many_vectors_are_partitioned_and_still_follow(location: Path) -> None:
    options = VectorOptions(partition_above=100)
    words = [f"{first}{second}{number}" for first in "abcdefgh" for second in "ijklmno" for number in range(4)]
    with IndexFolder.create_or_open(location, IDENTITY, options=options) as index, index.writer() as writer:
        writer.add([encoded(f"/{word}.jpg", word) for word in words])
        writer.checkpoint()
        loaded = Vectors.load(location / VECTORS, MODEL.dimension, options)
        assert loaded is not None
        assert loaded[0].cells > 1
        writer.forget([Path("/ai0.jpg")])
        writer.add([encoded("/zzz.jpg", "zzz")])
        assert texts_near(index, "zzz") == ["zzz"]
        assert texts_near(index, "ai0") != ["ai0"]
    lose(location)
    with IndexFolder.open(location, IDENTITY, options=options) as index:
        assert texts_near(index, "zzz") == ["zzz"]
        assert (index.nearest(vectors_of("zzz"), 999)[0] > 0).sum() == len(words)


def test_a_reader_that_builds_anew_turns_no_writer_away(fruits: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    lose(fruits)
    honest = Vectors.save

    def save(self: Vectors, path: Path, stamp: Stamp) -> None:
        monkeypatch.undo()
        with IndexFolder.open(fruits) as index, index.writer() as writer:
            writer.add([encoded("/orange.jpg", "orange")])
        honest(self, path, stamp)

    monkeypatch.setattr(Vectors, "save", save)
    with IndexFolder.open(fruits, IDENTITY) as reader:
        texts_near(reader, "apple")
    with IndexFolder.open(fruits, IDENTITY) as index:
        assert texts_near(index, "orange") == ["orange"], "though the older file came last"


def test_leftovers_of_killed_processes_are_removed(fruits: Path) -> None:
    (fruits / f"{VECTORS}.0123abcd.tmp").touch()
    os.utime(fruits / f"{VECTORS}.0123abcd.tmp", (1, 1))
    with IndexFolder.open(fruits) as index, index.writer() as writer:
        writer.forget([Path("/apple.jpg")])
    assert [path.name for path in fruits.glob(f"{VECTORS}*")] == [VECTORS]


# --- following


def test_a_reader_follows_what_is_committed_elsewhere(index: IndexFolder, other: IndexFolder) -> None:
    assert texts_near(other, "apple") == []
    with index.writer() as writer:
        writer.add([encoded("/a.jpg", "apple"), encoded("/b.jpg", "banana")])
        assert texts_near(other, "apple") == ["apple"], "before any checkpoint"
        assert texts_holding(other, "apple") == ["apple"]
        writer.forget([Path("/a.jpg")])
        ids, _ = other.nearest(vectors_of("apple"), 2)
        assert ids.tolist() == [[2, -1]], "a removed region is not returned and takes nobody's place"


def test_readers_and_a_writer_in_one_process(index: IndexFolder) -> None:
    errors: list[BaseException] = []
    rounds = threading.Semaphore(0)
    done = threading.Event()

    def read() -> None:
        try:
            while not done.is_set():
                info = index.info()
                assert info.regions == 2 * info.images <= 8, "a batch is seen whole or not at all"
                query = vectors_of("word")
                ids, cosines = index.nearest(query, 20)
                found = dict(zip(ids[0].tolist(), cosines[0].tolist(), strict=True))
                found.pop(-1, None)
                assert len(found) == (ids[0] > 0).sum(), "no region comes twice"
                for region in index.regions(list(found)):
                    expected = float((vectors_of(region.text) @ query.T).item())
                    assert found[region.region_id] == pytest.approx(expected, abs=2e-3), "a vector of its own text"
                rounds.release()
        except BaseException as error:  # noqa: BLE001 - whatever goes wrong in a thread must reach the test
            errors.append(error)
            rounds.release(15)

    threads = [threading.Thread(target=read) for _ in range(3)]
    for thread in threads:
        thread.start()
    try:
        with index.writer() as writer:
            for number in range(15):
                writer.add([encoded(f"/{number}.jpg", f"word{number}", "word")])
                writer.forget([Path(f"/{number - 3}.jpg")])
                assert errors or rounds.acquire(timeout=30), "reading goes on between any two batches"
    finally:
        done.set()
        for thread in threads:
            thread.join()
    assert errors == []
    assert (index.nearest(vectors_of("word"), 99)[0] > 0).sum() == index.info().regions == 6
