"""Images with known words, as the indexer would hand them to the index."""

from __future__ import annotations

import hashlib
from pathlib import Path

import numpy as np

from tests.fakes import FakeModel, photo_of
from textsearch.index.folder import EncodedImage, FailedFile, IndexFolder, ModelIdentity
from textsearch.index.signatures import holding, word_bits
from textsearch.types import FloatArray

MODEL = FakeModel()
IDENTITY = ModelIdentity(MODEL.name, MODEL.fingerprint, MODEL.dimension)
FRUITS = ("apple", "banana", "cherry", "grape", "lemon", "mango")


def content_of(*words: str) -> str:
    """Return the sha256 that `encoded` gives a picture of these words."""
    return hashlib.sha256(" ".join(words).encode()).hexdigest()


def encoded(path: str | Path, *words: str) -> EncodedImage:
    """Return a picture of words at a path, with size 10 and modification time 20."""
    (regions,) = MODEL.encode_images([photo_of(*words)])
    return EncodedImage(Path(path), content_of(*words), 10, 20, regions)


def failed(path: str | Path, reason: str = "not a picture") -> FailedFile:
    """Return a file that could be read, but not as a picture."""
    return FailedFile(Path(path), "f" * 64, 11, 21, reason)


def vectors_of(*words: str) -> FloatArray:
    """Return query vectors (W, D) float32."""
    return MODEL.encode_words(words)


def texts_near(index: IndexFolder, word: str, count: int = 1) -> list[str]:
    """Return the transcripts of the regions nearest to a word, best first."""
    ids, _ = index.nearest(vectors_of(word), count)
    return [region.text for region in index.regions(ids[0][ids[0] >= 0])]


def texts_holding(index: IndexFolder, letters: str) -> list[str]:
    """Return the transcripts of the regions whose letters can be read as these, in reading order."""
    readings = index.readings(MODEL.alphabet)
    word = MODEL.alphabet.encode(letters)
    places = holding(readings.signatures, word_bits(MODEL.alphabet.shapes[word]))
    return [region.text for region in index.regions(readings.region_ids[places])]


def random_vectors(count: int, dimension: int, seed: int) -> FloatArray:
    """Return unit vectors (N, D) float32 that float16 holds exactly, so that similarities can be compared."""
    vectors = np.random.default_rng(seed).standard_normal((count, dimension))
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    return vectors.astype(np.float16).astype(np.float32)
