"""The index as one thing: a folder with the catalog, which is the truth, and the vectors derived from it."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from pathlib import Path
from typing import get_args

import numpy as np
from numpy.typing import NDArray

from textsearch.alphabet import Alphabet
from textsearch.errors import IndexModelError, IndexWriteError
from textsearch.index import knowledge
from textsearch.index.catalog import CATALOG, Catalog, Numbers
from textsearch.index.lock import WriteLock
from textsearch.index.migrations import MIGRATIONS
from textsearch.index.mirror import Mirror
from textsearch.index.readings import Readings
from textsearch.index.readings_mirror import ReadingsMirror
from textsearch.index.records import (
    EncodedImage,
    FailedFile,
    KnowledgeKind,
    Known,
    KnownFile,
    ModelIdentity,
    OwnCategory,
    StoredImage,
    StoredRegion,
)
from textsearch.index.vectors import VectorOptions
from textsearch.index.writer import IndexWriter
from textsearch.types import Failure, FloatArray, IndexedPhoto, IndexInfo

__all__ = [
    "EncodedImage",
    "FailedFile",
    "IndexFolder",
    "IndexWriter",
    "KnownFile",
    "ModelIdentity",
    "StoredImage",
    "StoredRegion",
]

_CREATION_SECONDS = 10.0
"""How long to wait for another process that is creating the same index."""

_KINDS: tuple[KnowledgeKind, ...] = get_args(KnowledgeKind)


class IndexFolder:
    """An open index. Everything here reads and may be used by any number of threads; `writer` writes.

    What another process commits is seen by the next call.

    Attributes:
        location: the folder, absolute.
        model: the network whose vectors are in it.
    """

    def __init__(self, catalog: Catalog, options: VectorOptions) -> None:
        self.location = catalog.location
        self.model = catalog.model
        self._catalog = catalog
        self._mirror = Mirror(catalog, options)
        self._readings = ReadingsMirror(catalog)
        self._info: IndexInfo | None = None

    @classmethod
    def create_or_open(
        cls, location: Path, model: ModelIdentity, device: str = "cpu", options: VectorOptions | None = None
    ) -> IndexFolder:
        """Open an index for indexing; where there is none, make it, with the folders it lies in.

        Args:
            location: the index folder.
            model: the network that will fill it.
            device: where vectors are searched: "cpu", "cuda" or "cuda:N".
            options: how vectors are searched, in full; overrides `device`.

        Raises:
            IndexWriteError: the folder cannot be made or written.
            IndexModelError, IndexVersionError, IndexCorruptError: as `open`.
        """
        location = location.absolute()
        try:
            location.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise IndexWriteError(
                f"the index folder {location} cannot be made ({error.strerror}); name another place for it"
            ) from error
        if Catalog.version(location) == 0:
            with WriteLock(location, _CREATION_SECONDS):
                Catalog.create(location, model)
        return cls.open(location, model, device, options)

    @classmethod
    def open(
        cls,
        location: Path,
        model: ModelIdentity | None = None,
        device: str = "cpu",
        options: VectorOptions | None = None,
    ) -> IndexFolder:
        """Open an index that exists, also on a read-only medium. Vectors are loaded when they are first needed.

        Args:
            location: the index folder.
            model: the network that will search it; None: no vectors will be compared.
            device: where vectors are searched: "cpu", "cuda" or "cuda:N".
            options: how vectors are searched, in full; overrides `device`.

        Raises:
            IndexNotFoundError: there is no index.
            IndexVersionError: a newer version of this program made it.
            IndexModelError: another model made it.
            IndexCorruptError: it is damaged, or a database of another program.
        """
        location = location.absolute()
        if 0 < Catalog.version(location) < len(MIGRATIONS):
            with WriteLock(location, _CREATION_SECONDS):
                Catalog.upgrade(location)
        catalog = Catalog.open(location)
        folder = cls(catalog, options or VectorOptions(device))
        if model is not None:
            try:
                folder.check_model(model)
            except IndexModelError:
                folder.close()
                raise
        return folder

    def check_model(self, model: ModelIdentity) -> None:
        """Make sure that a network's vectors can be compared with those of this index.

        Raises:
            IndexModelError: another model made the index.
        """
        if model.fingerprint != self.model.fingerprint:
            raise IndexModelError(
                f"the index in {self.location} was made with the model {_describe(self.model)} and this is "
                f"{_describe(model)}; index the photos into a new folder, or delete this one and index again"
            )

    def in_place(self) -> bool:
        """Return whether what was opened is still the index of its folder, not removed or replaced."""
        return self._catalog.in_place()

    def close(self) -> None:
        """Close the catalog. The index cannot be used afterwards."""
        self._catalog.close()

    def __enter__(self) -> IndexFolder:
        """Return the index."""
        return self

    def __exit__(self, *exception: object) -> None:
        """Close the index."""
        self.close()

    @property
    def generation(self) -> int:
        """Return the number of transactions committed so far: what was read under another number may be outdated."""
        return self._catalog.generation()

    def info(self) -> IndexInfo:
        """Return how much is in the index; counted only once for each generation."""
        info = self._info
        if info is None or info.generation != self.generation:
            generation, images, regions = self._catalog.counts()
            info = self._info = IndexInfo(images, regions, self.model.name, generation)
        return info

    def sizes(self) -> dict[str, int]:
        """Return the bytes on disk of "catalog", "vectors" and "readings"; 0 for what does not exist yet."""
        catalog = [self.location / f"{CATALOG}{suffix}" for suffix in ("", "-wal")]
        return {
            "catalog": sum(path.stat().st_size for path in catalog if path.exists()),
            "vectors": self._mirror.path.stat().st_size if self._mirror.path.exists() else 0,
            "readings": self._readings.path.stat().st_size if self._readings.path.exists() else 0,
        }

    def nearest(self, vectors: FloatArray, count: int) -> tuple[NDArray[np.int64], FloatArray]:
        """Return the regions nearest to query vectors, best first.

        Args:
            vectors: (W, D) float32, unit vectors.
            count: how many regions for each query.

        Returns:
            Ids (W, count) int64 and cosines (W, count) float32; where the index holds fewer regions the last ids are
            -1 and their cosines -inf.

        Raises:
            ValueError: vectors of another shape.
            MissingDependencyError: FAISS, or the GPU that was asked for, is missing.
        """
        if vectors.ndim != 2 or vectors.shape[1] != self.model.dimension:
            raise ValueError(f"expected vectors of shape (W, {self.model.dimension}), got {vectors.shape}")
        return self._mirror.search(vectors, count)

    def similarities(self, vectors: FloatArray, region_ids: NDArray[np.int64]) -> FloatArray:
        """Return cosines (W, N) float32 of query vectors (W, D) with regions; 0 for ids that were just removed."""
        return self._mirror.compare(vectors, region_ids)

    def readings(self, alphabet: Alphabet) -> Readings:
        """Return what every region can be read as, in the letters of the network's alphabet.

        Asked for again with the same alphabet they are only brought up to date.
        """
        return self._readings.current(alphabet)

    def keep_readings(self, alphabet: Alphabet) -> None:
        """Write the readings to their file if they changed, so that the next process need not make them.

        Raises:
            IndexWriteError: the folder cannot be written.
        """
        self._readings.save(alphabet)

    def letters(self) -> dict[int, str]:
        """Return the normalised transcript of every region by its id."""
        return self._catalog.letters()

    def regions(self, region_ids: Numbers) -> list[StoredRegion]:
        """Return regions in the order asked; ids that were just removed are skipped."""
        return self._catalog.regions(region_ids)

    def images(self, image_ids: Numbers | None = None) -> dict[int, StoredImage]:
        """Return images by id, all of them for None; ids that were just removed are left out."""
        return self._catalog.images(image_ids)

    def photos(self) -> Iterator[IndexedPhoto]:
        """Yield every image with its texts, in the order that the first of their paths has when this begins.

        Writers are not held up meanwhile; what they remove or replace before its turn is left out.
        """
        return self._catalog.photos()

    def regions_of(self, path: Path) -> list[StoredRegion] | None:
        """Return the regions of the image at an absolute path, None if the path is not in the index."""
        return self._catalog.regions_of(path)

    def embeddings(self, region_ids: Numbers) -> FloatArray:
        """Return vectors (N, D) float32 in the order asked; zeros for ids that were just removed."""
        return self._catalog.embeddings(region_ids)

    def failures(self) -> list[Failure]:
        """Return the files that could not be indexed, by path."""
        return self._catalog.failures()

    def known_files(self, under: Sequence[Path] | None = None) -> Iterator[KnownFile]:
        """Return indexed and failed files, each once: all, or those that are or lie below one of the paths given."""
        return self._catalog.known_files(under)

    def images_at_or_below(self, paths: Sequence[Path]) -> list[int]:
        """Return the ids of the images of which a file is or lies below one of a few absolute paths."""
        return self._catalog.images_at_or_below(paths)

    def image_of_content(self, sha256: str) -> int | None:
        """Return the id of the image with this content, None if it is not in the index."""
        return self._catalog.image_of_content(sha256)

    def image_at(self, path: Path) -> int | None:
        """Return the id of the image at an absolute path, None if the path is not in the index."""
        return self._catalog.image_at(path)

    def known(self, identifiers: Collection[str], kinds: Collection[KnowledgeKind] = _KINDS) -> list[Known]:
        """Return what is known about any photo that says one of the identifiers, surest first."""
        with self._catalog.reading() as connection:
            return knowledge.known(connection, identifiers, kinds)

    def knowledge_of(self, image_ids: Numbers) -> dict[int, list[Known]]:
        """Return what is known about images, surest first; images about which nothing is known are left out."""
        with self._catalog.reading() as connection:
            return knowledge.knowledge_of(connection, image_ids)

    def pictures(self) -> tuple[NDArray[np.int64], NDArray[np.float16]]:
        """Return the ids (N,) int64, ascending, and features (N, PICTURE_WIDTH) float16 of all images looked at."""
        with self._catalog.reading() as connection:
            return knowledge.features(connection)

    def occurrences(self, least: float) -> dict[tuple[KnowledgeKind, str], dict[int, float]]:
        """Return, by source and identifier, the scores of the images about which that is known, of at least `least`."""
        with self._catalog.reading() as connection:
            return knowledge.occurrences(connection, least)

    def undescribed(self, maker: str) -> list[int]:
        """Return the images about which nothing is known that this maker made, ascending."""
        with self._catalog.reading() as connection:
            return knowledge.undescribed(connection, maker)

    def own_categories(self) -> list[OwnCategory]:
        """Return the categories that the user added, by name."""
        with self._catalog.reading() as connection:
            return knowledge.own(connection)

    def writer(self) -> IndexWriter:
        """Begin to write; the writer is a context manager.

        Raises:
            IndexLockedError: somebody else is writing, in this process or another.
            IndexWriteError: the folder cannot be written.
            MissingDependencyError: FAISS, or the GPU that was asked for, is missing.
        """
        return IndexWriter(self._catalog, self._mirror)


def _describe(model: ModelIdentity) -> str:
    """Return name and the start of the fingerprint, as people compare them."""
    return f"{model.name} ({model.fingerprint[:12]})"
