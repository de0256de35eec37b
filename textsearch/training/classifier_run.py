"""`textsearch train classifier` as one call: labelled photos in, a file of weights out."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import torch

from textsearch.errors import TextSearchError
from textsearch.knowledge.classifier import PhotoReader, TrainedClassifier, save_classifier
from textsearch.knowledge.evidence import profiles, tree_distances
from textsearch.knowledge.lexicon import Lexicon, default_lexicon
from textsearch.knowledge.network import VARIANTS, Experts
from textsearch.runtime.model import load_model
from textsearch.training.classifier import ClassifierRecipe, ClassifierTrainer
from textsearch.training.classifier_data import ReadPhotos, numbers_of, read_photos
from textsearch.training.datasets.labelled import LabelledPhoto, classes_of, read_labelled
from textsearch.training.runs import check_arguments, record_arguments

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


@dataclass(frozen=True)
class TrainingData:
    """What a classifier is trained on.

    Attributes:
        photos: labelled photos, see `read_labelled`.
        split: only this part of them.
        apart: the name in a JSON line that holds a group; the classes of each group get a network of their own, for
            what tells cartons apart is another thing than what tells apples apart. One network for all if None.
        elsewhere: photos that show none of the classes, in any of the same forms; they teach it to say so.
    """

    photos: Path
    split: str | None = None
    apart: str | None = None
    elsewhere: Path | None = None


def train_classifier(run: Path, data: TrainingData, recipe: ClassifierRecipe, listener: Listener | None = None) -> Path:
    """Train a classifier and write it to `run`; return the file.

    Args:
        run: folder of the run; what was read of the photos is kept there too.
        data: the photos.
        recipe: see `recipe_of`.
        listener: told of the progress.

    Raises:
        TextSearchError: the data or the folder does not fit.
        MissingDependencyError: a package with weights is missing.
    """
    photos = read_labelled(data.photos, data.split)
    groups = groups_of(photos, read_labelled(data.photos, data.split, data.apart) if data.apart else photos[:0])
    labels = [label for group in groups for label in group]
    if min(map(len, groups)) < 2:
        where = f"a group of {data.photos} by {data.apart!r}" if data.apart else data.photos
        raise TextSearchError(f"{where} has photos of one class only; a classifier needs two or more.")
    others = read_labelled(data.elsewhere) if data.elsewhere is not None else []
    if (others or len(groups) > 1) and recipe.tie_distances:
        raise TextSearchError(
            "photos of anything else have no place in the taxonomy; leave them or tied distances out."
        )
    arguments = {
        **{name: str(value) for name, value in asdict(data).items()},
        "recipe": asdict(recipe),
        # A checkpoint knows its classes by their numbers alone, so other ones must never meet it.
        "labels": groups,
        "photos_sha256": digest_of(photos),
        "elsewhere_sha256": digest_of(others),
    }
    check_arguments(run, arguments)
    model, lexicon = load_model(), default_lexicon()
    dataset = dataset_of(labels, lexicon)
    known = profiles(labels, lexicon, lexicon.labels(dataset))
    reader = PhotoReader(model.alphabet, known)
    progress = (lambda done, total: listener("photos", done, total)) if listener else None
    read = read_photos([*photos, *others], model, reader, recipe.config.scrim, run / "photos", progress)
    # Only now: while a photo can be missing or damaged, the list of them may still have to be corrected.
    record_arguments(run, arguments)
    numbers = torch.cat([numbers_of(photos, labels), torch.full((len(others),), len(labels))])
    distances = torch.from_numpy(tree_distances(known, lexicon)).float()
    experts = fit_experts(recipe, read, (numbers, distances), [len(group) for group in groups], run, listener)
    weights = run / "classifier.safetensors"
    save_classifier(TrainedClassifier(experts, tuple(labels), dataset, read.rarity), weights)
    return weights


def digest_of(photos: Sequence[LabelledPhoto]) -> str:
    """Return the SHA-256, in hexadecimal, of the paths and labels of photos in their order."""
    rows = json.dumps([(str(photo.path), photo.label) for photo in photos])
    return hashlib.sha256(rows.encode()).hexdigest()


def groups_of(photos: Sequence[LabelledPhoto], grouped: Sequence[LabelledPhoto]) -> list[list[str]]:
    """Return the classes of each group, sorted.

    Args:
        photos: with their classes.
        grouped: the same photos with their groups for labels; none if all classes are one group.

    Raises:
        TextSearchError: a class is in two groups.
    """
    if not grouped:
        return [classes_of(photos)]
    groups: dict[str, set[str]] = {}
    for photo, group in zip(photos, grouped, strict=True):
        groups.setdefault(group.label, set()).add(photo.label)
    if sum(map(len, groups.values())) > len(classes_of(photos)):
        raise TextSearchError("a class is in two groups; groups must not share classes.")
    return [sorted(groups[name]) for name in sorted(groups)]


def fit_experts(
    recipe: ClassifierRecipe,
    read: ReadPhotos,
    targets: tuple[torch.Tensor, torch.Tensor],
    sizes: Sequence[int],
    run: Path | None = None,
    listener: Listener | None = None,
) -> Experts:
    """Return trained networks, one for each group of classes; what is kept in `run` lets a stopped run go on.

    Args:
        recipe: see `ClassifierRecipe`.
        read: the photos.
        targets: their classes (P,), C for photos of anything else, and the classes' distances (C, C).
        sizes: how many classes each group has; groups follow each other.
        run: folder of the run; nothing is kept if None.
        listener: told of the progress.
    """
    numbers, distances = targets
    experts = Experts(recipe.config, sizes)
    views = read.views(read.rarity)
    start = 0
    for place, size in enumerate(sizes):
        own = slice(start, start + size)
        inside = (numbers >= start) & (numbers < start + size)
        trainer = ClassifierTrainer(
            recipe,
            [replace(view, evidence=view.evidence[:, own]) for view in views],
            torch.where(inside, numbers - start, size),
            distances[own, own],
        )
        folder = run / f"expert-{place}" if run is not None and len(sizes) > 1 else run
        if folder is not None:
            folder.mkdir(parents=True, exist_ok=True)
        trainer.run(folder, (lambda epoch, _: listener("epochs", epoch, recipe.epochs)) if listener else None)
        experts.networks[place] = trainer.network
        start += size
    return experts.eval()


def dataset_of(labels: list[str], lexicon: Lexicon) -> str:
    """Return the data set whose classes the lexicon knows and that has all of these; empty if there is none."""
    return next((name for name in DATASETS if set(labels) <= set(lexicon.labels(name))), "")
