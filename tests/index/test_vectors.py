from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.index.samples import random_vectors
from textsearch.errors import IndexWriteError, MissingDependencyError
from textsearch.index import vectors as module
from textsearch.index.derived import Stamp
from textsearch.index.vectors import VectorOptions, Vectors

D = 32
CPU = VectorOptions()
STAMP = Stamp(bytes(range(16)), generation=7, highest_id=1040)
IDS = np.arange(1001, 1041)


def forty(options: VectorOptions = CPU) -> Vectors:
    vectors = Vectors.empty(D, options)
    vectors.add(IDS, random_vectors(40, D, seed=1))
    return vectors


def many(count: int, options: VectorOptions = CPU) -> Vectors:
    stored = random_vectors(count, D, seed=1)
    vectors = Vectors.partitioned(stored, count, options)
    vectors.add(np.arange(1, count + 1), stored)
    return vectors


@pytest.fixture
def saved(tmp_path: Path) -> Path:
    path = tmp_path / "vectors.faiss"
    forty().save(path, STAMP)
    return path


def test_the_nearest_are_those_of_the_greatest_cosine() -> None:
    queries = random_vectors(3, D, seed=2)
    cosines = queries @ random_vectors(40, D, seed=1).T
    best = np.argsort(-cosines, axis=1)[:, :5]
    ids, similarities = forty().search(queries, 5)
    np.testing.assert_array_equal(ids, IDS[best])
    np.testing.assert_allclose(similarities, np.take_along_axis(cosines, best, 1), atol=1e-6)
    assert ids.dtype == np.int64
    assert similarities.dtype == np.float32


@pytest.mark.parametrize("count", [0, 1, 2, 5])
def test_missing_places_are_marked(count: int) -> None:
    vectors = Vectors.empty(D, CPU)
    vectors.add(IDS[:2], random_vectors(2, D, seed=1))
    ids, similarities = vectors.search(random_vectors(1, D, seed=2), count)
    assert ids.shape == similarities.shape == (1, count)
    assert (ids[0, 2:] == -1).all()
    assert (similarities[0, 2:] == -np.inf).all()
    assert np.isfinite(similarities[0, :2]).all()


def test_nothing_asked_and_nothing_there() -> None:
    assert forty().search(np.zeros((0, D), np.float32), 3)[0].shape == (0, 3)
    assert Vectors.empty(D, CPU).search(random_vectors(1, D, seed=2), 2)[0].tolist() == [[-1, -1]]


@pytest.mark.parametrize("vectors", [forty(), many(500)], ids=["flat", "partitioned"])
def test_removed_ids_are_not_found_and_the_others_keep_their_names(vectors: Vectors) -> None:
    query = random_vectors(1, D, seed=2)
    before = vectors.search(query, len(vectors))[0][0]
    size = len(vectors)
    vectors.remove(np.array([before[0], before[3], 999_999]))
    assert len(vectors) == size - 2
    np.testing.assert_array_equal(vectors.search(query, size - 2)[0][0], np.delete(before, [0, 3]))


def test_what_was_saved_is_loaded(saved: Path) -> None:
    loaded = Vectors.load(saved, D, CPU)
    assert loaded is not None
    vectors, stamp = loaded
    assert stamp == STAMP
    queries = random_vectors(3, D, seed=2)
    np.testing.assert_array_equal(vectors.search(queries, 9), forty().search(queries, 9))
    vectors.remove(IDS[:39])
    vectors.add(np.array([2000]), queries[:1])
    assert sorted(vectors.search(queries[:1], 2)[0][0]) == [1040, 2000]


def test_a_partition_is_loaded_as_one(tmp_path: Path) -> None:
    vectors = many(500)
    vectors.save(tmp_path / "v", STAMP)
    loaded = Vectors.load(tmp_path / "v", D, CPU)
    assert loaded is not None
    assert loaded[0].cells == vectors.cells == 12


@pytest.mark.parametrize("length", [0, 1, 60, 64, 500, -1])
def test_a_truncated_file_is_no_file(saved: Path, length: int) -> None:
    saved.write_bytes(saved.read_bytes()[:length])
    assert Vectors.load(saved, D, CPU) is None


def test_any_flipped_bit_makes_it_no_file(saved: Path) -> None:
    content = saved.read_bytes()
    for position in [*range(80), *range(80, len(content), 97), len(content) - 1]:
        damaged = bytearray(content)
        damaged[position] ^= 4
        saved.write_bytes(damaged)
        assert Vectors.load(saved, D, CPU) is None, position


def test_a_file_that_is_longer_missing_or_of_another_dimension_is_no_file(saved: Path) -> None:
    assert Vectors.load(saved, D + 1, CPU) is None
    assert Vectors.load(saved.parent, D, CPU) is None
    assert Vectors.load(saved.with_name("nothing"), D, CPU) is None
    saved.write_bytes(saved.read_bytes() + b"\0")
    assert Vectors.load(saved, D, CPU) is None


