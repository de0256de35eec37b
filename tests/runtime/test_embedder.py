from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from tests.fakes import ALPHABET
from tests.runtime.conftest import FRAME
from textsearch.features import region_features, word_features
from textsearch.lattice import Lattice
from textsearch.runtime.embedder import OnnxEmbedder
from textsearch.training.branches import Branches
from textsearch.training.export import export_branches
from textsearch.types import FloatArray

WORDS = ["the quick brown fox jumps over lazy dogs 0123456789"[:length].replace(" ", "") for length in range(1, 52)]


@pytest.fixture(scope="module")
def embedder(weights: Path) -> OnnxEmbedder:
    return OnnxEmbedder(weights, ALPHABET, threads=1)


def some_regions(count: int) -> tuple[list[FloatArray], list[Lattice]]:
    """Return random frames and lattices of 1 to 40 frames."""
    generator = np.random.default_rng(count)
    lengths = [1 + number % 40 for number in range(count)]
    frames = [generator.normal(size=(length, FRAME)).astype(np.float32) for length in lengths]
    peaked = [generator.dirichlet(np.full(len(ALPHABET.characters), 0.05), length) for length in lengths]
    return frames, [Lattice.from_probabilities(rows.astype(np.float32)) for rows in peaked]


def in_torch(branches: Branches, words: list[str], prototypes: FloatArray) -> FloatArray:
    rows = np.stack([word_features(ALPHABET.encode(word), prototypes) for word in words])
    with torch.no_grad():
        vectors: FloatArray = branches.words(torch.from_numpy(rows)).numpy()
    return vectors


def test_words_of_every_length_agree_with_torch(
    embedder: OnnxEmbedder, branches: Branches, prototypes: FloatArray
) -> None:
    assert {len(word) for word in WORDS} >= set(range(1, 41))
    vectors = embedder.words(WORDS)
    assert vectors.shape == (len(WORDS), embedder.dimension)
    assert vectors.dtype == np.float32
    np.testing.assert_allclose(vectors, in_torch(branches, WORDS, prototypes), atol=1e-5)


@pytest.mark.parametrize("count", [1, 2, 300])
def test_regions_agree_with_torch(
    embedder: OnnxEmbedder, branches: Branches, prototypes: FloatArray, count: int
) -> None:
    frames, lattices = some_regions(count)
    vectors = embedder.regions(frames, lattices)
    rows = np.stack(
        [region_features(f, lattice, prototypes, ALPHABET.folded) for f, lattice in zip(frames, lattices, strict=True)]
    )
    with torch.no_grad():
        expected = branches.regions(torch.from_numpy(rows)).numpy()
    assert vectors.shape == (count, embedder.dimension)
    assert vectors.dtype == np.float32
    np.testing.assert_allclose(vectors, expected, atol=1e-5)


def test_many_words_are_those_one_by_one(embedder: OnnxEmbedder) -> None:
    words = (WORDS * 6)[:300]
    np.testing.assert_allclose(
        embedder.words(words)[[0, 255, 256, 299]],
        np.concatenate([embedder.words([words[i]]) for i in (0, 255, 256, 299)]),
        atol=1e-6,
    )


def test_nothing_to_encode(embedder: OnnxEmbedder) -> None:
    for vectors in (embedder.words([]), embedder.regions([], [])):
        assert vectors.shape == (0, 480)
        assert vectors.dtype == np.float32


def test_vectors_have_length_one_even_of_a_word_without_known_letters(embedder: OnnxEmbedder) -> None:
    vectors = embedder.words(["hello", "", "你好"])
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-5)
    np.testing.assert_array_equal(vectors[1], vectors[2])


def test_prototypes_come_from_the_store(embedder: OnnxEmbedder, prototypes: FloatArray) -> None:
    assert embedder.prototypes.dtype == np.float32
    np.testing.assert_array_equal(embedder.prototypes, prototypes)


def test_each_graph_is_read_when_it_is_needed(weights: Path, tmp_path: Path) -> None:
    for name in ("joint.safetensors", "word_branch.onnx"):
        (tmp_path / name).write_bytes((weights / name).read_bytes())
    embedder = OnnxEmbedder(tmp_path, ALPHABET, threads=1)
    assert embedder.words(["hello"]).shape == (1, 480)  # without the image branch


@pytest.mark.parametrize("gate", range(4), ids=["input", "forget", "cell", "output"])
def test_the_gates_are_in_their_places(weights: Path, branches: Branches, prototypes: FloatArray, gate: int) -> None:
    """Changing one of torch's gates must change the vector: otherwise agreement would not test its place."""
    changed = Branches(2 * FRAME + 1, FRAME, hidden=8)
    changed.load_state_dict(branches.state_dict())
    with torch.no_grad():
        for name, parameter in changed.word.recurrent.named_parameters():
            if name.startswith("bias_ih"):
                parameter[8 * gate : 8 * gate + 8] += 1
    difference = in_torch(changed, WORDS, prototypes) - in_torch(branches, WORDS, prototypes)
    assert np.abs(difference).max() > 1e-3


def test_the_dimension_is_that_of_the_weights(tmp_path: Path, prototypes: FloatArray) -> None:
    branches = Branches(2 * FRAME + 1, FRAME, hidden=4, channels=6).eval()
    export_branches(branches, prototypes, ALPHABET.folded, {"licence": "none"}, tmp_path)
    embedder = OnnxEmbedder(tmp_path, ALPHABET, threads=1)
    assert embedder.dimension == 90
    np.testing.assert_allclose(embedder.words(["open"]), in_torch(branches, ["open"], prototypes), atol=2e-3)
