"""The readings follow the catalog, in memory and in their file."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import numpy as np
import pytest

from tests.boxes import word_box
from tests.fakes import certain_lattice
from tests.index.samples import IDENTITY, MODEL, encoded, texts_holding
from textsearch.alphabet import Alphabet
from textsearch.errors import IndexWriteError
from textsearch.index import readings_mirror
from textsearch.index.catalog import Catalog
from textsearch.index.derived import Stamp
from textsearch.index.folder import IndexFolder
from textsearch.index.readings import ReadingRow, Readings
from textsearch.index.readings_file import READINGS, save_readings
from textsearch.types import FloatArray

ALPHABET = MODEL.alphabet


def row(number: int, image: int, text: str, polygon: FloatArray) -> ReadingRow:
    return number, image, polygon.astype("<f4").tobytes(), certain_lattice(text).to_bytes(), 1 / number


ROWS = [
    row(1, 1, "TGK", word_box(45, 0)),
    row(2, 1, "RE16", word_box(0, 0)),
    row(3, 1, "below", word_box(0, 15)),
    row(4, 2, "alone", word_box(0, 0)),
]


def same(first: Readings, second: Readings) -> bool:
    return all(np.array_equal(getattr(first, name), getattr(second, name)) for name in Readings.__dataclass_fields__)


# --- in memory


def test_regions_are_sorted_by_line_and_place() -> None:
    readings = Readings.of(ROWS, ALPHABET)
    assert readings.region_ids.tolist() == [2, 1, 3, 4]
    assert readings.image_ids.tolist() == [1, 1, 1, 2]
    assert readings.text_scores.tolist() == pytest.approx([1 / 2, 1, 1 / 3, 1 / 4])
    assert readings.line_starts.tolist() == [0, 2, 3, 4]
    assert readings.lines.tolist() == [0, 0, 1, 2]
    assert readings.of_image(1) == slice(0, 3)
    assert readings.of_image(7) == slice(4, 4)
    assert readings.places(np.array([[4, 1], [9, 2]])).tolist() == [[3, 1], [-1, 0]]


def test_lattices_of_regions_and_of_lines() -> None:
    readings = Readings.of(ROWS, ALPHABET)
    lengths = np.diff(readings.region_lattices(np.arange(4)).starts).tolist()
    assert lengths == [9, 7, 11, 11]
    line = readings.line_lattices(np.array([2, 0]))
    assert line.starts.tolist() == [0, 11, 27]
    assert line.region_starts.tolist() == [0, 11, 20, 27]


def test_parts_join_to_the_whole() -> None:
    whole = Readings.of(ROWS, ALPHABET)
    assert same(
        Readings.joined([Readings.empty(), Readings.of(ROWS[:3], ALPHABET), Readings.of(ROWS[3:], ALPHABET)]), whole
    )


def test_an_image_goes_with_any_of_its_regions() -> None:
    whole = Readings.of(ROWS, ALPHABET)
    assert same(whole.without(np.array([3])), Readings.of(ROWS[3:], ALPHABET))
    assert same(whole.without(np.array([4, 99])), Readings.of(ROWS[:3], ALPHABET))
    assert whole.without(np.array([99])) is whole


# --- in step with the catalog


def test_what_is_committed_is_read(index: IndexFolder) -> None:
    assert len(index.readings(ALPHABET)) == 0
    with index.writer() as writer:
        writer.add([encoded("/a.jpg", "stop", "go"), encoded("/b.jpg", "sto")])
        assert texts_holding(index, "sto") == ["stop", "sto"]
        writer.forget([Path("/a.jpg")])
        assert texts_holding(index, "sto") == ["sto"]
        writer.add([encoded("/c.jpg", "storm")])
        assert texts_holding(index, "sto") == ["sto", "storm"]


def test_without_a_change_they_stay_as_they_are(index: IndexFolder) -> None:
    with index.writer() as writer:
        writer.add([encoded("/a.jpg", "stop")])
    assert index.readings(ALPHABET) is index.readings(ALPHABET)


def test_removals_that_were_forgotten_are_noticed(index: IndexFolder, monkeypatch: pytest.MonkeyPatch) -> None:
    with index.writer() as writer:
        writer.add([encoded("/a.jpg", "stop"), encoded("/b.jpg", "go")])
    index.readings(ALPHABET)
    monkeypatch.setattr("textsearch.index.writer._MOST_REMOVALS", 0)
    with index.writer() as writer:
        writer.forget([Path("/a.jpg")])
    assert texts_holding(index, "stop") == []
    assert texts_holding(index, "go") == ["go"]


# --- the file


@pytest.fixture
def kept(location: Path) -> Path:
    with IndexFolder.create_or_open(location, IDENTITY) as index:
        with index.writer() as writer:
            writer.add([encoded("/a.jpg", "stop", "go"), encoded("/b.jpg", "sto")])
        index.keep_readings(ALPHABET)
    return location


def built(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Return a list to which the number of regions is added whenever some are read from lattices."""
    counts: list[int] = []
    original = Readings.of

    def counting(rows: list[ReadingRow], alphabet: Alphabet) -> Readings:
        counts.append(len(rows))
        return original(rows, alphabet)

    monkeypatch.setattr(Readings, "of", counting)
    return counts


