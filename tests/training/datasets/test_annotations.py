from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from scipy.io import savemat

from tests.training.datasets.drawn import draw, only_photo, said, write
from textsearch.errors import TextSearchError
from textsearch.training.datasets.annotations import FORMS, Annotations, data_set, photo_set, words_file

CORNERS = "1,2,9,2,9,6,1,6"
XML = (
    "<annotation><object><name>OPEN</name><bndbox><xmin>1</xmin><ymin>2</ymin><xmax>9</xmax><ymax>6</ymax></bndbox>"
    "</object></annotation>"
)
SVT = (
    "<tagset><image><imageName>img/1.jpg</imageName><taggedRectangles>"
    '<taggedRectangle x="1" y="2" width="8" height="4"><tag>OPEN</tag></taggedRectangle>'
    "</taggedRectangles></image></tagset>"
)
COCO = {
    "anns": {"5": {"utf8_string": "OPEN", "legibility": "legible", "bbox": [1, 2, 8, 4]}},
    "imgs": {"7": {"set": "val", "file_name": "1.jpg"}},
    "imgToAnns": {"7": [5]},
}
WORD = {"poly": [[1, 2], [9, 2], [9, 6], [1, 6]], "text": "OPEN", "ignore": False}
ROW = {"image": "1.jpg", "split": "dev", "words": [WORD]}


def icdar(images: str, annotations: str, line: str) -> dict[str, str]:
    return {f"{images}/1.jpg": "", f"{annotations}/gt_1.txt": line}


PUBLISHED = {
    "icdar2013": icdar("Challenge2_Training_Task12_Images", "Challenge2_Training_Task1_GT", '1 2 9 6 "OPEN"'),
    "icdar2013:test": icdar("Challenge2_Test_Task12_Images", "Challenge2_Test_Task1_GT", '1, 2, 9, 6, "OPEN"'),
    "icdar2015": icdar("ch4_training_images", "ch4_training_localization_transcription_gt", f"{CORNERS},OPEN"),
    "icdar2015:test": icdar("ch4_test_images", "Challenge4_Test_Task1_GT", f"{CORNERS},OPEN"),
    "svt:test": {"img/1.jpg": "", "test.xml": SVT},
    "coco-text:val": {"train2014/1.jpg": "", "cocotext.v2.json": json.dumps(COCO)},
    "totaltext": {
        "Images/Train/img1.jpg": "",
        "txt_format/Train/poly_gt_img1.txt": "x: [[1 9 9 1]], y: [[2 2 6 6]], ornt: [u'h'], transcriptions: [u'OPEN']",
    },
    "mlt": icdar("ch8_training_images", "ch8_training_localization_transcription_gt_v2", f"{CORNERS},Latin,OPEN"),
    "mlt:train": {"ImagesPart2/1.jpg": "", "train_gt_t13/1.txt": f"{CORNERS},Latin,OPEN"},
    "mlt:validation": icdar(
        "ch8_validation_images", "ch8_validation_localization_transcription_gt_v2", f"{CORNERS},Latin,OPEN"
    ),
    "synthtext": {"images/1.jpg": "", "annotations/1.xml": XML},
    "words:dev": {"1.jpg": "", "words.jsonl": json.dumps(ROW)},
}
"""The files of a set as its publisher packed it, by the form and the part they are asked for by."""


@pytest.mark.parametrize("name", PUBLISHED)
def test_every_form_is_found_where_its_publisher_put_it(tmp_path: Path, name: str) -> None:
    for path, content in PUBLISHED[name].items():
        if content:
            write(tmp_path / path, content)
        else:
            draw(tmp_path / path)
    form, _, part = name.partition(":")
    photo = only_photo(photo_set(f"{form}:{tmp_path}" + (f":{part}" if part else "")))
    assert photo.path.is_file()
    assert said(photo.words) == [([[1, 2], [9, 2], [9, 6], [1, 6]], "OPEN", True)]


def test_crops_of_iiit5k(tmp_path: Path) -> None:
    draw(tmp_path / "test" / "1_1.png")
    rows = np.empty((1, 1), [("ImgName", object), ("GroundTruth", object)])
    rows[0, 0] = ("test/1_1.png", "OPEN")
    savemat(tmp_path / "testdata.mat", {"testdata": rows})
    assert said(only_photo(photo_set(f"iiit5k:{tmp_path}:test")).words) == [(None, "OPEN", True)]


def test_every_form_is_tried() -> None:
    assert {name.partition(":")[0] for name in PUBLISHED} | {"iiit5k"} == {*FORMS, "words"}


# --- names


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("svt:street", Annotations(Path("street"), None, "svt")),
        ("svt:a/b:test", Annotations(Path("a/b"), "test", "svt")),
        (r"svt:C:\street", Annotations(Path(r"C:\street"), None, "svt")),
        (r"svt:C:\street:test", Annotations(Path(r"C:\street"), "test", "svt")),
        ("words:a/words.jsonl:dev", Annotations(Path("a/words.jsonl"), "dev")),
    ],
)
def test_a_name_is_form_folder_and_part(name: str, expected: Annotations) -> None:
    assert data_set(name) == expected


def test_words_may_name_the_folder(tmp_path: Path) -> None:
    assert data_set(f"words:{tmp_path}:dev") == Annotations(tmp_path / "words.jsonl", "dev")


@pytest.mark.parametrize("name", ["svt", "svt:", "kitti:street", "street/words.jsonl", ""])
def test_a_name_without_a_form_is_refused_and_the_forms_are_told(name: str) -> None:
    with pytest.raises(TextSearchError, match=r"names no data set; give FORM:DIR .*icdar2013.*synthtext, words\.$"):
        data_set(name)


def test_a_part_that_is_not_published_is_refused() -> None:
    with pytest.raises(TextSearchError, match=r"coco-text has no part 'test'; it has train and val\."):
        data_set("coco-text:coco:test")


@pytest.mark.parametrize(
    ("name", "file", "split"),
    [("a/words.jsonl", "a/words.jsonl", None), ("words.jsonl:dev", "words.jsonl", "dev"), ("a:", "a", None)],
)
def test_a_words_file_may_have_a_split(name: str, file: str, split: str | None) -> None:
    assert words_file(name) == Annotations(Path(file), split)


# --- as a words.jsonl


def test_a_published_set_is_written_as_words_once(tmp_path: Path) -> None:
    for path, content in PUBLISHED["synthtext"].items():
        _ = write(tmp_path / path, content) if content else draw(tmp_path / path)
    published, file = data_set(f"synthtext:{tmp_path}"), tmp_path / "run" / "annotated.jsonl"
    chosen = published.as_words(file)
    assert chosen == Annotations(file, None)
    photo = only_photo(chosen.photos())
    assert photo.path.resolve() == tmp_path / "images" / "1.jpg"
    assert said(photo.words) == said(only_photo(published.photos()).words)
    (tmp_path / "annotations" / "1.xml").unlink()
    assert published.as_words(file) == chosen
    assert len(list(chosen.photos().photos())) == 1


def test_a_words_file_stays_where_it_is(tmp_path: Path) -> None:
    chosen = Annotations(tmp_path / "words.jsonl", "dev")
    assert chosen.as_words(tmp_path / "copy.jsonl") is chosen
    assert not (tmp_path / "copy.jsonl").exists()
