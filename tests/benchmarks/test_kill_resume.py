"""The whole pipeline, killed at random moments and resumed: the benchmark itself, with the fake network."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

from benchmarks import kill_resume

PHOTOS, KILLS = 14, 3


def test_killed_runs_end_as_if_nobody_had_disturbed_them(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    output = tmp_path / "result.json"
    options = {"--photos": PHOTOS, "--kills": KILLS, "--seed": 9, "--jobs": 1, "--output": output}
    arguments = [str(value) for option in options.items() for value in option]
    monkeypatch.setattr(sys, "argv", ["kill_resume", "--fake", *arguments])
    assert kill_resume.main() == 0
    result = json.loads(output.read_text(encoding="utf-8"))
    assert (result["killed"], result["bad_runs"]) == (KILLS, 0)
    assert result["described"] == PHOTOS
    assert (result["undisturbed"]["added"], result["undisturbed"]["failures"]) == (PHOTOS - 1, 1)
    assert all(run["read_before"] for run in result["runs"]), "each was killed while it read or wrote"
