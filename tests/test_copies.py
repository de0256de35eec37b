"""Of several copies of a photo, one that is there is named."""

from __future__ import annotations

import shutil
from pathlib import Path

from tests.fakes import FakeModel, save_photo
from textsearch.copies import present_first
from textsearch.database import Database


def test_the_first_that_is_there_comes_first(tmp_path: Path) -> None:
    a, b, c = (tmp_path / name for name in "abc")
    assert present_first([a, b, c]) == (a, b, c)
    c.touch()
    b.mkdir()
    assert present_first([a, b, c]) == (c, a, b)
    a.touch()
    assert present_first([a, b, c]) == (a, b, c)
    assert present_first([tmp_path / "gone"]) == (tmp_path / "gone",)


def test_hits_after_the_gallery_got_another_path_name_files_that_are_there(tmp_path: Path) -> None:
    old, new = tmp_path / "a_before", tmp_path / "b_now"
    save_photo(old / "exit.png", "EXIT")
    with Database(tmp_path / "index", FakeModel()) as database:
        database.index(old)
        old.rename(new)
        database.index(new)
        (hit,) = database.search("exit", 1)
        assert (hit.path, hit.copies) == (new / "exit.png", (old / "exit.png",))
        shutil.copytree(new, old)
        (hit,) = database.search("exit", 1)
        assert (hit.path, hit.copies) == (old / "exit.png", (new / "exit.png",))
