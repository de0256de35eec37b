"""What is gone, and what may come back with its disk."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.indexer.bench import forbid_listing
from textsearch.index.folder import KnownFile
from textsearch.indexer.options import IndexOptions
from textsearch.indexer.scan import scan
from textsearch.indexer.vanished import Vanished, is_surely_gone, vanished


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """Return a source that holds a photo."""
    folder = (tmp_path / "photos").resolve()
    folder.mkdir()
    put(folder, "keep.jpg")
    return folder


def put(root: Path, *names: str) -> None:
    for name in names:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_bytes(b"x")


def known(path: Path, *, failed: bool = False) -> KnownFile:
    return KnownFile(path, "0" * 64, 1, 1, failed, "bad" if failed else None)


def missed(root: Path, *names: str, **options: object) -> Vanished:
    """Return what a scan of the root says of known files."""
    found = scan([root], IndexOptions(**options))  # type: ignore[arg-type]
    return vanished([known(root / name) for name in names], found)


def places(result: Vanished) -> dict[str, list[str]]:
    """Return the names of the doubtful files by the name of the place."""
    return {doubtful.end.name: [file.path.name for file in doubtful.files] for doubtful in result.doubtful}


def test_gone_are_only_files_that_are_no_longer_there(root: Path) -> None:
    put(root, "a.jpg", ".hidden.jpg", "skipped/b.png", "now_a_folder/c.jpg")
    (root / "dangling.jpg").symlink_to(root / "gone.jpg")
    gone = [known(root / "gone.jpg"), known(root / "folder" / "gone.jpg"), known(root / "a.jpg" / "below.jpg")]
    gone += [known(root / "now_a_folder"), known(root / "failed.jpg", failed=True)]
    there = [known(root / name) for name in ("a.jpg", ".hidden.jpg", "skipped/b.png", "dangling.jpg")]
    assert vanished(there + gone, scan([root], IndexOptions(exclude=("skipped",)))) == Vanished(gone)


def test_of_what_cannot_be_listed_nobody_can_tell(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    put(root, "locked/a.jpg")
    forbid_listing(monkeypatch, "locked")
    assert missed(root, "locked/b.jpg", "locked/deep/c.jpg") == Vanished()
    result = missed(root, "locked/b.jpg", exclude=("locked",))
    assert [doubtful.reason for doubtful in result.doubtful] == ["the folder cannot be listed"]


@pytest.mark.parametrize(
    "options", [{}, {"recursive": False}, {"exclude": ("disk",)}, {"exclude": ("sub",)}], ids=["all", "flat", "x", "xs"]
)
@pytest.mark.parametrize("mount", ["disk", "sub/disk"])
def test_an_empty_folder_anywhere_may_be_a_disk_that_is_not_mounted(
    root: Path, mount: str, options: dict[str, object]
) -> None:
    (root / mount).mkdir(parents=True)
    result = missed(root, f"{mount}/a.jpg", f"{mount}/deep/b.jpg", "gone.jpg", **options)
    assert [file.path.name for file in result.gone] == ["gone.jpg"]
    assert places(result) == {"disk": ["a.jpg", "b.jpg"]}


def test_an_empty_source_may_be_a_disk_that_is_not_mounted(root: Path) -> None:
    (root / "keep.jpg").unlink()
    assert places(missed(root, "a.jpg")) == {"photos": ["a.jpg"]}


@pytest.mark.parametrize("follow", [True, False])
@pytest.mark.parametrize("link", ["disk", "disk.jpg"])
@pytest.mark.parametrize("target", ["nowhere", "empty"])
def test_a_followed_link_may_lead_to_a_disk_that_is_not_mounted(
    root: Path, link: str, target: str, follow: bool
) -> None:
    (root.parent / "empty").mkdir()
    (root / link).symlink_to(root.parent / target)
    result = missed(root, f"{link}/sub/a.jpg", follow_links=follow)
    assert result.gone == []
    assert places(result) == {link: ["a.jpg"]}
    assert result.doubtful[0].reason == {"nowhere": "the link leads nowhere", "empty": "the folder is empty"}[target]


def test_what_lay_in_a_folder_that_is_not_empty_is_gone(root: Path) -> None:
    put(root, "album/other.txt", "file")
    (root / "link").symlink_to("file")
    result = missed(root, "album/a.jpg", "removed/a.jpg", "file/a.jpg", "link/a.jpg")
    assert len(result.gone) == 4
    assert result.doubtful == []


def test_what_is_named_and_missing_may_come_back(root: Path) -> None:
    found = scan([root, root / "disk", root / "a.jpg"], IndexOptions())
    assert vanished([known(root / "disk" / "b.jpg"), known(root / "a.jpg")], found) == Vanished()


def test_a_file_is_surely_gone_while_its_folder_still_holds_something(root: Path) -> None:
    assert is_surely_gone(root / "a.jpg")
    assert is_surely_gone(root / "folder" / "a.jpg")
    assert not is_surely_gone(root / "keep.jpg")
    (root / "keep.jpg").unlink()
    assert not is_surely_gone(root / "a.jpg")


def test_a_drive_that_is_gone_altogether_may_come_back(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As on Windows, where the way to a file begins with the letter of a drive."""

    def refuse(path: Path) -> None:
        raise FileNotFoundError(2, "No such file or directory")

    monkeypatch.setattr("textsearch.indexer.vanished.is_gone", lambda path: True)
    monkeypatch.setattr("textsearch.indexer.vanished.os.scandir", refuse)
    assert not is_surely_gone(root / "a.jpg")