def test_a_full_disk_leaves_the_old_file(saved: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = saved.read_bytes()

    def full(self: Vectors, file: Any, stamp: Stamp) -> None:
        file.write(b"half of it")
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Vectors, "_write", full)
    with pytest.raises(IndexWriteError, match="No space left on device"):
        forty().save(saved, STAMP)
    assert saved.read_bytes() == before
    assert list(saved.parent.iterdir()) == [saved]


# --- partitions


def test_a_partitioned_search_finds_nearly_the_same() -> None:
    vectors = many(2000)
    flat = Vectors.empty(D, CPU)
    flat.add(np.arange(1, 2001), random_vectors(2000, D, seed=1))
    queries = random_vectors(1, D, seed=1)
    assert vectors.search(queries, 1)[0].tolist() == [[1]]
    near = set(vectors.search(queries, 200)[0][0]) & set(flat.search(queries, 200)[0][0])
    assert vectors.cells > 20
    assert len(near) > 150


def test_a_partition_hides_nothing_from_who_asks_for_all() -> None:
    ids, _ = many(2000).search(random_vectors(1, D, seed=3), 2000)
    assert sorted(ids[0]) == list(range(1, 2001))


def test_places_that_the_cells_looked_into_do_not_fill_are_marked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_SCANNED_PER_WANTED", 0)
    ids, similarities = many(500).search(random_vectors(1, D, seed=2), 450)
    assert -1 in ids
    np.testing.assert_array_equal(similarities == -np.inf, ids == -1)


@pytest.mark.parametrize(("count", "outgrown"), [(400, False), (1600, True)])
def test_a_flat_index_is_outgrown_above_the_threshold(count: int, outgrown: bool) -> None:
    vectors = Vectors.empty(D, VectorOptions(partition_above=500))
    vectors.add(np.arange(count), random_vectors(count, D, seed=1))
    assert vectors.outgrown is outgrown


def test_a_partition_is_outgrown_when_its_cells_are_far_too_few() -> None:
    vectors = many(500, VectorOptions(partition_above=400))
    assert not vectors.outgrown
    vectors.add(np.arange(501, 2001), random_vectors(1500, D, seed=4))
    assert vectors.outgrown


# --- GPU


class FakeGpu:
    """Counts the copies made and remembers what each searched."""

    def __init__(self) -> None:
        self.copies = 0
        self.searches = 0

    def __call__(self, index: Any) -> FakeGpu:
        import faiss

        self.copies += 1
        self._copied = faiss.clone_index(index)
        return self

    def search(self, queries: Any, count: int) -> Any:
        self.searches += 1
        return self._copied.search(queries, count)


def test_the_gpu_searches_a_copy_that_follows_every_change() -> None:
    gpu = FakeGpu()
    vectors = forty(VectorOptions("cuda", to_gpu=gpu))
    query = random_vectors(1, D, seed=2)
    assert gpu.copies == 0, "no copy before the first search"
    first = vectors.search(query, 3)[0][0]
    vectors.search(query, 3)
    assert (gpu.copies, gpu.searches) == (1, 2)
    vectors.remove(first[:1])
    vectors.add(np.array([5000]), query)
    np.testing.assert_array_equal(vectors.search(query, 3)[0][0], [5000, *first[1:]])
    assert (gpu.copies, gpu.searches) == (2, 3)


def test_more_results_than_a_gpu_can_return_come_from_the_cpu() -> None:
    gpu = FakeGpu()
    vectors = Vectors.empty(D, VectorOptions("cuda", to_gpu=gpu))
    vectors.add(np.arange(3000), random_vectors(3000, D, seed=1))
    assert (vectors.search(random_vectors(1, D, seed=2), 3000)[0] >= 0).all()
    assert gpu.copies == 0


def test_what_was_loaded_is_searched_on_the_gpu_too(saved: Path) -> None:
    gpu = FakeGpu()
    loaded = Vectors.load(saved, D, VectorOptions("cuda", to_gpu=gpu))
    assert loaded is not None
    loaded[0].search(random_vectors(1, D, seed=2), 3)
    assert gpu.searches == 1


def test_a_faiss_without_gpu_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    import faiss

    monkeypatch.delattr(faiss, "StandardGpuResources", raising=False)
    with pytest.raises(MissingDependencyError, match=r"'cuda'.*'cpu'.*scene-textsearch\[gpu\]"):
        Vectors.empty(D, VectorOptions("cuda"))


def test_no_faiss_at_all_names_both_extras(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "faiss", None)
    with pytest.raises(MissingDependencyError, match=r'"scene-textsearch\[cpu\]".*"scene-textsearch\[gpu\]"'):
        Vectors.empty(D, CPU)


def test_searching_leaves_the_number_of_threads_as_it_was() -> None:
    import faiss

    before = faiss.omp_get_max_threads()
    faiss.omp_set_num_threads(2)
    try:
        forty().search(random_vectors(1, D, seed=2), 3)
        assert faiss.omp_get_max_threads() == 2
    finally:
        faiss.omp_set_num_threads(before)
