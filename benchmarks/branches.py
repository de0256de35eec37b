r"""What the parts of the similarity are worth: branches trained alike but for one thing, over the same frozen trunk.

    python -m benchmarks.branches --cache RUN/cache --lexicon words.txt --words words.jsonl --images DIR --split dev \
        --output results.json

RUN is a run of `textsearch train branches` over the package's trunk: its crops are not read again. The photos are read
once too, so variants differ in their vectors alone. Left out in turn: each term of the loss (the two contrastive ones
together); then other sizes of the vectors. The recipe is far shorter than the package's, so only differences count.
"""

from __future__ import annotations

import json
import statistics
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import torch

from benchmarks.protocol import Protocol, annotated_parser, data_name
from benchmarks.rankings import ReadGallery
from benchmarks.record import write
from textsearch.features import SEQUENCE_LENGTH, region_features
from textsearch.lattice import Lattice
from textsearch.runtime.embedder import OnnxEmbedder
from textsearch.runtime.model import OnnxModel
from textsearch.training.branches import BranchRecipe, BranchTrainer, encode_texts
from textsearch.training.branches_run import batch_shares
from textsearch.training.cache import FeatureCache
from textsearch.training.inputs import read_lexicon
from textsearch.training.losses import BRANCH_TERMS
from textsearch.types import FloatArray

CONTRASTIVE = ("words_of_image", "images_of_word")

CHANNELS = {"120 dimensions": 8, "240 dimensions": 16, "1,920 dimensions": 128}
"""Sizes besides the package's 480: those that product quantisation to 60 bytes can part."""


def variants(base: BranchRecipe) -> dict[str, BranchRecipe]:
    """Return what is compared, by name; the first is what the others are compared with."""
    single = [name for name in BRANCH_TERMS if name not in CONTRASTIVE]
    without = {f"without {name}": {name} for name in single} | {"without the contrastive terms": set(CONTRASTIVE)}
    return {
        "all terms, 480 dimensions": base,
        **{
            name: replace(base, terms=tuple(term for term in BRANCH_TERMS if term not in left_out))
            for name, left_out in without.items()
        },
        **{name: replace(base, channels=channels) for name, channels in CHANNELS.items()},
    }


class Listener(OnnxEmbedder):
    """The package's branches; keeps what the image branch saw, in the order in which it was asked."""

    def __init__(self, model: OnnxModel) -> None:
        super().__init__(model.folder, model.alphabet, model.threads)
        self.heard: list[FloatArray] = []

    def regions(self, frames: Sequence[FloatArray], lattices: Sequence[Lattice]) -> FloatArray:
        """Return (N, D) float32 unit vectors of regions."""
        for sequence, lattice in zip(frames, lattices, strict=True):
            self.heard.append(region_features(sequence, lattice, self.prototypes, self.alphabet.folded))
        return super().regions(frames, lattices)


def measure(gallery: ReadGallery, heard: FloatArray, trainer: BranchTrainer) -> dict[str, dict[str, float]]:
    """Train to the end and rank the gallery with what was learned."""
    while trainer.step < trainer.recipe.steps:
        trainer.train_step()
    branches = trainer.branches.eval()
    with torch.no_grad():
        words = branches.words(encode_texts(gallery.queries, trainer.alphabet, trainer.prototypes))
        regions = branches.regions(torch.from_numpy(heard))
    return gallery.rankings_by(words.numpy(), regions.numpy())


def summary(name: str, recipe: BranchRecipe, runs: Sequence[dict[str, dict[str, float]]]) -> dict[str, Any]:
    """Return the mean over seeds of each ranking's mAP, and its spread, as JSON types."""
    scores = {way: [run[way]["map"] for run in runs] for way in ("vectors", "vectors_pq", "full")}
    return {
        "name": name,
        "dimension": recipe.channels * SEQUENCE_LENGTH // 2,
        "terms": recipe.terms,
        "map": {way: {"mean": statistics.mean(found), "all": found} for way, found in scores.items()},
    }


def main() -> None:
    """Measure and write the JSON."""
    parser = annotated_parser(__doc__)
    parser.add_argument("--cache", type=Path, required=True, help="caches of a run of `textsearch train branches`")
    parser.add_argument("--lexicon", type=Path, required=True, help="words, one a line")
    parser.add_argument("--steps", type=int, default=600)
    parser.add_argument("--seeds", type=int, default=2)
    arguments = parser.parse_args()
    protocol = Protocol.read(arguments.words, arguments.images, arguments.split, arguments.limit)
    model = OnnxModel()
    listener = model.encoder.embedder = Listener(model)
    gallery = ReadGallery.read(protocol, model)
    heard = np.stack(listener.heard)
    caches = {
        folder.name: FeatureCache.load(folder)
        for folder in sorted(arguments.cache.iterdir())
        if folder.name != "held-back"
    }
    lexicon = read_lexicon(arguments.lexicon)
    measured = []
    for name, recipe in variants(BranchRecipe(steps=arguments.steps)).items():
        runs = []
        for seed in range(arguments.seeds):
            trainer = BranchTrainer(
                replace(recipe, seed=seed),
                list(caches.values()),
                batch_shares(caches),
                lexicon,
                model.alphabet,
                listener.prototypes,
            )
            runs.append(measure(gallery, heard, trainer))
        measured.append(summary(name, recipe, runs))
        print(json.dumps(measured[-1]))
    record = {
        "benchmark": "branches",
        "data": data_name(arguments),
        "photos": len(protocol.photos),
        "steps": arguments.steps,
        "seeds": arguments.seeds,
        "crops": sum(len(cache.words) for cache in caches.values()),
        "package": gallery.rankings(),
        "variants": measured,
    }
    write(record, arguments.output)


if __name__ == "__main__":
    main()
