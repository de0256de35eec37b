"""The vectors of an index in FAISS: in memory for searching, in one file to be loaded quickly.

The file is derived from the catalog: where it is missing or damaged, `Vectors.load` says so and the caller builds anew.
"""

from __future__ import annotations

import math
import struct
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from textsearch.errors import MissingDependencyError
from textsearch.index.derived import Stamp, replace_file
from textsearch.similarity import similarity
from textsearch.types import FloatArray

VECTORS = "vectors.faiss"

PARTITION_ABOVE = 200_000
"""From more vectors than this on, a search looks only into the nearest cells of a partition (IVF) of the space."""

_VECTORS_PER_CELL_TO_TRAIN = 40
"""FAISS wants at least 39 samples for each cell."""

_LEAST_SHARE = 4
"""A search looks into one cell of this many, at least.

On 250,000 clustered vectors this finds 98 % of the nearest 50 in a quarter of the time; an eighth finds 95 %."""

_SCANNED_PER_WANTED = 8
"""A search scans this many times as many vectors as it is to return, at least."""

_GPU_MOST = 2048
"""Results, and cells to look into, that FAISS allows in one search on a GPU."""

_QUERIES_PER_THREAD = 8
"""A second thread is worth its start from this many queries on."""

_FORMAT = 1
_HEADER = struct.Struct("<8sII16sQQQI")
"""Mark, format, dimension, identity, generation, highest id, bytes that follow, checksum of all other bytes."""
_MARK = b"TXTSVECS"


@dataclass(frozen=True)
class VectorOptions:
    """How vectors are searched.

    Attributes:
        device: "cpu", "cuda" (the first GPU) or "cuda:N".
        partition_above: the number of vectors above which an index that is built anew is partitioned.
        to_gpu: makes a searchable copy of a FAISS index on the device; None: what FAISS itself offers.
    """

    device: str = "cpu"
    partition_above: int = PARTITION_ABOVE
    to_gpu: Callable[[Any], Any] | None = None


