"""Crops through the frozen trunk, once: what the branches are trained on."""

from __future__ import annotations

import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from textsearch.alphabet import Alphabet
from textsearch.errors import TextSearchError
from textsearch.features import region_features
from textsearch.lines import Recogniser, word_of_strip
from textsearch.training.crops import Crop, CropSource
from textsearch.types import FloatArray

_AHEAD = 256
"""Crops drawn before the trunk reads them."""


@dataclass(frozen=True, eq=False)
class FeatureCache:
    """Region features of N crops.

    Attributes:
        features: (N, frames, features) float16, memory-mapped.
        words: what is written on each.
    """

    features: NDArray[np.float16]
    words: tuple[str, ...]

    @classmethod
    def load(cls, folder: Path) -> FeatureCache:
        """Open a cache that `write_cache` completed."""
        words = json.loads((folder / "words.json").read_text(encoding="utf-8"))
        return cls(np.load(folder / "features.npy", mmap_mode="r"), tuple(words))


def write_cache(
    folder: Path,
    source: CropSource,
    recogniser: Recogniser,
    alphabet: Alphabet,
    prototypes: FloatArray,
    generator: Generator,
    progress: Callable[[int], None] | None = None,
) -> None:
    """Run every crop of a source through the trunk and keep what the image branch will see.

    Crops on which the recogniser sees nothing at all are left out, as they are in an index. A folder that already
    holds a finished cache is left as it is, so that a stopped run resumes.

    Raises:
        TextSearchError: the source gave no crop with a legible word.
    """
    if (folder / "words.json").exists():
        return
    folder.mkdir(parents=True, exist_ok=True)

    def describe(crop: Crop) -> FloatArray | None:
        found = word_of_strip(crop.strip, recogniser)
        return None if found is None else region_features(*found, prototypes, alphabet.folded)

    words: list[str] = []
    rows: list[NDArray[np.float16]] = []
    crops = source.crops(generator)
    with ThreadPoolExecutor() as pool:
        while batch := list(islice(crops, _AHEAD)):
            for crop, features in zip(batch, pool.map(describe, batch), strict=True):
                if features is not None:
                    words.append(crop.word)
                    rows.append(features.astype(np.float16))
            if progress:
                progress(len(words))
    if not rows:
        raise TextSearchError(f"The source {folder.name} holds no legible word; check its file and split.")
    np.save(folder / "features.npy", np.stack(rows))
    # Its presence says that the cache is finished, so it appears whole or not at all.
    temporary = folder / "words.tmp"
    temporary.write_text(json.dumps(words), encoding="utf-8")
    temporary.replace(folder / "words.json")
