"""What knowledge adds to classification: the picture alone, its words, what they name, and SCRIM and CKFR on top.

    python -m benchmarks.knowledge --data grocery/labels.jsonl --group Packages --cache DIR --output results.json

Every variant is trained and measured on the same folds; the first row of each fold is plain fusion: logistic regression
on the same picture features and character n-grams of the same readings. Two ways to cut folds: "random" (stratified;
photos of one shelf are in several folds, so that pictures alone are nearly enough) and "shelves" (photos of a class
that look alike stay together, as a photo from another shop would be new).
"""

from __future__ import annotations

import argparse
import json
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import scipy.sparse
import torch
from numpy.typing import NDArray
from sklearn.cluster import AgglomerativeClustering
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import StratifiedKFold
from sklearn.preprocessing import StandardScaler

from benchmarks.record import write
from textsearch.evaluation.classification import ClassificationResult, measure
from textsearch.images import read_image
from textsearch.knowledge.classifier import PhotoReader
from textsearch.knowledge.evidence import profiles, tree_distances
from textsearch.knowledge.letters import rarities
from textsearch.knowledge.lexicon import default_lexicon
from textsearch.knowledge.network import VARIANTS
from textsearch.knowledge.reader import batch_of
from textsearch.runtime.model import load_model
from textsearch.training.classifier import ClassifierRecipe, ClassifierTrainer
from textsearch.training.classifier_data import ReadPhotos, numbers_of, read_photos
from textsearch.training.classifier_run import dataset_of
from textsearch.training.datasets.labelled import LabelledPhoto, classes_of
from textsearch.types import FloatArray

FOLDS = 5

RECIPES = {
    "visual": ("visual", False),
    "text": ("text", False),
    "visual + text": ("literal", False),
    "visual + text + knowledge": ("full", False),
    "all + SCRIM": ("scrim", False),
    "all + CKFR": ("full", True),
}
"""Row of the table -> variant of the network, whether distances are tied."""


@dataclass(frozen=True, eq=False)
class Task:
    """Photos as read, and their classes.

    Attributes:
        read: see `ReadPhotos`.
        texts: P readings, words joined by spaces.
        labels: (P,) int64.
        distances: (C, C) int32.
    """

    read: ReadPhotos
    texts: list[str]
    labels: NDArray[np.int64]
    distances: NDArray[np.int32]


def folds(task: Task, cut: str, seed: int) -> Iterator[tuple[NDArray[np.int64], NDArray[np.int64]]]:
    """Yield the photos trained on and the photos measured on, FOLDS times."""
    if cut == "random":
        yield from StratifiedKFold(FOLDS, shuffle=True, random_state=seed).split(task.labels, task.labels)
        return
    fold = np.zeros(len(task.labels), np.int64)
    pooled = task.read.seen[0].pooled.numpy()
    for label in np.unique(task.labels):
        own = np.flatnonzero(task.labels == label)
        looks = AgglomerativeClustering(FOLDS, metric="cosine", linkage="average").fit_predict(pooled[own])
        fold[own] = np.random.default_rng(seed).permutation(FOLDS)[looks]
    for each in range(FOLDS):
        yield np.flatnonzero(fold != each), np.flatnonzero(fold == each)


def plain_fusion(task: Task, train: NDArray[np.int64], test: NDArray[np.int64], parts: Sequence[str]) -> FloatArray:
    """Return the scores of logistic regression on picture features, n-grams of the text, or both."""
    columns = []
    if "visual" in parts:
        pooled = task.read.seen[0].pooled.numpy()
        scaler = StandardScaler().fit(pooled[train])
        length = np.sqrt(pooled.shape[1])
        columns.append(
            tuple(scipy.sparse.csr_matrix(scaler.transform(pooled[rows]) / length) for rows in (train, test))
        )
    if "text" in parts:
        grams = TfidfVectorizer(analyzer="char_wb", ngram_range=(2, 5), sublinear_tf=True, min_df=2)
        columns.append(
            (grams.fit_transform([task.texts[i] for i in train]), grams.transform([task.texts[i] for i in test]))
        )
    fitted, measured = (scipy.sparse.hstack([column[side] for column in columns]).tocsr() for side in (0, 1))
    classifier = LogisticRegression(C=10, max_iter=300).fit(fitted, task.labels[train])
    scores: FloatArray = classifier.decision_function(measured).astype(np.float32)
    return scores


def network_scores(
    task: Task, train: NDArray[np.int64], test: NDArray[np.int64], recipe: ClassifierRecipe
) -> FloatArray:
    """Return the scores of a network trained on some photos, of others."""
    rarity = rarities(np.stack([task.read.written[i].letters for i in train]))
    views = [batch_of(seen, task.read.written, rarity) for seen in task.read.seen]
    chosen = torch.from_numpy(train)
    trainer = ClassifierTrainer(
        recipe,
        [view.select(chosen) for view in views],
        torch.from_numpy(task.labels[train]),
        torch.from_numpy(task.distances).float(),
    )
    trainer.run()
    with torch.inference_mode():
        scores: FloatArray = trainer.network(views[0].select(torch.from_numpy(test))).logits.numpy()
    return scores


