from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.training.datasets.drawn import draw, only_photo, said, write
from textsearch.errors import TextSearchError
from textsearch.training.datasets.icdar import Icdar2013, Icdar2015, IcdarPhotos, Mlt


def one(kind: type[IcdarPhotos], folder: Path, text: str) -> list[Any]:
    """Return the words of one photo whose annotation is a text."""
    draw(folder / "images" / "img_7.jpg")
    write(folder / "gts" / "gt_img_7.txt", text)
    return said(only_photo(kind(folder / "images", folder / "gts")).words)


# --- ICDAR 2013


@pytest.mark.parametrize("line", ['38 43 920 215 "Tired"', '38, 43, 920, 215, "Tired"', '38,43,920,215,"Tired"  '])
def test_2013_separates_by_spaces_or_commas(tmp_path: Path, line: str) -> None:
    assert one(Icdar2013, tmp_path, line + "\r\n") == [([[38, 43], [920, 43], [920, 215], [38, 215]], "Tired", True)]


def test_2013_texts_may_hold_anything(tmp_path: Path) -> None:
    lines = ['1 2 3 4 "a, b"', r'1 2 3 4 "say \"no\""', '1 2 3 4 "50%"', '1 2 3 4 "###"', '1 2 3 4 "it"s"']
    words = one(Icdar2013, tmp_path, "\n".join(lines))
    assert [(text, legible) for _, text, legible in words] == [
        ("a, b", True),
        ('say "no"', True),
        ("50%", True),
        ("", False),
        ('it"s', True),
    ]


def test_2013_training_files_have_no_prefix_on_the_photo(tmp_path: Path) -> None:
    photo = draw(tmp_path / "images" / "100.jpg")
    write(tmp_path / "gts" / "gt_100.txt", '1 2 3 4 "a"')
    found = only_photo(Icdar2013(tmp_path / "images", tmp_path / "gts"))
    assert (found.path, found.as_stored) == (photo, True)


# --- ICDAR 2015


def test_2015_has_a_mark_corners_commas_and_words_nobody_could_read(tmp_path: Path) -> None:
    lines = ("377,117,463,117,465,130,378,130,Genaxis Theatre", "1,2,3,2,3,4,1,4,###", "-1,2,3,2,3,4,1,4,1,000, or so")
    assert one(Icdar2015, tmp_path, "\ufeff" + "\r\n".join(lines)) == [
        ([[377, 117], [463, 117], [465, 130], [378, 130]], "Genaxis Theatre", True),
        ([[1, 2], [3, 2], [3, 4], [1, 4]], "", False),
        ([[-1, 2], [3, 2], [3, 4], [1, 4]], "1,000, or so", True),
    ]


def test_text_that_runs_down_has_its_edges_along_it(tmp_path: Path) -> None:
    line = "100,10,120,10,120,110,100,110,"
    ((corners, _, _),) = one(Icdar2015, tmp_path, line + "NOBAR")
    assert corners == [[120, 10], [120, 110], [100, 110], [100, 10]]
    ((corners, _, _),) = one(Icdar2015, tmp_path, line + "II")  # narrow letters side by side
    assert corners == [[100, 10], [120, 10], [120, 110], [100, 110]]


def test_2015_yields_samples(tmp_path: Path) -> None:
    for number in (1, 2, 10):
        draw(tmp_path / "images" / f"img_{number}.jpg", (8 * number, 8))
        write(tmp_path / "gts" / f"gt_img_{number}.txt", f"0,0,{number},0,{number},4,0,4,word{number}\n")
    samples = list(Icdar2015(tmp_path / "images", tmp_path / "gts").samples())
    assert {(sample.image.shape, sample.words[0].text) for sample in samples} == {
        ((8, 8, 3), "word1"),
        ((8, 16, 3), "word2"),
        ((8, 80, 3), "word10"),
    }


def test_a_photo_without_words_is_a_photo(tmp_path: Path) -> None:
    assert one(Icdar2015, tmp_path, "\ufeff\r\n") == []


# --- MLT


MLT = "1,2,3,2,3,4,1,4,Latin,Bar, Café\n1,2,3,2,3,4,1,4,Chinese,大茶\n1,2,3,2,3,4,1,4,None,###\n"


def test_mlt_names_the_script(tmp_path: Path) -> None:
    words = one(Mlt, tmp_path, MLT)
    assert [word[1:] for word in words] == [("Bar, Café", True), ("大茶", True), ("", False)]
    photo = only_photo(Mlt(tmp_path / "images", tmp_path / "gts"))
    assert [word.script for word in photo.words] == ["Latin", "Chinese", "None"]


@pytest.mark.parametrize("name", ["tr_img_00001.png", "tr_img_00001.JPG", "tr_img_00001.gif"])
def test_mlt_photos_are_of_several_formats_and_2019_has_no_prefix(tmp_path: Path, name: str) -> None:
    photo = draw(tmp_path / "images" / name)
    write(tmp_path / "gts" / "tr_img_00001.txt", MLT)
    assert only_photo(Mlt(tmp_path / "images", tmp_path / "gts")).path == photo


# --- mistakes


@pytest.mark.parametrize(
    ("kind", "line"),
    [
        (Icdar2013, "1 2 3 4 word"),
        (Icdar2013, '1 2 3 "word"'),
        (Icdar2015, "1,2,3,4,5,6,7,word"),
        (Icdar2015, "1,2,3,4,5,6,7,x,word"),
        (Mlt, "1,2,3,4,5,6,7,8,Latin"),
    ],
)
def test_a_line_of_another_form_is_shown(tmp_path: Path, kind: type[IcdarPhotos], line: str) -> None:
    with pytest.raises(TextSearchError, match=rf"gt_img_7\.txt is not in its published form: .*'{line}'"):
        one(kind, tmp_path, line)


def test_an_annotation_without_its_photo_is_named(tmp_path: Path) -> None:
    (tmp_path / "images").mkdir()
    write(tmp_path / "gts" / "gt_img_7.txt", "")
    with pytest.raises(TextSearchError, match=r"gt_img_7\.txt .*images holds no photo of that name"):
        Icdar2015(tmp_path / "images", tmp_path / "gts").entries()
