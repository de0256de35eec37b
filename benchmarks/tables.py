"""Write the README's tables from the JSON in benchmarks/results; `--check` only says whether they are up to date.

python -m benchmarks.tables
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from typing import Any

from benchmarks.record import ROOT

RESULTS = ROOT / "benchmarks" / "results"
README = ROOT / "README.md"


def table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Return a Markdown table."""
    lines = [header, ["---"] * len(header), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def load(name: str) -> dict[str, Any]:
    """Return a result."""
    loaded: dict[str, Any] = json.loads((RESULTS / f"{name}.json").read_text(encoding="utf-8"))
    return loaded


def measured_on(result: dict[str, Any]) -> str:
    """Return where and when a result was measured."""
    environment = result["environment"]
    machine = environment["machine"]
    versions = f"Python {environment['python']}, onnxruntime {environment['packages']['onnxruntime']}"
    return (
        f"Measured on {machine['usable_cores']} cores ({machine['processor']}), no GPU, {versions}, "
        f"commit {environment['commit'][:9]}, {environment['date'][:10]}."
    )


def retrieval() -> str:
    """Return the table of word retrieval."""
    result = load("retrieval")
    rows = [
        [
            {"textsearch": "textsearch", "rapidocr": "RapidOCR 3.10 as shipped + edit distance"}[name],
            f"{program['map']:.1f}",
            f"{program['top100_map']:.1f}",
            f"{program['images_per_second']:.1f}",
            f"{program['reading_peak_megabytes']:.0f}",
            f"{program['detector_recall']:.1f}",
        ]
        for name, program in result["programs"].items()
    ]
    ratio = result["speed_ratio"]
    header = ["program", "mAP", "top-100 mAP", "images/s", "peak MB", "detector recall %"]
    note = (
        f"{result['photos']} photos of {result['data']}, both programs in one run, taking turns; speed ratio by turns: "
        f"median {ratio['median']:.2f}, from {ratio['minimum']:.2f} to {ratio['maximum']:.2f}. {measured_on(result)}"
    )
    return f"{table(header, rows)}\n\n{note}"


def latency() -> str:
    """Return the table of query times."""
    result = load("latency")
    rows = [
        [
            f"{size['regions']:,}",
            f"{size['one_word_ms']['p50']:.0f} / {size['one_word_ms']['p95']:.0f}",
            f"{size['two_words_ms']['p50']:.0f} / {size['two_words_ms']['p95']:.0f}",
            f"{size['cold_command_ms']['p50']:.0f}",
            f"{sum(size['bytes_per_region'].values()):,.0f}",
        ]
        for size in result["sizes"]
    ]
    header = ["regions", "one word, p50 / p95 ms", "two words, p50 / p95 ms", "cold command, p50 ms", "bytes a region"]
    return f"{table(header, rows)}\n\n{measured_on(result)}"


def render(text: str) -> str:
    """Return a text with what stands between each pair of table markers written anew."""
    for name, make in (("retrieval", retrieval), ("latency", latency)):
        begin, end = f"<!-- table: {name} -->\n", f"<!-- end: {name} -->"
        before, _, rest = text.partition(begin)
        _, marker, after = rest.partition(end)
        if not marker:
            raise ValueError(f"the README has no markers for the table {name}")
        text = f"{before}{begin}{make()}\n{marker}{after}"
    return text


def main() -> None:
    """Write or check the README."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--check", action="store_true", help="change nothing; exit 1 if a table is out of date")
    arguments = parser.parse_args()
    current = README.read_text(encoding="utf-8")
    rendered = render(current)
    if arguments.check:
        sys.exit(int(rendered != current))
    README.write_text(rendered, encoding="utf-8")


if __name__ == "__main__":
    main()
