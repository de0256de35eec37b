"""Fit the constants that turn a cosine and a lattice alignment into a calibrated score (`textsearch/rerank.py`).

    python -m benchmarks.fit_scores --words words.jsonl --images DIR --split train --output results.json

For every query and photo the photo's best region stands for it; a logistic regression learns whether the photo holds
the word. The constants are copied into the program by hand, with this file's output as the evidence.
"""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression

from benchmarks.protocol import Protocol
from benchmarks.record import write
from textsearch.alignment import LatticeBatch, align
from textsearch.database import Database
from textsearch.index.folder import IndexFolder
from textsearch.index.records import ModelIdentity
from textsearch.rerank import letter_fit
from textsearch.runtime.model import OnnxModel, load_model
from textsearch.similarity import similarity

CANDIDATES = 30
"""Photos per query that are learnt from: the best by either evidence; the rest is too easy to teach anything."""


def evidence(
    protocol: Protocol, index: IndexFolder, model: OnnxModel
) -> tuple[NDArray[np.float64], NDArray[np.bool_], NDArray[np.int64]]:
    """Return cosine and lattice score (N, 2) of candidate photos, whether each is relevant (N,), and its query (N,)."""
    place = {photo: number for number, photo in enumerate(protocol.photos)}
    images = {image.image_id: place[image.path] for image in index.images().values() if image.path in place}
    regions = index.regions(range(1, index.info().regions + 1))
    owner = np.array([images[region.image_id] for region in regions])
    embeddings = index.embeddings([region.region_id for region in regions])
    queries = list(protocol.relevant)
    cosines = similarity(model.encode_words(queries), embeddings)
    batch = LatticeBatch.of([region.lattice for region in regions], model.alphabet.folded)
    rows, labels, numbers = [], [], []
    for number, (query, cosine) in enumerate(zip(queries, cosines, strict=True)):
        lattice = letter_fit(align(model.alphabet.encode(query), batch))
        # The region that stands for a photo is chosen with the ratio that the fit confirms.
        order = np.lexsort((-(2 * cosine + lattice), owner))
        best = order[np.unique(owner[order], return_index=True)[1]]
        best = best[np.argsort(-np.maximum(cosine[best], 1 + lattice[best] / 4))[:CANDIDATES]]
        rows.append(np.stack([cosine[best], lattice[best]], axis=1))
        labels.append(np.isin(owner[best], list(protocol.relevant[query])))
        numbers.append(np.full(len(best), number))
    return np.concatenate(rows), np.concatenate(labels), np.concatenate(numbers)


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
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--words", type=Path, required=True, help="annotations, one image a line")
    parser.add_argument("--images", type=Path, required=True, help="folder of the photos")
    parser.add_argument("--split", help="only rows of this split")
    parser.add_argument("--index", type=Path, help="keep the index here, and use it again")
    parser.add_argument("--output", type=Path, help="JSON file to write; default: standard output")
    arguments = parser.parse_args()
    protocol = Protocol.read(arguments.words, arguments.images, arguments.split)
    model = load_model()
    with tempfile.TemporaryDirectory() as folder:
        location = arguments.index or Path(folder) / "index"
        with Database(location, model) as database:
            database.index(*protocol.photos)
        identity = ModelIdentity(model.name, model.fingerprint, model.dimension)
        with IndexFolder.open(location, identity) as index:
            features, labels, queries = evidence(protocol, index, model)
    fitted = LogisticRegression(C=1e6).fit(features, labels)
    # Halves of the queries, each judged by the other's fit: the curve must hold for words that were not fitted.
    probabilities = np.empty(len(labels))
    for half in (0, 1):
        other = LogisticRegression(C=1e6).fit(features[queries % 2 == half], labels[queries % 2 == half])
        probabilities[queries % 2 != half] = other.predict_proba(features[queries % 2 != half])[:, 1]
    result = {
        "benchmark": "fit_scores",
        "data": f"{arguments.words.parent.name}, split {arguments.split or 'all'}",
        "pairs": len(labels),
        "relevant": int(labels.sum()),
        "intercept": float(fitted.intercept_[0]),
        "similarity_weight": float(fitted.coef_[0, 0]),
        "lattice_weight": float(fitted.coef_[0, 1]),
        "calibration": calibration_curve(probabilities, labels),
    }
    write(result, arguments.output)


if __name__ == "__main__":
    main()
