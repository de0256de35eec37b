"""How fast scenes are drawn on one core, how many words they give, and how long one core draws at a GPU's step.

    python -m benchmarks.scene_speed --lexicon words.txt --fonts FOLDER --backgrounds FOLDER --words words.jsonl:train

Each process draws its own scenes with OpenCV on one thread; the times are of the processor, so other load on the
machine does not count. Photos are read inside of the measured time.
"""

from __future__ import annotations

import argparse
import statistics
import time
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from benchmarks.record import write
from textsearch.geometry import rectify
from textsearch.layout import corners
from textsearch.runtime.model import load_model
from textsearch.training.ahead import StepBatches
from textsearch.training.augment import VariedSource, squeeze_and_tint, vary
from textsearch.training.datasets.annotations import words_file
from textsearch.training.datasets.photos import PhotoSet
from textsearch.training.inputs import read_lexicon, readable_fonts
from textsearch.training.joint import JointBatches, JointRecipe
from textsearch.training.samples import Sample
from textsearch.training.scenes import DrawnScenes
from textsearch.training.sources import Mixture, PhotosAtRandom
from textsearch.training.tdsl import TdslBatches, TdslRecipe

_PHOTOS = 0.6
"""Part of the samples that are annotated photos; the others are drawn scenes, as in a run without further photos."""


def measure(source: DrawnScenes, seed: int, count: int) -> tuple[list[float], list[Sample]]:
    """Draw scenes; return the seconds of processor time of each, and the scenes."""
    seconds, samples = [], []
    generator = np.random.default_rng(seed)
    for _ in range(count):
        before = time.process_time()
        samples.append(source.draw(generator))
        seconds.append(time.process_time() - before)
    return seconds, samples


def cut_words(samples: list[Sample]) -> tuple[int, float]:
    """Cut every legible word out as a strip; return their number and the seconds of processor time."""
    count, before = 0, time.process_time()
    for sample in samples:
        for word in sample.words:
            if word.legible:
                rectify(sample.image, corners(word.polygon), 48, 640)
                count += 1
    return count, time.process_time() - before


def batch_seconds(photos: PhotoSet[Any], scenes: DrawnScenes, count: int) -> dict[str, float]:
    """Return the median seconds of processor time of one step's data, as large as the recipes for a GPU have it."""
    annotated = PhotosAtRandom(photos)
    characters = set(load_model().alphabet.characters) - {""}
    mixture = Mixture([(annotated, _PHOTOS), (scenes, 1 - _PHOTOS)])
    recipe = TdslRecipe(batch=16)
    squares = VariedSource(annotated, vary, recipe.crop), VariedSource(scenes, squeeze_and_tint, recipe.crop)
    batches: dict[str, StepBatches[Any]] = {
        "joint": JointBatches(mixture, characters, JointRecipe(views=8, words=192)),
        "tdsl": TdslBatches(Mixture([(squares[0], _PHOTOS), (squares[1], 1 - _PHOTOS)]), recipe),
    }
    return {name: round(_median_seconds(each, count), 2) for name, each in batches.items()}


def _median_seconds(batches: StepBatches[Any], count: int) -> float:
    seconds = []
    for step in range(count):
        before = time.process_time()
        batches.batch(step)
        seconds.append(time.process_time() - before)
    return statistics.median(seconds)


def main() -> None:
    """Measure and write JSON."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--lexicon", type=Path, required=True)
    parser.add_argument("--fonts", type=Path, required=True)
    parser.add_argument("--backgrounds", type=Path)
    parser.add_argument("--words", required=True, metavar="FILE[:SPLIT]", help="annotated photos")
    parser.add_argument("--side", type=int, default=640)
    parser.add_argument("--count", type=int, default=200)
    parser.add_argument("--output", type=Path)
    arguments = parser.parse_args()
    cv2.setNumThreads(1)
    fonts = readable_fonts(arguments.fonts)
    photos = sorted(arguments.backgrounds.rglob("*.jpg")) if arguments.backgrounds else []
    source = DrawnScenes(read_lexicon(arguments.lexicon), fonts, photos, arguments.side)
    measure(source, 0, 20)  # the first looks at fonts and photos are slow and not repeated
    seconds, samples = measure(source, 1, arguments.count)
    cut, cutting = cut_words(samples)
    words = [word for sample in samples for word in sample.words]
    annotated = words_file(arguments.words).photos()
    write(
        {
            "side": arguments.side,
            "scenes": len(samples),
            "fonts": len(fonts),
            "backgrounds": len(photos),
            "scenes_per_second_and_core": round(len(samples) / sum(seconds), 1),
            "slowest_of_100_ms": round(1000 * statistics.quantiles(seconds, n=100)[-1], 1),
            "words_per_scene": round(len(words) / len(samples), 1),
            "legible_share": round(cut / len(words), 3),
            "bent_share": round(sum(len(word.polygon) > 4 for word in words) / len(words), 3),
            "crops_per_second_and_core": round(cut / (sum(seconds) + cutting), 1),
            "seconds_per_batch": batch_seconds(annotated, source, max(1, arguments.count // 10)),
        },
        arguments.output,
    )


if __name__ == "__main__":
    main()
