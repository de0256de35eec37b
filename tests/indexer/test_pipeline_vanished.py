"""What a run forgets, and what it keeps because a disk may come back."""

from __future__ import annotations

import shutil

import pytest

from tests.fakes import save_photo
from tests.indexer.bench import Bench, numbers


def test_vanished_photos_are_removed(bench: Bench) -> None:
    save_photo(bench.gallery / "a.png", "exit")
    path = save_photo(bench.gallery / "b.png", "entry")
    (bench.gallery / "bad.png").write_bytes(b"bad")
    bench.build()
    path.unlink()
    (bench.gallery / "bad.png").unlink()
    assert numbers(bench.build()) == (0, 0, 0, 1, 1, 0)  # a failure is no photo
    assert bench.contents() == {"a.png": ["exit"]}
    assert bench.failures() == {}


def test_only_the_scanned_sources_lose_photos(bench: Bench) -> None:
    one = save_photo(bench.gallery / "one" / "a.png", "exit")
    (bench.gallery / "one" / "notes.txt").touch()
    save_photo(bench.gallery / "two" / "b.png", "entry")
    bench.build()
    one.unlink()
    assert numbers(bench.build(bench.gallery / "two")) == (0, 0, 0, 0, 1, 0)
    assert numbers(bench.build(bench.gallery)) == (0, 0, 0, 1, 1, 0)


def test_links_to_a_disk_that_is_not_mounted_keep_what_was_read(bench: Bench) -> None:
    disk = bench.gallery.parent / "disk"
    save_photo(disk / "a.png", "exit")
    (bench.gallery / "a.png").symlink_to(disk / "a.png")
    bench.build()
    disk.rename(disk.parent / "unplugged")
    report = bench.build()
    assert [failure.reason for failure in report.failures] == ["is a link to a file that does not exist"]
    assert bench.contents() == {"a.png": ["exit"]}
    (disk.parent / "unplugged").rename(disk)
    assert numbers(bench.build()) == (0, 0, 0, 0, 1, 0)  # nothing is read again


def test_skipping_files_does_not_remove_them(bench: Bench) -> None:
    save_photo(bench.gallery / "a.png", "exit")
    save_photo(bench.gallery / "sub" / "b.png", "entry")
    bench.build()
    assert numbers(bench.build(exclude=("sub",))) == (0, 0, 0, 0, 1, 0)
    assert len(bench.contents()) == 2


def test_a_disk_that_is_not_mounted_does_not_empty_the_index(bench: Bench) -> None:
    save_photo(bench.gallery / "disk" / "a.png", "exit")
    bench.build(bench.gallery / "disk")
    shutil.rmtree(bench.gallery / "disk")
    missing = bench.build(bench.gallery / "disk")
    assert numbers(missing) == (0, 0, 0, 0, 0, 1)
    assert missing.failures[0].reason == "there is no such file or folder"
    assert bench.contents() == {"disk/a.png": ["exit"]}
    assert bench.failures() == {}
    (bench.gallery / "disk").mkdir()  # its mount point
    report = bench.build(bench.gallery / "disk")
    assert numbers(report) == (0, 0, 0, 0, 0, 1)
    assert report.failures[0].reason.startswith("the folder is empty, but 1 photos are indexed from it; they are kept")
    assert bench.contents() == {"disk/a.png": ["exit"]}


@pytest.mark.parametrize("linked", [False, True])
def test_a_disk_below_the_gallery_that_is_not_mounted_keeps_its_photos(bench: Bench, linked: bool) -> None:
    save_photo(bench.gallery / "a.png", "exit")
    disk = bench.gallery / "disk"
    if linked:
        disk.symlink_to(bench.gallery.parent / "mount")
        disk = bench.gallery.parent / "mount"
    save_photo(disk / "sub" / "b.png", "entry")
    save_photo(disk / "c.png", "hotel")
    bench.build(follow_links=linked)
    before = bench.contents()
    assert len(before) == 3
    disk.rename(bench.gallery.parent / "not mounted")
    if not linked:
        disk.mkdir()
    report = bench.build(follow_links=linked)
    assert numbers(report) == (0, 0, 0, 0, 1, 1)
    (failure,) = report.failures
    assert failure.path == bench.gallery / "disk"
    state = "the link leads nowhere" if linked else "the folder is empty"
    assert failure.reason.startswith(f"{state}, but 2 photos are indexed from it; they are kept")
    assert "textsearch prune removes them" in failure.reason
    assert bench.contents() == before
    if not linked:
        disk.rmdir()
    (bench.gallery.parent / "not mounted").rename(disk)
    assert numbers(bench.build(follow_links=linked)) == (0, 0, 0, 0, 3, 0)


def test_a_folder_that_was_emptied_by_moving_its_photos_is_no_disk(bench: Bench) -> None:
    for name in ("a", "b"):
        save_photo(bench.gallery / "old" / f"{name}.png", f"number{name}")
    shutil.copy(bench.gallery / "old" / "b.png", bench.gallery / "old" / "copy.png")
    bench.build()
    bench.newly_read()
    (bench.gallery / "new").mkdir()
    for photo in (bench.gallery / "old").iterdir():
        photo.rename(bench.gallery / "new" / photo.name)
    assert numbers(bench.build()) == (0, 0, 3, 0, 0, 0)
    assert set(bench.contents()) == {"new/a.png", "new/b.png", "new/copy.png"}
    assert bench.newly_read() == []


def test_what_was_moved_out_of_an_emptied_folder_is_forgotten_and_the_rest_kept(bench: Bench) -> None:
    for name in ("a", "b"):
        save_photo(bench.gallery / "old" / f"{name}.png", f"number{name}")
    bench.build()
    (bench.gallery / "old" / "a.png").rename(bench.gallery / "a.png")
    (bench.gallery / "old" / "b.png").unlink()
    report = bench.build()
    assert numbers(report) == (0, 0, 1, 0, 0, 1)
    assert "1 photos" in report.failures[0].reason
    assert set(bench.contents()) == {"a.png", "old/b.png"}
