"""What stands beside a measured number."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from benchmarks import record
from benchmarks.record import measured_on, state_of, write


def measured(machine: dict[str, Any], torch: str = "2.9.0", changes: bool = False) -> dict[str, Any]:
    environment = {
        "machine": {"usable_cores": 4, "processor": "Fast", **machine},
        "python": "3.12.1",
        "packages": {"onnxruntime": "1.20.0", "torch": torch},
        "commit": "0123456789abcdef",
        "uncommitted_changes": changes,
        "date": "2026-01-02T03:04:05+00:00",
    }
    return {"environment": environment}


@pytest.mark.parametrize(
    ("result", "gpu"),
    [
        (measured({"gpu": "H200"}), "GPU H200"),
        (measured({"gpu": None}), "no GPU"),
        (measured({}, torch="2.9.0+cpu"), "no GPU"),
        (measured({}), "GPU not recorded"),
    ],
)
def test_the_gpu_is_told_as_far_as_it_is_known(result: dict[str, Any], gpu: str) -> None:
    assert f"(Fast), {gpu}, Python 3.12.1" in measured_on(result)


def test_uncommitted_changes_are_told() -> None:
    assert state_of(measured({})["environment"]) == "commit 012345678, 2026-01-02"
    told = measured_on(measured({}, changes=True))
    assert told.endswith("commit 012345678 with uncommitted changes, 2026-01-02.")


def test_a_result_carries_what_its_sentence_tells(tmp_path: Path) -> None:
    write({"benchmark": "test"}, tmp_path / "new" / "test.json")
    result = json.loads((tmp_path / "new" / "test.json").read_text(encoding="utf-8"))
    assert "gpu" in result["environment"]["machine"]
    assert {"numpy", "scipy", "torch", "transformers"} <= set(result["environment"]["packages"])
    result["environment"]["commit"] = result["environment"]["commit"] or "0" * 40  # a source archive has no history
    assert measured_on(result).startswith("Measured on ")


def test_every_package_the_program_is_built_on_is_recorded() -> None:
    pyproject = (record.ROOT / "pyproject.toml").read_text(encoding="utf-8")
    needed = pyproject.partition("\ndependencies = [\n")[2].partition("\n]\n")[0]
    names = {line.strip().strip('",').partition(">=")[0] for line in needed.splitlines() if ">=" in line}
    measured_by_nothing = {"filelock", "platformdirs", "rich", "typer"}
    assert names - measured_by_nothing <= set(record.PACKAGES)
    assert "torch" in names
