r"""What learning without labels is worth: word retrieval from few or many labels, with and without pre-training.

    python -m benchmarks.pretraining --words icdar/words.jsonl --crops iiit5k/words.jsonl --photos DIR \
        --lexicon /usr/share/dict/words --fonts DIR --backgrounds DIR --run runs/pretraining --output results.json

A variant is a trunk: random, pre-trained from random by contrast, by masking or by both, as PP-OCRv6 was published, or
that with both. Each learns the similarity from 1 %, 10 % and 100 % of the labelled words (those of split `train`, and
three quarters of the crops), three times with other subsets and other fresh branches, on one schedule; of the published
trunk only the last third learns, with and without labels. Then held-back words (split `dev`, the last quarter of the
crops) are searched for by their text: queries are their distinct words of three or more letters.

Whatever is finished lies in the run's folder and is not done again; `--only` does some of the variants, so that several
processes share the work. The result is written once all is there.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import torch

from benchmarks.record import write
from textsearch.models.crnn import CrnnTrunk
from textsearch.models.recogniser import RecognitionTrunk
from textsearch.models.weights import load_recogniser
from textsearch.runtime.model import load_model
from textsearch.training.crops import AnnotatedWords
from textsearch.training.datasets.photos import pictures
from textsearch.training.inputs import read_lexicon, readable_fonts
from textsearch.training.pretraining.finetune import LabelledStrips, TuneRecipe, fine_tune, retrieval
from textsearch.training.pretraining.pretrain import TRAINED_TRUNK, Pretrainer, PretrainRecipe, Task
from textsearch.training.pretraining.strips import PhotoStrips, StripSource, UnreadCrops, write_strips
from textsearch.training.steps import as_lines
from textsearch.training.synth import DrawnWords
from textsearch.types import ByteArray

SHARES = (0.01, 0.1, 1.0)
SEEDS = (0, 1, 2)
HELD_BACK = 4
"""One of so many word crops is held back: the last ones, since neighbours come from the same photo."""


@dataclass(frozen=True)
class Start:
    """What a trunk is before it has seen a strip, and how it learns from then on.

    Attributes:
        published: whether it is that of PP-OCRv6; else it is small and random.
        pretraining: without labels; the tasks are the variant's.
        tuning: with labels; steps and seed are the cell's.
        steps: of the tuning, by share of the labels.
    """

    published: bool
    pretraining: PretrainRecipe
    tuning: TuneRecipe
    steps: Mapping[float, int]

    def trunk(self, seed: int) -> CrnnTrunk | RecognitionTrunk:
        """Return the trunk."""
        if self.published:
            trunk = load_recogniser().trunk
            trunk.requires_grad_(False)
            for parameter in trunk.last_blocks():
                parameter.requires_grad_(True)
            return trunk
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            return CrnnTrunk()


SCRATCH = Start(
    published=False,
    pretraining=PretrainRecipe(
        steps=3000,
        batch=32,
        queue=2048,
        warm_up=100,
        learning_rate=2e-3,
        trunk_rate=2e-3,
        temperature=0.2,
        precision="bfloat16",
    ),
    tuning=TuneRecipe(batch=64, precision="bfloat16"),
    steps={0.01: 200, 0.1: 250, 1.0: 300},
)
PUBLISHED = Start(
    published=True,
    pretraining=replace(TRAINED_TRUNK, steps=120, precision="bfloat16"),
    tuning=TuneRecipe(batch=32, trunk_rate=2e-4, precision="bfloat16"),
    steps={0.01: 40, 0.1: 60, 1.0: 100},
)


@dataclass(frozen=True)
class Variant:
    """A start and what it learns without labels: nothing, one task, or both."""

    start: Start
    tasks: tuple[Task, ...] = ()


VARIANTS = {
    "random": Variant(SCRATCH),
    "contrast": Variant(SCRATCH, ("contrast",)),
    "mask": Variant(SCRATCH, ("mask",)),
    "contrast + mask": Variant(SCRATCH, ("contrast", "mask")),
    "published": Variant(PUBLISHED),
    "published, contrast + mask": Variant(PUBLISHED, TRAINED_TRUNK.tasks),
}


@dataclass(frozen=True, eq=False)
class Material:
    """What all variants share.

    Attributes:
        unlabelled: (N, 48, W, 3) uint8 strips.
        labelled: the words that labels are drawn from.
        held_back: the words that are searched for.
        lexicon: words that serve as negatives.
    """

    unlabelled: ByteArray
    labelled: LabelledStrips
    held_back: LabelledStrips
    lexicon: Sequence[str]

    def subset(self, share: float, seed: int) -> LabelledStrips:
        """Return a share of the labelled words; smaller shares of one seed are parts of larger ones."""
        count = round(share * len(self.labelled.words))
        return self.labelled.part(np.random.default_rng(seed).permutation(len(self.labelled.words))[:count].tolist())


def gather(arguments: argparse.Namespace) -> Material:
    """Cut and draw everything; the unlabelled strips are kept in the run's folder."""
    train = LabelledStrips.of(AnnotatedWords(arguments.words, "train", copies=1))
    dev = LabelledStrips.of(AnnotatedWords(arguments.words, "dev", copies=1))
    crops = LabelledStrips.of(AnnotatedWords(arguments.crops, None, copies=1))
    border = len(crops.words) * (HELD_BACK - 1) // HELD_BACK
    labelled = train.and_those_of(crops.part(range(border)))
    lexicon = read_lexicon(arguments.lexicon)
    sources: dict[str, StripSource] = {
        f"photos-{number}": PhotoStrips(pictures(folder), load_model(preset="fast").encoder)
        for number, folder in enumerate(arguments.photos)
    }
    fonts, backgrounds = readable_fonts(arguments.fonts), pictures(arguments.backgrounds)
    sources["drawn"] = UnreadCrops(DrawnWords(lexicon, fonts, backgrounds, arguments.drawn))
    found = write_strips(arguments.run / "strips", sources, most=arguments.most, progress=print)
    # The labelled words without their labels: in a gallery of one's own, too, most photos are those without.
    unlabelled = np.concatenate([found, labelled.pixels])
    return Material(unlabelled, labelled, dev.and_those_of(crops.part(range(border, len(crops.words)))), lexicon)


