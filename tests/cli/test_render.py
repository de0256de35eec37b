from __future__ import annotations

import csv
import os
from dataclasses import replace
from io import StringIO
from pathlib import Path

import pytest
from rich.console import Console

from tests.cli.stub import a_hit, a_match, a_result
from textsearch.cli import render
from textsearch.hits import Explanation, Fact


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
    console.print(render.table(a_result(a_hit(1, tmp_path / "sub/a.jpg", a_match("COCA"))), tmp_path, brackets=True))
    words = console.export_text().split()
    assert words == ["rank", "score", "match", "path", "box", "text", *words[6:]]
    assert words[-6:] == ["1", "33.3", "exact", "sub/a.jpg", "10,20,60,40", "COCA"]


def test_table_takes_no_orders_from_a_file_name(tmp_path: Path) -> None:
    console = Console(width=120, file=StringIO(), record=True)
    console.print(
        render.table(a_result(a_hit(1, tmp_path / "[red]\x1b[2Ja.jpg", a_match("[b]X[/b]"))), tmp_path, brackets=True)
    )
    text = console.export_text()
    assert "[red]\\x1b[2Ja.jpg" in text
    assert "[b]X[/b]" in text


def shown(*parts: object, color: bool = False) -> str:
    file = StringIO()
    console = Console(width=120, file=file, force_terminal=color, color_system="standard" if color else None)
    for part in parts:
        console.print(part)
    return file.getvalue()


def test_matched_letters_are_in_brackets_where_there_is_no_colour(tmp_path: Path) -> None:
    hit = a_hit(1, tmp_path / "a.jpg", a_match("WHOLESALE", kind="partial", span=(5, 9)), kind="partial")
    assert "WHOLE[SALE]" in shown(render.table(a_result(hit), tmp_path, brackets=True))


def test_matched_letters_are_bold_and_underlined_in_colour(tmp_path: Path) -> None:
    hit = a_hit(1, tmp_path / "a.jpg", a_match("WHOLESALE", kind="partial", span=(5, 9)), kind="partial")
    assert "\x1b[33mWHOLE\x1b[0m\x1b[1;4;33mSALE\x1b[0m" in shown(
        render.table(a_result(hit), tmp_path, brackets=False), color=True
    )


def test_an_explanation_has_the_numbers_the_letters_and_the_reasons(tmp_path: Path) -> None:
    first = a_hit(1, tmp_path / "a.jpg", a_match("SALE"))
    second = a_hit(2, tmp_path / "b.jpg", a_match("WHOLESALE", kind="partial", span=(5, 9)), kind="partial")
    text = shown(*render.explained(a_result(first, second), tmp_path, brackets=True))
    lines = [line.strip() for line in text.splitlines()]
    assert lines[0] == "1  33.3  exact  a.jpg"
    assert lines[2].split() == ["sale", "exact", "97", "0.93", "0.98", "SALE", "10,20,60,40"]
    assert "“sale” is there, letter for letter." in lines
    place = lines.index("2  33.3  partial  b.jpg")
    assert lines[place + 2].split() == ["sale", "partial", "97", "0.93", "0.98", "WHOLE[SALE]", "38,20,60,40"]
    assert "Behind number 1: exact goes before partial." in lines[place:]


def test_an_explanation_takes_no_orders_from_a_transcript(tmp_path: Path) -> None:
    hit = a_hit(1, tmp_path / "\x1b[2Ja.jpg", a_match("\x1b[31mSALE", kind="similar"), kind="similar")
    assert "\x1b" not in shown(*render.explained(a_result(hit), tmp_path, brackets=True))


def test_components_are_one_line() -> None:
    hit = replace(a_hit(1, Path("/a"), a_match("COCA")), explanation=Explanation(text=0.9, phrase=0.75))
    assert render.components(hit) == "Score 33.3 of 100 from: words 0.90, side by side and in order 0.75."
    assert render.components(a_hit(1, Path("/a"))) == ""


def test_a_hit_by_knowledge_names_what_the_photo_shows(tmp_path: Path) -> None:
    fact = Fact("scene", "n1", "anvil", "", ("tool",), 61.0)
    hit = replace(a_hit(1, tmp_path / "a.jpg", kind="knowledge"), facts=(fact,))
    hit = replace(hit, explanation=Explanation(0.0, knowledge=0.61))
    console = Console(width=120, record=True, file=StringIO())
    console.print(render.table(a_result(hit), tmp_path, brackets=True))
    assert console.export_text().split()[-4:] == ["knowledge", "a.jpg", "shows", "anvil"]
    for part in render.explained(a_result(hit), tmp_path, brackets=True):
        console.print(part)
    shown = console.export_text()
    assert "The picture shows anvil: tool (61 of 100)." in shown
    assert "Score 33.3 of 100 from: known to show it 0.61." in shown
