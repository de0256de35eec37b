"""The commands one after the other on a real index, with the fake network."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from tests.cli.conftest import COMMANDS, Outcome, Run
from tests.fakes import FakeModel, save_photo
from textsearch.cli import main
from textsearch.database import Database
from textsearch.database import open as open_at


@pytest.fixture
def gallery(tmp_path: Path) -> Path:
    save_photo(tmp_path / "gallery/atlanta.png", "COCA", "COLA")
    save_photo(tmp_path / "gallery/sub/door.png", "EXIT")
    (tmp_path / "gallery/broken.jpg").write_bytes(b"")
    return tmp_path / "gallery"


@pytest.fixture
def run_for_real(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Run commands with an index that $TEXTSEARCH_INDEX names, and the fake network."""
    monkeypatch.setenv("TEXTSEARCH_INDEX", str(tmp_path / "index"))

    def open_with_fake(index: Path | None, preset: str | None = None) -> Database:
        return open_at(index=index, model=FakeModel())

    for module in COMMANDS:
        monkeypatch.setattr(module, "open_database", open_with_fake)

    def command(*arguments: str | Path) -> Outcome:
        result = CliRunner().invoke(main.app, [str(argument) for argument in arguments])
        if result.exception is not None and not isinstance(result.exception, SystemExit):
            raise result.exception
        return Outcome(result.exit_code, result.stdout_bytes, result.stderr)

    return command


def test_from_photos_to_hits_and_back(run_for_real: Run, gallery: Path, tmp_path: Path) -> None:
    run = run_for_real
    outcome = run("query", "exit")
    assert (outcome.code, outcome.err.count("\n")) == (2, 1)  # there is no index yet

    outcome = run("index", gallery)
    assert outcome.code == 0
    assert outcome.err.startswith("2 added, 1 failed; 3 texts")

    hits = json.loads(run("coca cola", "--json").out)["hits"]
    assert hits[0]["path"] == str(gallery / "atlanta.png")
    assert hits[0]["match"] == "exact"
    assert run("query", "exit", "-l").out.splitlines()[0] == str(gallery / "sub/door.png")

    assert "“exit” is there, letter for letter." in run("query", "exit", "--explain").out
    assert run("report", "exit", "-o", tmp_path / "hits.html").code == 0
    assert "<mark>EXIT</mark>" in (tmp_path / "hits.html").read_text("utf-8")
    assert run("show", gallery / "sub/door.png", "--find", "exi").out.split("\t")[2] == "partial"

    assert run("status", "--failed").out.startswith(f"{gallery / 'broken.jpg'}\t")
    assert json.loads(run("status", "--json").out)["images"] == 2

    outcome = run("index", gallery, "--strict")  # the broken file did not change and is not tried again
    assert (outcome.code, "2 unchanged" in outcome.err) == (0, True)
    assert run("index", gallery, "--strict", "--retry-failed").code == 2

    assert [line.split("\t")[-1] for line in run("show", gallery / "atlanta.png").out.splitlines()] == ["COCA", "COLA"]
    outcome = run("show", gallery / "atlanta.png", "--out", gallery / "sub/door.png")
    assert (outcome.code, "indexed photo" in outcome.err) == (2, True)

    (gallery / "sub/door.png").unlink()
    assert run("prune", "--dry-run").out == f"{gallery / 'sub/door.png'}\n"
    assert run("prune", "--yes").code == 0
    assert json.loads(run("status", "--json").out)["images"] == 1


@pytest.mark.parametrize("arguments", [("query", "x"), ("status",), ("status", "--failed"), ("prune", "--yes")])
def test_without_an_index_the_next_command_is_named(run_for_real: Run, arguments: tuple[str, ...]) -> None:
    outcome = run_for_real(*arguments)
    assert (outcome.code, outcome.out, outcome.err.count("\n")) == (2, "", 1)
    assert "textsearch index" in outcome.err


@pytest.mark.parametrize(
    "arguments", [("index", "no/such/folder"), ("show", "no-such.jpg"), ("query", " "), ("query", "?!")]
)
def test_bad_input_is_one_sentence(run_for_real: Run, arguments: tuple[str, ...], gallery: Path) -> None:
    run_for_real("index", gallery, "-q")
    outcome = run_for_real(*arguments)
    assert (outcome.code, outcome.out) == (2, "")
    assert outcome.err.startswith("textsearch: ")
    assert outcome.err.count("\n") == 1


def test_a_photo_is_one_photo_from_wherever_it_is_named(
    run_for_real: Run, gallery: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = run_for_real
    run("index", gallery)
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    (tmp_path / "link.png").symlink_to(gallery / "sub" / "door.png")
    (tmp_path / "other").symlink_to(gallery)
    before = (gallery / "sub/door.png").read_bytes()
    for out in ("../gallery/sub/door.png", "../other/sub/door.png", "../link.png"):
        for command in (("show", "../gallery/atlanta.png", "--force"), ("report", "coca", "--force")):
            outcome = run(*command, "-o", out)
            assert (outcome.code, "is an indexed photo" in outcome.err) == (2, True)
    assert (gallery / "sub/door.png").read_bytes() == before
    for photo in ("../gallery/sub/door.png", "../other/sub/door.png", "../link.png"):
        assert run("show", photo, "--find", "exit").out.split("\t")[3] == str(gallery / "sub/door.png")


def test_a_disk_that_is_not_mounted_is_named_at_once(run_for_real: Run, gallery: Path) -> None:
    run = run_for_real
    run("index", gallery)
    gallery.rename(gallery.with_name("unmounted"))
    gallery.mkdir()
    outcome = run("index", gallery, "--quiet")
    assert outcome.err.startswith(f"{gallery}: the folder is empty, but 2 photos are indexed from it")
    assert "--failed" not in outcome.err
