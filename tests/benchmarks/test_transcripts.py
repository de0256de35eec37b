"""How the other program's transcripts are scored."""

from __future__ import annotations

import pytest

from benchmarks.partial import contained, nearly_contained
from benchmarks.phrases import strings


@pytest.mark.parametrize(
    ("cut_as", "expected"),
    [
        ("lines", {"enjoycocacola", "classic"}),
        ("windows", {"enjoycocacola", "enjoy", "coca", "cola", "enjoycoca", "cocacola", "classic"}),
    ],
)
def test_a_transcript_is_cut_into_strings(cut_as: str, expected: set[str]) -> None:
    assert strings(["Enjoy Coca Cola", "CLASSIC", "!"], cut_as) == expected


def test_only_the_whole_transcript_joins_words_over_lines() -> None:
    assert "cocacola" in strings(["Coca", "Cola"], "transcript")
    assert "cocacola" not in strings(["Coca", "Cola"], "windows")


def test_a_part_is_contained_or_nearly() -> None:
    assert contained("sale", ["wholesale"]) == 1
    assert contained("sale", ["wholesafe"]) == 0
    assert nearly_contained("sale", ["wholesale"]) == 1
    assert nearly_contained("sale", ["wholesafe"]) == pytest.approx(0.75)
    assert nearly_contained("sale", ["a"]) == pytest.approx(0.25)
    assert nearly_contained("sale", []) == 0
