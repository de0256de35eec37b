"""The word retrieval protocol: queries, relevance and scores over annotated photos.

Queries are all distinct legible words that, lower-cased, are three or more of a-z and 0-9. A photo is relevant if it
holds exactly that word. Average precision over the whole gallery, ties grouped; mAP is the plain mean, "top-100" the
mean over the 100 most frequent words.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from textsearch.geometry import order_corners, overlap
from textsearch.metrics import average_precision
from textsearch.training.crops import read_annotations
from textsearch.types import FloatArray

_QUERY = re.compile(r"[a-z0-9]{3,}")


@dataclass(frozen=True)
class Protocol:
    """Queries over annotated photos.

    Attributes:
        photos: absolute paths.
        relevant: query -> places of the photos that hold it.
        frequent: the 100 most frequent queries.
        boxes: for each photo, the legible words' quadrilaterals, (4, 2) float32 each.
    """

    photos: tuple[Path, ...]
    relevant: Mapping[str, frozenset[int]]
    frequent: frozenset[str]
    boxes: tuple[tuple[FloatArray, ...], ...]

    @classmethod
    def read(cls, words: Path, images: Path, split: str | None, limit: int | None = None) -> Protocol:
        """Read a words.jsonl; images are found by their file name in `images`."""
        rows = read_annotations(words, split)[:limit]
        relevant: dict[str, set[int]] = defaultdict(set)
        counts: Counter[str] = Counter()
        boxes = []
        for place, row in enumerate(rows):
            legible = [entry for entry in row["words"] if entry["text"] and not entry["ignore"]]
            boxes.append(tuple(order_corners(np.array(entry["poly"], np.float32)[:4]) for entry in legible))
            for entry in legible:
                word = entry["text"].lower()
                if _QUERY.fullmatch(word):
                    relevant[word].add(place)
                    counts[word] += 1
        return cls(
            photos=tuple((images / Path(row["image"]).name).absolute() for row in rows),
            relevant={word: frozenset(places) for word, places in sorted(relevant.items())},
            frequent=frozenset(word for word, _ in counts.most_common(100)),
            boxes=tuple(boxes),
        )

    def evaluate(self, scores: Mapping[str, NDArray[np.float64]]) -> dict[str, float]:
        """Return mAP and top-100 mAP, in percent, of scores (photos,) for each query."""
        precisions = {}
        for query, places in self.relevant.items():
            relevant = np.isin(np.arange(len(self.photos)), list(places))
            precisions[query] = average_precision(relevant, scores[query])
        return {
            "map": 100 * float(np.mean(list(precisions.values()))),
            "top100_map": 100 * float(np.mean([precisions[query] for query in self.frequent])),
            "queries": len(precisions),
        }

    def recall(self, found: Sequence[Sequence[FloatArray]]) -> float:
        """Return the part, in percent, of legible words that some found quadrilateral covers with IoU 0.5 or more."""
        hits = total = 0
        for wanted, boxes in zip(self.boxes, found, strict=True):
            ordered = [order_corners(box[:4]) for box in boxes]
            total += len(wanted)
            hits += sum(any(overlap(target, box) >= 0.5 for box in ordered) for target in wanted)
        return 100 * hits / max(total, 1)
