"""What every table is made of: results, rows, and the program that retrieval is compared with."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from benchmarks.record import ROOT

RESULTS = ROOT / "benchmarks" / "results"

REFERENCE = "RapidOCR 3.10 as shipped + edit distance"
"""What retrieval is compared with."""


def table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Return a Markdown table."""
    lines = [header, ["---"] * len(header), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def load(name: str) -> dict[str, Any]:
    """Return a result."""
    loaded: dict[str, Any] = json.loads((RESULTS / f"{name}.json").read_text(encoding="utf-8"))
    return loaded