def test_the_next_process_loads_the_file(kept: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    counts = built(monkeypatch)
    with IndexFolder.open(kept, IDENTITY) as index:
        assert len(index.readings(Alphabet(ALPHABET.characters))) == 3
        assert counts == [], "another process has an alphabet of its own"
    with IndexFolder.open(kept, IDENTITY) as index:
        assert texts_holding(index, "sto") == ["stop", "sto"]
        assert counts == []
        with index.writer() as writer:
            writer.add([encoded("/c.jpg", "storm")])
        assert texts_holding(index, "sto") == ["stop", "sto", "storm"]
        assert counts == [1]
        before = (kept / READINGS).stat().st_mtime_ns, (kept / READINGS).stat().st_size
        index.keep_readings(ALPHABET)
        after = (kept / READINGS).stat().st_mtime_ns, (kept / READINGS).stat().st_size
        assert after != before
        index.keep_readings(ALPHABET)
        assert (kept / READINGS).stat().st_mtime_ns == after[0], "nothing changed"


@pytest.mark.parametrize("damage", ["cut", "empty", "byte", "header", "other letters", "missing"])
def test_a_file_that_cannot_be_used_is_made_anew(kept: Path, damage: str, monkeypatch: pytest.MonkeyPatch) -> None:
    file = kept / READINGS
    data = bytearray(file.read_bytes())
    alphabet = ALPHABET
    if damage == "cut":
        file.write_bytes(data[:-3])
    elif damage == "empty":
        file.write_bytes(b"")
    elif damage == "byte":
        data[-5] ^= 1
        file.write_bytes(data)
    elif damage == "header":
        data[20] ^= 1
        file.write_bytes(data)
    elif damage == "other letters":
        alphabet = Alphabet((*ALPHABET.characters, "?"))
    else:
        file.unlink()
    counts = built(monkeypatch)
    with IndexFolder.open(kept, IDENTITY) as index:
        assert len(index.readings(alphabet)) == 3
    assert counts == [3]
    with IndexFolder.open(kept, IDENTITY) as index:
        assert len(index.readings(alphabet)) == 3
    assert counts == [3], "it was kept for the next process"


def test_a_folder_that_cannot_be_written_can_be_read(kept: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (kept / READINGS).unlink()

    def refuse(*arguments: object) -> None:
        raise IndexWriteError("read-only")

    monkeypatch.setattr(readings_mirror, "save_readings", refuse)
    with IndexFolder.open(kept, IDENTITY) as index:
        assert texts_holding(index, "go") == ["go"]
        with pytest.raises(IndexWriteError):
            index.keep_readings(ALPHABET)


def test_a_file_that_outlived_the_catalog_in_a_power_cut_is_not_used(kept: Path) -> None:
    for suffix in ("", "-wal", "-shm"):  # the last transactions are lost
        if (kept / f"catalog.sqlite{suffix}").exists():
            shutil.copy(kept / f"catalog.sqlite{suffix}", kept / f"before{suffix}")
    with IndexFolder.open(kept, IDENTITY) as index:
        with index.writer() as writer:
            writer.add([encoded("/c.jpg", "storm")])
        index.keep_readings(ALPHABET)
    for suffix in ("", "-wal", "-shm"):
        (kept / f"catalog.sqlite{suffix}").unlink(missing_ok=True)
        if (kept / f"before{suffix}").exists():
            (kept / f"before{suffix}").rename(kept / f"catalog.sqlite{suffix}")
    with IndexFolder.open(kept, IDENTITY) as index, index.writer() as writer:
        writer.add([encoded("/d.jpg", "shop")])  # takes the number of the lost transaction
    with IndexFolder.open(kept, IDENTITY) as index:
        assert texts_holding(index, "shop") == ["shop"]
        assert texts_holding(index, "storm") == []


def test_the_catalog_is_on_the_disk_before_the_file_is(kept: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    order: list[str] = []
    make_durable = Catalog.make_durable

    def noting(catalog: Catalog) -> None:
        order.append("catalog")
        make_durable(catalog)

    def saving(path: Path, readings: Readings, stamp: Stamp, alphabet: int) -> None:
        order.append("readings")
        save_readings(path, readings, stamp, alphabet)

    monkeypatch.setattr(Catalog, "make_durable", noting)
    monkeypatch.setattr(readings_mirror, "save_readings", saving)
    with IndexFolder.open(kept, IDENTITY) as index:
        with index.writer() as writer:
            writer.touch(Path("/a.jpg"), 1, 2)
        order.clear()
        index.keep_readings(ALPHABET)
    assert order == ["catalog", "readings"]


def test_what_another_process_is_writing_is_left_alone(kept: Path) -> None:
    young, old = (kept / f"{READINGS}.{name}.tmp" for name in ("0123abcd", "4567abcd"))
    for file in (young, old):
        file.touch()
    os.utime(old, (1, 1))
    with IndexFolder.open(kept, IDENTITY) as index:
        with index.writer() as writer:
            writer.touch(Path("/a.jpg"), 1, 2)
        index.keep_readings(ALPHABET)
    assert (young.exists(), old.exists()) == (True, False)
