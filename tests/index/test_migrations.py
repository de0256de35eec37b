from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from concurrent.futures import TimeoutError as StillWaiting
from contextlib import closing
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sqlalchemy import Connection, Engine, create_engine, inspect

from tests.index.samples import IDENTITY, MODEL, encoded, failed, texts_holding, texts_near, vectors_of
from textsearch.database import Database
from textsearch.errors import IndexCorruptError, IndexLockedError, IndexVersionError, IndexWriteError
from textsearch.index import folder
from textsearch.index.catalog import CATALOG, Catalog
from textsearch.index.connection import open_engine, writing
from textsearch.index.folder import IndexFolder
from textsearch.index.lock import WriteLock
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


def test_version_3_wrote_letters_with_their_strokes(engine: Engine, tmp_path: Path) -> None:
    with writing(engine, tmp_path) as connection:
        migrate(connection, 0, MIGRATIONS[:3])
        connection.exec_driver_sql("INSERT INTO images (sha256, width, height, regions) VALUES ('a', 1, 2, 3)")
        for text, letters in (("Łódź", "łodz"), ("LEGO™", "legotm"), ("Stop", "stop")):
            connection.exec_driver_sql(
                "INSERT INTO regions (image_id, polygon, score, text, text_score, line, letters, lattice, embedding) "
                "VALUES (1, x'', 1, ?, 1, 0, ?, x'0000', x'')",
                (text, letters),
            )
        migrate(connection, 3)
        assert connection.exec_driver_sql("SELECT letters FROM regions ORDER BY id").scalars().all() == [
            "lodz",
            "lego",
            "stop",
        ]


# --- an index with content

PHOTOS = {"/a.jpg": ("coca", "cola"), "/b.jpg": ("exit",), "/c.jpg": ("hotel", "taxi")}


@pytest.fixture(params=range(1, len(MIGRATIONS)))
def older(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """Return the folder of an index as an older version left it: its catalog, and nothing derived from it."""
    newest, location = tmp_path / "newest", tmp_path / "older"
    with IndexFolder.create_or_open(newest, IDENTITY) as index, index.writer() as writer:
        writer.add([encoded(path, *words) for path, words in PHOTOS.items()])
        writer.forget([Path("/c.jpg")])
        writer.fail([failed("/broken.jpg")])
    location.mkdir()
    engine = open_engine(location, create=True)
    with writing(engine, location) as connection:
        migrate(connection, 0, MIGRATIONS[: request.param])
        tables = set(connection.exec_driver_sql("SELECT name FROM sqlite_master WHERE type = 'table'").scalars())
    with closing(engine.raw_connection()) as connection:
        connection.cursor().execute("ATTACH ? AS newest", [str(newest / CATALOG)])
        for table in [table.name for table in metadata.sorted_tables if table.name in tables]:
            connection.cursor().execute(f"INSERT INTO main.{table} SELECT * FROM newest.{table}")
        connection.cursor().execute("DELETE FROM main.sqlite_sequence")  # which numbers were given so far
        connection.cursor().execute("INSERT INTO main.sqlite_sequence SELECT * FROM newest.sqlite_sequence")
        connection.cursor().execute("DETACH newest")
    engine.dispose()
    assert Catalog.version(location) == request.param < len(MIGRATIONS)
    return location


def test_an_older_index_is_searched_as_if_it_were_new(older: Path) -> None:
    with Database(older, MODEL) as database:
        assert [(hit.path, hit.kind) for hit in database.search("coca cola")] == [(Path("/a.jpg"), "exact")]
        assert [hit.matches[0].text for hit in database.search("exit")] == ["exit"]
        assert [hit.path for hit in database.search("hotel", match="partial")] == []
        assert [failure.path for failure in database.failures()] == [Path("/broken.jpg")]
        assert (database.status().info.images, database.status().info.regions) == (2, 3)
    assert Catalog.version(older) == len(MIGRATIONS)
    with IndexFolder.open(older, IDENTITY) as index:
        ids, cosines = index.nearest(vectors_of("coca", "cola", "exit", "hotel"), 1)
        assert ids[:3].tolist() == [[1], [2], [3]]
        np.testing.assert_allclose(cosines[:3], 1, atol=1e-3)
        assert cosines[3] < 0.9
        assert texts_holding(index, "ola") == ["cola"]
        assert index.undescribed("tests 1") == [1, 2]
        with index.writer() as writer:
            writer.add([encoded("/new.jpg", "pizza")])
            assert texts_near(index, "pizza") == ["pizza"]
            assert index.image_at(Path("/new.jpg")) == 4, "no number is given twice, whatever was removed before"


def test_an_older_index_on_a_read_only_medium_says_what_is_wrong(older: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = (older / CATALOG).read_bytes()
    honest = os.access
    monkeypatch.setattr(os, "access", lambda path, mode, **rest: mode != os.W_OK and honest(path, mode, **rest))
    with pytest.raises(IndexWriteError, match="cannot be written; check its permissions"):
        IndexFolder.open(older, IDENTITY)
    assert (older / CATALOG).read_bytes() == before


def test_an_older_index_waits_for_whoever_writes_it(older: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(folder, "_CREATION_SECONDS", 0.05)
    with WriteLock(older), pytest.raises(IndexLockedError, match="another process is writing"):
        IndexFolder.open(older, IDENTITY)
    assert Catalog.version(older) < len(MIGRATIONS), "nothing was changed under the other's hands"
    with WriteLock(older) as held:
        monkeypatch.setattr(folder, "_CREATION_SECONDS", 60.0)
        with ThreadPoolExecutor(1) as executor:
            opening = executor.submit(IndexFolder.open, older, IDENTITY)
            with pytest.raises(StillWaiting):
                opening.result(0.1)
            held.release()
            with opening.result(60) as index:
                assert texts_near(index, "exit") == ["exit"]
