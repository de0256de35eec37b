"""What a run does to the index, and what it reports, for everything that can happen to a gallery."""

from __future__ import annotations

import dataclasses
import errno
import os
import shutil
import time
from pathlib import Path

import pytest
from PIL import Image

from tests.fakes import photo_of, save_photo
from tests.indexer.bench import Bench, numbers
from textsearch import images
from textsearch.errors import ImageError
from textsearch.images import open_file


def replace(path: Path, *words: str, seconds: float = 10) -> None:
    """Write another photo to the path, with a later modification time."""
    save_photo(path, *words)
    later = path.stat().st_mtime_ns + int(seconds * 1e9)
    os.utime(path, ns=(later, later))


def test_a_gallery_is_indexed_once(bench: Bench) -> None:
    save_photo(bench.gallery / "a.png", "coca", "cola")
    save_photo(bench.gallery / "sub" / "b.png", "exit")
    report = bench.build()
    assert numbers(report) == (2, 0, 0, 0, 0, 0)
    assert report.regions == 3
    assert not report.interrupted
    assert bench.contents() == {"a.png": ["coca", "cola"], "sub/b.png": ["exit"]}
    assert bench.newly_read() == ["coca cola", "exit"]
    again = bench.build()
    assert numbers(again) == (0, 0, 0, 0, 2, 0)
    assert again.regions == 0
    assert bench.newly_read() == []


