from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest

from textsearch.models.tdsl_encoder import EncodedWords
from textsearch.training.retrieval import photo_retrieval, photo_scores
from textsearch.training.samples import Sample, WordLabel
from textsearch.types import ByteArray, FloatArray

NOWHERE = np.zeros((4, 2), np.float32)
AXES = {"cola": 0, "cafe": 1, "bank": 2}


def unit(*values: float) -> list[float]:
    return [value / float(np.linalg.norm(values)) for value in values]


class Reader:
    """Encodes a photo as the vectors given for the number in its first pixel, and each word as an axis."""

    def __init__(self, vectors: Sequence[list[list[float]]]) -> None:
        self.vectors = vectors
        self.queries: list[str] = []

    def encode_photo(self, photo: ByteArray) -> EncodedWords:
        rows = np.array(self.vectors[int(photo[0, 0, 0])], np.float32).reshape(-1, 3)
        return EncodedWords(np.zeros((len(rows), 4), np.float32), np.ones(len(rows), np.float32), rows)

    def encode_words(self, words: Sequence[str]) -> FloatArray:
        self.queries = list(words)
        return np.eye(3, dtype=np.float32)[[AXES[word] for word in words]]


def photo(number: int, *words: str, legible: bool = True) -> Sample:
    image = np.full((1, 1, 3), number, np.uint8)
    return Sample(image, tuple(WordLabel(NOWHERE, word, legible) for word in words))


def test_photos_are_scored_by_their_best_word() -> None:
    queries = np.eye(2, dtype=np.float32)
    photos: list[FloatArray] = [
        np.array([[0.6, 0.8], [1.0, 0.0]], np.float32),
        np.zeros((0, 2), np.float32),
        -queries[:1],
    ]
    expected = np.array([[1, 0, -1], [0.8, 0, 0]], np.float32)
    np.testing.assert_allclose(photo_scores(queries, photos), expected, atol=1e-6)


def test_the_mean_average_precision_by_hand() -> None:
    reader = Reader([[unit(1, 0.2, 0)], [unit(0.9, 1, 0), unit(0, 0, 1)], []])
    gallery = [photo(0, "CAFE"), photo(1, "Cola", "at"), photo(2, "bank")]
    result = photo_retrieval(reader, gallery)
    assert reader.queries == ["bank", "cafe", "cola"]
    # cafe: photo 1 (0.74) before photo 0 (0.20): 1/2. cola: photo 0 before photo 1: 1/2.
    # bank: photo 1 scores 1; the two others 0, the right one among them: 1/3.
    assert result["held_back_map"] == pytest.approx((1 / 2 + 1 / 2 + 1 / 3) / 3)
    assert result["found"] == pytest.approx(1)


def test_illegible_words_are_no_queries() -> None:
    reader = Reader([[unit(1, 0, 0)], [unit(0, 1, 0)]])
    assert photo_retrieval(reader, [photo(0, "cola"), photo(1, "cafe", legible=False)])["held_back_map"] == 1
    assert reader.queries == ["cola"]


def test_a_gallery_without_words() -> None:
    assert photo_retrieval(Reader([[]]), [photo(0)]) == {"held_back_map": 0.0, "found": 0.0}
