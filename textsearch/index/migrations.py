"""How a catalog comes into being and how an older one becomes a newer one.

The version stands in the database's header (PRAGMA user_version), so it can be read whatever the tables look like.
A migration that was released is never edited: its statements are a record of how that version was.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from sqlalchemy import Connection

from textsearch.alphabet import normalise
from textsearch.errors import IndexCorruptError, IndexVersionError

APPLICATION_ID = 0x54585453
"""Marks a SQLite file as ours (PRAGMA application_id): "TXTS"."""

_VERSION_1 = (
    """CREATE TABLE images (
        id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, sha256 TEXT NOT NULL UNIQUE,
        width INTEGER NOT NULL, height INTEGER NOT NULL, regions INTEGER NOT NULL)""",
    """CREATE TABLE files (
        id INTEGER NOT NULL PRIMARY KEY, path BLOB NOT NULL UNIQUE,
        image_id INTEGER NOT NULL, size INTEGER NOT NULL, mtime_ns INTEGER NOT NULL,
        FOREIGN KEY (image_id) REFERENCES images (id))""",
    "CREATE INDEX files_by_image ON files (image_id)",
    """CREATE TABLE regions (
        id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
        image_id INTEGER NOT NULL, polygon BLOB NOT NULL, score FLOAT NOT NULL,
        text TEXT NOT NULL, text_score FLOAT NOT NULL, line INTEGER NOT NULL, letters TEXT NOT NULL,
        lattice BLOB NOT NULL, embedding BLOB NOT NULL,
        FOREIGN KEY (image_id) REFERENCES images (id) ON DELETE CASCADE)""",
    "CREATE INDEX regions_by_image ON regions (image_id)",
    "CREATE INDEX regions_by_letters ON regions (letters)",
    """CREATE TABLE failures (
        path BLOB NOT NULL PRIMARY KEY, reason TEXT NOT NULL, sha256 TEXT, size INTEGER, mtime_ns INTEGER)""",
    "CREATE TABLE removals (region_id INTEGER NOT NULL PRIMARY KEY, generation INTEGER NOT NULL)",
    "CREATE INDEX removals_by_generation ON removals (generation)",
    """CREATE TABLE meta (
        id INTEGER NOT NULL PRIMARY KEY CHECK (id = 1), identity BLOB NOT NULL,
        model_name TEXT NOT NULL, model_fingerprint TEXT NOT NULL, dimension INTEGER NOT NULL,
        generation INTEGER NOT NULL, created_by TEXT NOT NULL)""",
    # Substring search over the folded transcripts. The text itself is kept once, in `regions`; the triggers keep
    # both in step within the transaction, also when regions vanish with their image.
    """CREATE VIRTUAL TABLE region_letters USING fts5(
        letters, content='regions', content_rowid='id', columnsize=0, tokenize='trigram')""",
    """CREATE TRIGGER region_added AFTER INSERT ON regions BEGIN
        INSERT INTO region_letters (rowid, letters) VALUES (new.id, new.letters);
    END""",
    """CREATE TRIGGER region_removed AFTER DELETE ON regions BEGIN
        INSERT INTO region_letters (region_letters, rowid, letters) VALUES ('delete', old.id, old.letters);
        INSERT INTO removals (region_id, generation) SELECT old.id, generation FROM meta;
    END""",
)


def _create(connection: Connection) -> None:
    """Make the tables of version 1."""
    for statement in _VERSION_1:
        connection.exec_driver_sql(statement)


_VERSION_2 = (
    # Letters are searched in the lattices, which hold more than transcripts; see `readings`.
    "DROP TRIGGER region_added",
    "DROP TRIGGER region_removed",
    "DROP TABLE region_letters",
    """CREATE TRIGGER region_removed AFTER DELETE ON regions BEGIN
        INSERT INTO removals (region_id, generation) SELECT old.id, generation FROM meta;
    END""",
)


def _drop_trigrams(connection: Connection) -> None:
    """Make version 2: no index of the transcripts' trigrams."""
    for statement in _VERSION_2:
        connection.exec_driver_sql(statement)


_VERSION_3 = (
    """CREATE TABLE knowledge (
        image_id INTEGER NOT NULL, kind TEXT NOT NULL, identifier TEXT NOT NULL,
        score FLOAT NOT NULL, regions BLOB NOT NULL,
        PRIMARY KEY (image_id, kind, identifier),
        FOREIGN KEY (image_id) REFERENCES images (id) ON DELETE CASCADE) WITHOUT ROWID""",
    "CREATE INDEX knowledge_by_identifier ON knowledge (identifier)",
    """CREATE TABLE pictures (
        image_id INTEGER NOT NULL PRIMARY KEY, maker TEXT NOT NULL, feature BLOB NOT NULL,
        FOREIGN KEY (image_id) REFERENCES images (id) ON DELETE CASCADE)""",
    """CREATE TABLE own_categories (
        name TEXT NOT NULL PRIMARY KEY, words TEXT NOT NULL, examples BLOB NOT NULL)""",
)


def _add_knowledge(connection: Connection) -> None:
    """Make version 3: what photos show and what their words mean; nothing is known yet about those indexed before."""
    for statement in _VERSION_3:
        connection.exec_driver_sql(statement)


def _respell(connection: Connection) -> None:
    """Make version 4: letters without strokes, ligatures as two letters, no letters of ™, half-width kana composed."""
    rows = connection.exec_driver_sql("SELECT id, text, letters FROM regions").all()
    for region_id, text, letters in rows:
        if not text.isascii() and (respelt := normalise(text)) != letters:
            connection.exec_driver_sql("UPDATE regions SET letters = ? WHERE id = ?", (respelt, region_id))


Migration = Callable[[Connection], None]

MIGRATIONS: tuple[Migration, ...] = (_create, _drop_trigrams, _add_knowledge, _respell)
"""Migration number n (from 0) makes version n + 1 out of version n."""


def schema_version(connection: Connection, location: Path, newest: int = len(MIGRATIONS)) -> int:
    """Return the version of the catalog, 0 for a database in which nothing has been created yet.

    Raises:
        IndexCorruptError: the database is not one of this program.
        IndexVersionError: a newer version of this program wrote it.
    """
    application = connection.exec_driver_sql("PRAGMA application_id").scalar_one()
    version = int(connection.exec_driver_sql("PRAGMA user_version").scalar_one())
    if application != APPLICATION_ID:
        if connection.exec_driver_sql("SELECT count(*) FROM sqlite_master").scalar_one() == 0:
            return 0
        raise IndexCorruptError(
            f"the catalog in {location} is a database of another program; choose another folder for the index"
        )
    if version > newest:
        raise IndexVersionError(
            f"the index in {location} was written by a newer version of this program "
            f"(schema {version}, this one knows {newest}); upgrade with: pip install -U scene-textsearch"
        )
    return version


def migrate(connection: Connection, version: int, migrations: Sequence[Migration] = MIGRATIONS) -> None:
    """Bring a catalog from a version to the newest one; the caller's transaction makes it all or nothing."""
    for migration in migrations[version:]:
        migration(connection)
    connection.exec_driver_sql(f"PRAGMA application_id = {APPLICATION_ID}")
    connection.exec_driver_sql(f"PRAGMA user_version = {len(migrations)}")
