r"""What each part of the network is worth: trained variants over the same photos, each ranked in several ways.

    python -m benchmarks.ablation --words words.jsonl --images DIR --split dev --output results.json \
        --variant "frozen=runs/start/weights" --variant "joint=runs/joint/weights"

A variant is a folder of weights as training exports it; all are decoded with the package's options. `transcript` is the
best path through the lattice compared by edit distance, `lattice` the letters' fit alone, `vectors` the cosine alone
(also rounded to float16 and by product quantisation to 60 bytes), `full` the score that search uses. `ceiling` is what
reading every region right would give. RapidOCR as shipped + edit distance stands beside them.
"""

from __future__ import annotations

import json
from pathlib import Path

from benchmarks.contenders import transcripts
from benchmarks.protocol import Protocol, data_name, gallery_parser
from benchmarks.rankings import ReadGallery, edit_distance_scores
from benchmarks.record import write
from textsearch.machine import usable_cores
from textsearch.runtime.model import OnnxModel


def main() -> None:
    """Measure and write the JSON."""
    parser = gallery_parser(__doc__)
    parser.add_argument("--variant", action="append", required=True, metavar="NAME=DIR", help="trained weights")
    arguments = parser.parse_args()
    protocol = Protocol.read(arguments.words, arguments.images, arguments.split, arguments.limit)
    lines = transcripts([str(photo) for photo in protocol.photos], arguments.readings)
    variants = []
    for variant in arguments.variant:
        name, _, folder = variant.rpartition("=")
        gallery = ReadGallery.read(protocol, OnnxModel(folder=Path(folder)), usable_cores())
        variants.append(
            {
                "name": name,
                "dimension": gallery.embeddings.shape[1],
                "regions": len(gallery.texts),
                "detector_recall": protocol.recall(gallery.polygons),
                "ceiling": protocol.ceiling(gallery.polygons),
                "rankings": gallery.rankings(),
            }
        )
        print(json.dumps(variants[-1]))
    record = {
        "benchmark": "ablation",
        "data": data_name(arguments),
        "photos": len(protocol.photos),
        "rapidocr": protocol.evaluate(edit_distance_scores(protocol, lines)),
        "variants": variants,
    }
    write(record, arguments.output)


if __name__ == "__main__":
    main()
