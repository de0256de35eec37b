"""What knowledge adds to classification: the picture alone, its words, what they name, and SCRIM and CKFR on top.

    python -m benchmarks.knowledge --data grocery/labels.jsonl --group Packages --cache DIR --output results.json

Every variant is trained and measured on the same photos; the baseline is plain fusion: logistic regression on the
pooled features of the same pictures and on character n-grams of the same readings. Photos are cut in three ways:
"random" (stratified folds; photos of one shelf are in several folds, so that pictures alone are nearly enough),
"shelves" (folds in which photos of a class that look alike stay together, as a photo from another shop would be new)
and "dev" (trained on the photos of the other parts, measured on the part "dev"). What was read and every fold's scores
are kept in the cache, so that a stopped run goes on; another task's results in the output file stay there.
"""

from __future__ import annotations

import argparse
import hashlib
import json
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
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
from textsearch.knowledge.classifier import PhotoReader
from textsearch.knowledge.descriptions import VECTORS
from textsearch.knowledge.evidence import profiles, tree_distances
from textsearch.knowledge.letters import rarities
from textsearch.knowledge.lexicon import DATA, FILE, default_lexicon
from textsearch.knowledge.network import VARIANTS
from textsearch.runtime.model import load_model
from textsearch.training.classifier import ClassifierRecipe, ClassifierTrainer
from textsearch.training.classifier_data import ReadPhotos, numbers_of, read_photos
from textsearch.training.classifier_run import dataset_of
from textsearch.training.datasets.labelled import LabelledPhoto, classes_of
from textsearch.types import FloatArray

FOLDS = 5

CUTS = ("shelves", "random", "dev")

RECIPES = {
    "visual": ("visual", False),
    "text": ("text", False),
    "visual + text": ("literal", False),
    "visual + text + knowledge": ("full", False),
    "all + SCRIM": ("scrim", False),
    "all + CKFR": ("full", True),
}
"""Row of the table -> variant of the network, whether distances are tied."""

PLAIN = {"plain visual": ("visual",), "plain text": ("text",), "plain fusion": ("visual", "text")}
"""Row of the table -> what logistic regression is given."""

KNOWLEDGE_FILES = (FILE, VECTORS, DATA / "package_words.tsv")
"""What the scores depend on besides the photos and the networks."""

Rows = NDArray[np.int64]
Fold = tuple[Rows, Rows]


@dataclass(frozen=True, eq=False)
class Task:
    """Photos as read, and their classes.

    Attributes:
        read: see `ReadPhotos`.
        labels: (P,) int64.
        distances: (C, C) int32.
        splits: P parts of the data.
        key: tells this task's scores from others' in the cache.
    """

    read: ReadPhotos
    labels: Rows
    distances: NDArray[np.int32]
    splits: tuple[str, ...]
    key: str


def folds(task: Task, cut: str, seed: int) -> list[Fold]:
    """Return the photos trained on and the photos measured on, several times or once."""
    if cut == "random":
        return list(StratifiedKFold(FOLDS, shuffle=True, random_state=seed).split(task.labels, task.labels))
    if cut == "dev":
        held_back = np.array([split == "dev" for split in task.splits])
        return [(np.flatnonzero(~held_back), np.flatnonzero(held_back))]
    fold = np.zeros(len(task.labels), np.int64)
    pooled = task.read.seen[0].pooled.numpy()
    source = np.random.default_rng(seed)
    for label in np.unique(task.labels):
        own = np.flatnonzero(task.labels == label)
        looks = AgglomerativeClustering(FOLDS, metric="cosine", linkage="average").fit_predict(pooled[own])
        fold[own] = source.permutation(FOLDS)[looks]
    return [(np.flatnonzero(fold != each), np.flatnonzero(fold == each)) for each in range(FOLDS)]


