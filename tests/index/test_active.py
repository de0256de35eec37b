"""Which of a gallery's models answers, and how that changes."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from textsearch.errors import IndexCorruptError, IndexWriteError, TextSearchError
from textsearch.index import derived
from textsearch.index.active import ACTIVE, Generation, active_generation, discard, is_discarded, switch, unfinished


def with_model(generation: Generation, name: str) -> Generation:
    """Return the next generation, its folders made."""
    following = generation.after(name)
    following.index.mkdir(parents=True)
    (following.folder / "weights").mkdir()
    return following


def test_without_a_word_about_it_the_packaged_model_answers(tmp_path: Path) -> None:
    for location in (tmp_path, tmp_path / "not-there-yet"):
        generation = active_generation(location)
        assert (generation.name, generation.index, generation.weights) == (None, location, None)


def test_a_switch_leads_to_the_next_generation_and_back(tmp_path: Path) -> None:
    first = with_model(Generation(tmp_path), "adapted-1")
    switch(first)
    second = with_model(first, "adapted-2")
    switch(second)
    assert active_generation(tmp_path) == second
    assert second.index == tmp_path / "models" / "adapted-2" / "index"
    assert second.weights == tmp_path / "models" / "adapted-2" / "weights"
    switch(second.before())
    assert active_generation(tmp_path) == first
    switch(first.before())
    assert active_generation(tmp_path) == Generation(tmp_path)


def test_a_relative_place_is_the_same_generation(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert active_generation(Path("here")) == active_generation(tmp_path / "here")


def test_a_switch_cut_short_changes_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first = with_model(Generation(tmp_path), "adapted-1")

    def cut_short(descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", cut_short)
    with pytest.raises(IndexWriteError, match="No space left"):
        switch(first)
    assert active_generation(tmp_path) == Generation(tmp_path)


def test_a_switch_is_on_the_disk_when_it_returns(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Undoing an adaptation removes the newer model next: a power cut must not bring back that it answers."""
    synced: list[Path] = []
    monkeypatch.setattr(derived, "_sync_folder", synced.append)
    (tmp_path / f"{ACTIVE}.0123abcd.tmp").touch()
    os.utime(tmp_path / f"{ACTIVE}.0123abcd.tmp", (1, 1))
    switch(with_model(Generation(tmp_path), "adapted-1"))
    assert synced == [tmp_path]
    assert [path.name for path in tmp_path.glob("active*")] == [ACTIVE]


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"{", "damaged"),
        (b"[]", "damaged"),
        (b"{}", "damaged"),
        (b"\xff", "utf-8"),
        (b'{"models": ["x"]}', "x is gone"),
    ],
)
def test_damage_is_told_with_the_way_out(tmp_path: Path, content: bytes, reason: str) -> None:
    (tmp_path / ACTIVE).write_bytes(content)
    with pytest.raises(IndexCorruptError, match=f"{reason}.*delete this file"):
        active_generation(tmp_path)


def test_what_no_answering_model_was_made_from_is_unfinished(tmp_path: Path) -> None:
    assert unfinished(Generation(tmp_path)) == []
    first = with_model(Generation(tmp_path), "adapted-1")
    second = with_model(first, "adapted-2")
    assert [folder.name for folder in unfinished(first)] == ["adapted-2"]
    assert unfinished(second) == []


def test_a_removal_cut_short_leaves_no_model(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first = with_model(Generation(tmp_path), "adapted-1")
    monkeypatch.setattr(shutil, "rmtree", lambda *arguments, **options: None)
    discard(first.folder)
    (left,) = unfinished(Generation(tmp_path))
    assert is_discarded(left)
    monkeypatch.undo()
    discard(left)
    assert unfinished(Generation(tmp_path)) == []


def test_a_folder_that_may_not_be_read_is_no_damaged_index(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> str:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "read_text", refuse)
    with pytest.raises(TextSearchError, match="may not be read") as caught:
        active_generation(tmp_path)
    assert not isinstance(caught.value, IndexCorruptError)
