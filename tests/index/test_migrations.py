from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sqlalchemy import Connection, Engine, create_engine, inspect

from tests.index.samples import IDENTITY
from textsearch.errors import IndexCorruptError, IndexVersionError
from textsearch.index.catalog import CATALOG, Catalog
from textsearch.index.connection import open_engine, writing
from textsearch.index.folder import IndexFolder
from textsearch.index.migrations import APPLICATION_ID, MIGRATIONS, migrate, schema_version
from textsearch.index.records import PICTURE_WIDTH, PhotoKnowledge
from textsearch.index.schema import metadata

HERE = Path("/somewhere/.textsearch")


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[Engine]:
    opened = open_engine(tmp_path, create=True)
    yield opened
    opened.dispose()


def described(connection: Connection) -> dict[str, Any]:
    """Return columns, keys and indexes of every table that the schema names."""
    inspector = inspect(connection)
    return {
        name: (
            [(column["name"], str(column["type"]), column["nullable"]) for column in inspector.get_columns(name)],
            inspector.get_pk_constraint(name)["constrained_columns"],
            [(k["constrained_columns"], k["referred_table"], k["options"]) for k in inspector.get_foreign_keys(name)],
            sorted((str(i["name"]), i["column_names"], i["unique"]) for i in inspector.get_indexes(name)),
            sorted(u["column_names"] for u in inspector.get_unique_constraints(name)),
        )
        for name in metadata.tables
    }


def test_the_migrations_make_the_tables_that_the_statements_use(engine: Engine, tmp_path: Path) -> None:
    fresh = create_engine("sqlite://")
    with writing(engine, tmp_path) as migrated, fresh.connect() as declared:
        migrate(migrated, 0)
        metadata.create_all(declared)
        assert described(migrated) == described(declared)


@pytest.mark.parametrize("table", ["images", "regions"])
def test_ids_of_images_and_regions_are_never_used_again(engine: Engine, tmp_path: Path, table: str) -> None:
    with writing(engine, tmp_path) as connection:
        migrate(connection, 0)
        sql = connection.exec_driver_sql(f"SELECT sql FROM sqlite_master WHERE name = '{table}'").scalar_one()
    assert "AUTOINCREMENT" in sql
    assert metadata.tables[table].dialect_options["sqlite"]["autoincrement"]


def add_colour(connection: Connection) -> None:
    connection.exec_driver_sql("ALTER TABLE images ADD COLUMN colour TEXT")


def colour_red(connection: Connection) -> None:
    connection.exec_driver_sql("UPDATE images SET colour = 'red'")


def break_down(connection: Connection) -> None:
    add_colour(connection)
    raise RuntimeError("the power went")


def test_an_older_catalog_is_upgraded_in_order(engine: Engine, tmp_path: Path) -> None:
    with writing(engine, tmp_path) as connection:
        migrate(connection, 0)
        connection.exec_driver_sql("INSERT INTO images (sha256, width, height, regions) VALUES ('a', 1, 2, 0)")
    with writing(engine, tmp_path) as connection:
        migrate(connection, len(MIGRATIONS), (*MIGRATIONS, add_colour, colour_red))
        assert connection.exec_driver_sql("SELECT colour FROM images").scalar_one() == "red"
        assert schema_version(connection, HERE, newest=len(MIGRATIONS) + 2) == len(MIGRATIONS) + 2


def test_a_failed_upgrade_leaves_the_older_version(engine: Engine, tmp_path: Path) -> None:
    with writing(engine, tmp_path) as connection:
        migrate(connection, 0)
    with pytest.raises(RuntimeError), writing(engine, tmp_path) as connection:
        migrate(connection, len(MIGRATIONS), (*MIGRATIONS, break_down))
    with writing(engine, tmp_path) as connection:
        assert schema_version(connection, HERE) == len(MIGRATIONS)
        assert "colour" not in [column["name"] for column in inspect(connection).get_columns("images")]


def test_a_newer_catalog_is_refused_with_the_command_that_helps(engine: Engine, tmp_path: Path) -> None:
    with writing(engine, tmp_path) as connection:
        migrate(connection, 0)
        connection.exec_driver_sql(f"PRAGMA user_version = {len(MIGRATIONS) + 1}")
    with pytest.raises(IndexVersionError, match=r"newer version.*pip install -U scene-textsearch"):
        Catalog.open(tmp_path)


def test_a_database_of_another_program_is_refused_and_left_alone(tmp_path: Path) -> None:
    with closing(sqlite3.connect(tmp_path / CATALOG)) as connection:
        connection.execute("CREATE TABLE bookmarks (url TEXT)")
        connection.commit()
    before = (tmp_path / CATALOG).read_bytes()
    with pytest.raises(IndexCorruptError, match="another program"):
        IndexFolder.create_or_open(tmp_path, IDENTITY)
    assert (tmp_path / CATALOG).read_bytes() == before


@pytest.mark.parametrize(
    "content", [b"not a database, but long enough to be looked at" * 100, b"SQLite format 3\0" * 90]
)
def test_a_file_that_is_no_database_is_refused(tmp_path: Path, content: bytes) -> None:
    (tmp_path / CATALOG).write_bytes(content)
    with pytest.raises(IndexCorruptError):
        Catalog.open(tmp_path)


def test_the_mark_is_in_the_file(engine: Engine, tmp_path: Path) -> None:
    with writing(engine, tmp_path) as connection:
        migrate(connection, 0)
    engine.dispose()
    assert (tmp_path / CATALOG).read_bytes()[68:72] == APPLICATION_ID.to_bytes(4, "big") == b"TXTS"


def test_version_1_had_an_index_of_trigrams(engine: Engine, tmp_path: Path) -> None:
    region = (
        "INSERT INTO regions (image_id, polygon, score, text, text_score, line, letters, lattice, embedding) "
        "VALUES (1, x'', 1, 'Stop', 1, 0, 'stop', x'0000', x'')"
    )
    with writing(engine, tmp_path) as connection:
        migrate(connection, 0, MIGRATIONS[:1])
        connection.exec_driver_sql("INSERT INTO images (sha256, width, height, regions) VALUES ('a', 1, 2, 1)")
        connection.exec_driver_sql("INSERT INTO meta VALUES (1, x'00', 'fake', '0', 64, 7, 'test')")
        connection.exec_driver_sql(region)
        migrate(connection, 1)
        names = set(connection.exec_driver_sql("SELECT name FROM sqlite_master").scalars())
        assert not any(name.startswith("region_letters") for name in names)
        connection.exec_driver_sql(region)
        connection.exec_driver_sql("DELETE FROM regions WHERE id = 1")
        assert connection.exec_driver_sql("SELECT region_id, generation FROM removals").all() == [(1, 7)]


def test_version_2_knew_nothing_about_its_photos(engine: Engine, tmp_path: Path) -> None:
    with writing(engine, tmp_path) as connection:
        migrate(connection, 0, MIGRATIONS[:2])
        connection.exec_driver_sql("INSERT INTO images (sha256, width, height, regions) VALUES ('a', 1, 2, 0)")
        connection.exec_driver_sql("INSERT INTO meta VALUES (1, x'00', 'fake', '0', 64, 7, 'test')")
    engine.dispose()
    with IndexFolder.open(tmp_path) as index:
        assert index.undescribed("tests 1") == [1]
        assert index.knowledge_of([1]) == {}
        with index.writer() as writer:
            writer.set_knowledge({1: PhotoKnowledge((), np.zeros(PICTURE_WIDTH, np.float32), "tests 1")})
        assert index.undescribed("tests 1") == []