def pretrained(name: str, variant: Variant, material: Material, run: Path) -> dict[str, Any]:
    """Return the weights of a variant's trunk, pre-trained if it is to be."""
    trunk = variant.start.trunk(seed=0)
    if not variant.tasks:
        return trunk.state_dict()
    folder = run / name.replace(" ", "-")
    finished = folder / "trunk.pt"
    if not finished.exists():
        began = time.process_time()
        trainer = Pretrainer(trunk, material.unlabelled, recipe_of(variant))
        tell = as_lines(lambda line: print(name, line, flush=True), trainer.recipe.steps, every=50)
        trainer.run(folder, save_every=50, progress=tell)
        print(f"{name}: pre-trained in {time.process_time() - began:.0f} s of processor time", flush=True)
        torch.save(trainer.trunk.state_dict(), finished)
    weights: dict[str, Any] = torch.load(finished, weights_only=True)
    return weights


def recipe_of(variant: Variant) -> PretrainRecipe:
    """Return how a variant is pre-trained."""
    return replace(variant.start.pretraining, tasks=variant.tasks)


def measure(
    name: str, variant: Variant, weights: Mapping[str, Any], share: float, seed: int, material: Material, run: Path
) -> None:
    """Tune and measure one cell of the table, unless its file is there."""
    file = cell_file(run, name, share, seed)
    if file.exists():
        return
    start = variant.start
    # A random trunk is another one for each seed, as the labels and the branches are.
    trunk = start.trunk(seed)
    if variant.tasks:
        trunk.load_state_dict(weights)
    trunk.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    began = time.process_time()
    labels = material.subset(share, seed)
    recipe = replace(start.tuning, steps=start.steps[share], seed=seed)
    finder = fine_tune(trunk, labels, material.lexicon, recipe)
    cell = {
        "map": 100 * retrieval(finder, material.held_back),
        "labels": len(labels.words),
        "processor_seconds": round(time.process_time() - began),
    }
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(json.dumps(cell), encoding="utf-8")
    print(name, share, seed, cell, flush=True)


