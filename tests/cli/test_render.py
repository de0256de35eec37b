from __future__ import annotations

import csv
import os
from io import StringIO
from pathlib import Path

import pytest
from rich.console import Console

from tests.cli.stub import a_hit, a_match, a_result
from textsearch.cli import render


def test_tsv_is_one_line_a_hit_without_header() -> None:
    result = a_result(a_hit(1, Path("/g/a.jpg"), a_match("COCA")), a_hit(2, Path("/g/b.jpg"), kind="similar"))
    assert render.tsv(result) == "1\t33.33\texact\t/g/a.jpg\t10,20,60,40\tCOCA\n2\t33.33\tsimilar\t/g/b.jpg\t\t\n"


def test_tsv_escapes_what_would_break_a_line() -> None:
    hit = a_hit(1, Path("/g/a\tb\nc\\d.jpg"), a_match("x\ry"))
    (line,) = render.tsv(a_result(hit)).splitlines()
    assert line.split("\t")[3:] == ["/g/a\\tb\\nc\\\\d.jpg", "10,20,60,40", "x\\ry"]


def test_box_of_two_words_surrounds_both_and_text_names_both() -> None:
    hit = a_hit(1, Path("/a"), a_match("COCA", 10), a_match("COLA", 200, region_id=2))
    assert render.hit_box(hit) == (10.0, 20.0, 250.0, 40.4)
    assert render.hit_text(hit) == "COCA COLA"


def test_a_region_that_answers_two_words_is_named_once() -> None:
    hit = a_hit(1, Path("/a"), a_match("CocaCola"), a_match("CocaCola"))
    assert render.hit_text(hit) == "CocaCola"


def test_csv_has_a_header_and_full_precision() -> None:
    rows = list(csv.reader(StringIO(render.comma_separated(a_result(a_hit(1, Path('/a,"b.jpg'), a_match("X, Y")))))))
    assert rows[0] == list(render.CSV_HEADER)
    assert rows[1] == ["1", str(100 / 3), "exact", '/a,"b.jpg', "10.0", "20.0", "60.0", "40.4", "X, Y"]


def test_csv_of_a_hit_without_match_has_an_empty_box() -> None:
    assert render.comma_separated(a_result(a_hit(1, Path("/a")))).splitlines()[1].endswith("/a,,,,,")


@pytest.mark.parametrize(("null", "end"), [(False, b"\n"), (True, b"\0")])
def test_paths_keep_the_bytes_of_the_file_system(null: bool, end: bytes) -> None:
    name = os.fsdecode(b"/g/caf\xe9.jpg")
    assert render.paths(a_result(a_hit(1, Path(name))), null=null) == b"/g/caf\xe9.jpg" + end


def test_table_shows_every_column_and_near_paths(tmp_path: Path) -> None:
    console = Console(width=120, record=True, file=StringIO())
    console.print(render.table(a_result(a_hit(1, tmp_path / "sub/a.jpg", a_match("COCA"))), tmp_path))
    words = console.export_text().split()
    assert words == ["rank", "score", "match", "path", "box", "text", *words[6:]]
    assert words[-6:] == ["1", "33.3", "exact", "sub/a.jpg", "10,20,60,40", "COCA"]


def test_table_takes_no_orders_from_a_file_name(tmp_path: Path) -> None:
    console = Console(width=120, file=StringIO(), record=True)
    console.print(render.table(a_result(a_hit(1, tmp_path / "[red]\x1b[2Ja.jpg", a_match("[b]X[/b]"))), tmp_path))
    text = console.export_text()
    assert "[red]\\x1b[2Ja.jpg" in text
    assert "[b]X[/b]" in text
