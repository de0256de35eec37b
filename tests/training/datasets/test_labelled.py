from __future__ import annotations

import json
from pathlib import Path

import pytest

from textsearch.errors import TextSearchError
from textsearch.training.datasets.labelled import classes_of, read_labelled


def test_lines_name_photos_beside_the_file(tmp_path: Path) -> None:
    rows = [{"image": "a.jpg", "label": "cafe", "split": "dev"}, {"image": "b.jpg", "label": "bar"}]
    (tmp_path / "labels.jsonl").write_text("\n".join(map(json.dumps, rows)))
    photos = read_labelled(tmp_path / "labels.jsonl")
    assert [photo.path for photo in photos] == [tmp_path / "a.jpg", tmp_path / "b.jpg"]
    assert classes_of(photos) == ["bar", "cafe"]
    assert [photo.label for photo in read_labelled(tmp_path, "dev")] == ["cafe"]


def test_a_bad_line_is_named(tmp_path: Path) -> None:
    (tmp_path / "labels.jsonl").write_text('{"image": "a.jpg", "label": "x"}\n{"image": "b.jpg"}\n')
    with pytest.raises(TextSearchError, match="Line 2"):
        read_labelled(tmp_path)


def test_a_file_that_is_no_list_is_named(tmp_path: Path) -> None:
    (tmp_path / "some.jpg").write_bytes(b"\xff\xd8\xff\xe0")
    with pytest.raises(TextSearchError, match=r'Cannot read the labels .*some\.jpg .*give a text file with .*"image"'):
        read_labelled(tmp_path / "some.jpg")


@pytest.mark.parametrize("content", ['["train"]', '{"train": ["1.jpg"]}', '{"train": 3}', "{", "{}"])
def test_a_published_split_of_another_form_is_named(tmp_path: Path, content: str) -> None:
    (tmp_path / "split_0.json").write_text(content)
    with pytest.raises(TextSearchError, match=r"split_0\.json"):
        read_labelled(tmp_path)


def test_folders_are_classes(tmp_path: Path) -> None:
    for name in ("cafe/1.jpg", "cafe/2.PNG", "bar/deep/3.jpeg", "bar/notes.txt"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    assert [(photo.label, photo.path.name) for photo in read_labelled(tmp_path)] == [
        ("bar", "3.jpeg"),
        ("cafe", "1.jpg"),
        ("cafe", "2.PNG"),
    ]


def test_only_lines_have_other_names(tmp_path: Path) -> None:
    (tmp_path / "labels.jsonl").write_text('{"image": "a.jpg", "label": "x", "shelf": "left"}\n')
    assert [photo.label for photo in read_labelled(tmp_path, label="shelf")] == ["left"]
    (tmp_path / "labels.jsonl").unlink()
    for form in ("split_0.json", "cafe/1.jpg"):
        (tmp_path / form).parent.mkdir(exist_ok=True)
        (tmp_path / form).touch()
        with pytest.raises(TextSearchError, match=r"no labels\.jsonl, .* 'shelf'; leave that out"):
            read_labelled(tmp_path, label="shelf")


def test_the_published_layout(tmp_path: Path) -> None:
    (tmp_path / "data" / "JPEGImages").mkdir(parents=True)
    for name in ("1.jpg", "2.jpg"):
        (tmp_path / "data" / "JPEGImages" / name).touch()
    (tmp_path / "split_0.json").write_text(json.dumps({"train": {"1.jpg": 3}, "test": {"2.jpg": 28}}))
    assert [(photo.label, photo.split) for photo in read_labelled(tmp_path)] == [("3", "train"), ("28", "test")]
    assert read_labelled(tmp_path, "test")[0].path == tmp_path / "data" / "JPEGImages" / "2.jpg"


def test_an_unknown_part_lists_those_there_are(tmp_path: Path) -> None:
    (tmp_path / "labels.jsonl").write_text('{"image": "a.jpg", "label": "x", "split": "dev"}\n')
    with pytest.raises(TextSearchError, match="dev"):
        read_labelled(tmp_path, "test")


def test_what_is_not_there_is_said(tmp_path: Path) -> None:
    with pytest.raises(TextSearchError, match="does not exist"):
        read_labelled(tmp_path / "none")
