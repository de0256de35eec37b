"""Word retrieval on annotated photos: this program against RapidOCR as shipped + edit distance, in one run.

    python -m benchmarks.retrieval --words words.jsonl --images DIR --split dev --output results.json

Both programs read the photos in the same small groups, turn by turn, so that a noisy machine is noisy for both;
images/s are compared group by group.
"""

from __future__ import annotations

import json
import statistics
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.contenders import Contender
from benchmarks.protocol import Protocol, annotated_parser, data_name
from benchmarks.rankings import edit_distance_scores
from benchmarks.ranks import scores_by_rank
from benchmarks.record import write

GROUP = 20
"""Photos read by one program before it is the other's turn."""


def read_in_turns(photos: Sequence[str], contenders: Sequence[Contender], group: int) -> dict[str, list[float]]:
    """Let every contender read all photos, group by group; return the seconds of each group."""
    seconds: dict[str, list[float]] = {contender.name: [] for contender in contenders}
    for turn, start in enumerate(range(0, len(photos), group)):
        part = list(photos[start : start + group])
        # The order changes every time, so that neither always meets the warmer cache.
        for contender in contenders if turn % 2 else reversed(contenders):
            seconds[contender.name].append(contender.ask({"do": "read", "photos": part})["seconds"])
    return seconds


def search_scores(
    protocol: Protocol, contender: Contender, photos: Sequence[str], written: Callable[[str], str] = str
) -> dict[str, NDArray[np.float64]]:
    """Let this program rank the whole gallery for every query, written as it is asked; first hits score highest."""
    scores = {}
    for query in protocol.relevant:
        scores[query] = scores_by_rank(contender.ask({"do": "search", "query": written(query)})["ranks"], photos)
    return scores


def detection_recall(protocol: Protocol, contender: Contender, photos: Sequence[str]) -> float:
    """Return the recall of legible words, in percent."""
    boxes = contender.ask({"do": "boxes", "photos": list(photos)})["boxes"]
    return protocol.recall([[np.array(box, np.float32) for box in boxes[photo]] for photo in photos])


def speed(seconds: Sequence[float], photos: int, group: int) -> dict[str, float]:
    """Return images/s over all groups and the spread between full groups."""
    full = [group / value for value in seconds[: photos // group]] or [photos / sum(seconds)]
    return {
        "images_per_second": photos / sum(seconds),
        "group_median": statistics.median(full),
        "group_minimum": min(full),
        "group_maximum": max(full),
    }


def compare(protocol: Protocol, index: Path) -> dict[str, Any]:
    """Run both programs and return everything that was measured."""
    photos = [str(photo) for photo in protocol.photos]
    ours, theirs = Contender("textsearch", str(index)), Contender("rapidocr")
    try:
        seconds = read_in_turns(photos, [ours, theirs], GROUP)
        memory = {contender.name: contender.ask({"do": "ready"})["peak_megabytes"] for contender in (ours, theirs)}
        texts = theirs.ask({"do": "texts"})["texts"]
        retrieval = {
            "textsearch": protocol.evaluate(search_scores(protocol, ours, photos)),
            "rapidocr": protocol.evaluate(edit_distance_scores(protocol, texts)),
        }
        recall = {contender.name: detection_recall(protocol, contender, photos) for contender in (ours, theirs)}
    finally:
        ours.close()
        theirs.close()
    ratios = [b / a for a, b in zip(seconds["textsearch"], seconds["rapidocr"], strict=True)]
    programs = {
        name: {
            **retrieval[name],
            **speed(seconds[name], len(photos), GROUP),
            "reading_peak_megabytes": memory[name],
            "detector_recall": recall[name],
        }
        for name in ("textsearch", "rapidocr")
    }
    return {
        "photos": len(photos),
        "programs": programs,
        "speed_ratio": {"median": statistics.median(ratios), "minimum": min(ratios), "maximum": max(ratios)},
        "map_gain": programs["textsearch"]["map"] - programs["rapidocr"]["map"],
    }


def main() -> None:
    """Measure and write the JSON."""
    arguments = annotated_parser(__doc__).parse_args()
    protocol = Protocol.read(arguments.words, arguments.images, arguments.split, arguments.limit)
    with tempfile.TemporaryDirectory() as folder:
        measured = compare(protocol, Path(folder) / "index")
    record = {
        "benchmark": "retrieval",
        "data": data_name(arguments),
        **measured,
    }
    write(record, arguments.output)
    print(json.dumps({key: record[key] for key in ("programs", "speed_ratio", "map_gain")}, indent=2))


if __name__ == "__main__":
    main()
