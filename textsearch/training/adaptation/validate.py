"""Whether an adapted network is better on this gallery, told without any label.

Words that the old network reads for sure, in photos nothing was learnt from, count as what is written there. Both
networks are asked to find them, each by its word, among degraded views of themselves, and to read them as they are.
"""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from textsearch.alignment import LatticeBatch, align
from textsearch.alphabet import Alphabet, normalise
from textsearch.encoder import Encoder
from textsearch.lattice import Lattice
from textsearch.lines import read_strip, within_letters
from textsearch.metrics import average_precision
from textsearch.rerank import word_evidence
from textsearch.similarity import similarity
from textsearch.training.adaptation.data import GalleryStrips
from textsearch.training.adaptation.degraded import VIEWS
from textsearch.training.adaptation.report import Validation
from textsearch.types import ByteArray, FloatArray

MOST_WORDS = 600
"""More held-back words are not looked at: they take minutes and change little."""

_DRAWS = 2
"""Degraded views of each kind that a strip is seen in."""

_RESAMPLES = 1000
_CONFIDENCE = 0.95


class Network(Protocol):
    """What is validated; `textsearch.runtime.model.OnnxModel` is one."""

    @property
    def alphabet(self) -> Alphabet:
        """Return the recogniser's classes."""
        ...

    @property
    def encoder(self) -> Encoder:
        """Return the flow that holds recogniser and embedder."""
        ...

    def encode_words(self, words: Sequence[str]) -> FloatArray:
        """Encode W normalised words into (W, D) float32 unit vectors."""
        ...


@dataclass(frozen=True, eq=False)
class _Measured:
    """One network on N strips: precision of each of Q queries, and whether each strip is read as it is written."""

    precisions: FloatArray  # (Q,)
    read: NDArray[np.bool_]  # (N,)


def validate(old: Network, new: Network, strips: GalleryStrips, seed: int) -> Validation:
    """Compare two networks on the held-back strips.

    Args:
        old: the one that read the gallery.
        new: the adapted one.
        strips: of the gallery.
        seed: of the views, and of the choice where there are more than MOST_WORDS.
    """
    generator = np.random.default_rng([seed, 2])
    places = generator.permutation(strips.places(sure=True, held_back=True))[:MOST_WORDS]
    words = [normalise(strips.texts[place]) for place in places]
    clean = [strips.strip(place) for place in places]
    views = [change(strip, generator) for _ in range(_DRAWS) for change in VIEWS.values() for strip in clean]
    written = words * (len(views) // len(words))
    clean_before, clean_after = (_measure(network, clean, words) for network in (old, new))
    before, after = (_measure(network, views, written) for network in (old, new))
    learnt = {normalise(strips.texts[place]) for place in strips.places(sure=True, held_back=False)}
    unseen = np.array([query not in learnt for query in sorted(set(words))], bool)
    gains = 100 * (after.precisions - before.precisions)
    resampled = gains[generator.integers(len(gains), size=(_RESAMPLES, len(gains)))].mean(axis=1)
    low, high = np.quantile(resampled, [(1 - _CONFIDENCE) / 2, (1 + _CONFIDENCE) / 2])
    return Validation(
        words=len(words),
        queries=len(gains),
        found_before=_percent(before.precisions),
        found_after=_percent(after.precisions),
        gain=(round(float(low), 2), round(float(high), 2)),
        clean_before=_percent(clean_before.precisions),
        clean_after=_percent(clean_after.precisions),
        read_before=_percent(before.read),
        read_after=_percent(after.read),
        alike=_percent(clean_before.read == clean_after.read),
        unseen=int(unseen.sum()),
        unseen_before=_percent(before.precisions[unseen]),
        unseen_after=_percent(after.precisions[unseen]),
    )


def _measure(network: Network, strips: Sequence[ByteArray], words: Sequence[str]) -> _Measured:
    """Find strips by the words on them, ranked as a search ranks regions, and read them."""
    regions, lattices, readings = _encode(network, strips)
    batch = LatticeBatch.of(lattices, network.alphabet)
    sureness = np.array([score for _, score in readings], np.float32)
    written, queries = np.array(words), sorted(set(words))
    precisions = [
        average_precision(written == query, word_evidence(row, align(network.alphabet.encode(query), batch), sureness))
        for query, row in zip(queries, similarity(network.encode_words(queries), regions), strict=True)
    ]
    read = [normalise(text) == word for (text, _), word in zip(readings, words, strict=True)]
    return _Measured(np.array(precisions, np.float32), np.array(read, bool))


def _encode(network: Network, strips: Sequence[ByteArray]) -> tuple[FloatArray, list[Lattice], list[tuple[str, float]]]:
    """Return vectors (N, D), lattices, and transcripts with their scores, of strips that show one word each."""
    encoder = network.encoder
    with ThreadPoolExecutor() as pool:
        read = list(pool.map(lambda strip: within_letters(*read_strip(strip, encoder.reader.recogniser)), strips))
    lattices = [lattice for _, lattice in read]
    regions = encoder.embedder.regions([frames for frames, _ in read], lattices)
    return regions, lattices, [encoder.transcribe(lattice) for lattice in lattices]


def _percent(values: FloatArray | NDArray[np.bool_]) -> float:
    return round(100 * float(np.mean(values)), 2) if len(values) else 0.0
