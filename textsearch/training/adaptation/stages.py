"""The two stages of training, and the export: from strips to the weights of an adapted model."""

from __future__ import annotations

import json
import shutil
import time
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path

import numpy as np
import torch

from textsearch.models.joint import load_joint
from textsearch.models.recogniser import RecognitionTrunk
from textsearch.runtime.model import OnnxModel
from textsearch.training.adaptation.data import GalleryStrips
from textsearch.training.adaptation.report import AdaptOptions
from textsearch.training.adaptation.self_training import SelfTrainer, SelfTrainingRecipe
from textsearch.training.export import export_network
from textsearch.training.pretraining.pretrain import Pretrainer, PretrainRecipe
from textsearch.training.pretraining.strips import fit_strip
from textsearch.training.start import write_alphabet
from textsearch.training.steps import as_lines
from textsearch.types import ByteArray

Progress = Callable[[str], None]

PRETRAINED_PART = 3
"""Of so many steps, one learns without any reading."""

_PRETRAINING_COST = 1.8
"""What such a step costs, in steps of self-training; measured on one core."""

_TRIED = 3
"""Steps that are timed where the time is limited."""


def pretraining_recipe(steps: int, seed: int) -> PretrainRecipe:
    """Return how a trained trunk learns from a gallery without reading anything: little, and near to where it was."""
    return PretrainRecipe(
        tasks=("contrast", "mask", "keep"),
        steps=steps,
        batch=32,
        trunk_rate=2e-5,
        warm_up=20,
        queue=1024,
        keep=10.0,
        statistics="kept",
        seed=seed,
    )


def train(folder: Path, old: OnnxModel, strips: GalleryStrips, options: AdaptOptions, progress: Progress) -> None:
    """Adapt a model to strips and write its weights to folder/weights, which appear whole or not at all.

    Args:
        folder: of the new model; checkpoints in it are taken up.
        old: where to begin.
        strips: of the gallery.
        options: how.
        progress: receives a line of text from time to time.
    """
    steps = options.steps if options.minutes is None else affordable_steps(folder / "steps.json", old, strips, options)
    network = load_joint(old.folder)
    before = pretraining_recipe(steps // PRETRAINED_PART, options.seed)
    _pretrain(network.recogniser.trunk, strips, folder / ".pretraining", before, progress)
    recipe = SelfTrainingRecipe(steps=steps - before.steps, seed=options.seed)
    trainer = SelfTrainer(network, load_joint(old.folder), strips, old.alphabet, recipe)
    trainer.run(folder / ".training", progress=as_lines(progress, recipe.steps))
    temporary = folder / "weights.tmp"
    shutil.rmtree(temporary, ignore_errors=True)
    temporary.mkdir()
    recipes = json.dumps({"pretraining": asdict(before), "training": asdict(recipe)})
    metadata = {"licence": "Apache-2.0", "adapted_from": old.fingerprint, "recipe": recipes}
    with torch.no_grad():
        export_network(trainer.adapted(), metadata, temporary)
    write_alphabet(old.alphabet, temporary)
    temporary.rename(folder / "weights")


def affordable_steps(file: Path, old: OnnxModel, strips: GalleryStrips, options: AdaptOptions) -> int:
    """Return how many steps fit into the time: found out once by trying, and the same when a run goes on."""
    if not file.exists():
        recipe = SelfTrainingRecipe(seed=options.seed)
        trainer = SelfTrainer(load_joint(old.folder), load_joint(old.folder), strips, old.alphabet, recipe)
        trainer.train_step()  # the first one takes longer
        began = time.monotonic()
        for _ in range(_TRIED):
            trainer.train_step()
        seconds = (time.monotonic() - began) / _TRIED * (1 + (_PRETRAINING_COST - 1) / PRETRAINED_PART)
        affordable = max(PRETRAINED_PART, int(60 * (options.minutes or 0) / seconds))
        temporary = file.with_suffix(".tmp")
        temporary.write_text(json.dumps(min(options.steps, affordable)), encoding="utf-8")
        temporary.replace(file)
    return int(json.loads(file.read_text(encoding="utf-8")))


def _pretrain(
    trunk: RecognitionTrunk,
    strips: GalleryStrips,
    folder: Path,
    recipe: PretrainRecipe,
    progress: Progress,
) -> None:
    """Train the last blocks of a trunk, in place, on strips that nobody reads."""
    places = strips.places(sure=False, held_back=False)
    seen: ByteArray = np.stack([fit_strip(strips.strip(place)) for place in places])
    trunk.requires_grad_(False)
    for parameter in trunk.last_blocks():
        parameter.requires_grad_(True)
    Pretrainer(trunk, seen, recipe).run(folder, save_every=20, progress=as_lines(progress, recipe.steps))
