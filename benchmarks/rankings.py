"""A gallery read once by one model and ranked in several ways: what the ablation and the speed curve compare."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Protocol as TypingProtocol

import faiss
import numpy as np
from numpy.typing import NDArray
from rapidfuzz.distance import Levenshtein
from rapidfuzz.process import cdist

from benchmarks.protocol import Protocol
from textsearch.alignment import LatticeBatch, align
from textsearch.alphabet import Alphabet, normalise, words_of
from textsearch.images import read_image
from textsearch.lattice import Lattice
from textsearch.rerank import letter_fit, score
from textsearch.runtime.model import OnnxModel
from textsearch.similarity import similarity
from textsearch.types import FloatArray

Scores = Mapping[str, NDArray[np.float64]]
"""Query -> score of each photo, (photos,)."""

_PQ_CODES, _PQ_BITS = 60, 8
"""Product quantisation of a vector: so many bytes."""


class WordEncoder(TypingProtocol):
    """What a ranking asks of a model."""

    @property
    def alphabet(self) -> Alphabet: ...  # noqa: D102

    def encode_words(self, words: Sequence[str]) -> FloatArray:
        """Return (W, D) float32 unit vectors of normalised words."""
        ...


@dataclass(frozen=True, eq=False)
class ReadGallery:
    """Everything a model found in the photos of a protocol.

    Attributes:
        protocol: the queries.
        model: encodes the queries.
        polygons: for each photo, its regions' polygons, (2K, 2) float32 each; N in all.
        texts: N transcripts, normalised.
        confidences: (N,) float32, mean probability of the transcripts' characters.
        lattices: N lattices.
        embeddings: (N, D) float32.
    """

    protocol: Protocol
    model: WordEncoder
    polygons: tuple[tuple[FloatArray, ...], ...]
    texts: tuple[str, ...]
    confidences: FloatArray
    lattices: tuple[Lattice, ...]
    embeddings: FloatArray

    @classmethod
    def joined(cls, protocol: Protocol, parts: Sequence[ReadGallery]) -> ReadGallery:
        """Return the gallery of a protocol whose photos were read part by part, in order."""
        return cls(
            protocol,
            parts[0].model,
            tuple(photo for part in parts for photo in part.polygons),
            tuple(text for part in parts for text in part.texts),
            np.concatenate([part.confidences for part in parts]),
            tuple(lattice for part in parts for lattice in part.lattices),
            np.concatenate([part.embeddings for part in parts]),
        )

    @classmethod
    def read(cls, protocol: Protocol, model: OnnxModel) -> ReadGallery:
        """Read every photo, one after the other."""
        photos = []
        for path in protocol.photos:
            photos += model.encode_images([read_image(path)])
        return cls(
            protocol,
            model,
            tuple(regions.polygons for regions in photos),
            tuple(normalise(text) for regions in photos for text in regions.texts),
            np.concatenate([regions.text_scores for regions in photos]),
            tuple(lattice for regions in photos for lattice in regions.lattices),
            np.concatenate([regions.embeddings for regions in photos]),
        )

    @cached_property
    def owners(self) -> NDArray[np.int64]:
        """Return the photo each region is in, (N,) int64."""
        return np.repeat(np.arange(len(self.polygons)), [len(photo) for photo in self.polygons])

    def rankings(self) -> dict[str, dict[str, float]]:
        """Return how well each way of ranking does: mAP, top-100 mAP and number of queries."""
        queries = list(self.protocol.relevant)
        words = self.model.encode_words(queries)
        cosines = similarity(words, self.embeddings)
        halved = similarity(words, self.embeddings.astype(np.float16).astype(np.float32))
        quantised = similarity(words, self._product_quantised())
        edits = cdist(queries, self.texts, scorer=Levenshtein.normalized_similarity)
        batch = LatticeBatch.of(self.lattices, self.model.alphabet)
        alignments = [align(self.model.alphabet.encode(query), batch) for query in queries]
        ways: dict[str, Callable[[int], FloatArray]] = {
            "transcript": lambda place: edits[place],
            "lattice": lambda place: letter_fit(alignments[place]),
            "vectors": lambda place: cosines[place],
            "vectors_float16": lambda place: halved[place],
            "vectors_pq": lambda place: quantised[place],
            "full": lambda place: score(cosines[place], alignments[place], self.confidences).values,
        }
        return {name: self.protocol.evaluate(self._photo_scores(queries, way)) for name, way in ways.items()}

    def _photo_scores(self, queries: list[str], way: Callable[[int], FloatArray]) -> Scores:
        """Return a photo's best region, for each query; photos without text come last."""
        scores = {}
        for place, query in enumerate(queries):
            row = np.full(len(self.protocol.photos), -1e9)
            np.maximum.at(row, self.owners, np.asarray(way(place), np.float64))
            scores[query] = row
        return scores

    def _product_quantised(self) -> FloatArray:
        """Return the embeddings as product quantisation keeps them."""
        quantiser = faiss.IndexPQ(self.embeddings.shape[1], _PQ_CODES, _PQ_BITS)
        quantiser.train(self.embeddings)
        kept: FloatArray = quantiser.sa_decode(quantiser.sa_encode(self.embeddings))
        return kept


def edit_distance_scores(protocol: Protocol, lines: Mapping[str, list[str]]) -> Scores:
    """Score every photo by the word nearest to the query among lines of text: 1 - distance / longer length."""
    queries = list(protocol.relevant)
    scores = np.zeros((len(queries), len(protocol.photos)))
    for place, photo in enumerate(protocol.photos):
        words = sorted({word for line in lines[str(photo)] for word in words_of(line)})
        if words:
            scores[:, place] = cdist(queries, words, scorer=Levenshtein.normalized_similarity).max(axis=1)
    return dict(zip(queries, scores, strict=True))
