"""What the README promises is there and runs."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from typer.main import get_command

from tests.fakes import FakeModel, save_photo
from textsearch.cli.main import app

ROOT = Path(__file__).resolve().parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")


def test_the_python_example_runs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (example,) = re.findall(r"```python\n(.*?)```", README, re.DOTALL)
    save_photo(tmp_path / "gallery" / "sign.png", "Coca", "Cola")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("textsearch.runtime.model.load_model", FakeModel)
    exec(compile(example, "README.md", "exec"), {})
    assert "sign.png" in capsys.readouterr().out


def test_every_command_is_in_the_readme_and_every_one_named_exists() -> None:
    commands = set(getattr(get_command(app), "commands"))  # noqa: B009
    named = set(re.findall(r"`textsearch ([a-z]+)", README))
    assert named == commands


def test_the_two_make_targets_exist() -> None:
    targets = re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE)
    assert {"demo", "check"} <= set(targets)
    assert "make demo" in README
    assert "make check" in (ROOT / ".ci" / "run").read_text(encoding="utf-8")