def cell_file(run: Path, name: str, share: float, seed: int) -> Path:
    """Return where a cell of the table is kept."""
    return run / "cells" / f"{name.replace(' ', '-')}-{share}-{seed}.json"


def summary(run: Path) -> dict[str, Any] | None:
    """Return mean, spread and single values of each variant by share of the labels; None while cells are missing."""
    variants: dict[str, dict[str, Any]] = {}
    for name in VARIANTS:
        variants[name] = {}
        for share in SHARES:
            files = [cell_file(run, name, share, seed) for seed in SEEDS]
            if not all(file.exists() for file in files):
                return None
            variants[name][str(share)] = spread_of([json.loads(file.read_text(encoding="utf-8")) for file in files])
    return variants


def spread_of(cells: Sequence[Mapping[str, float]]) -> dict[str, Any]:
    """Return what the cells of one share of the labels have in common."""
    values = [cell["map"] for cell in cells]
    return {
        "labels": cells[0]["labels"],
        "map": float(np.mean(values)),
        "lowest": min(values),
        "highest": max(values),
        "deviation": float(np.std(values, ddof=1)),
        "seeds": values,
    }


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--words", type=Path, required=True, help="annotated photos, splits train and dev")
    parser.add_argument("--crops", type=Path, required=True, help="annotated word crops")
    parser.add_argument("--photos", type=Path, action="append", default=[], help="folder of photos without labels")
    parser.add_argument("--lexicon", type=Path, required=True, help="words, one a line")
    parser.add_argument("--fonts", type=Path, required=True, help="folder of fonts")
    parser.add_argument("--backgrounds", type=Path, required=True, help="folder of photos to draw on")
    parser.add_argument("--drawn", type=int, default=12_000, help="words drawn")
    parser.add_argument("--most", type=int, help="strips taken of each folder and of the drawn words")
    parser.add_argument("--run", type=Path, required=True, help="folder for what is finished")
    parser.add_argument("--only", choices=VARIANTS, nargs="+", default=list(VARIANTS), help="variants to do now")
    parser.add_argument("--threads", type=int, default=1, help="threads that torch computes with")
    parser.add_argument("--output", type=Path, required=True, help="JSON file to write")
    return parser.parse_args()


def main() -> None:
    """Pre-train, tune and measure; write the JSON once every cell is there."""
    arguments = _arguments()
    torch.set_num_threads(arguments.threads)
    cv2.setNumThreads(arguments.threads)
    material = gather(arguments)
    for name in arguments.only:
        weights = pretrained(name, VARIANTS[name], material, arguments.run)
        for share in SHARES:
            for seed in SEEDS:
                measure(name, VARIANTS[name], weights, share, seed, material, arguments.run)
    variants = summary(arguments.run)
    if variants is None:
        print("cells of other variants are missing; no result is written")
        return
    starts = {"random": SCRATCH, "published": PUBLISHED}
    record = {
        "benchmark": "pretraining",
        "data": f"{arguments.words.parent.name} and {arguments.crops.parent.name}",
        "unlabelled_strips": len(material.unlabelled),
        "held_back": {
            "strips": len(material.held_back.words),
            "words": len({word for word in material.held_back.words if len(word) >= 3}),
        },
        "pretraining": {
            name: {"strips": start.pretraining.steps * start.pretraining.batch, "recipe": asdict(start.pretraining)}
            for name, start in starts.items()
        },
        "tuning": {
            name: {"steps": {str(share): steps for share, steps in start.steps.items()}, "recipe": asdict(start.tuning)}
            for name, start in starts.items()
        },
        "variants": variants,
    }
    write(record, arguments.output)


if __name__ == "__main__":
    main()
