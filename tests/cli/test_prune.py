from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli.conftest import Run
from tests.cli.stub import StubDatabase
from textsearch.cli import prune


@pytest.fixture
def gone(database: StubDatabase) -> StubDatabase:
    database.gone = [Path("/g/a.jpg"), Path("/g/b.jpg")]
    return database


def test_dry_run_lists_and_changes_nothing(run: Run, gone: StubDatabase) -> None:
    outcome = run("prune", "--dry-run")
    assert (outcome.code, outcome.out) == (0, "/g/a.jpg\n/g/b.jpg\n")
    assert ("prune", False) not in gone.asked


def test_yes_forgets(run: Run, gone: StubDatabase) -> None:
    outcome = run("prune", "--yes")
    assert (outcome.code, outcome.err) == (0, "2 photos forgotten\n")
    assert ("prune", False) in gone.asked


def test_without_anybody_to_ask_it_refuses(run: Run, gone: StubDatabase) -> None:
    outcome = run("prune")
    assert outcome.code == 2
    assert "--yes" in outcome.err
    assert ("prune", False) not in gone.asked


@pytest.mark.parametrize(("answer", "code", "forgotten"), [(True, 0, True), (False, 1, False)])
def test_at_a_terminal_it_asks(
    run: Run, gone: StubDatabase, monkeypatch: pytest.MonkeyPatch, answer: bool, code: int, forgotten: bool
) -> None:
    monkeypatch.setattr(prune, "_somebody_there", lambda: True)
    assert run("prune", stdin=b"y\n" if answer else b"n\n").code == code
    assert (("prune", False) in gone.asked) == forgotten


def test_only_what_was_agreed_to_is_forgotten(run: Run, gone: StubDatabase, monkeypatch: pytest.MonkeyPatch) -> None:
    def another_vanishes() -> bool:
        gone.gone.append(Path("/g/c.jpg"))
        return True

    monkeypatch.setattr(prune, "_somebody_there", another_vanishes)
    assert "2 photos forgotten" in run("prune", stdin=b"y\n").err


def test_nothing_gone(run: Run) -> None:
    outcome = run("prune")
    assert (outcome.code, outcome.out, outcome.err) == (0, "", "every indexed photo is still there\n")
