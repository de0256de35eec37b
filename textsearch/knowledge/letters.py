"""Words as bags of letter n-grams: what a label says when its words are in no dictionary, or partly misread."""

from __future__ import annotations

import math
import zlib
from collections.abc import Iterable, Sequence
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from textsearch.alphabet import words_of
from textsearch.types import FloatArray

BUCKETS = 4096
"""Places that n-grams are hashed into."""

_LENGTHS = range(2, 6)


@lru_cache(maxsize=65536)
def buckets_of(word: str) -> NDArray[np.int64]:
    """Return the bucket of every n-gram of a normalised word, its two ends counted as letters."""
    ended = f"<{word}>"
    grams = [ended[start : start + size] for size in _LENGTHS for start in range(len(ended) - size + 1)]
    return np.array([zlib.crc32(gram.encode("utf-8")) % BUCKETS for gram in grams], np.int64)


def count_letters(texts: Sequence[str], certain: Iterable[float]) -> FloatArray:
    """Return how often each n-gram was read, (BUCKETS,) float32; a reading of probability p counts p times."""
    counts = np.zeros(BUCKETS, np.float32)
    for text, weight in zip(texts, certain, strict=True):
        for word in words_of(text):
            np.add.at(counts, buckets_of(word), weight)
    return counts


def rarities(counts: FloatArray) -> FloatArray:
    """Return the weight of each n-gram from the counts (P, BUCKETS) of P photos: the rarer, the more it tells.

    What was read on a single photo weighs nothing: most of it is misread.
    """
    photos = (counts > 0).sum(axis=0)
    weights: FloatArray = np.where(photos > 1, np.log((1 + len(counts)) / (1 + photos)) + 1, 0).astype(np.float32)
    return weights


def weigh(counts: FloatArray, weights: FloatArray) -> FloatArray:
    """Return unit vectors of counts (..., BUCKETS), damped and weighted; 0 stays 0."""
    damped = np.log1p(counts) / math.log(2) * weights
    lengths = np.linalg.norm(damped, axis=-1, keepdims=True)
    unit: FloatArray = (damped / np.maximum(lengths, 1e-6)).astype(np.float32)
    return unit
