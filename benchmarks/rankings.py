"""A gallery read once by one model and ranked in several ways: what the ablation and the speed curve compare."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import faiss
import numpy as np
from numpy.typing import NDArray
from rapidfuzz.distance import Levenshtein
from rapidfuzz.process import cdist

from benchmarks.protocol import Protocol
from textsearch.alignment import Alignment, LatticeBatch, align
from textsearch.alphabet import normalise, words_of
from textsearch.images import read_image
from textsearch.lattice import Lattice
from textsearch.rerank import letter_fit, score
from textsearch.runtime.model import OnnxModel
from textsearch.similarity import similarity
from textsearch.types import FloatArray, Regions

Scores = Mapping[str, NDArray[np.float64]]
"""Query -> score of each photo, (photos,)."""

Way = Callable[[int], FloatArray]
"""Place of a query -> score of each region, (N,)."""

_PQ_CODES, _PQ_BITS = 60, 8
"""Product quantisation of a vector: so many bytes."""


@dataclass(frozen=True, eq=False)
class ReadGallery:
    """Everything a model found in the photos of a protocol.

    Attributes:
        protocol: the queries.
        model: what read them.
        polygons: for each photo, its regions' polygons, (2K, 2) float32 each; N in all.
        texts: N transcripts, normalised.
        confidences: (N,) float32, mean probability of the transcripts' characters.
        lattices: N lattices.
        embeddings: (N, D) float32.
    """

    protocol: Protocol
    model: OnnxModel
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
    def read(cls, protocol: Protocol, model: OnnxModel, jobs: int = 1) -> ReadGallery:
        """Read every photo, `jobs` at once; with 1 the networks see them one after the other, in order."""

        def read(path: Path) -> Regions:
            return model.encode_images([read_image(path)])[0]

        with ThreadPoolExecutor(jobs) as executor:
            photos = list(executor.map(read, protocol.photos))
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

    @cached_property
    def queries(self) -> list[str]:
        """Return the queries, in the order in which `rankings_by` wants their vectors."""
        return list(self.protocol.relevant)

    @cached_property
    def _alignments(self) -> list[Alignment]:
        batch = LatticeBatch.of(self.lattices, self.model.alphabet)
        return [align(self.model.alphabet.encode(query), batch) for query in self.queries]

    def rankings(self) -> dict[str, dict[str, float]]:
        """Return how well each way of ranking does: mAP, top-100 mAP and number of queries."""
        edits = cdist(self.queries, self.texts, scorer=Levenshtein.normalized_similarity)
        of_letters: dict[str, Way] = {
            "transcript": lambda place: edits[place],
            "lattice": lambda place: letter_fit(self._alignments[place]),
        }
        of_vectors = self.rankings_by(self.model.encode_words(self.queries), self.embeddings)
        return {**self._evaluated(of_letters), **of_vectors}

    def rankings_by(self, words: FloatArray, embeddings: FloatArray) -> dict[str, dict[str, float]]:
        """Return how well the ways of ranking do that compare vectors, with any: mAP, top-100 mAP, number of queries.

        Args:
            words: (Q, D) float32 unit vectors of the queries.
            embeddings: (N, D) float32 unit vectors of the regions.
        """
        cosines = similarity(words, embeddings)
        full = self._evaluated(
            {"full": lambda place: score(cosines[place], self._alignments[place], self.confidences).values}
        )
        return {**rankings_by_vectors(self.protocol, self.owners, words, embeddings), **full}

    def _evaluated(self, ways: Mapping[str, Way]) -> dict[str, dict[str, float]]:
        return {name: _evaluated(self.protocol, self.owners, way) for name, way in ways.items()}


def rankings_by_vectors(
    protocol: Protocol, owners: NDArray[np.int64], words: FloatArray, embeddings: FloatArray
) -> dict[str, dict[str, float]]:
    """Return how well vectors rank by themselves, as they are, as float16 and by product quantisation to 60 bytes.

    Args:
        protocol: the queries.
        owners: (N,) int64, the photo each region is in.
        words: (Q, D) float32 unit vectors of the queries, in the protocol's order.
        embeddings: (N, D) float32 unit vectors of the regions.
    """
    stored = {
        "vectors": embeddings,
        "vectors_float16": embeddings.astype(np.float16).astype(np.float32),
        "vectors_pq": _product_quantised(embeddings),
    }
    cosines = {name: similarity(words, kept) for name, kept in stored.items()}
    return {name: _evaluated(protocol, owners, rows.__getitem__) for name, rows in cosines.items()}


def _evaluated(protocol: Protocol, owners: NDArray[np.int64], way: Way) -> dict[str, float]:
    """Return how well photos are ranked by their best region; photos without text come last."""
    scores = {}
    for place, query in enumerate(protocol.relevant):
        row = np.full(len(protocol.photos), -1e9)
        np.maximum.at(row, owners, np.asarray(way(place), np.float64))
        scores[query] = row
    return protocol.evaluate(scores)


def _product_quantised(embeddings: FloatArray) -> FloatArray:
    """Return embeddings (N, D) float32 as product quantisation keeps them."""
    quantiser = faiss.IndexPQ(embeddings.shape[1], _PQ_CODES, _PQ_BITS)
    quantiser.train(embeddings)
    kept: FloatArray = quantiser.sa_decode(quantiser.sa_encode(embeddings))
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
