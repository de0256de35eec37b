"""Which words stand beside each other, which parts are asked for, and how two rankings are compared."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from benchmarks.protocol import Protocol, parts_of, phrases_of


def word(
    text: str, x: float, y: float = 0, width: float = 60, height: float = 20, degrees: float = 0, ignore: bool = False
) -> dict[str, Any]:
    """Return an annotation whose box is turned around the origin."""
    angle = np.deg2rad(degrees)
    turn = np.array([[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]])
    box = np.array([[x, y], [x + width, y], [x + width, y + height], [x, y + height]])
    return {"text": text, "poly": (box @ turn).tolist(), "ignore": ignore}


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ([word("Coca", 0), word("COLA", 70)], ["coca cola"]),
        ([word("cola", 70), word("coca", 0)], ["coca cola"]),
        ([word("coca", 0), word("cola", 70, height=30)], ["coca cola"]),
        ([word("coca", 0, degrees=30), word("cola", 70, degrees=30)], ["coca cola"]),
        ([word("far", 0), word("away", 90)], []),
        ([word("below", 0), word("above", 70, y=-15)], []),
        ([word("large", 0, height=50), word("small", 70)], []),
        ([word("down", 0, degrees=60), word("wards", 70, degrees=60)], []),
        ([word("one", 0), word("two", 70), word("three", 140)], ["one two", "two three"]),
        ([word("one", 0), word("", 70, ignore=True), word("three", 140)], []),
        ([word("one", 0, width=20), word("", 25, width=8, ignore=True), word("three", 36)], []),
        ([word("Genaxis Theatre", 0), word("[06]", 70)], ["genaxis theatre", "theatre 06"]),
    ],
)
def test_phrases_are_words_beside_each_other_on_a_line(words: list[dict[str, Any]], expected: list[str]) -> None:
    assert phrases_of({"words": words}) == expected


def test_parts_are_of_long_words_only() -> None:
    assert parts_of("short") == set()
    assert parts_of("abcdef") == {"abc", "bcd", "cde", "def", "abcd", "bcde", "cdef", "abcde", "bcdef"}


@pytest.fixture
def annotated(tmp_path: Path) -> Path:
    rows = [
        {"image": "images/a.jpg", "words": [word("Wholesale", 0), word("here", 70)], "split": "dev"},
        {"image": "images/b.jpg", "words": [word("sale", 0)], "split": "dev"},
        {"image": "images/c.jpg", "words": [word("other", 0)], "split": "train"},
    ]
    path = tmp_path / "words.jsonl"
    path.write_text("\n".join(json.dumps(row) for row in rows), encoding="utf-8")
    return path


def test_a_part_is_relevant_in_every_word_that_contains_it(annotated: Path) -> None:
    protocol = Protocol.read_parts(annotated, annotated.parent, "dev", None, 100, 0)
    assert set(protocol.relevant) == parts_of("wholesale")
    assert protocol.relevant["sale"] == {0, 1}
    assert protocol.relevant["hole"] == {0}


def test_the_draw_of_parts_depends_on_the_seed_alone(annotated: Path) -> None:
    drawn = [Protocol.read_parts(annotated, annotated.parent, "dev", None, 5, seed).relevant for seed in (1, 1, 2)]
    assert len(drawn[0]) == 5
    assert drawn[0] == drawn[1] != drawn[2]


def test_phrases_and_words_share_relevance_and_photos(annotated: Path) -> None:
    phrases = Protocol.read_phrases(annotated, annotated.parent, "dev")
    words = Protocol.read(annotated, annotated.parent, "dev")
    assert phrases.relevant == {"wholesale here": {0}}
    assert words.relevant == {"here": {0}, "sale": {1}, "wholesale": {0}}
    assert phrases.photos == words.photos == (annotated.parent / "a.jpg", annotated.parent / "b.jpg")


def test_the_gain_is_the_difference_of_the_two_map(annotated: Path) -> None:
    protocol = Protocol.read(annotated, annotated.parent, "dev")
    right = {"here": np.array([1.0, 0]), "sale": np.array([0.0, 1]), "wholesale": np.array([1.0, 0])}
    wrong = {**right, "here": np.array([0.0, 1])}
    gain = protocol.gain(right, wrong)
    assert gain["map"] == pytest.approx(protocol.evaluate(right)["map"] - protocol.evaluate(wrong)["map"])
    assert gain["map"] == pytest.approx(50 / 3)
    assert gain["low"] <= gain["map"] <= gain["high"]


def test_the_ceiling_reads_right_whatever_was_found(annotated: Path) -> None:
    protocol = Protocol.read(annotated, annotated.parent, "dev")
    wholesale, here, sale = (protocol.boxes[0][0], protocol.boxes[0][1], protocol.boxes[1][0])
    assert protocol.ceiling([[wholesale, here], [sale]])["map"] == 100
    third = sale.copy()
    third[1:3, 0] -= 40  # the left third of the word: enough to guess it from, too little to have found it
    assert protocol.ceiling([[wholesale, here], [third]])["map"] == 100
    assert protocol.recall([[wholesale, here], [third]]) == pytest.approx(200 / 3)
    sliver = sale.copy()
    sliver[1:3, 0] -= 45
    assert protocol.ceiling([[wholesale, here], [sliver]])["map"] == pytest.approx((1 + 0.5 + 1) / 3 * 100)
    assert protocol.ceiling([[wholesale], [sale]])["map"] == pytest.approx((1 + 0.5 + 1) / 3 * 100)
    assert protocol.recall([[wholesale], [sale]]) == pytest.approx(200 / 3)
