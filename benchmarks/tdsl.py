r"""What the paper's own network finds, trained by `textsearch train tdsl`, by its vectors alone.

    python -m benchmarks.tdsl --run runs/tdsl --words words.jsonl --images DIR --split dev --output results.json

Photos are searched at a longer side of 1280 pixels, as in the paper.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.protocol import Protocol, annotated_parser, data_name
from benchmarks.rankings import rankings_by_vectors
from benchmarks.record import write
from textsearch.images import read_image
from textsearch.models.tdsl_encoder import TdslEncoder
from textsearch.models.tdsl_store import load_tdsl


def measure(protocol: Protocol, encoder: TdslEncoder) -> dict[str, Any]:
    """Find the words of all photos and rank by them."""
    photos = [encoder.encode_photo(read_image(path)) for path in protocol.photos]
    owners = np.repeat(np.arange(len(photos)), [len(photo.boxes) for photo in photos])
    # left, top, right, bottom -> four corners
    corners = [list(photo.boxes[:, [0, 1, 2, 1, 2, 3, 0, 3]].reshape(-1, 4, 2)) for photo in photos]
    words = encoder.encode_words(list(protocol.relevant))
    return {
        "regions": len(owners),
        "detector_recall": protocol.recall(corners),
        "ceiling": protocol.ceiling(corners),
        "rankings": rankings_by_vectors(protocol, owners, words, np.concatenate([photo.vectors for photo in photos])),
    }


def curve_of(runs: Sequence[Path]) -> tuple[int, list[tuple[int, float]]]:
    """Return the steps of runs that followed each other, and after how many of them which score was measured."""
    steps, curve = 0, []
    for run in runs:
        rows = [json.loads(line) for line in (run / "log.jsonl").read_text(encoding="utf-8").splitlines()]
        curve += [(steps + row["step"], row["held_back_map"]) for row in rows if "held_back_map" in row]
        steps += rows[-1]["step"]
    return steps, curve


def main() -> None:
    """Measure and write the JSON."""
    parser = annotated_parser(__doc__)
    parser.add_argument(
        "--run", type=Path, action="append", required=True, help="folder of a run; repeated: each began with the former"
    )
    arguments = parser.parse_args()
    protocol = Protocol.read(arguments.words, arguments.images, arguments.split, arguments.limit)
    *_, last = arguments.run
    steps, curve = curve_of(arguments.run)
    record = {
        "benchmark": "tdsl",
        "data": data_name(arguments),
        "photos": len(protocol.photos),
        "steps": steps,
        "curve": curve,
        "recipes": [json.loads((run / "recipe.json").read_text(encoding="utf-8"))["recipe"] for run in arguments.run],
        **measure(protocol, TdslEncoder(load_tdsl(last / "weights"))),
    }
    write(record, arguments.output)
    print(json.dumps(record["rankings"], indent=2))


if __name__ == "__main__":
    main()
