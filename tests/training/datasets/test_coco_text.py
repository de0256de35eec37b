from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.training.datasets.drawn import draw, only_photo, said, write
from textsearch.errors import TextSearchError
from textsearch.training.datasets.coco_text import CocoText

BOX = {"mask": [4.0, 2.0, 4.0, 6.0, 14.0, 6.0, 14.0, 2.0], "bbox": [4.0, 2.0, 10.0, 4.0]}
UPRIGHT = [[4, 2], [14, 2], [14, 6], [4, 6]]


def annotation(
    text: str | None, legibility: str = "legible", language: str = "english", **place: Any
) -> dict[str, Any]:
    row = {"class": "machine printed", "area": 40.0, "image_id": 217925, **(place or BOX)}
    row |= {"legibility": legibility, "language": language}
    return row if text is None else {**row, "utf8_string": text}


def publish(folder: Path, *annotations: dict[str, Any], part: str = "train") -> Path:
    """Write a cocotext.v2.json of one photo with words and one without."""
    name = "COCO_train2014_000000217925.jpg"
    draw(folder / "train2014" / name, (20, 10))
    images = {
        "217925": {"id": 217925, "set": part, "width": 20, "height": 10, "file_name": name},
        "380932": {
            "id": 380932,
            "set": part,
            "width": 20,
            "height": 10,
            "file_name": "COCO_train2014_000000380932.jpg",
        },
    }
    content = {
        "cats": {},
        "anns": {str(45346 + place): row for place, row in enumerate(annotations)},
        "imgs": images,
        "imgToAnns": {"217925": [45346 + place for place in range(len(annotations))], "380932": []},
        "info": {},
    }
    return write(folder / "cocotext.v2.json", json.dumps(content))


def words(folder: Path, *annotations: dict[str, Any], **options: Any) -> list[Any]:
    return said(only_photo(CocoText(publish(folder, *annotations), folder / "train2014", **options)).words)


def test_masks_that_run_down_first_begin_at_the_text(tmp_path: Path) -> None:
    photo = only_photo(CocoText(publish(tmp_path, annotation("Try")), tmp_path / "train2014"))
    assert photo.as_stored
    assert said(photo.words) == [(UPRIGHT, "Try", True)]


def test_words_nobody_could_read_are_kept_as_such(tmp_path: Path) -> None:
    rows = (
        annotation("", "illegible"),
        annotation(None, "illegible"),
        annotation(""),
        annotation("guess", "illegible"),
    )
    assert words(tmp_path, *rows) == [(UPRIGHT, "", False)] * 4


def test_languages(tmp_path: Path) -> None:
    rows = (annotation("bon", language="not english"), annotation("12", language="na"), annotation("good"))
    assert [word[2] for word in words(tmp_path, *rows)] == [True, True, True]
    languages = frozenset({"english", "na"})
    assert [word[2] for word in words(tmp_path, *rows, languages=languages)] == [False, True, True]


def test_long_masks_become_two_edges_and_short_ones_their_box(tmp_path: Path) -> None:
    bent: dict[str, Any] = {"mask": [0, 4, 10, 0, 20, 4, 20, 8, 10, 4, 0, 8], "bbox": [0, 0, 20, 8]}
    point: dict[str, Any] = {"mask": [4.0, 2.0, 14.0], "bbox": [4.0, 2.0, 10.0, 4.0]}
    (long, _, _), (short, _, _) = words(tmp_path, annotation("arch", **bent), annotation("dot", **point))
    assert long == [[0, 4], [10, 0], [20, 4], [20, 8], [10, 4], [0, 8]]
    assert short == UPRIGHT


def test_parts_are_kept_apart_and_photos_without_text_are_left_out(tmp_path: Path) -> None:
    file = publish(tmp_path, annotation("Try"), part="val")
    assert CocoText(file, tmp_path / "train2014", "train").entries() == []
    (sample,) = CocoText(file, tmp_path / "train2014", "val").samples()
    assert (sample.image.shape, sample.words[0].text) == ((10, 20, 3), "Try")


def test_mistakes_are_told(tmp_path: Path) -> None:
    file = publish(tmp_path, {"utf8_string": "a", "legibility": "legible"})
    with pytest.raises(TextSearchError, match=r"a word of COCO_train2014_000000217925\.jpg has no proper outline"):
        list(CocoText(file, tmp_path).photos())
    for content in ('{"imgs": {}}', "[]", '{"imgs": {"1": {}}, "anns": {}, "imgToAnns": {}}'):
        write(file, content)
        dataset = CocoText(file, tmp_path)
        if content == '{"imgs": {}}':
            assert dataset.entries() == []  # nothing is named, so nothing is missing
        else:
            with pytest.raises(TextSearchError, match="missing from imgs, anns or imgToAnns"):
                dataset.entries()
