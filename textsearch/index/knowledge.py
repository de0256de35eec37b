"""What an index keeps about its photos beyond their text: reading and changing it, within a transaction lent."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Connection, Text, bindparam, column, delete, func, insert, select
from sqlalchemy.dialects.sqlite import insert as upsert

from textsearch.index import queries
from textsearch.index.packing import pack_text
from textsearch.index.records import PICTURE_WIDTH, KnowledgeKind, Known, OwnCategory, PhotoKnowledge
from textsearch.index.schema import images, knowledge, own_categories, pictures, regions
from textsearch.types import FloatArray

_IDENTIFIERS = func.json_each(bindparam("identifiers")).table_valued(column("value", Text), name="given_identifiers")
_KINDS = func.json_each(bindparam("kinds")).table_valued(column("value", Text), name="given_kinds")
_KNOWN = select(knowledge.c.image_id, knowledge.c.kind, knowledge.c.identifier, knowledge.c.score, knowledge.c.regions)
_KNOWN = _KNOWN.order_by(knowledge.c.score.desc(), knowledge.c.image_id, knowledge.c.kind, knowledge.c.identifier)
_SAYING = _KNOWN.where(
    # A join, so that SQLite looks each identifier up: among thousands twice as fast as IN.
    knowledge.c.identifier == _IDENTIFIERS.c.value,
    knowledge.c.kind.in_(select(_KINDS.c.value)),
)
_ABOUT = _KNOWN.where(queries.among(knowledge.c.image_id))
_OCCURRENCES = select(knowledge.c.kind, knowledge.c.identifier, knowledge.c.image_id, knowledge.c.score).where(
    knowledge.c.score >= bindparam("least")
)
_PICTURES = select(pictures.c.image_id, pictures.c.feature).order_by(pictures.c.image_id)
_MADE_BY = select(pictures.c.image_id).where(pictures.c.maker == bindparam("maker"))
_UNDESCRIBED = select(images.c.id).where(images.c.id.not_in(_MADE_BY)).order_by(images.c.id)
_OWN = select(own_categories.c.name, own_categories.c.words, own_categories.c.examples).order_by(own_categories.c.name)
_EXISTS = select(images.c.id).where(images.c.id == bindparam("image_id"))
_REGION_IDS = select(regions.c.id).where(regions.c.image_id == bindparam("image_id")).order_by(regions.c.id)
_FORGET = tuple(delete(table).where(table.c.image_id == bindparam("given")) for table in (knowledge, pictures))
_SET_OWN = upsert(own_categories)
_SET_OWN = _SET_OWN.on_conflict_do_update(
    index_elements=[own_categories.c.name],
    set_={name: _SET_OWN.excluded[name] for name in ("words", "examples")},
)
_DROP_OWN = delete(own_categories).where(own_categories.c.name == bindparam("given"))


def known(connection: Connection, identifiers: Iterable[str], kinds: Collection[KnowledgeKind]) -> list[Known]:
    """Return everything that says one of the identifiers, surest first."""
    given = {"identifiers": json.dumps(list(set(identifiers))), "kinds": json.dumps(list(kinds))}
    return [_unpack(row) for row in connection.execute(_SAYING, given)]


def knowledge_of(connection: Connection, image_ids: Iterable[int]) -> dict[int, list[Known]]:
    """Return what is known about images, surest first; images about which nothing is known are left out."""
    found: dict[int, list[Known]] = {}
    for row in connection.execute(_ABOUT, queries.as_numbers(image_ids)):
        found.setdefault(row[0], []).append(_unpack(row))
    return found


def features(connection: Connection) -> tuple[NDArray[np.int64], NDArray[np.float16]]:
    """Return the ids (N,) int64, ascending, and features (N, PICTURE_WIDTH) float16 of all images looked at."""
    rows = connection.execute(_PICTURES).all()
    return np.array([row[0] for row in rows], np.int64), _vectors(b"".join(row[1] for row in rows))


def occurrences(connection: Connection, least: float) -> dict[tuple[KnowledgeKind, str], dict[int, float]]:
    """Return, by source and identifier, the scores of the images about which that is known, of at least `least`."""
    found: dict[tuple[KnowledgeKind, str], dict[int, float]] = {}
    for kind, identifier, image_id, score in connection.execute(_OCCURRENCES, {"least": least}):
        found.setdefault((kind, identifier), {})[image_id] = score
    return found


def undescribed(connection: Connection, maker: str) -> list[int]:
    """Return the images about which nothing is known that this maker made, ascending."""
    return [int(number) for number in connection.scalars(_UNDESCRIBED, {"maker": maker})]


def own(connection: Connection) -> list[OwnCategory]:
    """Return the user's categories by name."""
    return [
        OwnCategory(name, tuple(json.loads(words)), _vectors(examples).astype(np.float32))
        for name, words, examples in connection.execute(_OWN)
    ]


def describe(connection: Connection, image_id: int, about: PhotoKnowledge) -> bool:
    """Write what is known about an image in place of what was; return whether the image is in the catalog.

    Raises:
        ValueError: a picture's feature of another length.
        IndexError: a notice names a region that the image does not have.
    """
    if connection.execute(_EXISTS, {"image_id": image_id}).first() is None:
        return False
    for statement in _FORGET:
        connection.execute(statement, {"given": image_id})
    feature = _packed(about.picture, (PICTURE_WIDTH,))
    connection.execute(insert(pictures), {"image_id": image_id, "maker": about.maker, "feature": feature})
    ids = connection.scalars(_REGION_IDS, {"image_id": image_id}).all()
    rows = [
        {
            "image_id": image_id,
            "kind": notice.kind,
            "identifier": notice.identifier,
            "score": notice.score,
            "regions": np.array([ids[position] for position in notice.regions], "<i8").tobytes(),
        }
        for notice in about.notices
    ]
    if rows:
        connection.execute(insert(knowledge), rows)
    return True


def set_own(connection: Connection, category: OwnCategory) -> None:
    """Add a category of the user, or replace the one of this name.

    Raises:
        ValueError: examples of another shape.
    """
    examples = _packed(category.examples, (len(category.examples), PICTURE_WIDTH))
    words = json.dumps([pack_text(word) for word in category.words], ensure_ascii=False)
    connection.execute(_SET_OWN, {"name": pack_text(category.name), "words": words, "examples": examples})


def remove_own(connection: Connection, name: str) -> bool:
    """Remove a category of the user; return whether there was one of this name."""
    return connection.execute(_DROP_OWN, {"given": pack_text(name)}).rowcount > 0


def _unpack(row: Any) -> Known:
    image_id, kind, identifier, score, stored = row
    return Known(image_id, kind, identifier, score, tuple(np.frombuffer(stored, "<i8").tolist()))


def _vectors(stored: bytes) -> NDArray[np.float16]:
    return np.frombuffer(stored, "<f2").reshape(-1, PICTURE_WIDTH)


def _packed(vectors: FloatArray, shape: tuple[int, ...]) -> bytes:
    if vectors.shape != shape:
        raise ValueError(f"expected features of shape {shape}, got {vectors.shape}")
    return vectors.astype("<f2").tobytes()
