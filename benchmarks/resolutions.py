r"""Accuracy against speed: the photos read at several resolutions, beside RapidOCR as shipped, in one run.

    python -m benchmarks.resolutions --words words.jsonl --images DIR --split dev --output results.json

All settings and RapidOCR read the same small groups of photos turn by turn; each speed is the median over the groups of
RapidOCR's seconds divided by the setting's. As in indexing, as many photos are read at once as there are cores, where
RapidOCR shares out the work on one photo.
"""

from __future__ import annotations

import json
import statistics
import time
from dataclasses import replace
from typing import Any

from benchmarks.contenders import Contender
from benchmarks.protocol import Protocol, annotated_parser, data_name
from benchmarks.rankings import ReadGallery, edit_distance_scores
from benchmarks.record import write
from textsearch.machine import usable_cores
from textsearch.options import PRESETS, EncoderOptions
from textsearch.runtime.model import OnnxModel

LONGER_SIDES = (736, 960, 1280, 1600, 1920)

GROUP = 20
"""Photos read in one setting before it is the next one's turn."""


def settings() -> dict[str, EncoderOptions]:
    """Return what is compared, by name."""
    sides = {str(side): replace(EncoderOptions(), longer_side=side, enlarge=3.0) for side in LONGER_SIDES}
    return {**sides, **PRESETS}


def measure(protocol: Protocol) -> dict[str, Any]:
    """Read everything in turns and return what was measured."""
    readers = {name: OnnxModel(options, threads=1) for name, options in settings().items()}
    for model in readers.values():
        _ = model.encoder  # networks are loaded before the clock starts
    seconds: dict[str, list[float]] = {name: [] for name in readers}
    galleries: dict[str, list[ReadGallery]] = {name: [] for name in readers}
    theirs = Contender("rapidocr")
    reference: list[float] = []
    for group in protocol.groups(GROUP):
        reference.append(theirs.ask({"do": "read", "photos": [str(photo) for photo in group.photos]})["seconds"])
        for name, model in readers.items():
            began = time.perf_counter()
            galleries[name].append(ReadGallery.read(group, model, usable_cores()))
            seconds[name].append(time.perf_counter() - began)
    lines = theirs.ask({"do": "texts"})["texts"]
    theirs.close()
    rows = []
    for name, parts in galleries.items():
        gallery = ReadGallery.joined(protocol, parts)
        ratios = [other / own for own, other in zip(seconds[name], reference, strict=True)]
        rows.append(
            {
                "setting": name,
                "full": gallery.rankings()["full"],
                "detector_recall": protocol.recall(gallery.polygons),
                "regions": len(gallery.texts),
                "images_per_second": len(protocol.photos) / sum(seconds[name]),
                "speed": {"median": statistics.median(ratios), "minimum": min(ratios), "maximum": max(ratios)},
            }
        )
    return {
        "photos": len(protocol.photos),
        "rapidocr": {
            **protocol.evaluate(edit_distance_scores(protocol, lines)),
            "images_per_second": len(protocol.photos) / sum(reference),
        },
        "settings": rows,
    }


def main() -> None:
    """Measure and write the JSON."""
    arguments = annotated_parser(__doc__).parse_args()
    protocol = Protocol.read(arguments.words, arguments.images, arguments.split, arguments.limit)
    measured = measure(protocol)
    data = data_name(arguments)
    write({"benchmark": "resolutions", "data": data, **measured}, arguments.output)
    print(json.dumps(measured, indent=2))


if __name__ == "__main__":
    main()
