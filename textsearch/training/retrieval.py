"""How well photos are found by the words on them, while `tdsl` is trained: as published, words as they are spelt."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Protocol

import numpy as np

from textsearch.metrics import average_precision
from textsearch.models.sequence import spelling
from textsearch.models.tdsl_encoder import EncodedWords
from textsearch.similarity import similarity
from textsearch.training.samples import Sample
from textsearch.types import ByteArray, FloatArray

_SHORTEST_QUERY = 3


class WordEncoder(Protocol):
    """Puts the words of photos and query words into one space; `TdslEncoder` is one."""

    def encode_photo(self, photo: ByteArray) -> EncodedWords:
        """Find and encode the words of a photo, (H, W, 3) uint8 RGB."""
        ...

    def encode_words(self, words: Sequence[str]) -> FloatArray:
        """Encode W query words into (W, D) float32 unit vectors."""
        ...


def photo_retrieval(encoder: WordEncoder, samples: Iterable[Sample]) -> dict[str, float]:
    """Search a gallery for each distinct legible word of three or more letters in it.

    A photo's score is the largest cosine of its words, 0 if none was found in it; it is relevant if it holds the word.

    Returns:
        `held_back_map`, the mean average precision over the words, and `found`, the words found in a photo on average.
    """
    encoded: list[FloatArray] = []
    written: list[set[str]] = []
    for sample in samples:
        encoded.append(encoder.encode_photo(sample.image).vectors)
        written.append({spelling(word.text) for word in sample.words if word.legible})
    queries = sorted({word for words in written for word in words if len(word) >= _SHORTEST_QUERY})
    if not queries:
        return {"held_back_map": 0.0, "found": 0.0}
    scores = photo_scores(encoder.encode_words(queries), encoded)
    precisions = [
        average_precision([query in words for words in written], row)
        for query, row in zip(queries, scores, strict=True)
    ]
    return {"held_back_map": float(np.mean(precisions)), "found": float(np.mean([len(words) for words in encoded]))}


def photo_scores(queries: FloatArray, photos: Iterable[FloatArray]) -> FloatArray:
    """Score photos by their best word.

    Args:
        queries: (Q, D) float32, unit vectors.
        photos: for each of P photos (N_i, D) float32, unit vectors of its words; N_i may be 0.

    Returns:
        (Q, P) float32.
    """
    columns = [
        similarity(queries, words).max(axis=1) if len(words) else np.zeros(len(queries), np.float32) for words in photos
    ]
    return np.stack(columns, axis=1).astype(np.float32)
