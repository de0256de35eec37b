"""Files of unit vectors in a few whole steps each, which compress well."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from textsearch.types import FloatArray


def write_vectors(path: Path, vectors: FloatArray, of: str, steps: int) -> None:
    """Write vectors.

    Args:
        path: the .npz file.
        vectors: (N, D) float32.
        of: what they are the vectors of; `read_vectors` asks for it.
        steps: on each side of zero, up to the largest number of each vector; 127 at most.
    """
    scales = np.abs(vectors).max(axis=1) / steps
    whole = np.round(vectors / scales[:, None]).astype(np.int8)
    np.savez_compressed(path, steps=whole, scales=scales.astype(np.float32), of=of)


def read_vectors(path: Path, of: str, module: str) -> tuple[np.ndarray[tuple[int, int], np.dtype[np.int8]], FloatArray]:
    """Return the steps (N, D) int8 and the scales (N,) float32 of vectors; each vector is its steps times its scale.

    Args:
        path: the .npz file.
        of: what they must be the vectors of.
        module: the program that writes the file.

    Raises:
        ValueError: they are of something else.
    """
    with np.load(path) as kept:
        if str(kept["of"]) != of:
            raise ValueError(f"{path.name} is of another lexicon; write it again: python -m {module}")
        return kept["steps"], kept["scales"]