def cross_validate(task: Task, cut: str, seed: int, epochs: int, rows: Sequence[str]) -> dict[str, FloatArray]:
    """Return the scores of every photo when it was held back, (P, C), for each row of the table."""
    scores: dict[str, FloatArray] = defaultdict(lambda: np.zeros((len(task.labels), len(task.distances)), np.float32))
    for train, test in folds(task, cut, seed):
        for name, parts in (
            ("plain visual", ["visual"]),
            ("plain text", ["text"]),
            ("plain fusion", ["visual", "text"]),
        ):
            scores[name][test] = plain_fusion(task, train, test, parts)
        scores["zero-shot"][test] = np.stack([task.read.written[i].evidence for i in test])
        for row in rows:
            variant, tied = RECIPES[row]
            recipe = ClassifierRecipe(VARIANTS[variant], tie_distances=tied, epochs=epochs, seed=seed)
            scores[row][test] = network_scores(task, train, test, recipe)
    return dict(scores)


def paired_interval(better: NDArray[np.bool_], base: NDArray[np.bool_]) -> tuple[float, float, float]:
    """Return the difference of two accuracies and its 95 % interval, from the photos resampled, in points.

    Args:
        better: (S, P), right or wrong of S seeds.
        base: (S, P), of what it is compared with.
    """
    difference = 100 * (better.astype(float) - base.astype(float)).mean(axis=0)
    source = np.random.default_rng(0)
    means = [difference[source.integers(len(difference), size=len(difference))].mean() for _ in range(2000)]
    low, high = np.percentile(means, [2.5, 97.5])
    return float(difference.mean()), float(low), float(high)


def summarise(task: Task, runs: Sequence[dict[str, FloatArray]]) -> dict[str, Any]:
    """Return each row's metrics, mean over seeds, and its accuracy against plain fusion."""
    right = {name: np.stack([run[name].argmax(axis=1) == task.labels for run in runs]) for name in runs[0]}
    table = {}
    for name in runs[0]:
        results = [measure(run[name], task.labels, task.distances) for run in runs]
        table[name] = {
            **{metric: _mean(results, metric) for metric in ("accuracy", "macro_ap", "mrr", "severity")},
            "against_plain_fusion": paired_interval(right[name], right["plain fusion"]),
        }
    pairs = {"knowledge": ("visual + text + knowledge", "visual + text")}
    pairs |= {name[6:]: (name, "visual + text + knowledge") for name in ("all + SCRIM", "all + CKFR")}
    gains = {name: paired_interval(right[a], right[b]) for name, (a, b) in pairs.items() if a in right and b in right}
    return {"rows": table, "gains": gains}


def _mean(results: Sequence[ClassificationResult], metric: str) -> float | None:
    values = [value for result in results if (value := getattr(result, metric)) is not None]
    return float(np.mean(values)) if values else None


def read_task(data: Path, group: str | None, cache: Path) -> Task:
    """Read the photos of a labels.jsonl, those of a group only if one is named."""
    rows = [json.loads(line) for line in data.read_text(encoding="utf-8").splitlines()]
    chosen = [row for row in rows if group is None or row.get("group") == group]
    photos = [LabelledPhoto(data.parent / row["image"], row["label"], row.get("split", "")) for row in chosen]
    labels = classes_of(photos)
    model, lexicon = load_model(), default_lexicon()
    known = profiles(labels, lexicon, lexicon.labels(dataset_of(labels, lexicon)))
    read = read_photos(photos, model, PhotoReader(model.alphabet, known), folder=cache)
    kept = cache / "texts.json"
    if not kept.exists():
        texts = [" ".join(model.encode_images([read_image(photo.path)])[0].texts) for photo in photos]
        kept.write_text(json.dumps(texts))
    return Task(read, json.loads(kept.read_text()), numbers_of(photos, labels).numpy(), tree_distances(known, lexicon))


def main() -> None:
    """Cross-validate and write the result."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--group")
    parser.add_argument("--cache", type=Path, required=True)
    parser.add_argument("--output", type=Path, required=True)
    parser.add_argument("--cut", choices=["random", "shelves"], default="random")
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--epochs", type=int, default=20)
    parser.add_argument("--rows", nargs="*", choices=list(RECIPES), default=list(RECIPES))
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    task = read_task(arguments.data, arguments.group, arguments.cache)
    runs = []
    for seed in range(arguments.seeds):
        runs.append(cross_validate(task, arguments.cut, seed, arguments.epochs, arguments.rows))
        result = summarise(task, runs)
        print(json.dumps({"seeds": seed + 1, **result}, indent=1), flush=True)
    write({"cut": arguments.cut, "photos": len(task.labels), "seeds": len(runs), **result}, arguments.output)


if __name__ == "__main__":
    main()
