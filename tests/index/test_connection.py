from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy import Engine
from sqlalchemy.exc import IntegrityError

from textsearch.errors import IndexCorruptError, IndexLockedError, IndexWriteError, MissingDependencyError
from textsearch.index.connection import CATALOG, open_engine, outside_transaction, reading, writing


def test_a_writing_transaction_excludes_others_before_its_first_statement(tmp_path: Path) -> None:
    engine = open_engine(tmp_path, create=True)
    with (
        closing(sqlite3.connect(tmp_path / CATALOG, timeout=0)) as other,
        writing(engine, tmp_path),
        pytest.raises(sqlite3.OperationalError, match="locked"),
    ):
        other.execute("BEGIN IMMEDIATE")
    engine.dispose()


@pytest.mark.parametrize(
    ("message", "expected"),
    [
        ("database disk image is malformed", IndexCorruptError),
        ("file is not a database", IndexCorruptError),
        ("no such table: meta", IndexCorruptError),
        ("database is locked", IndexLockedError),
        ("attempt to write a readonly database", IndexWriteError),
        ("database or disk is full", IndexWriteError),
        ("disk I/O error", IndexWriteError),
        ("unable to open database file", IndexWriteError),
        ("locking protocol", IndexWriteError),
    ],
)
def test_errors_that_happen_to_anyone_are_explained(tmp_path: Path, message: str, expected: type[Exception]) -> None:
    engine = open_engine(tmp_path, create=True)
    with pytest.raises(expected, match=tmp_path.name), reading(engine, tmp_path):
        raise sqlite3.OperationalError(message)
    engine.dispose()


@pytest.mark.parametrize("message", ["no such module: fts5", "no such tokenizer: trigram"])
def test_a_sqlite_without_a_part_is_no_damage(tmp_path: Path, message: str) -> None:
    engine = open_engine(tmp_path, create=True)
    with pytest.raises(MissingDependencyError, match="another Python"), writing(engine, tmp_path):
        raise sqlite3.OperationalError(message)
    engine.dispose()


def test_mistakes_of_the_program_stay_what_they_are(tmp_path: Path) -> None:
    engine = open_engine(tmp_path, create=True)
    with pytest.raises(IntegrityError), writing(engine, tmp_path) as connection:
        connection.exec_driver_sql("CREATE TABLE t (x INTEGER NOT NULL)")
        connection.exec_driver_sql("INSERT INTO t VALUES (NULL)")
    engine.dispose()


@pytest.mark.parametrize("name", ["a b#c?d%20&mode=memory", "caf\u00e9"])
def test_any_folder_name_will_do(tmp_path: Path, name: str) -> None:
    (tmp_path / name).mkdir()
    engine = open_engine(tmp_path / name, create=True)
    with writing(engine, tmp_path) as connection:
        connection.exec_driver_sql("CREATE TABLE t (x)")
    engine.dispose()
    assert (tmp_path / name / CATALOG).stat().st_size > 0


def test_a_sqlite_without_trigrams_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sqlite3, "sqlite_version_info", (3, 31, 1))
    with pytest.raises(MissingDependencyError, match="newer Python"):
        open_engine(tmp_path)


def test_a_reader_without_permission_to_write_follows_the_writers(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def count(engine: Engine) -> int:
        with reading(engine, tmp_path) as connection:
            return int(connection.exec_driver_sql("SELECT count(*) FROM t").scalar_one())

    writer = open_engine(tmp_path, create=True)
    outside_transaction(writer, tmp_path, "PRAGMA journal_mode = WAL")
    with writing(writer, tmp_path) as connection:
        connection.exec_driver_sql("CREATE TABLE t (x)")
        connection.exec_driver_sql("INSERT INTO t VALUES (1)")
    writer.dispose()
    monkeypatch.setattr("textsearch.index.connection.os.access", lambda *_: False)
    reader = open_engine(tmp_path)
    assert count(reader) == 1
    assert not (tmp_path / f"{CATALOG}-wal").exists()
    writer = open_engine(tmp_path, create=True)
    with writing(writer, tmp_path) as connection:
        connection.exec_driver_sql("INSERT INTO t VALUES (2)")
    assert count(reader) == 2, "while somebody writes"
    with writing(writer, tmp_path) as connection:
        connection.exec_driver_sql("INSERT INTO t VALUES (3)")
    writer.dispose()
    assert count(reader) == 3, "when the writer has gone"
    writer = open_engine(tmp_path, create=True)
    with writing(writer, tmp_path) as connection:
        connection.exec_driver_sql("INSERT INTO t VALUES (4)")
    writer.dispose()
    assert count(reader) == 4, "when another one has come and gone"
    reader.dispose()
