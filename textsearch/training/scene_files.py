"""Scenes drawn ahead: to look at, or for training where drawing would take the time of the network."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
from PIL import Image

from textsearch.errors import TextSearchError
from textsearch.training.datasets.photos import AnnotatedPhoto, WordAnnotation
from textsearch.training.datasets.words import write_words
from textsearch.training.sources import RandomSource

_QUALITY = 92
"""Of JPEG: higher than that of photos, as each scene was already compressed to its own quality, or not at all."""


def write_scenes(
    scenes: RandomSource, folder: Path, count: int, seed: int = 0, progress: Callable[[str], None] = lambda line: None
) -> Path:
    """Draw scenes into a folder; equal seeds give equal scenes, and a scene depends on its number alone.

    Args:
        scenes: draws them.
        folder: receives the pictures, 000000.jpg and so on, and words.jsonl when all are drawn; made if need be.
        count: how many.
        seed: of everything random.
        progress: receives a line of text from time to time.

    Returns:
        The words.jsonl.

    Raises:
        TextSearchError: the folder is not empty, or something cannot be written.
    """
    annotations = folder / "words.jsonl"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        # Photos may bear the names of scenes.
        empty = not any(folder.iterdir())
    except OSError as error:
        raise TextSearchError(f"{folder} cannot be made: {error.strerror or error}.") from error
    if not empty:
        raise TextSearchError(f"{folder} is not empty; name a new folder.")

    def drawn() -> Iterator[AnnotatedPhoto]:
        for number in range(count):
            sample = scenes.draw(np.random.default_rng([seed, number]))
            path = folder / f"{number:06d}.jpg"
            Image.fromarray(sample.image).save(path, quality=_QUALITY)
            words = (WordAnnotation(word.polygon, word.text, word.legible) for word in sample.words)
            yield AnnotatedPhoto(path, tuple(words))
            if (number + 1) % 100 == 0 or number + 1 == count:
                progress(f"{number + 1} of {count} scenes")

    write_words(drawn(), annotations)
    return annotations
