"""The scan finds pictures by name and attributes, always in the same order, and opens nothing."""

from __future__ import annotations

import os
from pathlib import Path
from types import SimpleNamespace

import pytest

from tests.indexer.bench import forbid_listing
from textsearch.errors import TextSearchError
from textsearch.indexer.load import identify
from textsearch.indexer.options import IndexOptions
from textsearch.indexer.scan import RefusedPath, Scan, absolute, scan


@pytest.fixture
def root(tmp_path: Path) -> Path:
    folder = (tmp_path / "photos").resolve()
    folder.mkdir()
    return folder


def put(root: Path, *names: str) -> None:
    for name in names:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_bytes(b"x")


def names(found: Scan, root: Path) -> list[str]:
    return [file.path.relative_to(root).as_posix() for file in found.files]


def reasons(found: Scan) -> dict[str, str]:
    return {refused.path.name: refused.reason for refused in found.refused}


def test_pictures_are_found_sorted_and_others_ignored(root: Path) -> None:
    put(root, "b.jpg", "a.PNG", "notes.txt", "trip/c.webp", "trip/deep/d.TIFF", "e.jpeg", "noextension")
    found = scan([root], IndexOptions())
    assert names(found, root) == ["a.PNG", "b.jpg", "e.jpeg", "trip/c.webp", "trip/deep/d.TIFF"]
    assert found.refused == ()
    status = (root / "b.jpg").stat()
    file = next(file for file in found.files if file.path.name == "b.jpg")
    assert (file.size, file.mtime_ns) == (1, status.st_mtime_ns)


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        (IndexOptions(recursive=False), ["a.jpg", "b.png"]),
        (IndexOptions(hidden=True), [".c.jpg", ".cache/d.jpg", "a.jpg", "b.png", "sub/e.jpg", "sub/raw/f.png"]),
        (IndexOptions(include=("*.png",)), ["b.png", "sub/raw/f.png"]),
        (IndexOptions(include=("*.PNG",), exclude=("SUB",)), ["b.png"]),
        (IndexOptions(include=("sub/*",)), ["sub/e.jpg", "sub/raw/f.png"]),
        (IndexOptions(exclude=("raw",)), ["a.jpg", "b.png", "sub/e.jpg"]),
        (IndexOptions(exclude=("sub/raw/*", "a.*")), ["b.png", "sub/e.jpg"]),
        (IndexOptions(include=("*.png",), exclude=("b.*",)), ["sub/raw/f.png"]),
    ],
)
def test_options_choose(root: Path, options: IndexOptions, expected: list[str]) -> None:
    put(root, "a.jpg", "b.png", ".c.jpg", ".cache/d.jpg", "sub/e.jpg", "sub/raw/f.png", ".textsearch/g.png")
    assert names(scan([root], options), root) == expected


def test_a_file_named_by_the_user_is_taken_whatever_its_name(root: Path) -> None:
    put(root, "scan.dat", ".hidden.jpg", "other.dat")
    found = scan([root / "scan.dat", root / ".hidden.jpg"], IndexOptions())
    assert names(found, root) == [".hidden.jpg", "scan.dat"]


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        (IndexOptions(exclude=("*thumb*",)), [".b.jpg", "a.jpg", "sub/c.png"]),
        (IndexOptions(exclude=("sub/*", "thumb_a.jpg")), [".b.jpg", "a.jpg"]),
        (IndexOptions(include=("*.jpg",), exclude=("*thumb*",)), [".b.jpg", "a.jpg"]),
    ],
)
def test_patterns_choose_among_the_files_that_are_named(
    root: Path, monkeypatch: pytest.MonkeyPatch, options: IndexOptions, expected: list[str]
) -> None:
    """As from `find . -type f | textsearch index -`."""
    files = ["./a.jpg", "./.b.jpg", "./sub/c.png", "./thumb_a.jpg"]
    put(root, *files)
    monkeypatch.chdir(root)
    assert names(scan([Path(file) for file in files], options), root) == expected


