"""The program as it is shipped: real processes, the packaged networks, the default preset, nothing faked."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.boxes import box
from tests.children import PATIENCE
from textsearch import demo
from textsearch.geometry import overlap
from textsearch.location import INDEX_VARIABLE

ROOT = Path(__file__).parents[2]
COLA = (412, 252, 659, 380)
"""Where the second word stands on the lorry: left, top, right, bottom in pixels."""


@pytest.fixture
def gallery(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a folder of a lorry that says COCA COLA, and a lake without any text."""
    monkeypatch.setattr(demo, "_SCENES", [scene for scene in demo._SCENES if scene[0] in ("lorry", "lake")])
    assert len(demo.draw_gallery(tmp_path / "gallery")) == 2
    return tmp_path / "gallery"


def textsearch(index: Path, *arguments: str | Path) -> dict[str, Any]:
    """Run the command; return the JSON that it prints."""
    done = subprocess.run(
        [sys.executable, "-m", "textsearch", *arguments, "--json"],
        cwd=ROOT,
        env={**os.environ, INDEX_VARIABLE: str(index)},
        capture_output=True,
        text=True,
        timeout=2 * PATIENCE,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    answer: dict[str, Any] = json.loads(done.stdout)
    return answer


def test_from_a_photo_to_a_hit_with_its_box_and_what_is_known(gallery: Path, tmp_path: Path) -> None:
    report = textsearch(tmp_path / "index", "index", gallery)
    assert (report["added"], report["failures"]) == (2, [])

    answer = textsearch(tmp_path / "index", "query", "cola")
    assert answer["index"]["model"] == "joint", "the default preset"
    (hit,) = answer["hits"]
    assert (Path(hit["path"]).name, hit["match"]) == ("lorry.jpg", "exact")
    assert hit["score"] > 90
    (region,) = hit["regions"]
    assert region["text"] == "COLA"
    assert overlap(box(*region["xyxy"]), box(*COLA)) > 0.7
    assert [(fact["kind"], fact["name"]) for fact in hit["knowledge"]] == [("entity", "cola")]
    assert "beverage" in hit["knowledge"][0]["path"]
