"""Random photos as the network takes them, and a sentence encoder that needs no weights."""

from __future__ import annotations

import zlib
from collections.abc import Sequence

import numpy as np
import torch

from textsearch.knowledge.language import WIDTH
from textsearch.knowledge.letters import BUCKETS
from textsearch.knowledge.network import POOLED, PhotoBatch
from textsearch.knowledge.visual import TEXTURE
from textsearch.types import FloatArray


def batch(count: int, words: int = 3, padding: int = 0, classes: int = 5, seed: int = 0) -> PhotoBatch:
    """Return photos of random content; the same ones whatever the padding."""
    source = torch.Generator().manual_seed(seed)
    pooled = torch.rand(count, POOLED, generator=source)
    texture = torch.rand(count, TEXTURE, generator=source)
    shallow = torch.rand(count, 112, 8, 8, generator=source)
    deep = torch.rand(count, 320, 4, 4, generator=source)
    letters = torch.nn.functional.normalize(torch.rand(count, BUCKETS, generator=source), dim=1)
    evidence = torch.randn(count, classes, generator=source)
    read = torch.randn(count, words, WIDTH, generator=source)
    entities = torch.randn(count, words, 2, WIDTH, generator=source)
    weights = torch.rand(count, words, 2, generator=source) / 2
    length = words + padding
    tokens, known, sure = (
        torch.zeros(count, length, WIDTH),
        torch.zeros(count, length, 2, WIDTH),
        torch.zeros(count, length, 2),
    )
    present = torch.zeros(count, length, dtype=torch.bool)
    tokens[:, :words], known[:, :words], sure[:, :words], present[:, :words] = read, entities, weights, True
    return PhotoBatch(pooled, texture, shallow, deep, letters, tokens, present, known, sure, evidence)


class WordBags:
    """Sentences as bags of hashed words; fulfils `textsearch.knowledge.language.LanguageModel`."""

    def words(self, words: Sequence[str]) -> FloatArray:
        return np.stack([_vector(word) for word in words]) if words else np.zeros((0, WIDTH), np.float32)

    def sentences(self, texts: Sequence[str]) -> FloatArray:
        rows = [sum((_vector(word) for word in text.lower().split()), np.full(WIDTH, 1e-3)) for text in texts]
        return np.array([row / np.linalg.norm(row) for row in rows], np.float32).reshape(len(texts), WIDTH)


def _vector(word: str) -> FloatArray:
    return np.random.default_rng(zlib.crc32(word.encode())).normal(size=WIDTH).astype(np.float32)
