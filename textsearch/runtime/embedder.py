"""The two branches in ONNX Runtime: vectors of regions and of words."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from safetensors import safe_open

from textsearch.alphabet import Alphabet
from textsearch.features import SEQUENCE_LENGTH, region_features, word_features
from textsearch.lattice import Lattice
from textsearch.runtime.sessions import new_session
from textsearch.types import FloatArray

_BATCH = 256


class OnnxEmbedder:
    """The branches' part of `textsearch.encoder.Encoder`; each graph is loaded when it is first needed.

    Args:
        folder: holds joint.safetensors, image_branch.onnx and word_branch.onnx.
        alphabet: the recogniser's classes.
        threads: per call.
    """

    def __init__(self, folder: Path, alphabet: Alphabet, threads: int) -> None:
        self.folder = folder
        self.alphabet = alphabet
        self.threads = threads

    @cached_property
    def dimension(self) -> int:
        """Return D, the length of every vector."""
        with safe_open(self.folder / "joint.safetensors", "numpy") as store:
            channels = int(store.get_slice("image.project.weight").get_shape()[0])
        return channels * SEQUENCE_LENGTH // 2

    @cached_property
    def prototypes(self) -> FloatArray:
        """Return the letters' prototypes, (letters + 1, F) float32."""
        with safe_open(self.folder / "joint.safetensors", "numpy") as store:
            prototypes: NDArray[np.float16] = store.get_tensor("prototypes")
        return prototypes.astype(np.float32)

    @cached_property
    def _image_branch(self) -> object:
        return new_session(self.folder / "image_branch.onnx", self.threads)

    @cached_property
    def _word_branch(self) -> object:
        return new_session(self.folder / "word_branch.onnx", self.threads)

    def regions(self, frames: Sequence[FloatArray], lattices: Sequence[Lattice]) -> FloatArray:
        """Return (N, D) float32 unit vectors of regions from frames (T, F) and lattices of T frames."""
        folded = self.alphabet.folded
        rows = [
            region_features(sequence, lattice, self.prototypes, folded)
            for sequence, lattice in zip(frames, lattices, strict=True)
        ]
        return self._run(self._image_branch, rows)

    def words(self, words: Sequence[str]) -> FloatArray:
        """Return (W, D) float32 unit vectors of normalised words."""
        return self._run(
            self._word_branch, [word_features(self.alphabet.encode(word), self.prototypes) for word in words]
        )

    def _run(self, session: object, rows: Sequence[FloatArray]) -> FloatArray:
        """Run a branch over sequences, a bounded number at a time."""
        if not rows:
            return np.zeros((0, self.dimension), np.float32)
        batches = [np.stack(rows[start : start + _BATCH]) for start in range(0, len(rows), _BATCH)]
        results = [session.run(None, {"features": batch})[0] for batch in batches]  # type: ignore[attr-defined]
        vectors: FloatArray = np.concatenate(results)
        return vectors