class Vectors:
    """Vectors by region id, ranked by cosine. Not safe for use by several threads at once.

    Up to `partition_above` vectors a search compares with each of them, in float16; above, with those of the nearest
    cells. Both kinds can remove ids, which FAISS's graph indexes cannot.
    """

    def __init__(self, index: Any, options: VectorOptions) -> None:
        self._index = index
        self._options = options
        self._copy: Any = None
        self._to_gpu = options.to_gpu
        if options.device != "cpu" and self._to_gpu is None:
            self._to_gpu = _gpu_copier(options.device)

    @classmethod
    def empty(cls, dimension: int, options: VectorOptions) -> Vectors:
        """Return an index without vectors, not partitioned.

        Raises:
            MissingDependencyError: FAISS, or the GPU that was asked for, is missing.
        """
        faiss = import_faiss()
        inner = faiss.IndexScalarQuantizer(dimension, faiss.ScalarQuantizer.QT_fp16, faiss.METRIC_INNER_PRODUCT)
        return cls(faiss.IndexIDMap2(inner), options)

    @classmethod
    def partitioned(cls, sample: FloatArray, expected: int, options: VectorOptions) -> Vectors:
        """Return an index without vectors, partitioned for an expected number of them.

        Args:
            sample: (N, D) float32, vectors like those to be added, best `sample_size(expected)` of them.
            expected: the number of vectors to be added.
            options: how they are searched.
        """
        faiss = import_faiss()
        dimension = sample.shape[1]
        cells = min(_cells(expected), max(len(sample) // _VECTORS_PER_CELL_TO_TRAIN, 1))
        # Vectors are stored as they are, not as differences to their cell's centre: similarities then are the same
        # as without a partition, and cells do not matter to their precision.
        index = faiss.IndexIVFScalarQuantizer(
            faiss.IndexFlatIP(dimension),
            dimension,
            cells,
            faiss.ScalarQuantizer.QT_fp16,
            faiss.METRIC_INNER_PRODUCT,
            False,
        )
        index.cp.min_points_per_centroid = 1
        index.train(np.ascontiguousarray(sample, np.float32))
        return cls(index, options)

    @staticmethod
    def sample_size(expected: int) -> int:
        """Return how many vectors should be given to `partitioned`."""
        return _cells(expected) * _VECTORS_PER_CELL_TO_TRAIN

    def __len__(self) -> int:
        """Return the number of vectors."""
        return int(self._index.ntotal)

    @property
    def cells(self) -> int:
        """Return the number of cells of the partition, 1 if there is none."""
        return int(getattr(self._index, "nlist", 1))

    @property
    def outgrown(self) -> bool:
        """Return whether an index of this size, built anew, would have far more cells."""
        return len(self) > self._options.partition_above and _cells(len(self)) > 2 * self.cells

    def add(self, ids: NDArray[np.int64], vectors: FloatArray) -> None:
        """Add vectors (N, D) float32 under new ids (N,) int64."""
        if len(ids):
            self._index.add_with_ids(np.ascontiguousarray(vectors, np.float32), np.ascontiguousarray(ids, np.int64))
            self._copy = None

    def remove(self, ids: NDArray[np.int64]) -> None:
        """Remove vectors by id (N,) int64; ids that are not there are no error."""
        if len(ids):
            self._index.remove_ids(np.ascontiguousarray(ids, np.int64))
            self._copy = None

    def search(self, queries: FloatArray, count: int) -> tuple[NDArray[np.int64], FloatArray]:
        """Return the ids (W, count) int64 and similarities (W, count) float32 of the nearest vectors, best first.

        Where there are fewer, the last ids are -1 and their similarities -inf.

        Args:
            queries: (W, D) float32, unit vectors.
            count: how many to return for each.
        """
        ids = np.full((len(queries), count), -1, np.int64)
        similarities = np.full((len(queries), count), -np.inf, np.float32)
        wanted = min(count, len(self))
        if wanted and len(queries):
            index = self._searched(wanted)
            if self.cells > 1:
                scanned = math.ceil(_SCANNED_PER_WANTED * wanted * self.cells / len(self))
                most = self.cells if index is self._index else min(self.cells, _GPU_MOST)
                index.nprobe = min(max(self.cells // _LEAST_SHARE, scanned, 1), most)
            found, ids[:, :wanted] = _search(index, queries, wanted)
            similarities[:, :wanted] = np.where(ids[:, :wanted] < 0, -np.inf, found)
        return ids, similarities

    def compare(self, queries: FloatArray, ids: NDArray[np.int64]) -> FloatArray | None:
        """Return the similarities (W, N) float32 of vectors (W, D) with those of ids (N,) int64.

        None where that cannot be told: a partition knows no vector by its id, and an id may just have been removed.
        """
        if self.cells > 1 or not len(ids):
            return None if len(ids) else np.zeros((len(queries), 0), np.float32)
        try:
            stored = self._index.reconstruct_batch(np.ascontiguousarray(ids, np.int64))
        except RuntimeError:  # an id that is not there
            return None
        return similarity(queries, stored)

    def save(self, path: Path, stamp: Stamp) -> None:
        """Write the vectors to a file; at any moment the file is the old one or the new one, whole.

        Raises:
            IndexWriteError: the file cannot be written.
        """
        replace_file(path, lambda file: self._write(file, stamp))

    def _write(self, file: Any, stamp: Stamp) -> None:
        """Write header and index; the header comes last, for it says what follows."""
        faiss = import_faiss()
        checksum = 0
        file.write(bytes(_HEADER.size))

        def write(portion: bytes) -> None:
            nonlocal checksum
            checksum = zlib.crc32(portion, checksum)
            file.write(portion)

        # Portion by portion: a second copy of all vectors in memory would be too many.
        faiss.write_index(self._index, faiss.PyCallbackIOWriter(write))
        length = file.tell() - _HEADER.size
        file.seek(0)
        file.write(_pack_header(self._index.d, stamp, length, checksum))

    @classmethod
    def load(cls, path: Path, dimension: int, options: VectorOptions) -> tuple[Vectors, Stamp] | None:
        """Return the vectors that `save` wrote and their stamp, None if the file is missing, damaged or another's."""
        faiss = import_faiss()
        try:
            data = np.asarray(np.memmap(path, np.uint8, "r"))
            stamp = _check(data, dimension)
            if stamp is None:
                return None
            index = faiss.deserialize_index(data[_HEADER.size :])
        except (OSError, ValueError, RuntimeError):  # no file; an empty file; an index of a later FAISS
            return None
        return cls(index, options), stamp

    def _searched(self, wanted: int) -> Any:
        """Return the index to search: the copy on the GPU, made anew after changes, or the one that is changed."""
        if self._to_gpu is None or wanted > _GPU_MOST:
            return self._index
        if self._copy is None:
            self._copy = self._to_gpu(self._index)
        return self._copy


def import_faiss() -> Any:
    """Return the module `faiss`, which two distributions provide and neither is installed by default.

    Raises:
        MissingDependencyError: there is none.
    """
    try:
        import faiss
    except ImportError as error:
        raise MissingDependencyError(
            'FAISS is missing; install it with: pip install "scene-textsearch[cpu]", '
            'or on a machine with an NVIDIA GPU: pip install "scene-textsearch[gpu]"'
        ) from error
    return faiss


def _search(index: Any, queries: FloatArray, wanted: int) -> Any:
    """Return FAISS's similarities and ids (W, wanted)."""
    faiss = import_faiss()
    threads = faiss.omp_get_max_threads()
    # FAISS gives each query to one thread, and the others spin until it is done: on a busy machine a search for one
    # word then takes many times as long. The setting concerns only what this thread starts.
    faiss.omp_set_num_threads(min(threads, len(queries) // _QUERIES_PER_THREAD + 1))
    try:
        return index.search(np.ascontiguousarray(queries, np.float32), wanted)
    finally:
        faiss.omp_set_num_threads(threads)


def _gpu_copier(device: str) -> Callable[[Any], Any]:
    """Return FAISS's own function that copies an index to a GPU.

    Raises:
        MissingDependencyError: this FAISS knows no GPU, or sees none.
    """
    faiss = import_faiss()
    number = int(device.partition(":")[2] or 0)
    if not hasattr(faiss, "StandardGpuResources") or faiss.get_num_gpus() <= number:
        raise MissingDependencyError(
            f"FAISS cannot use the device {device!r} here; use the device 'cpu', "
            'or install: pip uninstall faiss-cpu; pip install "scene-textsearch[gpu]"'
        )
    resources = faiss.StandardGpuResources()
    return lambda index: faiss.index_cpu_to_gpu(resources, number, index)


def _cells(count: int) -> int:
    """Return the number of cells for a number of vectors: a search then costs about as much on each level."""
    return max(min(int(2 * math.sqrt(count)), count // _VECTORS_PER_CELL_TO_TRAIN), 1)


def _pack_header(dimension: int, stamp: Stamp, length: int, checksum: int) -> bytes:
    """Return the header, whose checksum covers its own fields too."""
    fields = (_MARK, _FORMAT, dimension, stamp.identity, stamp.generation, stamp.highest_id, length)
    return _HEADER.pack(*fields, zlib.crc32(_HEADER.pack(*fields, 0), checksum))


def _check(data: NDArray[np.uint8], dimension: int) -> Stamp | None:
    """Return the stamp of a file whose every byte is as it was written, None for any other."""
    if len(data) < _HEADER.size:
        return None
    mark, version, stored_dimension, identity, generation, highest_id, length, _ = _HEADER.unpack_from(data.data)
    if (mark, version, stored_dimension, length) != (_MARK, _FORMAT, dimension, len(data) - _HEADER.size):
        return None
    stamp = Stamp(identity, generation, highest_id)
    header = _pack_header(dimension, stamp, length, zlib.crc32(data[_HEADER.size :].data))
    return stamp if data[: _HEADER.size].tobytes() == header else None
