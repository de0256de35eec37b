from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from textsearch.knowledge.vector_files import read_vectors, write_vectors


@pytest.mark.parametrize(("steps", "error"), [(10, 0.05), (127, 0.004)])
def test_vectors_come_back_within_half_a_step(tmp_path: Path, steps: int, error: float) -> None:
    vectors = np.random.default_rng(0).normal(size=(5, 384)).astype(np.float32)
    write_vectors(tmp_path / "vectors.npz", vectors, "lexicon 1", steps)
    whole, scales = read_vectors(tmp_path / "vectors.npz", "lexicon 1", "package.module")
    assert whole.dtype == np.int8
    assert scales.dtype == np.float32
    assert np.abs(whole).max() == steps
    largest = np.abs(vectors).max(axis=1, keepdims=True)
    assert (np.abs(whole * scales[:, None] - vectors) / largest).max() <= error


def test_vectors_of_something_else_are_refused(tmp_path: Path) -> None:
    write_vectors(tmp_path / "vectors.npz", np.ones((1, 4), np.float32), "lexicon 1", 10)
    with pytest.raises(ValueError, match=r"vectors\.npz is of another lexicon.*python -m package\.module"):
        read_vectors(tmp_path / "vectors.npz", "lexicon 2", "package.module")
