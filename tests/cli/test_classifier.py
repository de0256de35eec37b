from __future__ import annotations

from pathlib import Path

import pytest
from typer.testing import CliRunner

from textsearch.cli.main import app
from textsearch.errors import TextSearchError


@pytest.mark.parametrize("command", ["eval", "train"])
def test_help_is_there(command: str) -> None:
    result = CliRunner().invoke(app, [command, "classifier", "--help"])
    assert result.exit_code == 0
    assert "--data" in result.stdout


def test_missing_photos_are_said(tmp_path: Path) -> None:
    result = CliRunner().invoke(app, ["eval", "classifier", "--data", str(tmp_path / "none.jsonl"), "--json"])
    assert result.exit_code == 2
    message = result.stderr or str(result.exception)
    assert isinstance(result.exception, (SystemExit, TextSearchError))
    assert "does not exist" in message
