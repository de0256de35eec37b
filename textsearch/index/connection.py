"""Connections to the SQLite file: how it is opened, what a transaction is, and what its errors mean to people."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from functools import partial
from pathlib import Path

from sqlalchemy import Connection, Engine, QueuePool, create_engine, event
from sqlalchemy.exc import DatabaseError, DisconnectionError

from textsearch.errors import (
    IndexCorruptError,
    IndexLockedError,
    IndexWriteError,
    MissingDependencyError,
    TextSearchError,
)

CATALOG = "catalog.sqlite"

_BUSY_SECONDS = 30.0
"""How long a statement waits for another process: checkpoints and recovery after a crash take moments."""

_CACHE_KIBIBYTES = 16_384

_Unwritable = tuple[int, ...]

_OLDEST_SQLITE = (3, 34, 0)
"""The first release with the trigram tokenizer."""


def open_engine(location: Path, create: bool = False) -> Engine:
    """Return an engine on the catalog of an index folder; nothing is read yet.

    A thread that needs a connection gets one of its own from the pool, so any number of threads can read at once.

    Args:
        location: the index folder.
        create: whether the file may be made.

    Raises:
        MissingDependencyError: this Python's SQLite is too old.
    """
    if sqlite3.sqlite_version_info < _OLDEST_SQLITE:
        raise MissingDependencyError(
            f"SQLite 3.34 or newer is needed and this Python has {sqlite3.sqlite_version}; use a newer Python"
        )

    def connect() -> sqlite3.Connection:
        unwritable = None if create else _unwritable(location)
        address = f"{(location / CATALOG).absolute().as_uri()}?{'mode=rwc' if create else _mode(unwritable)}"
        # The pool lends a connection to one thread at a time, so SQLite's own check is not needed; with no
        # isolation level the driver starts no transactions behind our back.
        connection = sqlite3.connect(
            address,
            uri=True,
            timeout=_BUSY_SECONDS,
            isolation_level=None,
            check_same_thread=False,
            factory=_CatalogConnection,
        )
        connection.unwritable = unwritable
        connection.execute("PRAGMA foreign_keys = ON")
        # In WAL mode a killed process loses nothing with NORMAL: what was committed is in the operating system's
        # hands. Only a power cut can take the last batches, whole ones, and the next run reads those photos again.
        connection.execute("PRAGMA synchronous = NORMAL")
        connection.execute(f"PRAGMA cache_size = -{_CACHE_KIBIBYTES}")
        return connection

    engine = create_engine(
        "sqlite://", creator=connect, poolclass=QueuePool, pool_size=8, max_overflow=-1, pool_use_lifo=True
    )
    event.listen(engine, "begin", _begin)
    event.listen(engine, "checkout", partial(_still_right, location))
    return engine


class _CatalogConnection(sqlite3.Connection):
    """A connection that remembers why it was opened as it was.

    Attributes:
        unwritable: see `_unwritable`.
    """

    unwritable: _Unwritable | None = None


def _unwritable(location: Path) -> _Unwritable | None:
    """Return the state of a catalog that this process may only read, None if it may write.

    The state is the inode, modification time and size of the file, or nothing while a writer is at work.
    """
    if os.access(location, os.W_OK) and os.access(location / CATALOG, os.W_OK):
        return None
    if (location / f"{CATALOG}-wal").exists():
        return ()
    try:
        status = (location / CATALOG).stat()
    except OSError:
        return ()  # SQLite's own message tells what is wrong
    return (status.st_ino, status.st_mtime_ns, status.st_size)


def _mode(unwritable: _Unwritable | None) -> str:
    """Return how SQLite shall open the file."""
    if unwritable is None:
        return "mode=rw"
    # Reading in WAL mode needs the two side files. Where they cannot be made and no writer keeps them there, the
    # file does not change, and SQLite may be told so; but only until the next writer comes.
    return "mode=ro&immutable=1" if unwritable else "mode=ro"


def _still_right(location: Path, connection: _CatalogConnection, *_: object) -> None:
    """Have the pool open a connection anew if the file may only be read and was written to since."""
    if connection.unwritable is not None and connection.unwritable != _unwritable(location):
        raise DisconnectionError


def _begin(connection: Connection) -> None:
    """Start a transaction; a writing one takes SQLite's write lock at once, so that it cannot fail halfway."""
    writing = connection.get_execution_options().get("writing", False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writing else "BEGIN")


@contextmanager
def reading(engine: Engine, location: Path) -> Iterator[Connection]:
    """Lend a connection whose statements all see one and the same state of the catalog."""
    with _explained(location), engine.connect() as connection:
        yield connection


@contextmanager
def writing(engine: Engine, location: Path) -> Iterator[Connection]:
    """Lend a connection whose statements are committed together at the end, or not at all after an error."""
    with _explained(location), engine.connect().execution_options(writing=True) as connection, connection.begin():
        yield connection


def outside_transaction(engine: Engine, location: Path, statement: str) -> None:
    """Execute a statement that SQLite allows only outside a transaction."""
    with _explained(location), closing(engine.raw_connection()) as connection:
        connection.cursor().execute(statement)


@contextmanager
def _explained(location: Path) -> Iterator[None]:
    """Turn the database's errors that can happen to anyone into ours."""
    try:
        yield
    except (DatabaseError, sqlite3.DatabaseError) as error:
        known = _explain(str(error), location)
        if known is None:
            raise
        raise known from error


_UNWRITABLE = ("readonly", "full", "disk I/O", "unable to open", "locking protocol")


def _explain(message: str, location: Path) -> TextSearchError | None:
    """Return our error for SQLite's message, None if it is a mistake of the program.

    SQLite's numeric codes reach Python only from 3.11 on; its messages have been the same for decades.
    """
    if "no such module" in message or "no such tokenizer" in message:
        return MissingDependencyError(f"the SQLite of this Python lacks a part ({message}); use another Python")
    if "malformed" in message or "not a database" in message or "no such" in message:
        return IndexCorruptError(
            f"the catalog in {location} is damaged ({message}); delete this folder and index the photos again"
        )
    if "database is locked" in message:
        return IndexLockedError(f"another process keeps the catalog in {location} busy; try again when it has finished")
    if any(part in message for part in _UNWRITABLE):
        return IndexWriteError(
            f"the index in {location} cannot be opened or written ({message}); "
            "check its permissions and the free disk space"
        )
    return None


def unreadable(location: Path) -> TextSearchError:
    """Return what to say of an index folder into which this user may not look."""
    return TextSearchError(f"the index in {location} may not be read by this user; check the folder's permissions")
