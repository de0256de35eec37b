"""The tables that are generated into the documents."""

from __future__ import annotations

import sys

import pytest

from benchmarks import tables
from benchmarks.markdown import table


def test_a_table_is_one_line_a_row() -> None:
    assert table(["a", "b"], [["1", "2"]]) == "| a | b |\n| --- | --- |\n| 1 | 2 |"


def test_no_table_is_out_of_date(monkeypatch: pytest.MonkeyPatch) -> None:
    """What `python -m benchmarks.tables --check` says of the documents and the results beside them."""
    monkeypatch.setattr(sys, "argv", ["tables", "--check"])
    with pytest.raises(SystemExit) as ended:
        tables.main()
    assert ended.value.code == 0, "write the tables anew: python -m benchmarks.tables"


def test_only_what_stands_between_markers_is_written_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(tables.TABLES, "latency", lambda: "new")
    text = "before\n<!-- table: latency -->\nold\n<!-- end: latency -->\nafter"
    assert tables.render(text) == "before\n<!-- table: latency -->\nnew\n<!-- end: latency -->\nafter"


@pytest.mark.parametrize("text", ["<!-- table: nonsense -->\n<!-- end: nonsense -->", "<!-- table: latency -->\n"])
def test_a_marker_that_names_no_table_or_has_no_end_is_an_error(text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(tables.TABLES, "latency", lambda: "new")
    with pytest.raises(ValueError, match=r"nonsense|latency"):
        tables.render(text)
