"""How well photos were classified: accuracy, average precision, the papers' reciprocal rank, and how bad errors are."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from textsearch.knowledge.classifier import load_classifier
from textsearch.knowledge.evidence import profiles, tree_distances
from textsearch.knowledge.lexicon import default_lexicon
from textsearch.knowledge.scoring import branch_scores, evidence_scores
from textsearch.metrics import average_precision
from textsearch.training.classifier_run import dataset_of
from textsearch.training.datasets.labelled import classes_of, read_labelled
from textsearch.types import FloatArray


@dataclass(frozen=True)
class ClassificationResult:
    """How well P photos were classified.

    Attributes:
        accuracy: share of photos whose best class is the right one, 0 to 1.
        macro_ap: average precision of each class over all photos, mean over classes, 0 to 1.
        mrr: 1 / rank of the right class, mean within each class, then over classes, 0 to 1; the papers call it mAP.
        severity: mean distance in the taxonomy from the right class to the one chosen, over the errors; None without
            an error or a taxonomy.
        photos: P.
        classes: C, that occur.
    """

    accuracy: float
    macro_ap: float
    mrr: float
    severity: float | None
    photos: int
    classes: int


def measure(
    scores: FloatArray, labels: NDArray[np.int64], distances: NDArray[np.int32] | None = None
) -> ClassificationResult:
    """Return how well scores tell the labels; classes that never occur are left out beforehand.

    Args:
        scores: (P, C), the higher the likelier.
        labels: (P,), the right classes; every class occurs.
        distances: (C, C), between the classes in the taxonomy.

    Raises:
        ValueError: there is no photo, or a class does not occur.
    """
    classes = scores.shape[1]
    if not len(labels) or not np.array_equal(np.unique(labels), np.arange(classes)):
        raise ValueError("measure needs photos of every class")
    chosen = scores.argmax(axis=1)
    right = scores[np.arange(len(labels)), labels][:, None]
    # Tied classes share the worst of their ranks, so that a classifier that says nothing gains nothing.
    ranks = (scores >= right).sum(axis=1)
    inside = [labels == each for each in range(classes)]
    wrong = chosen != labels
    severity = float(distances[labels[wrong], chosen[wrong]].mean()) if distances is not None and wrong.any() else None
    return ClassificationResult(
        accuracy=float(1 - wrong.mean()),
        macro_ap=float(np.mean([average_precision(own, scores[:, each]) for each, own in enumerate(inside)])),
        mrr=float(np.mean([(1 / ranks[own]).mean() for own in inside])),
        severity=severity,
        photos=len(labels),
        classes=classes,
    )


Variant = Literal["visual", "text", "full", "zero-shot"]

_BRANCHES = {"visual": ("picture", "parts"), "text": ("spelling", "reading")}
"""Branches of the packaged network that a variant adds up; any other adds up all."""


@dataclass(frozen=True)
class ClassifierReport:
    """What an evaluation found, and of what.

    Attributes:
        variant: what told the classes apart.
        result: how well.
    """

    variant: Variant
    result: ClassificationResult

    def to_dict(self) -> dict[str, Any]:
        """Return everything as JSON types."""
        return {"variant": self.variant, **asdict(self.result)}


def evaluate_classifier(
    data: Path,
    split: str | None,
    variant: Variant,
    weights: Path | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> ClassifierReport:
    """Classify labelled photos and measure how well; only classes that occur compete.

    Classes that the classifier was not trained on compete by what knowledge says of them.

    Args:
        data: labelled photos, see `textsearch.training.datasets.labelled.read_labelled`.
        split: only this part of them.
        variant: "visual" and "text" take those branches of the trained network alone, "zero-shot" no trained weight.
        weights: a trained classifier; the packaged one if None.
        progress: called after each photo with the number done and the number of all.

    Raises:
        TextSearchError: the data do not fit.
        MissingDependencyError: a package with weights is missing.
        WeightsError: the weights are missing.
    """
    photos = read_labelled(data, split)
    labels = classes_of(photos)
    lexicon = default_lexicon()
    known = profiles(labels, lexicon, lexicon.labels(dataset_of(labels, lexicon)))
    paths = [photo.path for photo in photos]
    if variant == "zero-shot":
        scores = evidence_scores(paths, known, progress)
    else:
        scores = branch_scores(paths, load_classifier(weights), known, _BRANCHES.get(variant), progress)
    numbers = np.array([labels.index(photo.label) for photo in photos], np.int64)
    # Where no class has a category, all are equally far from each other, which says nothing of how bad an error is.
    in_tree = any(each.category is not None for each in known)
    return ClassifierReport(variant, measure(scores, numbers, tree_distances(known, lexicon) if in_tree else None))
