from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from tests.cli.conftest import Run
from tests.cli.stub import StubDatabase, a_hit, a_match, a_result
from tests.fakes import save_photo


@pytest.fixture
def page(database: StubDatabase, tmp_path: Path) -> Path:
    """Where the page is to be; "exit" has one hit."""
    photo = save_photo(tmp_path / "photo.png", "EXIT")
    database.results["exit"] = a_result(a_hit(1, photo, a_match("EXIT")), query="exit")
    return tmp_path / "hits.html"


def test_the_hits_become_a_page(run: Run, database: StubDatabase, page: Path) -> None:
    outcome = run("report", "exit", "-o", page, "-k", "5", "--match", "exact", "--min-score", "7")
    assert (outcome.code, outcome.out) == (0, "")
    assert outcome.err.startswith(f"1 photo on {page}, ")
    assert page.read_text("utf-8").startswith("<!DOCTYPE html>")
    assert ("exit", 5, 7.0) in database.asked
    assert database.options["match"] == "exact"


def test_a_page_that_is_there_is_replaced_only_if_asked(run: Run, database: StubDatabase, page: Path) -> None:
    page.write_text("mine")
    outcome = run("report", "exit", "-o", page)
    assert outcome.code == 2
    assert "--force" in outcome.err
    assert page.read_text() == "mine"
    assert all(asked[0] != "exit" for asked in database.asked)
    assert run("report", "exit", "-o", page, "--force").code == 0
    assert page.read_text("utf-8").startswith("<!DOCTYPE html>")


def test_an_indexed_photo_is_never_replaced(run: Run, database: StubDatabase, page: Path, tmp_path: Path) -> None:
    photo = tmp_path / "photo.png"
    database.indexed = {photo}
    before = photo.read_bytes()
    outcome = run("report", "exit", "-o", photo, "--force")
    assert outcome.code == 2
    assert "indexed photo" in outcome.err
    assert photo.read_bytes() == before


def test_the_picture_asked_about_is_never_replaced(
    run: Run, database: StubDatabase, page: Path, tmp_path: Path
) -> None:
    photo = tmp_path / "photo.png"
    before = photo.read_bytes()
    database.results[str(photo)] = database.results["exit"]
    outcome = run("report", "--like", photo, "-o", photo, "--force")
    assert outcome.code == 2
    assert "photo itself" in outcome.err
    assert photo.read_bytes() == before


def test_nothing_found_writes_no_page(run: Run, database: StubDatabase, tmp_path: Path) -> None:
    database.results["taxe"] = replace(a_result(query="taxe"), nearest=("TAXI",))
    assert run("report", "unseen", "-o", tmp_path / "x.html").err == "nothing found; no page was written\n"
    outcome = run("report", "taxe", "-o", tmp_path / "x.html")
    assert (outcome.code, '"TAXI"' in outcome.err) == (1, True)
    assert not (tmp_path / "x.html").exists()


@pytest.mark.parametrize("arguments", [("exit",), ("-o", "x.html"), ("exit", "--like", "a.jpg", "-o", "x.html")])
def test_misuse_is_exit_code_2(run: Run, database: StubDatabase, arguments: tuple[str, ...]) -> None:
    outcome = run("report", *arguments)
    assert (outcome.code, outcome.out) == (2, "")
    assert database.asked == []


def test_a_folder_that_is_not_there_is_one_sentence(run: Run, page: Path, tmp_path: Path) -> None:
    outcome = run("report", "exit", "-o", tmp_path / "no" / "x.html")
    assert (outcome.code, outcome.err.count("\n")) == (2, 1)
    assert "cannot be written" in outcome.err
