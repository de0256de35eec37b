"""Small indexes whose lattices are as unsure as a test wants them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.random import Generator

from tests.fakes import ALPHABET, FakeModel
from textsearch.alphabet import Alphabet
from textsearch.index.folder import EncodedImage, IndexFolder, ModelIdentity
from textsearch.lattice import Lattice
from textsearch.types import FloatArray, Regions


class WideModel(FakeModel):
    """Reads letters with strokes and letters that are typed as two, besides those of the fake model."""

    alphabet = Alphabet((*ALPHABET.characters, *"ßŁıØœ"))


MODEL = WideModel()
IDENTITY = ModelIdentity(MODEL.name, MODEL.fingerprint, MODEL.dimension)


def unsure_lattice(text: str, letters: str, generator: Generator) -> Lattice:
    """Return a lattice that reads a text but believes in one other of some letters at many of its frames."""
    probabilities = np.zeros((2 * len(text) + 1, len(ALPHABET.characters)), np.float32)
    probabilities[:, 0] = 1
    for place, letter in enumerate(text):
        row = probabilities[2 * place + 1]
        believed = generator.choice([1.0, 0.7, 0.55])
        row[0] = 0
        row[ALPHABET.characters.index(letter)] = believed
        row[ALPHABET.characters.index(generator.choice(list(letters)))] += 1 - believed
        if generator.random() < 0.3:
            # The letter may also be wanting, and the blank before it may be another letter.
            row[0] = 0.5
            probabilities[2 * place, ALPHABET.characters.index(generator.choice(list(letters)))] = 0.6
    return Lattice.from_probabilities(probabilities / probabilities.sum(axis=1, keepdims=True))


def image_of(
    path: str, words: Sequence[str], polygons: Sequence[FloatArray], lattices: Sequence[Lattice]
) -> EncodedImage:
    """Return a picture with these words at these places."""
    regions = Regions(
        width=320,
        height=240,
        polygons=tuple(polygons),
        scores=np.full(len(words), 0.9, np.float32),
        texts=tuple(words),
        text_scores=np.full(len(words), 0.9, np.float32),
        lines=np.arange(len(words), dtype=np.int32),
        embeddings=MODEL.encode_words(words),
        lattices=tuple(lattices),
    )
    return EncodedImage(Path(path), path.encode().hex().zfill(64), 1, 1, regions)


def fill(location: Path, images: Sequence[EncodedImage]) -> IndexFolder:
    """Return a new index that holds these pictures."""
    index = IndexFolder.create_or_open(location, IDENTITY)
    with index.writer() as writer:
        writer.add(images)
    return index
