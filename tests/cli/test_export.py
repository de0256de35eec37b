from __future__ import annotations

import csv
import io
import json
from pathlib import Path

import pytest

from tests.cli.conftest import Run
from tests.cli.stub import StubDatabase
from textsearch.types import IndexedPhoto, IndexedText

CORNERS = ((10.0, 20.0), (60.0, 20.0), (60.0, 40.4), (10.0, 40.4))


@pytest.fixture
def photos(database: StubDatabase) -> list[IndexedPhoto]:
    texts = (IndexedText(7, CORNERS, 0.9, 'say "hi"', 0.5, 0), IndexedText(8, CORNERS, 0.8, "tab\there", 1.0, 1))
    database.photos = [
        IndexedPhoto(Path("/g/a, b.jpg"), (), "ab" * 32, 640, 480, texts),
        IndexedPhoto(Path("/g/caf\udce9.jpg"), (Path("/g/copy.jpg"),), "cd" * 32, 64, 48, ()),
    ]
    return database.photos


def test_one_photo_a_line_that_can_be_read_again(run: Run, photos: list[IndexedPhoto]) -> None:
    outcome = run("export")
    assert outcome.code == 0
    assert [IndexedPhoto.from_dict(json.loads(line)) for line in outcome.out.splitlines()] == photos


def test_csv_has_a_line_for_each_text(run: Run, photos: list[IndexedPhoto]) -> None:
    rows = list(csv.DictReader(io.StringIO(run("export", "--csv").out)))
    assert [(row["path"], row["region"], row["score"], row["text"]) for row in rows] == [
        ("/g/a, b.jpg", "7", "50.0", 'say "hi"'),
        ("/g/a, b.jpg", "8", "100.0", "tab\there"),
    ]
    assert [float(rows[0][side]) for side in ("x1", "y1", "x2", "y2")] == [10.0, 20.0, 60.0, 40.4]


def test_tsv_has_a_line_for_each_text(run: Run, photos: list[IndexedPhoto]) -> None:
    assert run("export", "--tsv").out.splitlines() == [
        '/g/a, b.jpg\t7\t50.0\t10,20,60,40\tsay "hi"',
        "/g/a, b.jpg\t8\t100.0\t10,20,60,40\ttab\\there",
    ]


def test_one_form_at_a_time(run: Run, database: StubDatabase) -> None:
    outcome = run("export", "--csv", "--tsv")
    assert (outcome.code, outcome.out) == (2, "")
    assert database.asked == []
