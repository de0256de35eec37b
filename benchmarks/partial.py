"""Partial retrieval on annotated photos: this program against substring search in RapidOCR's transcripts.

    python -m benchmarks.partial --words words.jsonl --images DIR --split dev --output benchmarks/results/partial.json

Queries and relevance: "Parts" in `benchmarks/protocol.py`. This program is asked for `*abc*`, and for `abc` as a user
would type it, and ranks the whole gallery. RapidOCR 3.10 reads as it ships; a photo scores 1 if its transcript contains
the part and 0 otherwise, ties taken as one group. The part may stand

- words: in one word of the transcript;
- lines: in one line written without spaces, so that a word that was split is found.

"fuzzy" is no substring search but the strongest string rule at hand, measured beside: the best similarity of the part
to any equally long stretch of a line.
"""

from __future__ import annotations

import argparse
import json
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from rapidfuzz.distance import Levenshtein
from rapidfuzz.fuzz import partial_ratio

from benchmarks.contenders import Contender, transcripts
from benchmarks.protocol import Protocol, ScoresOf, data_name, gallery_parser
from benchmarks.record import write
from benchmarks.retrieval import search_scores
from textsearch.alphabet import normalise, words_of


def contained(part: str, strings: Sequence[str]) -> float:
    """Return 1 if a string contains the part, else 0."""
    return float(any(part in string for string in strings))


def nearly_contained(part: str, strings: Sequence[str]) -> float:
    """Return how similar the part is to the best stretch of a string, 0 to 1; 1 if a string contains it."""
    return max((_stretch(part, string) for string in strings), default=0.0)


def _stretch(part: str, string: str) -> float:
    # A string shorter than the part would count as contained in it.
    if len(string) < len(part):
        return Levenshtein.normalized_similarity(part, string)
    return partial_ratio(part, string) / 100


def transcript_scores(protocol: Protocol, texts: Mapping[str, Sequence[str]]) -> dict[str, ScoresOf]:
    """Return the scores of every photo by RapidOCR's transcript: by "words", by "lines" and "fuzzy"."""
    words = [[word for line in texts[str(photo)] for word in words_of(line)] for photo in protocol.photos]
    lines = [[normalise(line) for line in texts[str(photo)]] for photo in protocol.photos]
    return {
        name: {part: np.array([rule(part, held) for held in strings]) for part in protocol.relevant}
        for name, rule, strings in (
            ("words", contained, words),
            ("lines", contained, lines),
            ("fuzzy", nearly_contained, lines),
        )
    }


def compare(protocol: Protocol, index: Path, readings: Path | None) -> dict[str, Any]:
    """Run both programs and return everything that was measured."""
    photos = [str(photo) for photo in protocol.photos]
    ours = Contender("textsearch", str(index))
    try:
        ours.ask({"do": "read", "photos": photos})
        asked = search_scores(protocol, ours, photos, "*{}*".format)
        plain = search_scores(protocol, ours, photos)
    finally:
        ours.close()
    theirs = transcript_scores(protocol, transcripts(photos, readings))
    precisions = [protocol.precisions(scores) for scores in (asked, *theirs.values())]
    return {
        "photos": len(photos),
        "textsearch": {"wildcards": protocol.evaluate(asked), "plain": protocol.evaluate(plain)},
        "rapidocr": {name: protocol.evaluate(scores) for name, scores in theirs.items()},
        "gain": {name: protocol.gain(asked, scores) for name, scores in theirs.items()},
        "precisions": {query: [round(found[query], 4) for found in precisions] for query in protocol.relevant},
    }


def run(arguments: argparse.Namespace) -> dict[str, Any]:
    """Read the annotations and compare."""
    protocol = Protocol.read_parts(
        arguments.words, arguments.images, arguments.split, arguments.limit, arguments.count, arguments.seed
    )
    with tempfile.TemporaryDirectory() as folder:
        measured = compare(protocol, arguments.index or Path(folder) / "index", arguments.readings)
    return {
        "benchmark": "partial",
        "data": data_name(arguments),
        "seed": arguments.seed,
        **measured,
    }


def main() -> None:
    """Measure and write the JSON."""
    parser = gallery_parser(__doc__)
    parser.add_argument("--count", type=int, default=500, help="number of parts to ask for")
    parser.add_argument("--seed", type=int, default=7, help="of the draw of the parts")
    arguments = parser.parse_args()
    record = run(arguments)
    write(record, arguments.output)
    print(json.dumps({key: record[key] for key in ("textsearch", "rapidocr", "gain")}, indent=2))


if __name__ == "__main__":
    main()
