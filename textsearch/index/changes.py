"""Every change of the catalog, as functions to be used within one transaction, which `Catalog.writing` lends."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

from sqlalchemy import Connection, bindparam, delete, exists, insert, update
from sqlalchemy.dialects.sqlite import insert as upsert

from textsearch.index import knowledge, queries
from textsearch.index.packing import pack_path, pack_regions, pack_text, unpack_path
from textsearch.index.records import EncodedImage, FailedFile
from textsearch.index.schema import failures, files, images, meta, regions, removals

_NEXT_GENERATION = update(meta).values(generation=meta.c.generation + 1)
_SET_FILE = upsert(files)
_SET_FILE = _SET_FILE.on_conflict_do_update(
    index_elements=[files.c.path],
    set_={name: _SET_FILE.excluded[name] for name in ("image_id", "size", "mtime_ns")},
)
_SET_FAILURE = upsert(failures)
_SET_FAILURE = _SET_FAILURE.on_conflict_do_update(
    index_elements=[failures.c.path],
    set_={name: _SET_FAILURE.excluded[name] for name in ("reason", "sha256", "size", "mtime_ns")},
)
_DROP_FILE = delete(files).where(files.c.path == bindparam("given"))
_DROP_FAILURE = delete(failures).where(failures.c.path == bindparam("given"))
# Their regions and what is known about them go with them (ON DELETE CASCADE), and a trigger logs the regions.
_DROP_ORPHANS = delete(images).where(
    queries.among(images.c.id), ~exists().where(files.c.image_id == images.c.id).correlate(images)
)


def next_generation(connection: Connection) -> None:
    """Count this transaction; the log of removals names the number, so it must come before any removal."""
    connection.execute(_NEXT_GENERATION)


def add(connection: Connection, encoded: Sequence[EncodedImage], dimension: int) -> int:
    """Write images, replacing what stood at their paths; content already known is only linked.

    Returns:
        The number of regions written.

    Raises:
        ValueError: embeddings that are not (N, dimension).
    """
    written = 0
    abandoned: set[int] = set()
    for image in encoded:
        expected = (len(image.regions), dimension)
        if image.regions.embeddings.shape != expected:
            raise ValueError(f"expected embeddings of shape {expected}, got {image.regions.embeddings.shape}")
        image_id = connection.execute(queries.IMAGE_OF_CONTENT, {"sha256": image.sha256}).scalar()
        if image_id is None:
            image_id = _add_content(connection, image)
            written += len(image.regions)
        abandoned |= _set_file(connection, image.path, image_id, (image.size, image.mtime_ns))
    _drop_orphans(connection, abandoned)
    return written


def replace(connection: Connection, encoded: Sequence[EncodedImage], dimension: int) -> int:
    """Write images as `add` does, but anew where their content is known; all its files are linked to the new image.

    Returns:
        The number of regions written.

    Raises:
        ValueError: embeddings that are not (N, dimension).
    """
    contents = {image.sha256 for image in encoded}
    copies = {sha256: connection.execute(queries.FILES_OF_CONTENT, {"sha256": sha256}).all() for sha256 in contents}
    forget(connection, (unpack_path(file.path) for held in copies.values() for file in held))
    written = add(connection, encoded, dimension)
    named = {image.path for image in encoded}
    for sha256, held in copies.items():
        for file in held:
            if (path := unpack_path(file.path)) not in named:
                link(connection, path, sha256, (file.size, file.mtime_ns))
    return written


def link(connection: Connection, path: Path, sha256: str, stat: tuple[int, int]) -> None:
    """Let a path name content that is already indexed; `stat` is its size and modification time.

    Raises:
        KeyError: the content is not in the catalog.
    """
    image_id = connection.execute(queries.IMAGE_OF_CONTENT, {"sha256": sha256}).scalar()
    if image_id is None:
        raise KeyError(f"no image with the sha256 {sha256} is in the catalog")
    _drop_orphans(connection, _set_file(connection, path, image_id, stat))


def touch(connection: Connection, path: Path, size: int, mtime_ns: int) -> None:
    """Note the new size and modification time of a file, indexed or failed, whose content is the same as before.

    Raises:
        KeyError: the path is not in the catalog.
    """
    given = pack_path(path)
    changed = 0
    for table in (files, failures):
        statement = update(table).where(table.c.path == given).values(size=size, mtime_ns=mtime_ns)
        changed += connection.execute(statement).rowcount
    if not changed:
        raise KeyError(f"{path} is not in the catalog")


def forget(connection: Connection, paths: Iterable[Path]) -> None:
    """Remove files, indexed or failed; an image goes when its last file goes. Unknown paths are no error."""
    abandoned: set[int] = set()
    for path in paths:
        abandoned |= _drop_file(connection, pack_path(path))
        connection.execute(_DROP_FAILURE, {"given": pack_path(path)})
    _drop_orphans(connection, abandoned)


def fail(connection: Connection, failed: Iterable[FailedFile]) -> None:
    """Record files that cannot be read; what their paths held before is removed, for it is no longer there."""
    abandoned: set[int] = set()
    for file in failed:
        path = pack_path(file.path)
        abandoned |= _drop_file(connection, path)
        row = {"path": path, "reason": pack_text(file.reason), "sha256": file.sha256}
        connection.execute(_SET_FAILURE, {**row, "size": file.size, "mtime_ns": file.mtime_ns})
    _drop_orphans(connection, abandoned)


def trim_removals(connection: Connection, generation: int, most: int) -> None:
    """Forget the removals up to a generation if more than `most` of them are logged.

    Whoever holds older vectors in memory than that must load them again. Nobody else sees a difference, so this is
    no new generation.
    """
    logged = connection.execute(queries.REMOVALS_LOGGED, {"generation": generation}).scalar_one()
    if logged > most:
        connection.execute(delete(removals).where(removals.c.generation <= generation))


def _add_content(connection: Connection, image: EncodedImage) -> int:
    row = {"sha256": image.sha256, "width": image.regions.width, "height": image.regions.height}
    result = connection.execute(insert(images), {**row, "regions": len(image.regions)})
    image_id = int(result.lastrowid)
    if len(image.regions):
        connection.execute(insert(regions), pack_regions(image_id, image.regions))
    if image.knowledge is not None:
        knowledge.describe(connection, image_id, image.knowledge)
    return image_id


def _set_file(connection: Connection, path: Path, image_id: int, stat: tuple[int, int]) -> set[int]:
    """Let a path name an image; return the image it named before, if another."""
    given = pack_path(path)
    before = set(connection.scalars(queries.IMAGE_AT_PATH, {"path": given}))
    connection.execute(_SET_FILE, {"path": given, "image_id": image_id, "size": stat[0], "mtime_ns": stat[1]})
    connection.execute(_DROP_FAILURE, {"given": given})
    return before - {image_id}


def _drop_file(connection: Connection, given: bytes) -> set[int]:
    """Remove a file; return the image it named."""
    before = set(connection.scalars(queries.IMAGE_AT_PATH, {"path": given}))
    connection.execute(_DROP_FILE, {"given": given})
    return before


def _drop_orphans(connection: Connection, candidates: Iterable[int]) -> None:
    """Remove those of the images that no file names any more."""
    connection.execute(_DROP_ORPHANS, queries.as_numbers(candidates))