def plain_fusion(task: Task, fold: Fold, parts: Sequence[str]) -> FloatArray:
    """Return the scores of logistic regression on picture features, n-grams of the text, or both."""
    train, test = fold
    columns = []
    if "visual" in parts:
        pooled = task.read.seen[0].pooled.numpy()
        scaler = StandardScaler().fit(pooled[train])
        length = np.sqrt(pooled.shape[1])
        columns.append([scipy.sparse.csr_matrix(scaler.transform(pooled[rows]) / length) for rows in fold])
    if "text" in parts:
        grams = TfidfVectorizer(analyzer="char_wb", ngram_range=(2, 5), sublinear_tf=True, min_df=2)
        grams.fit([task.read.texts[row] for row in train])
        columns.append([grams.transform([task.read.texts[row] for row in rows]) for rows in fold])
    fitted, measured = (scipy.sparse.hstack([column[side] for column in columns]).tocsr() for side in (0, 1))
    # Turned onto the axes of the photos trained on, which changes nothing but the time: thousands of features less.
    strengths, axes = np.linalg.eigh((fitted @ fitted.T).toarray())
    kept = strengths > 1e-9 * strengths[-1]
    turned = axes[:, kept] / np.sqrt(strengths[kept])
    classifier = LogisticRegression(C=10, max_iter=300)
    classifier.fit((fitted @ fitted.T) @ turned, task.labels[train])
    scores: FloatArray = np.full((len(test), len(task.distances)), -np.inf, np.float32)
    scores[:, classifier.classes_] = classifier.decision_function((measured @ fitted.T) @ turned)
    return scores


def network_scores(task: Task, fold: Fold, recipe: ClassifierRecipe) -> FloatArray:
    """Return the scores of a network trained on some photos, of others."""
    train, test = fold
    rarity = rarities(np.stack([task.read.written[row].letters for row in train]))
    views = task.read.views(rarity)
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


def cross_validate(task: Task, cut: str, seed: int, names: Sequence[str], cache: Path) -> dict[str, FloatArray]:
    """Return the scores of every photo when it was held back, (P, C), NaN if it never was, for rows of the table."""
    shape = (len(task.labels), len(task.distances))
    scores = {name: np.full(shape, np.nan, np.float32) for name in names}
    for number, fold in enumerate(folds(task, cut, seed)):
        for name in names:
            what, make = _row(task, name, fold, seed)
            key = hashlib.sha256(f"{task.key} {cut} {seed} {number} {what}".encode()).hexdigest()
            scores[name][fold[1]] = _kept(cache / "scores" / f"{key}.npy", make)
    return scores


def _row(task: Task, name: str, fold: Fold, seed: int) -> tuple[str, Callable[[], FloatArray]]:
    """Return what a row of the table is, in words, and how its scores are made."""
    if name in PLAIN:
        return name, lambda: plain_fusion(task, fold, PLAIN[name])
    if name == "zero-shot":
        return name, lambda: np.stack([task.read.written[row].evidence for row in fold[1]])
    variant, tied = RECIPES[name]
    recipe = ClassifierRecipe(VARIANTS[variant], tie_distances=tied, seed=seed)
    return json.dumps(asdict(recipe)), lambda: network_scores(task, fold, recipe)


