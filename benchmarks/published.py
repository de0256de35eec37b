r"""A trained `tdsl` network on a published data set, by its protocol; `textsearch eval` measures the program itself.

    python -m benchmarks.published --run runs/tdsl --dataset svt --root ./svt --threshold 0.05 --output svt.json

As published, photos are searched at a longer side of 1280 pixels, or at 960, 1280 and 1600, and boxes are kept from a
score of 0.05 on SVT and of 0.2 elsewhere.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.record import write
from textsearch.evaluation.tasks import PUBLISHED, RetrievalTask, read_task
from textsearch.images import read_image
from textsearch.metrics import average_precision
from textsearch.models.boxes import BoxOptions
from textsearch.models.tdsl_encoder import TdslEncoder
from textsearch.models.tdsl_store import load_tdsl
from textsearch.training.retrieval import photo_scores


def measure(task: RetrievalTask, encoder: TdslEncoder) -> dict[str, Any]:
    """Rank the gallery for each query; a photo without any word scores 0."""
    found = [encoder.encode_photo(read_image(path)).vectors for path in task.photos]
    scores = photo_scores(encoder.encode_words([query.text for query in task.queries]), found)
    places = np.arange(len(task.photos))
    precisions = [
        average_precision(np.isin(places, list(query.relevant)), row)
        for query, row in zip(task.queries, scores, strict=True)
    ]
    return {
        "images": len(task.photos),
        "queries": len(task.queries),
        "regions": sum(map(len, found)),
        "map": 100 * float(np.mean(precisions)),
    }


def main() -> None:
    """Measure and write the JSON."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--run", type=Path, required=True, help="folder of a finished run of train tdsl")
    parser.add_argument("--dataset", choices=PUBLISHED, required=True)
    parser.add_argument("--root", type=Path, required=True, help="the set as its publisher packed it")
    parser.add_argument("--threshold", type=float, default=BoxOptions.threshold, help="least score of a box")
    parser.add_argument("--longer-side", type=int, action="append", help="pixels; may be repeated; default: 1280")
    parser.add_argument("--output", type=Path)
    arguments = parser.parse_args()
    sides = tuple(arguments.longer_side or (1280,))
    options = BoxOptions(threshold=arguments.threshold)
    encoder = TdslEncoder(load_tdsl(arguments.run / "weights"), sides, options)
    measured = measure(read_task(arguments.dataset, arguments.root), encoder)
    record = {"benchmark": "published", "data": arguments.dataset, "longer_sides": sides, **measured}
    write({**record, "threshold": arguments.threshold}, arguments.output)
    print(json.dumps(measured, indent=2))


if __name__ == "__main__":
    main()
