"""One run of training of the configuration `tdsl`; a stopped run goes on where it stopped.

run/recipe.json        what the run was begun with
run/pseudo.jsonl       what the package's network read in the photos without annotation
run/checkpoint.pt      weights and optimiser
run/log.jsonl          means of the loss terms, and the held-back score
run/curves.png         the log as a picture
run/weights/           the trained network, tdsl.safetensors
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from textsearch.errors import TextSearchError
from textsearch.models.boxes import BoxOptions
from textsearch.models.tdsl import TdslNetwork
from textsearch.models.tdsl_encoder import TdslEncoder
from textsearch.models.tdsl_store import load_tdsl, save_tdsl, stored_config
from textsearch.training.augment import CropRecipe, VariedSource, squeeze_and_tint, vary
from textsearch.training.datasets.annotations import Annotations
from textsearch.training.datasets.icdar import Mlt
from textsearch.training.datasets.photos import PhotoSet
from textsearch.training.datasets.spelt import SpeltWords
from textsearch.training.datasets.synthtext import SynthText90k
from textsearch.training.devices import check_device
from textsearch.training.inputs import read_lexicon
from textsearch.training.material import Material, TrainingPhotos, check_photos, open_material
from textsearch.training.retrieval import photo_retrieval
from textsearch.training.runs import check_arguments, record_arguments
from textsearch.training.sources import Mixture, RandomSource
from textsearch.training.steps import as_lines
from textsearch.training.tdsl import TdslBatches, TdslRecipe, TdslTrainer, new_network
from textsearch.training.walls import Walls


@dataclass(frozen=True)
class TdslTrainingData(TrainingPhotos):
    """What a run learns from; without `start` its backbone begins with EfficientNet-Lite0 from ImageNet.

    The package's own network annotates the photos without annotation.

    Attributes:
        walls: part of the squares that are filled with words cut out of photos and scenes, see `Walls`; the paper has
            none.
    """

    walls: float = 0.0

    def sets(self) -> list[PhotoSet[Any]]:
        """Return the annotated photos; of MLT those that the paper takes."""
        return [SpeltWords(photos) if isinstance(photos, Mlt) else photos for photos in super().sets()]


def train_tdsl(
    run: Path,
    data: TdslTrainingData,
    recipe: TdslRecipe,
    progress: Callable[[str], None] = lambda line: None,
    processes: int = 0,
) -> Path:
    """Train the configuration `tdsl` and export it.

    Args:
        run: folder of the run; started again with the same arguments it goes on where it stopped.
        data: what to learn from.
        recipe: how to learn.
        progress: receives a line of text from time to time.
        processes: how many draw the next steps' data beside this one; the numbers do not depend on it. A script that
            asks for any must be guarded by `if __name__ == "__main__"`.

    Returns:
        The folder with the exported file, for `textsearch.models.tdsl_store.load_tdsl`.

    Raises:
        TextSearchError: the run was begun with other arguments, data is missing, or the device; or a process that
            draws data ended.
    """
    check_device(recipe.device)
    arguments = {"data": asdict(data), "recipe": asdict(recipe)}
    check_arguments(run, arguments)
    check_photos(data)
    network = _starting_network(data.start, recipe)
    record_arguments(run, arguments)
    source = _squares(open_material(run, data, None, progress), data.walls, recipe.crop)
    trainer = TdslTrainer(network, TdslBatches(source, recipe), read_lexicon(data.lexicon))
    evaluate = _measurement(data.held_back, recipe) if data.held_back else None
    trainer.run(run, evaluate=evaluate, progress=as_lines(progress, recipe.steps), processes=processes)
    metadata = {"recipe": json.dumps(asdict(recipe)), "licence": "Apache-2.0"}
    save_tdsl(trainer.network, recipe.network, metadata, run / "weights")
    return run / "weights"


def _starting_network(start: Path | None, recipe: TdslRecipe) -> TdslNetwork:
    if start is None:
        return new_network(recipe)
    if stored_config(start) != recipe.network:
        raise TextSearchError(
            f"The network in {start} has a width of {stored_config(start).width}, not {recipe.network.width}, or other "
            "sizes; a run keeps the sizes it starts with."
        )
    return load_tdsl(start)


def _squares(material: Material, walls: float, recipe: CropRecipe) -> Mixture:
    """Take squares from photos and whole scenes, as the paper does with its photos and its drawn scenes, and walls."""
    scenes, scenes_share = material.scenes
    squares: list[tuple[RandomSource, float]] = [
        (VariedSource(source, squeeze_and_tint if isinstance(source.photos, SynthText90k) else vary, recipe), share)
        for source, share in material.photos
    ]
    squares.append((VariedSource(scenes, squeeze_and_tint, recipe), scenes_share))
    if not walls:
        return Mixture(squares)
    words = VariedSource(Walls(Mixture([*material.photos, material.scenes]), recipe.side), squeeze_and_tint, recipe)
    rest = (1 - walls) / sum(share for _, share in squares)
    return Mixture([*((source, share * rest) for source, share in squares), (words, walls)])


def _measurement(held_back: Annotations, recipe: TdslRecipe) -> Callable[[TdslNetwork], dict[str, float]]:
    """Return a function that measures a network in training."""
    photos = held_back.photos()

    def measure(network: TdslNetwork) -> dict[str, float]:
        encoder = TdslEncoder(network, (recipe.test_side,), BoxOptions())
        return photo_retrieval(encoder, photos.samples())

    return measure