def _kept(file: Path, make: Callable[[], FloatArray]) -> FloatArray:
    if not file.exists():
        file.parent.mkdir(parents=True, exist_ok=True)
        temporary = file.with_suffix(".tmp.npy")
        np.save(temporary, make())
        temporary.replace(file)
    kept: FloatArray = np.load(file)
    return kept


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
    """Return each row's metrics, mean over seeds, and its accuracy against plain fusion; runs hold the same rows."""
    names = list(runs[0])
    held_back = ~np.isnan(runs[0][names[0]][:, 0])
    # Only classes that occur compete; with folds all of them do.
    occurring, labels = np.unique(task.labels[held_back], return_inverse=True)
    distances = task.distances[np.ix_(occurring, occurring)]
    scores = {name: [run[name][np.ix_(held_back, occurring)] for run in runs] for name in names}
    right = {name: np.stack([each.argmax(axis=1) == labels for each in scores[name]]) for name in names}
    table = {}
    for name in names:
        results = [measure(each, labels, distances) for each in scores[name]]
        table[name] = {metric: _mean(results, metric) for metric in ("accuracy", "macro_ap", "mrr", "severity")}
        table[name]["accuracy_of_each_seed"] = [result.accuracy for result in results]
        table[name]["against_plain_fusion"] = paired_interval(right[name], right["plain fusion"])
    pairs = {"knowledge": ("visual + text + knowledge", "visual + text")}
    pairs |= {name[6:]: (name, "visual + text + knowledge") for name in ("all + SCRIM", "all + CKFR")}
    gains = {name: paired_interval(right[a], right[b]) for name, (a, b) in pairs.items() if a in right and b in right}
    return {
        "photos": int(held_back.sum()),
        "classes": len(occurring),
        "seeds": len(runs),
        "rows": table,
        "gains": gains,
    }


def _mean(results: Sequence[ClassificationResult], metric: str) -> Any:
    values = [value for result in results if (value := getattr(result, metric)) is not None]
    return float(np.mean(values)) if values else None


def read_task(data: Path, group: str | None, cache: Path, maps: bool) -> Task:
    """Read the photos of a labels.jsonl, those of a group only if one is named; `maps` are what SCRIM reads."""
    rows = [json.loads(line) for line in data.read_text(encoding="utf-8").splitlines()]
    chosen = [row for row in rows if group is None or row.get("group") == group]
    photos = [LabelledPhoto(data.parent / row["image"], row["label"], row.get("split", "")) for row in chosen]
    labels = classes_of(photos)
    model, lexicon = load_model(), default_lexicon()
    known = profiles(labels, lexicon, lexicon.labels(dataset_of(labels, lexicon)))
    read = read_photos(photos, model, PhotoReader(model.alphabet, known), maps, cache)
    numbers = numbers_of(photos, labels).numpy()
    key = key_of(model.fingerprint, [(row["image"], row["label"]) for row in chosen], KNOWLEDGE_FILES)
    return Task(read, numbers, tree_distances(known, lexicon), tuple(photo.split for photo in photos), key)


def key_of(fingerprint: str, photos: Sequence[tuple[str, str]], known: Sequence[Path]) -> str:
    """Return a name that changes with the network, the photos, their labels and what is known: scores depend on all.

    Args:
        fingerprint: of the network that reads.
        photos: their images and labels.
        known: files of what is known.
    """
    digest = hashlib.sha256(json.dumps(photos).encode())
    for file in known:
        digest.update(hashlib.sha256(file.read_bytes()).digest())
    return f"{fingerprint} {digest.hexdigest()}"


def main() -> None:
    """Measure every cut and write the results after each seed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--group", help="only photos of this group")
    parser.add_argument("--cache", type=Path, required=True)
    parser.add_argument("--output", type=Path, required=True)
    parser.add_argument("--cuts", nargs="*", choices=CUTS, default=list(CUTS))
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--rows", nargs="*", choices=list(RECIPES), default=list(RECIPES))
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    task = read_task(arguments.data, arguments.group, arguments.cache, "all + SCRIM" in arguments.rows)
    name = " ".join(filter(None, [arguments.data.parent.name, arguments.group]))
    names = [*PLAIN, "zero-shot", *arguments.rows]
    for cut in arguments.cuts:
        runs = []
        for seed in range(arguments.seeds):
            runs.append(cross_validate(task, cut, seed, names, arguments.cache))
            record(arguments.output, name, cut, summarise(task, runs))


def record(output: Path, task: str, cut: str, result: dict[str, Any]) -> None:
    """Put one result among those that the file already holds."""
    held = json.loads(output.read_text(encoding="utf-8")) if output.exists() else {}
    tasks = held.get("tasks", {})
    tasks.setdefault(task, {})[cut] = result
    write({"tasks": tasks}, output)


if __name__ == "__main__":
    main()
