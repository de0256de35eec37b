"""Fit the curves that turn evidence into a calibrated score (`textsearch/rerank.py`).

    python -m benchmarks.fit_scores --words words.jsonl --images DIR --split train --output results.json

Words and parts as in `benchmarks/protocol.py`. For every query and photo the photo's best region stands for it; a
logistic regression learns whether the photo holds the word, or the part. The constants are copied into the program by
hand, with this file's output as the evidence.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import log_loss

from benchmarks.protocol import Protocol, annotated_parser, data_name
from benchmarks.record import write
from textsearch.alignment import Alignment, align
from textsearch.database import Database
from textsearch.index.folder import IndexFolder
from textsearch.index.readings import Readings
from textsearch.index.records import ModelIdentity
from textsearch.rerank import PART_CURVE, WORD_CURVE, part_evidence, word_evidence
from textsearch.runtime.model import OnnxModel, load_model
from textsearch.similarity import similarity
from textsearch.types import FloatArray

PARTS, SEED = 1000, 3
"""Parts of words that are learnt from, and the seed of their draw."""

Evidence = Callable[[FloatArray, Alignment, Readings], FloatArray]
"""One number for each region, from cosines, alignment and what it can be read as."""

CANDIDATES = 30
"""Photos per query that are learnt from: the best by either evidence; the rest is too easy to teach anything."""


def of_words(cosines: FloatArray, alignment: Alignment, readings: Readings) -> FloatArray:
    """Return what speaks for the query being a word."""
    return word_evidence(cosines, alignment, readings.text_scores)


def of_parts(cosines: FloatArray, alignment: Alignment, readings: Readings) -> FloatArray:
    """Return what speaks for the query being a part of a word."""
    return part_evidence(alignment.part, readings.text_scores)


def examples(
    protocol: Protocol, index: IndexFolder, model: OnnxModel, evidence: Evidence
) -> tuple[FloatArray, NDArray[np.bool_], NDArray[np.int64]]:
    """Return the evidence (N,) of candidate photos, whether each is relevant (N,), and its query (N,)."""
    place = {photo: number for number, photo in enumerate(protocol.photos)}
    images = {image.image_id: place[image.path] for image in index.images().values() if image.path in place}
    readings = index.readings(model.alphabet)
    owner = np.array([images[image] for image in readings.image_ids.tolist()])
    queries = list(protocol.relevant)
    cosines = similarity(model.encode_words(queries), index.embeddings(readings.region_ids))
    batch = readings.region_lattices(np.arange(len(readings)))
    rows, labels, numbers = [], [], []
    for number, (query, cosine) in enumerate(zip(queries, cosines, strict=True)):
        speaks = evidence(cosine, align(model.alphabet.encode(query), batch), readings)
        order = np.lexsort((-speaks, owner))
        best = order[np.unique(owner[order], return_index=True)[1]]
        best = best[np.argsort(-speaks[best])[:CANDIDATES]]
        rows.append(speaks[best])
        labels.append(np.isin(owner[best], list(protocol.relevant[query])))
        numbers.append(np.full(len(best), number))
    return np.concatenate(rows), np.concatenate(labels), np.concatenate(numbers)


def fit(speaks: FloatArray, labels: NDArray[np.bool_], queries: NDArray[np.int64], bend: float) -> dict[str, Any]:
    """Return the curve with this bend, and how well one that knows half of the queries foretells the other half."""
    features = np.stack([speaks, np.maximum(speaks - bend, 0)], axis=1)
    fitted = LogisticRegression(C=1e6).fit(features, labels)
    probabilities = np.empty(len(labels))
    for half in (0, 1):
        other = LogisticRegression(C=1e6).fit(features[queries % 2 == half], labels[queries % 2 == half])
        probabilities[queries % 2 != half] = other.predict_proba(features[queries % 2 != half])[:, 1]
    return {
        "pairs": len(labels),
        "relevant": int(labels.sum()),
        "intercept": float(fitted.intercept_[0]),
        "slope": float(fitted.coef_[0, 0]),
        "bend": bend,
        "steeper": float(fitted.coef_[0, 1]),
        "log_loss": float(log_loss(labels, fitted.predict_proba(features)[:, 1])),
        "calibration": calibration_curve(probabilities, labels),
    }


def calibration_curve(
    probabilities: NDArray[np.float64], labels: NDArray[np.bool_], bins: int = 10
) -> list[dict[str, float]]:
    """Return, for equal ranges of the score, how often the photo really holds the word."""
    number = np.minimum((probabilities * bins).astype(int), bins - 1)
    return [
        {
            "score_from": 100 * place / bins,
            "score_to": 100 * (place + 1) / bins,
            "photos": int((number == place).sum()),
            "mean_score": 100 * float(probabilities[number == place].mean()),
            "relevant_percent": 100 * float(labels[number == place].mean()),
        }
        for place in range(bins)
        if (number == place).any()
    ]


def main() -> None:
    """Fit and write the JSON."""
    parser = annotated_parser(__doc__)
    parser.add_argument("--index", type=Path, help="keep the index here, and use it again")
    arguments = parser.parse_args()
    where = (arguments.words, arguments.images, arguments.split, arguments.limit)
    words, parts = Protocol.read(*where), Protocol.read_parts(*where, PARTS, SEED)
    model = load_model()
    with tempfile.TemporaryDirectory() as folder:
        location = arguments.index or Path(folder) / "index"
        with Database(location, model) as database:
            database.index(*words.photos)
        identity = ModelIdentity(model.name, model.fingerprint, model.dimension)
        with IndexFolder.open(location, identity) as index:
            fitted = {
                "words": fit(*examples(words, index, model, of_words), WORD_CURVE.bend),
                "parts": fit(*examples(parts, index, model, of_parts), PART_CURVE.bend),
            }
    result = {
        "benchmark": "fit_scores",
        "data": data_name(arguments),
        **fitted,
    }
    write(result, arguments.output)


if __name__ == "__main__":
    main()
