"""Runs commands against a database that needs no index and no network."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import CliRunner

from tests.cli.stub import StubDatabase
from textsearch.cli import categories, demo, export, index, info, main, prune, query, report, show, status

COMMANDS = (categories, demo, export, index, info, prune, query, report, show, status)


class Outcome:
    """Exit code and output of a command."""

    def __init__(self, code: int, out: bytes, err: str) -> None:
        self.code, self.raw, self.err = code, out, err

    @property
    def out(self) -> str:
        return self.raw.decode()


Run = Callable[..., Outcome]


@pytest.fixture
def database(monkeypatch: pytest.MonkeyPatch) -> StubDatabase:
    """The database that every command opens."""
    stub = StubDatabase()

    def open_stub(index: Path | None, preset: str | None = None) -> StubDatabase:
        stub.asked.append(("open", index) if preset is None else ("open", index, preset))
        return stub

    for command in COMMANDS:
        monkeypatch.setattr(command, "open_database", open_stub)
    return stub


@pytest.fixture
def run(database: StubDatabase) -> Run:
    """Run `textsearch` with arguments, and standard input if a test has one."""

    def command(*arguments: str | Path, stdin: bytes | None = None) -> Outcome:
        result = CliRunner().invoke(main.app, [str(argument) for argument in arguments], input=stdin)
        if result.exception is not None and not isinstance(result.exception, SystemExit):
            raise result.exception
        return Outcome(result.exit_code, result.stdout_bytes, result.stderr)

    return command
