r"""What the paper's own network finds, trained by `textsearch train tdsl`, by its vectors alone.

    python -m benchmarks.tdsl --run runs/tdsl --words words.jsonl --images DIR --split dev --output results.json

Photos are searched at one size and, as the paper also does, at three, whose words are all kept.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.protocol import Protocol, data_name, gallery_parser
from benchmarks.rankings import rankings_by_vectors
from benchmarks.record import write
from textsearch.images import read_image
from textsearch.models.tdsl_encoder import TdslEncoder
from textsearch.models.tdsl_store import load_tdsl

SIDES = ((1280,), (960, 1280, 1600))
"""Longer sides at which photos are searched, pixels."""


def measure(protocol: Protocol, encoder: TdslEncoder) -> dict[str, Any]:
    """Find the words of all photos and rank by them."""
    photos = [encoder.encode_photo(read_image(path)) for path in protocol.photos]
    owners = np.repeat(np.arange(len(photos)), [len(photo.boxes) for photo in photos])
    # left, top, right, bottom -> four corners
    corners = [list(photo.boxes[:, [0, 1, 2, 1, 2, 3, 0, 3]].reshape(-1, 4, 2)) for photo in photos]
    words = encoder.encode_words(list(protocol.relevant))
    return {
        "longer_sides": list(encoder.longer_sides),
        "regions": len(owners),
        "detector_recall": protocol.recall(corners),
        "ceiling": protocol.ceiling(corners),
        "rankings": rankings_by_vectors(protocol, owners, words, np.concatenate([photo.vectors for photo in photos])),
    }


def main() -> None:
    """Measure and write the JSON."""
    parser = gallery_parser(__doc__)
    parser.add_argument("--run", type=Path, required=True, help="folder of a finished run")
    arguments = parser.parse_args()
    protocol = Protocol.read(arguments.words, arguments.images, arguments.split, arguments.limit)
    network = load_tdsl(arguments.run / "weights").eval()
    recipe = json.loads((arguments.run / "recipe.json").read_text(encoding="utf-8"))["recipe"]
    rows = map(json.loads, (arguments.run / "log.jsonl").read_text(encoding="utf-8").splitlines())
    record = {
        "benchmark": "tdsl",
        "data": data_name(arguments),
        "photos": len(protocol.photos),
        "steps": recipe["steps"],
        "batch": recipe["batch"],
        "recipe": recipe,
        "curve": [(row["step"], row["held_back_map"]) for row in rows if "held_back_map" in row],
        "found": [measure(protocol, TdslEncoder(network, sides)) for sides in SIDES],
    }
    write(record, arguments.output)
    print(json.dumps(record["found"], indent=2))


if __name__ == "__main__":
    main()
