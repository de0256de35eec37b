"""Phrase retrieval on annotated photos: this program against RapidOCR's lines + edit distance.

    python -m benchmarks.phrases --words words.jsonl --images DIR --split dev --output benchmarks/results/phrases.json

Queries and relevance: "Phrases" in `benchmarks/protocol.py`. This program is asked for the quoted phrase and ranks the
whole gallery. RapidOCR 3.10 reads as it ships; a photo scores as its best string does, 1 - edit distance / longer
length, spaces left out on both sides so that a lost or added space costs nothing. Its transcript is cut into strings
in three ways, and the gain over each is given:

- lines: each line as it comes, which is what "transcript lines + edit distance" says;
- windows: also every run of one to three words of a line, so that a long line costs nothing;
- transcript: also every run of one to three words over all lines in the order they come, so that a phrase which was
  detected as two lines can be found.
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
from rapidfuzz.process import cdist

from benchmarks.contenders import Contender, transcripts
from benchmarks.protocol import Protocol, ScoresOf, data_name, gallery_parser
from benchmarks.record import write
from benchmarks.retrieval import search_scores
from textsearch.alphabet import normalise, words_of

_LONGEST_WINDOW = 3
"""Words of a transcript that may answer for the two of a phrase: one of them may have been split."""


def windows(words: Sequence[str]) -> set[str]:
    """Return every run of one to three words, written as one."""
    return {
        "".join(words[start : start + size])
        for size in range(1, _LONGEST_WINDOW + 1)
        for start in range(len(words) - size + 1)
    }


def strings(lines: Sequence[str], cut: str) -> set[str]:
    """Return the strings of one transcript to compare a phrase with: cut as "lines", "windows" or "transcript"."""
    found = {normalised for line in lines if (normalised := normalise(line))}
    if cut == "windows":
        found |= {window for line in lines for window in windows(words_of(line))}
    if cut == "transcript":
        found |= windows([word for line in lines for word in words_of(line)])
    return found


def edit_distance_scores(protocol: Protocol, texts: Mapping[str, Sequence[str]], cut: str) -> ScoresOf:
    """Score every photo by the string of its transcript nearest to the phrase; 0 without text."""
    queries = list(protocol.relevant)
    joined = [query.replace(" ", "") for query in queries]
    scores = np.zeros((len(queries), len(protocol.photos)))
    for place, photo in enumerate(protocol.photos):
        found = sorted(strings(texts[str(photo)], cut))
        if found:
            scores[:, place] = cdist(joined, found, scorer=Levenshtein.normalized_similarity).max(axis=1)
    return dict(zip(queries, scores, strict=True))


def compare(protocol: Protocol, index: Path, readings: Path | None) -> dict[str, Any]:
    """Run both programs and return everything that was measured."""
    photos = [str(photo) for photo in protocol.photos]
    ours = Contender("textsearch", str(index))
    try:
        ours.ask({"do": "read", "photos": photos})
        quoted = search_scores(protocol, ours, photos, '"{}"'.format)
        plain = search_scores(protocol, ours, photos)
    finally:
        ours.close()
    texts = transcripts(photos, readings)
    theirs = {cut: edit_distance_scores(protocol, texts, cut) for cut in ("lines", "windows", "transcript")}
    precisions = [protocol.precisions(scores) for scores in (quoted, *theirs.values())]
    return {
        "photos": len(photos),
        "textsearch": {"quoted": protocol.evaluate(quoted), "plain": protocol.evaluate(plain)},
        "rapidocr": {cut: protocol.evaluate(scores) for cut, scores in theirs.items()},
        "gain": {cut: protocol.gain(quoted, scores) for cut, scores in theirs.items()},
        "precisions": {query: [round(found[query], 4) for found in precisions] for query in protocol.relevant},
    }


def run(arguments: argparse.Namespace) -> dict[str, Any]:
    """Read the annotations and compare."""
    protocol = Protocol.read_phrases(arguments.words, arguments.images, arguments.split, arguments.limit)
    with tempfile.TemporaryDirectory() as folder:
        measured = compare(protocol, arguments.index or Path(folder) / "index", arguments.readings)
    return {
        "benchmark": "phrases",
        "data": data_name(arguments),
        **measured,
    }


def main() -> None:
    """Measure and write the JSON."""
    arguments = gallery_parser(__doc__).parse_args()
    record = run(arguments)
    write(record, arguments.output)
    print(json.dumps({key: record[key] for key in ("textsearch", "rapidocr", "gain")}, indent=2))


if __name__ == "__main__":
    main()
