from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli.conftest import Run
from tests.cli.stub import StubDatabase, a_hit, a_match, a_report, a_result
from textsearch import demo


@pytest.fixture
def answers(database: StubDatabase, monkeypatch: pytest.MonkeyPatch) -> StubDatabase:
    """Each question finds its picture; drawing is left out, for it takes seconds."""

    def draw(folder: Path) -> list[demo.Scene]:
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "lorry.jpg").write_bytes(b"drawn")
        return [demo.Scene(folder / "lorry.jpg", ("COCA", "COLA"))]

    monkeypatch.setattr(demo, "draw_gallery", draw)
    database.report = a_report(added=13, regions=30)
    for question in demo.QUESTIONS:
        database.results[question.query] = a_result(a_hit(1, Path(question.answer), a_match("READ")))
    return database


def test_the_story_is_told_and_nothing_is_left(run: Run, answers: StubDatabase) -> None:
    outcome = run("demo")
    assert outcome.code == 0
    assert "Read 13 of them in 2.0 s and found 30 texts." in outcome.out
    assert '"hottel": misspelt' in outcome.out
    assert "6 of 6 queries found their picture first." in outcome.out
    opened = next(asked[1] for asked in answers.asked if isinstance(asked, tuple) and asked[0] == "open")
    assert opened.name == ".textsearch"
    assert not opened.parent.exists()


def test_a_wrong_answer_is_named_and_is_exit_code_1(run: Run, answers: StubDatabase) -> None:
    answers.results["exit"] = a_result(a_hit(1, Path("lake.jpg"), kind="similar"))
    outcome = run("demo")
    assert outcome.code == 1
    assert "WRONG: corridor.jpg should be first" in outcome.out
    assert "5 of 6" in outcome.out


def test_a_folder_is_kept_and_can_be_used_again(run: Run, answers: StubDatabase, tmp_path: Path) -> None:
    folder = tmp_path / "new" / "drawn"
    for _ in range(2):
        outcome = run("demo", folder)
        assert outcome.code == 0
    assert (folder / "lorry.jpg").exists()
    assert f'--index "{folder / ".textsearch"}"' in outcome.out


def test_a_folder_with_anything_else_is_refused(run: Run, answers: StubDatabase, tmp_path: Path) -> None:
    (tmp_path / "holiday.jpg").write_bytes(b"mine")
    outcome = run("demo", tmp_path)
    assert (outcome.code, outcome.out) == (2, "")
    assert "holiday.jpg" in outcome.err


def test_a_file_in_place_of_the_folder_is_refused(run: Run, answers: StubDatabase, tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"mine")
    assert run("demo", tmp_path / "file").code == 2
    assert run("demo", tmp_path / "file" / "below").code == 2
