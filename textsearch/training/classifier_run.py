"""`textsearch train classifier` as one call: labelled photos in, a file of weights out."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path

import torch

from textsearch.errors import TextSearchError
from textsearch.knowledge.classifier import PhotoReader, TrainedClassifier, save_classifier
from textsearch.knowledge.evidence import profiles, tree_distances
from textsearch.knowledge.lexicon import Lexicon, default_lexicon
from textsearch.knowledge.network import VARIANTS
from textsearch.runtime.model import load_model
from textsearch.training.classifier import ClassifierRecipe, ClassifierTrainer
from textsearch.training.classifier_data import ReadPhotos, numbers_of, read_photos
from textsearch.training.datasets.labelled import classes_of, read_labelled
from textsearch.training.runs import record_arguments

Listener = Callable[[str, int, int], None]
"""Told what is being done, how much of it is done, and how much there is."""

DATASETS = ("grocery", "con-text", "storefront")
"""Data sets whose classes the lexicon knows."""


def recipe_of(variant: str, tied: bool, epochs: int, seed: int) -> ClassifierRecipe:
    """Return the recipe of a variant of the network.

    Args:
        variant: its name.
        tied: whether distances are tied to the taxonomy.
        epochs: passes over the photos.
        seed: for everything random.

    Raises:
        TextSearchError: there is no such variant.
    """
    if variant not in VARIANTS:
        raise TextSearchError(f"there is no variant {variant!r}; name one of {', '.join(VARIANTS)}")
    return ClassifierRecipe(VARIANTS[variant], tie_distances=tied, epochs=epochs, seed=seed)


def train_classifier(
    run: Path,
    data: Path,
    split: str | None,
    recipe: ClassifierRecipe,
    elsewhere: Path | None = None,
    listener: Listener | None = None,
) -> Path:
    """Train a classifier and write it to `run`; return the file.

    Args:
        run: folder of the run; what was read of the photos is kept there too.
        data: labelled photos, see `read_labelled`.
        split: only this part of them.
        recipe: see `recipe_of`.
        elsewhere: photos that show none of the classes, in any of the same forms; they teach it to say so.
        listener: told of the progress.

    Raises:
        TextSearchError: the data or the folder does not fit.
        MissingDependencyError: a package with weights is missing.
    """
    photos = read_labelled(data, split)
    labels = classes_of(photos)
    if len(labels) < 2:
        raise TextSearchError(f"{data} has photos of one class only; a classifier needs two or more.")
    if elsewhere is not None and (recipe.config.scrim or recipe.tie_distances):
        raise TextSearchError("photos of anything else train neither SCRIM nor tied distances; leave one of them out.")
    others = read_labelled(elsewhere) if elsewhere is not None else []
    record_arguments(
        run, {"data": str(data), "split": split, "recipe": asdict(recipe), "elsewhere": str(elsewhere or "")}
    )
    model, lexicon = load_model(), default_lexicon()
    dataset = dataset_of(labels, lexicon)
    known = profiles(labels, lexicon, lexicon.labels(dataset))
    reader = PhotoReader(model.alphabet, known, lexicon=lexicon)
    progress = (lambda done, total: listener("photos", done, total)) if listener else None
    read = read_photos([*photos, *others], model, reader, recipe.config.scrim, run / "photos", progress)
    numbers = torch.cat([numbers_of(photos, labels), torch.full((len(others),), len(labels))])
    distances = torch.from_numpy(tree_distances(known, lexicon)).float()
    trainer = fit(recipe, read, numbers, distances, run, listener)
    weights = run / "classifier.safetensors"
    save_classifier(TrainedClassifier(trainer.network, tuple(labels), dataset, read.rarity), weights)
    return weights


def fit(
    recipe: ClassifierRecipe,
    read: ReadPhotos,
    labels: torch.Tensor,
    distances: torch.Tensor,
    run: Path | None = None,
    listener: Listener | None = None,
) -> ClassifierTrainer:
    """Return a trainer that has seen its last epoch; arguments as for `ClassifierTrainer` and `train_classifier`."""
    trainer = ClassifierTrainer(recipe, read.views(read.rarity), labels, distances)
    trainer.run(run, (lambda epoch, _: listener("epochs", epoch, recipe.epochs)) if listener else None)
    return trainer


def dataset_of(labels: list[str], lexicon: Lexicon) -> str:
    """Return the data set whose classes the lexicon knows and that has all of these; empty if there is none."""
    return next((name for name in DATASETS if set(labels) <= set(lexicon.labels(name))), "")
