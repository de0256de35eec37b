from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.cli.conftest import Run
from tests.cli.stub import StubDatabase
from textsearch.cli import status
from textsearch.types import Failure


def test_status_tells_what_is_indexed(run: Run) -> None:
    rows = dict(line.split(maxsplit=1) for line in run("status").out.splitlines())
    assert rows["index"] == "/index"
    assert (rows["photos"], rows["texts"], rows["failed"], rows["size"]) == ("1,234", "5,678", "0", "2.3 MB")


def test_status_names_the_option_that_explains_failures(run: Run, database: StubDatabase) -> None:
    database.failed = [Failure(Path("/g/a.jpg"), "empty file")]
    assert "1  (textsearch status --failed shows why)" in run("status").out


def test_status_as_json(run: Run) -> None:
    assert json.loads(run("status", "--json").out)["images"] == 1234


def test_failures_as_tsv_and_json(run: Run, database: StubDatabase) -> None:
    database.failed = [Failure(Path("/g/a\nb.jpg"), "empty file")]
    assert run("status", "--failed").out == "/g/a\\nb.jpg\tempty file\n"
    assert json.loads(run("status", "--failed", "--json").out) == {
        "failures": [{"path": "/g/a\nb.jpg", "reason": "empty file"}]
    }


def test_no_failures(run: Run) -> None:
    outcome = run("status", "--failed")
    assert (outcome.code, outcome.out, outcome.err) == (0, "", "no file failed\n")


@pytest.mark.parametrize(
    ("size", "text"), [(0, "0 bytes"), (999, "999 bytes"), (1000, "1.0 kB"), (5 * 10**15, "5000.0 TB")]
)
def test_sizes(size: int, text: str) -> None:
    assert status.size_text(size) == text
