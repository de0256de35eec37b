"""Scores of many photos: by a trained network, or by knowledge alone."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import torch

from textsearch.errors import named
from textsearch.images import read_image
from textsearch.knowledge.classifier import PhotoReader, TrainedClassifier
from textsearch.knowledge.decisions import choose
from textsearch.knowledge.evidence import ClassEvidence, ClassProfile, profiles
from textsearch.knowledge.language import MiniLanguageModel
from textsearch.knowledge.lexicon import default_lexicon
from textsearch.knowledge.linker import Linker
from textsearch.knowledge.spans import readings_of
from textsearch.runtime.model import load_model
from textsearch.types import FloatArray

Progress = Callable[[int, int], None]


def branch_scores(
    paths: Sequence[Path],
    trained: TrainedClassifier,
    wanted: Sequence[ClassProfile],
    branches: Sequence[str] | None = None,
    progress: Progress | None = None,
) -> FloatArray:
    """Return the scores of W classes for photos, (P, W) float32, by a trained classifier.

    Args:
        paths: the files.
        trained: the classifier.
        wanted: the classes; those it was not trained on are judged by knowledge alone, see `choose`.
        branches: add up only these parts of the network, those of them that it has; all if None.
        progress: called after each photo.

    Raises:
        ImageError: a photo cannot be read.
    """
    lexicon, model, language = default_lexicon(), load_model(), MiniLanguageModel()
    classes = profiles(trained.labels, lexicon, lexicon.labels(trained.dataset))
    reader = PhotoReader(model.alphabet, classes, language)
    linker, evidence = Linker(lexicon, model.alphabet), ClassEvidence(wanted, language)
    scores = np.zeros((len(paths), len(trained.labels)), np.float32)
    known = np.zeros((len(paths), len(wanted)), np.float32)
    for row, path in enumerate(paths):
        with named(path):
            pixels = read_image(path)
        regions = model.encode_images([pixels])[0]
        readings = readings_of(regions)
        known[row] = evidence.scores(readings, linker.link(readings))
        with torch.inference_mode():
            judged = trained.network(reader.read(pixels, regions, trained.rarity)).branches
        for name, each in judged.items():
            if branches is None or name in branches:
                scores[row] += each[0].numpy()
        if progress:
            progress(row + 1, len(paths))
    return choose(scores, trained.labels, [each.label for each in wanted], known)


def evidence_scores(
    paths: Sequence[Path], classes: Sequence[ClassProfile], progress: Progress | None = None
) -> FloatArray:
    """Return the log-odds of classes by the words of photos and what they name, (P, C) float32; nothing is trained.

    Raises:
        ImageError: a photo cannot be read.
    """
    model = load_model()
    linker = Linker(default_lexicon(), model.alphabet)
    evidence = ClassEvidence(classes, MiniLanguageModel())
    scores = np.zeros((len(paths), len(classes)), np.float32)
    for row, path in enumerate(paths):
        with named(path):
            pixels = read_image(path)
        readings = readings_of(model.encode_images([pixels])[0])
        scores[row] = evidence.scores(readings, linker.link(readings))
        if progress:
            progress(row + 1, len(paths))
    return scores
