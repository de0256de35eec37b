"""The truth of an index: images, files, regions, failures, in one SQLite database.

Vectors are kept here too (float16), so that whatever is derived from them can be made anew without reading a photo.
"""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from importlib.metadata import PackageNotFoundError
from importlib.metadata import version as installed_version
from itertools import groupby
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Connection, Engine, Executable, insert, select

from textsearch.errors import IndexCorruptError, IndexNotFoundError
from textsearch.index import changes, queries
from textsearch.index.connection import CATALOG, open_engine, outside_transaction, reading, unreadable, writing
from textsearch.index.migrations import MIGRATIONS, migrate, schema_version
from textsearch.index.packing import pack_path, unpack_path, unpack_region, unpack_text, unpack_vectors
from textsearch.index.records import KnownFile, ModelIdentity, StoredImage, StoredRegion
from textsearch.index.schema import meta
from textsearch.index.snapshot import Snapshot
from textsearch.types import Failure, FloatArray, IndexedPhoto, IndexedText

__all__ = ["CATALOG", "Catalog", "ModelIdentity", "Numbers", "Transaction"]

Transaction = Connection

Numbers = Sequence[int] | NDArray[np.int64]

_NOTHING: Mapping[str, Any] = {}

_PHOTOS_AT_ONCE = 256
"""Photos whose texts are read in one transaction: some megabytes at most."""