def test_a_folder_is_entered_once_where_files_have_no_numbers(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    put(root, "one/a.jpg", "two/b.jpg", "c.jpg")
    (root / "one" / "up").symlink_to(root)
    real = Path.stat

    def numberless(path: Path, **options: bool) -> object:
        status = real(path, **options)
        kept = {name: getattr(status, name) for name in ("st_mode", "st_dev", "st_size", "st_mtime_ns")}
        return SimpleNamespace(st_ino=0, **kept)

    monkeypatch.setattr(Path, "stat", numberless)
    assert names(scan([root], IndexOptions(follow_links=True)), root) == ["c.jpg", "one/a.jpg", "two/b.jpg"]


def test_sources_that_overlap_are_taken_once(root: Path) -> None:
    put(root, "sub/a.jpg", "b.jpg")
    found = scan([root / "sub", root, root / "b.jpg", root / "sub" / ".." / "b.jpg"], IndexOptions())
    assert names(found, root) == ["b.jpg", "sub/a.jpg"]


def test_a_missing_source_does_not_stop_the_others(root: Path) -> None:
    put(root, "a.jpg")
    found = scan([root / "nowhere", root / "a.jpg"], IndexOptions())
    assert names(found, root) == ["a.jpg"]
    assert found.missing == {root / "nowhere"}
    assert found.refused == ()


def test_what_looks_like_a_picture_and_is_none(root: Path) -> None:
    put(root, "folder.jpg/inside.png")
    os.mkfifo(root / "pipe.png")
    (root / "dangling.jpg").symlink_to(root / "gone.jpg")
    (root / "circle.jpg").symlink_to(root / "circle.jpg")
    (root / "dangling").symlink_to(root / "gone")
    found = scan([root], IndexOptions())
    assert names(found, root) == ["folder.jpg/inside.png"]
    assert reasons(found) == {
        "circle.jpg": "is a link that leads back to itself",
        "dangling.jpg": "is a link to a file that does not exist",
        "folder.jpg": "is a directory, not a picture",
        "pipe.png": "is a device or pipe, not a file",
    }
    assert reasons(scan([root / "folder.jpg"], IndexOptions())) == {}  # named as a folder, it may be called anything


def test_a_source_that_is_a_link_to_nowhere_is_missing(root: Path) -> None:
    (root / "photos").symlink_to(root / "disk")
    found = scan([root / "photos"], IndexOptions())
    assert found.missing == {root / "photos"}
    assert not found.refused and not found.files


def test_links_to_files_are_read_and_links_to_folders_on_request(root: Path) -> None:
    put(root, "album/a.jpg")
    outside = root.parent / "outside"
    put(outside, "b.jpg")
    (root / "c.jpg").symlink_to(outside / "b.jpg")
    (root / "linked").symlink_to(outside)
    assert names(scan([root], IndexOptions()), root) == ["album/a.jpg", "c.jpg"]
    assert names(scan([root], IndexOptions(follow_links=True)), root) == ["album/a.jpg", "c.jpg", "linked/b.jpg"]


def test_links_in_circles_end(root: Path) -> None:
    put(root, "z/a.jpg")
    (root / "z" / "up").symlink_to(root)
    (root / "again").symlink_to(root / "z")
    # The folder is known by its own name, although a link to it sorts before it.
    assert names(scan([root], IndexOptions(follow_links=True)), root) == ["z/a.jpg"]


def test_a_source_reached_through_a_link_has_one_name(root: Path) -> None:
    put(root, "a.jpg")
    (root.parent / "link").symlink_to(root)
    assert names(scan([root.parent / "link"], IndexOptions()), root) == ["a.jpg"]
    (root / "alias.jpg").symlink_to("a.jpg")
    assert absolute(root.parent / "link" / "alias.jpg") == root / "alias.jpg"


def test_a_source_can_keep_the_name_that_it_was_given(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    put(root, "album/a.jpg")
    (root / "link").symlink_to(root / "album")
    options = IndexOptions(as_named=True)
    for sources in ([root / "link" / "a.jpg", root / "album"], [root / "link"]):
        found = scan(sources, options)
        assert found.sources == tuple(sources)
        assert names(found, root)[-1] == "link/a.jpg"
    monkeypatch.chdir(root)
    assert names(scan([Path("link/a.jpg")], options), Path.cwd()) == ["link/a.jpg"]


def test_a_relative_source(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    put(root, "a.jpg", "sub/b.jpg")
    monkeypatch.chdir(root / "sub")
    assert names(scan([Path("..")], IndexOptions()), root) == ["a.jpg", "sub/b.jpg"]
    assert names(scan([Path()], IndexOptions()), root) == ["sub/b.jpg"]
    assert names(scan([Path("b.jpg")], IndexOptions()), root) == ["sub/b.jpg"]


def test_a_folder_that_cannot_be_listed_is_refused_for_now(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    put(root, "a.jpg", "locked/b.jpg")
    forbid_listing(monkeypatch, "locked")
    found = scan([root], IndexOptions())
    assert names(found, root) == ["a.jpg"]
    assert found.refused == (RefusedPath(root / "locked", "no permission to read it", temporary=True),)
    assert found.unlisted == {root / "locked"}


def test_a_scan_can_be_stopped(root: Path) -> None:
    put(root, "a.jpg")
    assert scan([root], IndexOptions(), lambda: True).files == ()


def test_names_that_are_no_text_are_found(root: Path) -> None:
    raw = os.fsencode(root) + b"/caf\xe9.jpg"
    with open(raw, "wb") as stream:  # noqa: PTH123 - such a name exists only as bytes
        stream.write(b"x")
    assert [os.fsencode(file.path) for file in scan([root], IndexOptions()).files] == [raw]


@pytest.mark.parametrize("name", ["jobs", "batch_size", "checkpoint_every", "limit"])
def test_numbers_that_make_no_sense_are_refused(name: str) -> None:
    with pytest.raises(TextSearchError, match=f"^{name} must be at least 1, not 0$"):
        IndexOptions(**{name: 0})  # type: ignore[arg-type]


@pytest.mark.parametrize("date", [10**19, -(10**19)])
def test_a_date_far_away_is_cut_to_what_the_index_can_hold(root: Path, date: int) -> None:
    put(root, "a.jpg")
    os.utime(root / "a.jpg", ns=(1, date))
    (file,) = scan([root], IndexOptions()).files
    with (root / "a.jpg").open("rb") as stream:
        assert identify(stream).mtime_ns == file.mtime_ns
    assert abs(file.mtime_ns) < 2**63