def test_unchanged_files_are_not_even_opened(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    save_photo(bench.gallery / "a.png", "exit")
    bench.build()

    def forbidden(path: Path) -> None:
        raise AssertionError(f"{path} was opened")

    monkeypatch.setattr("textsearch.indexer.load.open_file", forbidden)
    assert numbers(bench.build()) == (0, 0, 0, 0, 1, 0)


def test_a_renamed_photo_is_not_read_again(bench: Bench) -> None:
    path = save_photo(bench.gallery / "a.png", "exit")
    bench.build()
    bench.newly_read()
    path.rename(bench.gallery / "z.png")
    assert numbers(bench.build()) == (0, 0, 1, 0, 0, 0)
    assert bench.contents() == {"z.png": ["exit"]}
    assert bench.newly_read() == []


def test_renumbered_photos_are_not_read_again(bench: Bench) -> None:
    for i in range(1, 5):
        save_photo(bench.gallery / f"{i}.png", f"number{i}")
    bench.build()
    bench.newly_read()
    for i in range(4, 0, -1):
        (bench.gallery / f"{i}.png").rename(bench.gallery / f"{i + 1}.png")
        os.utime(bench.gallery / f"{i + 1}.png", ns=(i, i))
    assert numbers(bench.build()) == (0, 0, 4, 0, 0, 0)
    assert bench.contents() == {f"{i + 1}.png": [f"number{i}"] for i in range(1, 5)}
    assert bench.newly_read() == []


def test_two_photos_that_changed_places_are_right_afterwards(bench: Bench) -> None:
    a, b = save_photo(bench.gallery / "a.png", "left1"), save_photo(bench.gallery / "b.png", "right")
    bench.build()
    a.rename(bench.gallery / "t.png")
    b.rename(a)
    (bench.gallery / "t.png").rename(b)
    for path in (a, b):
        os.utime(path, ns=(7, 7))
    report = bench.build()
    assert report.moved + report.updated == 2
    assert bench.contents() == {"a.png": ["right"], "b.png": ["left1"]}


def test_copies_cost_nothing(bench: Bench) -> None:
    path = save_photo(bench.gallery / "a.png", "exit")
    shutil.copy(path, bench.gallery / "b.png")
    assert numbers(bench.build()) == (1, 0, 1, 0, 0, 0)  # two in one run: read once
    shutil.copy(path, bench.gallery / "c.png")
    assert numbers(bench.build()) == (0, 0, 1, 0, 2, 0)
    assert bench.newly_read() == ["exit"]
    assert bench.contents() == {"a.png": ["exit"], "b.png": ["exit"], "c.png": ["exit"]}
    assert bench.index.info().images == 1


def test_many_copies_and_many_threads(bench: Bench) -> None:
    first = save_photo(bench.gallery / "00.png", "exit")
    for i in range(1, 40):
        shutil.copy(first, bench.gallery / f"{i:02}.png")
    bench.model.before = lambda: time.sleep(0.02)
    assert numbers(bench.build(jobs=4, batch_size=4)) == (1, 0, 39, 0, 0, 0)
    assert len(bench.contents()) == 40


def test_a_photo_copied_and_then_edited(bench: Bench) -> None:
    path = save_photo(bench.gallery / "b.png", "before")
    bench.build()
    bench.newly_read()
    shutil.copy(path, bench.gallery / "a.png")
    replace(path, "after1")
    assert numbers(bench.build()) == (0, 1, 1, 0, 0, 0)
    assert bench.newly_read() == ["after1"]
    assert bench.contents() == {"a.png": ["before"], "b.png": ["after1"]}


def test_a_photo_replaced_in_place_is_read_again(bench: Bench) -> None:
    path = save_photo(bench.gallery / "a.bmp", "first")
    bench.build()
    size = path.stat().st_size
    replace(path, "other")
    assert path.stat().st_size == size  # only the time tells
    assert numbers(bench.build()) == (0, 1, 0, 0, 0, 0)
    assert bench.contents() == {"a.bmp": ["other"]}


def test_a_touched_photo_is_compared_and_not_read(bench: Bench) -> None:
    path = save_photo(bench.gallery / "a.png", "exit")
    bench.build()
    bench.newly_read()
    os.utime(path, ns=(1, 1))
    assert numbers(bench.build()) == (0, 0, 0, 0, 1, 0)
    assert bench.newly_read() == []
    known = next(bench.index.known_files())
    assert known.mtime_ns == 1


def test_failures_are_recorded_and_retried_only_when_that_makes_sense(bench: Bench) -> None:
    bad = bench.gallery / "bad.jpg"
    bad.write_bytes(b"no picture")
    report = bench.build()
    assert numbers(report) == (0, 0, 0, 0, 0, 1)
    assert bench.failures() == {"bad.jpg": report.failures[0].reason}
    assert numbers(bench.build()) == (0, 0, 0, 0, 0, 0)
    assert numbers(bench.build(retry_failed=True)) == (0, 0, 0, 0, 0, 1)
    os.utime(bad, ns=(5, 5))
    assert numbers(bench.build()) == (0, 0, 0, 0, 0, 1)
    assert numbers(bench.build()) == (0, 0, 0, 0, 0, 0)
    Image.fromarray(photo_of("exit")).save(bad, "PNG")
    assert numbers(bench.build()) == (1, 0, 0, 0, 0, 0)
    assert bench.failures() == {}
    assert bench.contents() == {"bad.jpg": ["exit"]}


def test_a_photo_that_becomes_damaged_leaves_the_index(bench: Bench) -> None:
    path = save_photo(bench.gallery / "a.png", "exit")
    bench.build()
    path.write_bytes(path.read_bytes()[:60])
    assert numbers(bench.build()) == (0, 0, 0, 0, 0, 1)
    assert bench.contents() == {}
    assert list(bench.failures()) == ["a.png"]


def test_a_photo_that_becomes_a_folder(bench: Bench) -> None:
    path = save_photo(bench.gallery / "a.png", "exit")
    bench.build()
    path.unlink()
    save_photo(path / "b.png", "entry")
    assert numbers(bench.build()) == (1, 0, 0, 0, 0, 1)
    assert bench.contents() == {"a.png/b.png": ["entry"]}
    assert bench.failures() == {"a.png": "is a directory, not a picture"}


def test_a_fault_of_the_machine_removes_nothing_and_is_tried_again(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    indexed, new = save_photo(bench.gallery / "a.png", "exit"), bench.gallery / "b.png"
    bench.build()
    replace(indexed, "entry")
    save_photo(new, "other")

    def failing(path: Path) -> object:
        if path in (indexed, new):
            raise ImageError("no permission to read it") from PermissionError(errno.EACCES, "Permission denied")
        return open_file(path)

    with monkeypatch.context() as patch:
        patch.setattr("textsearch.indexer.load.open_file", failing)
        for _ in range(2):
            assert numbers(bench.build()) == (0, 0, 0, 0, 0, 2)
        assert bench.contents() == {"a.png": ["exit"]}
        assert bench.failures() == {"b.png": "no permission to read it"}
    assert numbers(bench.build()) == (1, 1, 0, 0, 0, 0)
    assert bench.contents() == {"a.png": ["entry"], "b.png": ["other"]}
    assert bench.failures() == {}


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_no_permission(bench: Bench) -> None:
    path = save_photo(bench.gallery / "a.png", "exit")
    path.chmod(0)
    (bench.gallery / "locked").mkdir(mode=0)
    assert numbers(bench.build()) == (0, 0, 0, 0, 0, 2)
    assert set(bench.failures().values()) == {"no permission to read it"}
    path.chmod(0o644)
    (bench.gallery / "locked").chmod(0o755)
    assert numbers(bench.build()) == (1, 0, 0, 0, 0, 0)
    assert bench.failures() == {}


def test_a_file_that_vanishes_before_it_is_read_is_no_failure(bench: Bench) -> None:
    for name in ("a", "b", "c"):
        save_photo(bench.gallery / f"{name}.png", f"number{name}")
    bench.model.before = lambda: (bench.gallery / "c.png").unlink(missing_ok=True)
    # One thread reads a; c is opened at the latest by then, so it vanishes while b is looked at at the earliest.
    report = bench.build()
    assert report.failures == ()
    assert bench.failures() == {}
    assert {"a.png", "b.png"} <= set(bench.contents())
    assert bench.news[-1].done == bench.news[-1].total == 3


def test_copies_of_a_damaged_photo_fail_for_the_same_reason(bench: Bench) -> None:
    for name in ("a.jpg", "b.jpg", "c.jpg"):
        (bench.gallery / name).write_bytes(b"no picture")
    assert numbers(bench.build(batch_size=1)) == (0, 0, 0, 0, 0, 3)
    assert len(set(bench.failures().values())) == 1
    assert numbers(bench.build()) == (0, 0, 0, 0, 0, 0)


def test_content_decides_not_the_name(bench: Bench) -> None:
    Image.fromarray(photo_of("exit")).save(bench.gallery / "really_png.jpg", "PNG")
    (bench.gallery / "text.png").write_text("hello")
    save_photo(bench.gallery / "b.png", "entry").rename(bench.gallery / "photo.bin")
    report = bench.build(bench.gallery, bench.gallery / "photo.bin")
    assert numbers(report) == (2, 0, 0, 0, 0, 1)
    assert bench.contents() == {"really_png.jpg": ["exit"], "photo.bin": ["entry"]}


def test_the_photo_is_upright_when_it_is_encoded(bench: Bench) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    Image.new("RGB", (60, 40)).save(bench.gallery / "a.jpg", exif=exif)
    bench.build()
    image = next(iter(bench.index.images().values()))
    assert (image.width, image.height) == (40, 60)


def test_force_reads_everything_again(bench: Bench) -> None:
    path = save_photo(bench.gallery / "in" / "a.png", "exit")
    shutil.copy(path, bench.gallery / "in" / "b.png")
    (bench.gallery / "out").mkdir()
    shutil.copy(path, bench.gallery / "out" / "c.png")
    (bench.gallery / "in" / "bad.png").write_bytes(b"bad")
    bench.build()
    before = set(bench.index.images())
    bench.newly_read()
    report = bench.build(bench.gallery / "in", force=True)
    assert numbers(report) == (0, 1, 0, 0, 1, 1)
    assert report.regions == 1
    assert bench.newly_read() == ["exit"]
    assert bench.contents() == {"in/a.png": ["exit"], "in/b.png": ["exit"], "out/c.png": ["exit"]}
    assert before.isdisjoint(bench.index.images())
    assert numbers(bench.build()) == (0, 0, 0, 0, 3, 0)


def test_a_limit_is_a_budget_for_each_run(bench: Bench) -> None:
    for i in range(5):
        save_photo(bench.gallery / f"{i}.png", f"number{i}")
    assert [bench.build(limit=2).added for _ in range(4)] == [2, 2, 1, 0]
    assert not bench.build(limit=2).interrupted


def test_what_cannot_be_read_uses_up_no_limit(bench: Bench) -> None:
    for i in range(6):
        save_photo(bench.gallery / f"{i}.png", f"number{i}")
    save_photo(bench.gallery / "indexed.png", "before")
    bench.build(bench.gallery / "indexed.png")
    bench.newly_read()
    replace(bench.gallery / "indexed.png", "after")
    bench.model.errors = {words: MemoryError() for words in ("number0", "number1", "number2", "after")}
    (bench.gallery / "0.png").rename(bench.gallery / "a.png")  # fails in each run, and comes before "indexed.png"
    assert [bench.build(limit=1).added for _ in range(4)] == [1, 1, 1, 0]
    assert bench.newly_read() == ["number3", "number4", "number5"]
    bench.model.errors = {}
    assert [bench.build(limit=2).added for _ in range(3)] == [1, 2, 0]


def test_files_that_failed_before_are_tried_last(bench: Bench) -> None:
    for i in range(4):
        save_photo(bench.gallery / f"{i}.png", f"number{i}")
    bench.model.errors = {"number0": MemoryError(), "number1": MemoryError()}
    assert bench.build(bench.gallery / "0.png", bench.gallery / "1.png").added == 0
    bench.model.errors = {}
    assert bench.build(limit=2).added == 2
    assert bench.newly_read() == ["number2", "number3"]


def test_a_format_without_a_decoder_is_tried_again_when_there_is_one(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    photo = save_photo(bench.gallery / "a.png", "exit")

    def without_decoder(formats: tuple[object, ...]) -> tuple[object, ...]:
        return tuple(dataclasses.replace(known, available=known.name != "PNG") for known in formats)  # type: ignore

    with monkeypatch.context() as patched:
        patched.setattr(images, "_FORMATS", without_decoder(images._FORMATS))
        assert bench.build().failures[0].reason.startswith("no decoder for PNG")
        assert bench.build(photo).known_failures == 0
    assert numbers(bench.build()) == (1, 0, 0, 0, 0, 0)


def test_every_found_file_is_accounted_for(bench: Bench) -> None:
    for i in range(10):
        save_photo(bench.gallery / f"{i}.png", f"number{i}")
    for i in range(3):
        (bench.gallery / f"bad{i}.png").write_bytes(bytes([i]))
    bench.build()
    (bench.gallery / "0.png").rename(bench.gallery / "moved.png")
    shutil.copy(bench.gallery / "1.png", bench.gallery / "copy.png")
    replace(bench.gallery / "2.png", "replaced")
    os.utime(bench.gallery / "3.png", ns=(3, 3))
    (bench.gallery / "4.png").unlink()
    (bench.gallery / "5.png").write_bytes(b"damaged")
    save_photo(bench.gallery / "new.png", "new")
    (bench.gallery / "new_bad.png").write_bytes(b"worse")
    report = bench.build(jobs=3, batch_size=2)
    assert numbers(report) == (1, 1, 2, 1, 6, 2)
    assert report.known_failures == 3
    known = report.unchanged + report.known_failures
    total = report.added + report.updated + report.moved + known + len(report.failures)
    assert total == len(list(bench.gallery.iterdir())) == bench.news[-1].total == bench.news[-1].done
    assert [failure.path.name for failure in report.failures] == ["5.png", "new_bad.png"]
    assert report.seconds > 0
    assert report.images_per_second > 0


def test_photos_are_only_read(bench: Bench) -> None:
    path = save_photo(bench.gallery / "a.png", "exit")
    before, content = path.stat(), path.read_bytes()
    bench.build()
    after = path.stat()
    assert path.read_bytes() == content
    assert (after.st_mtime_ns, after.st_ctime_ns, after.st_size) == (
        before.st_mtime_ns,
        before.st_ctime_ns,
        before.st_size,
    )
    assert [entry.name for entry in bench.gallery.iterdir()] == ["a.png"]


def test_names_that_are_no_text(bench: Bench) -> None:
    path = Path(os.fsdecode(os.fsencode(bench.gallery) + b"/caf\xe9.png"))
    save_photo(path, "exit")
    Path(os.fsdecode(os.fsencode(bench.gallery) + b"/b\xff.png")).write_bytes(b"bad")
    assert numbers(bench.build()) == (1, 0, 0, 0, 0, 1)
    assert numbers(bench.build()) == (0, 0, 0, 0, 1, 0)