class Catalog:
    """The database of one index folder. Reading is thread-safe; changes are made within `writing`.

    Attributes:
        location: the index folder.
        model: the network whose vectors are in it.
        identity: 16 random bytes drawn when the index was created.
    """

    def __init__(self, location: Path, engine: Engine, model: ModelIdentity, identity: bytes) -> None:
        self.location = location
        self.model = model
        self.identity = identity
        self._engine = engine
        self._file = _file_at(location)

    @staticmethod
    def version(location: Path) -> int:
        """Return the schema version of the catalog in a folder, 0 if there is none.

        Raises:
            IndexCorruptError: there is something, but not a database of this program.
            IndexVersionError: a newer version of this program wrote it.
            TextSearchError: this user may not read the folder.
        """
        try:
            (location / CATALOG).stat()
        except (FileNotFoundError, NotADirectoryError):
            return 0
        except PermissionError as error:
            raise unreadable(location) from error
        engine = open_engine(location)
        try:
            with reading(engine, location) as connection:
                return schema_version(connection, location)
        finally:
            engine.dispose()

    @staticmethod
    def create(location: Path, model: ModelIdentity) -> None:
        """Make the catalog in an existing folder that has none; if somebody else made it meanwhile, leave it.

        Raises:
            IndexCorruptError, IndexVersionError: as `version`.
            IndexWriteError: the folder cannot be written.
        """
        Catalog.version(location)  # before anything is changed: the file may be another program's
        engine = open_engine(location, create=True)
        try:
            outside_transaction(engine, location, "PRAGMA journal_mode = WAL")
            with writing(engine, location) as connection:
                if schema_version(connection, location) == 0:
                    migrate(connection, 0)
                    connection.execute(insert(meta).values(_birth_certificate(model)))
        finally:
            engine.dispose()

    @staticmethod
    def upgrade(location: Path) -> None:
        """Bring an existing catalog to the newest version.

        Raises:
            IndexCorruptError, IndexVersionError: as `version`.
            IndexWriteError: the folder cannot be written.
        """
        engine = open_engine(location)
        try:
            with writing(engine, location) as connection:
                migrate(connection, schema_version(connection, location))
        finally:
            engine.dispose()

    @classmethod
    def open(cls, location: Path) -> Catalog:
        """Open the catalog of a folder that has one of the newest version.

        Raises:
            IndexNotFoundError: there is no catalog, or its creation was cut short.
            IndexCorruptError, IndexVersionError: as `version`.
        """
        if Catalog.version(location) != len(MIGRATIONS):
            raise IndexNotFoundError(f"there is no index in {location}; make one with: textsearch index FOLDER")
        engine = open_engine(location)
        with reading(engine, location) as connection:
            row = connection.execute(select(meta)).one_or_none()
        if row is None:
            raise IndexCorruptError(f"the catalog in {location} is incomplete; delete this folder and index again")
        model = ModelIdentity(row.model_name, row.model_fingerprint, row.dimension)
        return cls(location, engine, model, row.identity)

    def in_place(self) -> bool:
        """Return whether the file that was opened is still the catalog of its folder, not moved away or replaced."""
        return self._file is not None and self._file == _file_at(self.location)

    def close(self) -> None:
        """Close all connections."""
        self._engine.dispose()

    @contextmanager
    def writing(self) -> Iterator[Transaction]:
        """Lend a transaction, the next generation, for the functions of `changes`; it is committed at the end."""
        with writing(self._engine, self.location) as connection:
            changes.next_generation(connection)
            yield connection

    @contextmanager
    def reading(self) -> Iterator[Transaction]:
        """Lend a transaction in which one state of the catalog is read."""
        with reading(self._engine, self.location) as connection:
            yield connection

    def trim_removals(self, generation: int, most: int) -> None:
        """Forget the removals up to a generation if more than `most` are logged."""
        with writing(self._engine, self.location) as connection:
            changes.trim_removals(connection, generation, most)

    @contextmanager
    def snapshot(self) -> Iterator[Snapshot]:
        """Lend a view on one state of the catalog, for those who keep vectors in memory."""
        with reading(self._engine, self.location) as connection:
            yield Snapshot(connection, self.model.dimension)

    def make_durable(self) -> None:
        """Have the disk confirm what was committed, so that nothing derived from it can outlive it."""
        outside_transaction(self._engine, self.location, "PRAGMA wal_checkpoint(PASSIVE)")

    def generation(self) -> int:
        """Return the number of transactions committed so far."""
        return int(self._rows(queries.GENERATION)[0][0])

    def counts(self) -> tuple[int, int, int]:
        """Return generation, number of images and number of regions, all of one moment."""
        ((generation, images, regions),) = self._rows(queries.COUNTS)
        return generation, images, regions

    def regions(self, region_ids: Numbers) -> list[StoredRegion]:
        """Return regions in the order asked; ids that are not in the catalog are skipped."""
        found = {row[0]: row for row in self._rows(queries.REGIONS_BY_ID, queries.as_numbers(region_ids))}
        return [unpack_region(found[number]) for region_id in region_ids if (number := int(region_id)) in found]

    def regions_of(self, path: Path) -> list[StoredRegion] | None:
        """Return the regions of the image at a path in the order they were found, None for an unknown path."""
        with reading(self._engine, self.location) as connection:
            image_id = connection.execute(queries.IMAGE_AT_PATH, {"path": pack_path(path)}).scalar()
            if image_id is None:
                return None
            return [unpack_region(row) for row in connection.execute(queries.REGIONS_OF_IMAGE, {"image_id": image_id})]

    def embeddings(self, region_ids: Numbers) -> FloatArray:
        """Return vectors as stored, (N, D) float32 in the order asked; zeros for ids that are not in the catalog."""
        found = {row[0]: row[1] for row in self._rows(queries.EMBEDDINGS_BY_ID, queries.as_numbers(region_ids))}
        nothing = bytes(2 * self.model.dimension)
        return unpack_vectors([found.get(int(number), nothing) for number in region_ids], self.model.dimension)

    def images(self, image_ids: Numbers | None = None) -> dict[int, StoredImage]:
        """Return images by id, all of them for None; ids that are not in the catalog are left out."""
        if image_ids is None:
            rows = self._rows(queries.IMAGES)
        else:
            rows = self._rows(queries.IMAGES_BY_ID, queries.as_numbers(image_ids))
        return _stored_images(rows)

    def photos(self) -> Iterator[IndexedPhoto]:
        """Yield every image with its texts, in the order that the first of their paths has when this begins.

        No transaction stays open between two photos, so a writer's log can be emptied meanwhile, however slowly they
        are taken. What is removed or read again before its turn is left out.
        """
        with reading(self._engine, self.location) as connection:
            ids = np.fromiter(connection.scalars(queries.IMAGE_IDS_BY_PATH), np.int64)
        for start in range(0, len(ids), _PHOTOS_AT_ONCE):
            yield from self._photos(ids[start : start + _PHOTOS_AT_ONCE])

    def _photos(self, image_ids: NDArray[np.int64]) -> Iterator[IndexedPhoto]:
        chosen = queries.as_numbers(image_ids)
        with reading(self._engine, self.location) as connection:  # one state: no photo without its texts
            images = _stored_images(connection.execute(queries.IMAGES_BY_ID, chosen).all())
            rows = connection.execute(queries.TEXTS_OF_IMAGES, chosen).all()
        texts: dict[int, list[IndexedText]] = {}
        for row in rows:
            texts.setdefault(row[1], []).append(unpack_text(row))
        for image in (images[number] for number in image_ids.tolist() if number in images):
            found = tuple(texts.get(image.image_id, ()))
            yield IndexedPhoto(image.path, image.paths[1:], image.sha256, image.width, image.height, found)

    def letters(self) -> dict[int, str]:
        """Return the normalised transcript of every region by its id."""
        return dict(self._rows(queries.LETTERS))

    def failures(self) -> list[Failure]:
        """Return the files that could not be indexed, by path."""
        return [Failure(unpack_path(path), reason) for path, reason in self._rows(queries.FAILURES)]

    def known_files(self, under: Sequence[Path] | None = None) -> Iterator[KnownFile]:
        """Return indexed and failed files, each once: all, or those that are or lie below one of the paths given."""
        given = None if under is None else [pack_path(path) for path in under]
        known: dict[bytes, Any] = {}
        with reading(self._engine, self.location) as connection:
            for statement in queries.known_files(given, os.fsencode(os.sep)):
                known.update((row[0], row) for row in connection.execute(statement))
        return (
            KnownFile(unpack_path(path), sha256, size, mtime_ns, reason is not None, reason)
            for path, sha256, size, mtime_ns, reason in known.values()
        )

    def images_at_or_below(self, paths: Sequence[Path]) -> list[int]:
        """Return the ids of the images of which a file is or lies below one of a few absolute paths."""
        given = [pack_path(path) for path in paths]
        return [int(row[0]) for row in self._rows(queries.images_at_or_below(given, os.fsencode(os.sep)))]

    def image_of_content(self, sha256: str) -> int | None:
        """Return the id of the image with this content, None if it is not in the catalog."""
        rows = self._rows(queries.IMAGE_OF_CONTENT, {"sha256": sha256})
        return int(rows[0][0]) if rows else None

    def image_at(self, path: Path) -> int | None:
        """Return the id of the image at a path, None for an unknown path."""
        rows = self._rows(queries.IMAGE_AT_PATH, {"path": pack_path(path)})
        return int(rows[0][0]) if rows else None

    def _rows(self, statement: Executable, parameters: Mapping[str, Any] = _NOTHING) -> Sequence[Any]:
        with reading(self._engine, self.location) as connection:
            return connection.execute(statement, parameters).all()


def _stored_images(rows: Sequence[Any]) -> dict[int, StoredImage]:
    """Return images by id from one row for each of their files: id, path, sha256, width, height."""
    images = {}
    for image_id, group in groupby(rows, key=lambda row: int(row[0])):
        copies = list(group)
        paths = tuple(unpack_path(copy[1]) for copy in copies)
        _, _, sha256, width, height = copies[0]
        images[image_id] = StoredImage(image_id, paths[0], sha256, width, height, paths)
    return images


def _birth_certificate(model: ModelIdentity) -> dict[str, Any]:
    """Return the one row of `meta` for a new index."""
    try:
        program = installed_version("scene-textsearch")
    except PackageNotFoundError:
        program = "not installed"
    return {
        "id": 1,
        "identity": secrets.token_bytes(16),
        "model_name": model.name,
        "model_fingerprint": model.fingerprint,
        "dimension": model.dimension,
        "generation": 0,
        "created_by": program,
    }


def _file_at(location: Path) -> tuple[int, int] | None:
    """Return what tells the catalog in a folder from other files, None if it cannot be seen."""
    try:
        status = (location / CATALOG).stat()
    except OSError:
        return None
    return status.st_dev, status.st_ino
