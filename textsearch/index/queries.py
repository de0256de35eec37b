"""The statements with which the catalog is read, written once, so that SQLAlchemy compiles each only once."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from sqlalchemy import ColumnElement, Integer, Select, bindparam, column, func, null, or_, select

from textsearch.index.schema import failures, files, images, meta, regions, removals

_PATHS_PER_STATEMENT = 200
"""SQLite bounds the depth of an expression, and a shell may hand over thousands of paths."""


def among(number: ColumnElement[int]) -> ColumnElement[bool]:
    """Return the condition that a column is among `:numbers`: one parameter, however many they are."""
    listed = func.json_each(bindparam("numbers")).table_valued(column("value", Integer))
    return number.in_(select(listed.c.value))


def as_numbers(numbers: Iterable[int]) -> dict[str, str]:
    """Return the parameter for `among`."""
    return {"numbers": json.dumps([int(number) for number in numbers])}


GENERATION = select(meta.c.generation)

COUNTS = select(
    meta.c.generation,
    select(func.count()).select_from(images).scalar_subquery().label("images"),
    select(func.coalesce(func.sum(images.c.regions), 0)).scalar_subquery().label("regions"),
)
"""Generation, number of images, number of regions."""

_REGIONS = select(
    regions.c.id,
    regions.c.image_id,
    regions.c.polygon,
    regions.c.text,
    regions.c.text_score,
    regions.c.score,
    regions.c.line,
    regions.c.lattice,
)
REGIONS_BY_ID = _REGIONS.where(among(regions.c.id))
REGIONS_OF_IMAGE = _REGIONS.where(regions.c.image_id == bindparam("image_id")).order_by(regions.c.id)
EMBEDDINGS_BY_ID = select(regions.c.id, regions.c.embedding).where(among(regions.c.id))

IMAGES = (
    select(images.c.id, files.c.path, images.c.sha256, images.c.width, images.c.height)
    .join(files, files.c.image_id == images.c.id)
    .order_by(images.c.id, files.c.path)
)
"""One row for each copy of each image."""
IMAGES_BY_ID = IMAGES.where(among(images.c.id))
IMAGE_IDS_BY_PATH = select(files.c.image_id).group_by(files.c.image_id).order_by(func.min(files.c.path))
"""Each image once, in the order of the first of its paths."""
TEXTS_OF_IMAGES = (
    select(
        regions.c.id,
        regions.c.image_id,
        regions.c.polygon,
        regions.c.score,
        regions.c.text,
        regions.c.text_score,
        regions.c.line,
    )
    .where(among(regions.c.image_id))
    .order_by(regions.c.id)
)
"""Regions for people: without what only a search needs, which is most of their bytes."""
IMAGE_AT_PATH = select(files.c.image_id).where(files.c.path == bindparam("path"))
FILES_OF_CONTENT = (
    select(files.c.path, files.c.size, files.c.mtime_ns)
    .join(images, files.c.image_id == images.c.id)
    .where(images.c.sha256 == bindparam("sha256"))
)
IMAGE_OF_CONTENT = select(images.c.id).where(images.c.sha256 == bindparam("sha256"))

LETTERS = select(regions.c.id, regions.c.letters)

REMOVALS_LOGGED = select(func.count()).where(removals.c.generation <= bindparam("generation"))

FAILURES = select(failures.c.path, failures.c.reason).order_by(failures.c.path)

_INDEXED_FILES = select(files.c.path, images.c.sha256, files.c.size, files.c.mtime_ns, null().label("reason")).join(
    images, files.c.image_id == images.c.id
)
_FAILED_FILES = select(failures.c.path, failures.c.sha256, failures.c.size, failures.c.mtime_ns, failures.c.reason)


def known_files(under: Sequence[bytes] | None, separator: bytes) -> Iterator[Select[Any]]:
    """Yield the statements that together find all files, or those that are or lie below one of the paths given.

    A file may be found more than once where the paths given overlap.

    Args:
        under: packed paths.
        separator: what stands between a folder and a name.
    """
    for statement, path in ((_INDEXED_FILES, files.c.path), (_FAILED_FILES, failures.c.path)):
        if under is None:
            yield statement
            continue
        for start in range(0, len(under), _PATHS_PER_STATEMENT):
            yield statement.where(
                or_(*(_at_or_below(path, given, separator) for given in under[start : start + _PATHS_PER_STATEMENT]))
            )


def images_at_or_below(under: Sequence[bytes], separator: bytes) -> Select[Any]:
    """Return the statement that finds the images of which a file is or lies below one of the paths given.

    Args:
        under: packed paths, at most _PATHS_PER_STATEMENT.
        separator: what stands between a folder and a name.
    """
    return (
        select(files.c.image_id)
        .distinct()
        .where(or_(*(_at_or_below(files.c.path, given, separator) for given in under)))
    )


def _at_or_below(path: ColumnElement[bytes], given: bytes, separator: bytes) -> ColumnElement[bool]:
    """Return the condition for one path: bytes are compared one by one, so what lies below it is one range."""
    folder = given if given.endswith(separator) else given + separator
    after = folder[:-1] + bytes([folder[-1] + 1])
    return or_(path == given, (path > folder) & (path < after))
