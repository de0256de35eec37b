from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy.io import savemat

from tests.training.datasets.drawn import draw, only_photo, said, write
from textsearch.errors import TextSearchError
from textsearch.training.datasets.total_text import TotalText

X, Y = [10, 30, 50, 50, 30, 10], [10, 5, 10, 20, 15, 20]
POLYGON = [list(point) for point in zip(X, Y, strict=True)]

TEXT = """x: [[10 30 50 50
  30 10]], y: [[10  5 10 20 15
 20]], ornt: [u'c'], transcriptions: [u'PETRO']
x: [[10 50 50 10]], y: [[10 10 20 20]], ornt: [u'#'], transcriptions: [u'#']
x: [[10 50 50 10]], y: [[10 10 20 20]], ornt: [u'h'], transcriptions: [u"L'\\xe9t\\xe9 [1]"]
x: [[10 50 30]], y: [[10 10 20]], ornt: [u'm'], transcriptions: [u'three']
"""
WORDS = [
    (POLYGON, "PETRO", True),
    ([[10, 10], [50, 10], [50, 20], [10, 20]], "", False),
    ([[10, 10], [50, 10], [50, 20], [10, 20]], "L'été [1]", True),
    ([[10, 10], [50, 10], [50, 20], [10, 20]], "three", True),
]


def cells(*rows: tuple[Any, ...]) -> Any:
    """Return rows as MATLAB keeps them: a cell for each value."""
    table = np.empty((len(rows), 6), object)
    for place, (x, y, text, orientation) in enumerate(rows):
        values = ("x:", np.array([x], np.int16), "y:", np.array([y], np.int16), text, orientation)
        for column, value in enumerate(values):
            table[place, column] = value
    return table


def test_text_files(tmp_path: Path) -> None:
    draw(tmp_path / "Images" / "Test" / "img1.jpg")
    write(tmp_path / "txt_format" / "Test" / "poly_gt_img1.txt", TEXT)
    assert said(only_photo(TotalText.of(tmp_path, "Test")).words) == WORDS


def test_matlab_files(tmp_path: Path) -> None:
    photo = draw(tmp_path / "Images" / "Train" / "img11.JPG")
    folder = tmp_path / "Groundtruth" / "Polygon" / "Train"
    folder.mkdir(parents=True)
    square = ([10, 50, 50, 10], [10, 10, 20, 20])
    empty = np.array([], "<U1")
    rows = cells((X, Y, "PETRO", "c"), (*square, "#", "#"), (*square, "L'été [1]", "h"), (*square, empty, empty))
    savemat(folder / "poly_gt_img11.mat", {"polygt": rows})
    found = only_photo(TotalText.of(tmp_path, "Train"))
    assert (found.path, found.as_stored) == (photo, True)
    assert said(found.words) == [*WORDS[:3], (WORDS[1][0], "", False)]


@pytest.mark.parametrize(
    "line",
    [
        "x: [[1 2 3 4]], y: [[1 2 3 4]], transcriptions: [u'a']",
        "x: [[1 2 3 4]], y: [[1 2 3]], ornt: [u'c'], transcriptions: [u'a']",
        "x: [[1 2 3 four]], y: [[1 2 3 4]], ornt: [u'c'], transcriptions: [u'a']",
        "x: [[1 2 3 4]], y: [[1 2 3 4]], ornt: [u'c'], transcriptions: [u'a]",
    ],
)
def test_a_word_that_cannot_be_read_is_told(tmp_path: Path, line: str) -> None:
    draw(tmp_path / "img1.jpg")
    write(tmp_path / "gt" / "poly_gt_img1.txt", line)
    with pytest.raises(TextSearchError, match=r"poly_gt_img1\.txt .*a word cannot be read"):
        list(TotalText(tmp_path, tmp_path / "gt").photos())


def test_a_matlab_row_that_lacks_cells_is_told(tmp_path: Path) -> None:
    draw(tmp_path / "img1.jpg")
    (tmp_path / "gt").mkdir()
    savemat(tmp_path / "gt" / "poly_gt_img1.mat", {"polygt": np.zeros((2, 2))})
    with pytest.raises(TextSearchError, match="a word cannot be read"):
        list(TotalText(tmp_path, tmp_path / "gt").photos())


def test_an_annotation_without_its_photo_is_named(tmp_path: Path) -> None:
    write(tmp_path / "gt" / "poly_gt_img1.txt", "")
    with pytest.raises(TextSearchError, match=r"poly_gt_img1\.txt .*holds no photo of that name"):
        TotalText(tmp_path, tmp_path / "gt").entries()
