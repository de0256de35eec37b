from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from tests.training.datasets.drawn import draw, said, write
from textsearch.errors import TextSearchError
from textsearch.training.datasets.photos import AnnotatedPhoto, WordAnnotation
from textsearch.training.datasets.polygons import box
from textsearch.training.datasets.words import Words, read_annotations, write_words

ROWS: list[dict[str, Any]] = [
    {
        "image": "images/a.png",
        "split": "train",
        "words": [
            {"poly": [[1, 1], [9, 1], [9, 5], [1, 5]], "text": "Open", "ignore": False},
            {"poly": [[1, 1], [5, 0], [9, 1], [9, 5], [5, 4], [1, 5]], "text": "guess", "ignore": True},
            {"poly": None, "text": "", "ignore": False},
        ],
    },
    {"image": "images/b.png", "split": "dev", "words": []},
]


def publish(folder: Path, *rows: dict[str, Any]) -> Path:
    return write(folder / "words.jsonl", "".join(json.dumps(row) + "\n" for row in rows))


def test_rows_of_a_split(tmp_path: Path) -> None:
    file = publish(tmp_path, *ROWS)
    assert read_annotations(file) == ROWS
    assert read_annotations(file, "dev") == ROWS[1:]
    assert read_annotations(file, "test") == []


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(TextSearchError, match=r"Cannot read the annotations .*words\.jsonl"):
        read_annotations(tmp_path / "words.jsonl")


@pytest.mark.parametrize("content", ["image,text\n", '["a.png"]\n', "5"])
def test_a_file_of_something_else_is_named(tmp_path: Path, content: str) -> None:
    with pytest.raises(TextSearchError, match="one JSON object a line"):
        read_annotations(write(tmp_path / "words.jsonl", content), "train")


def test_rows_become_photos(tmp_path: Path) -> None:
    photos = list(Words(publish(tmp_path, *ROWS)).photos())
    assert [photo.path for photo in photos] == [tmp_path / "images" / "a.png", tmp_path / "images" / "b.png"]
    assert said(photos[0].words) == [
        (ROWS[0]["words"][0]["poly"], "Open", True),
        (ROWS[0]["words"][1]["poly"], "guess", False),
        (None, "", False),
    ]
    assert photos[1].words == ()


def test_only_photos_of_a_split_are_yielded(tmp_path: Path) -> None:
    file = publish(tmp_path, *ROWS)
    draw(tmp_path / "images" / "a.png")
    (sample,) = Words(file, "train").samples()
    assert [word.text for word in sample.words] == ["Open", "guess", ""]


@pytest.mark.parametrize(
    "row",
    [
        {"words": []},
        {"image": "a.png"},
        {"image": "a.png", "words": [{"poly": None, "text": "a"}]},
        {"image": "a.png", "words": [{"poly": [[0, 0], [1, 0]], "text": "a", "ignore": False}]},
        {"image": "a.png", "words": [{"poly": [[0, 0]] * 5, "text": "a", "ignore": False}]},
        {"image": "a.png", "words": [{"poly": "here", "text": "a", "ignore": False}]},
        {"image": "a.png", "words": [{"poly": None, "text": 5, "ignore": False}]},
    ],
)
def test_a_row_that_lacks_something_is_told(tmp_path: Path, row: dict[str, Any]) -> None:
    with pytest.raises(TextSearchError, match=r"words\.jsonl .*the row of .* cannot be read"):
        list(Words(publish(tmp_path, row)).photos())


def test_what_is_written_is_read_back(tmp_path: Path) -> None:
    words = (WordAnnotation(box(1, 2, 3.5, 4), "Café", True), WordAnnotation(None, "", False))
    photos = [AnnotatedPhoto(tmp_path / "photos" / "a.png", words), AnnotatedPhoto(tmp_path / "b.png", ())]
    (tmp_path / "labels").mkdir()
    file = tmp_path / "labels" / "words.jsonl"
    assert write_words(photos, file, "train") == 2
    assert [path.name for path in file.parent.iterdir()] == ["words.jsonl"]
    again = list(Words(file, "train").photos())
    assert [photo.path.resolve() for photo in again] == [photo.path.resolve() for photo in photos]
    assert [said(photo.words) for photo in again] == [said(photo.words) for photo in photos]
    assert list(Words(file, "dev").photos()) == []


def test_places_are_written_as_they_are_in_the_upright_picture(tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[0x0112] = 3  # upside down
    Image.new("RGB", (40, 20)).save(tmp_path / "a.jpg", exif=exif)
    words = (WordAnnotation(box(0, 0, 10, 5), "a", True),)
    write_words([AnnotatedPhoto(tmp_path / "a.jpg", words, as_stored=True)], tmp_path / "words.jsonl")
    (photo,) = Words(tmp_path / "words.jsonl").photos()
    assert said(photo.words) == [([[40, 20], [30, 20], [30, 15], [40, 15]], "a", True)]


def test_without_a_split_none_is_written(tmp_path: Path) -> None:
    write_words([AnnotatedPhoto(tmp_path / "a.png", ())], tmp_path / "words.jsonl")
    assert json.loads((tmp_path / "words.jsonl").read_text()) == {"image": "a.png", "words": []}


def test_a_file_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    with pytest.raises(TextSearchError, match=r"words\.jsonl cannot be written"):
        write_words([], tmp_path / "nowhere" / "words.jsonl")
