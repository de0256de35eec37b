from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import pytest
from scipy.io import savemat

from tests.training.datasets.drawn import draw, write
from textsearch.errors import TextSearchError
from textsearch.evaluation.tasks import PUBLISHED, RetrievalTask, read_task


def answers(task: RetrievalTask) -> dict[str, list[str]]:
    """Return the names of the photos that answer each query, in the order of the queries."""
    assert len({query.text for query in task.queries}) == len(task.queries)
    return {query.text: sorted(task.photos[place].name for place in query.relevant) for query in task.queries}


# --- Street View Text


def svt_copy(root: Path, tags: Sequence[Sequence[str]]) -> None:
    """Write a test.xml and tiny photos with these tags."""
    images = []
    for number, row in enumerate(tags):
        draw(root / "img" / f"{number:02}_00.jpg", (2, 2))
        boxes = "".join(
            f'<taggedRectangle height="1" width="1" x="0" y="0"><tag>{tag}</tag></taggedRectangle>' for tag in row
        )
        images.append(
            f"<image><imageName>img/{number:02}_00.jpg</imageName><lex>A,B</lex>"
            f'<Resolution x="2" y="2"/><taggedRectangles>{boxes}</taggedRectangles></image>'
        )
    write(root / "test.xml", f"<?xml version='1.0'?><tagset>{''.join(images)}</tagset>")


def test_svt_has_249_photos_and_427_queries(tmp_path: Path) -> None:
    words = [f"WORD{number}" for number in range(427)]
    # 647 tags in 249 photos as in the published test part; what comes again is written in another case.
    tags = [*words, *(word.title() for word in words[:220])]
    svt_copy(tmp_path, [tags[number::249] for number in range(249)])
    task = read_task("svt", tmp_path)
    published = PUBLISHED["svt"]
    assert (len(task.photos), len(task.queries)) == (published.images, published.queries) == (249, 427)
    assert sum(len(query.relevant) for query in task.queries) == 647
    assert all(photo.is_file() for photo in task.photos)


def test_svt_queries_are_the_tags_as_they_are_in_lower_case(tmp_path: Path) -> None:
    svt_copy(tmp_path, [["JOE'S", "Bar", "BAR"], ["bar"], ["JOES"]])
    assert answers(read_task("svt", tmp_path)) == {
        "joe's": ["00_00.jpg"],
        "bar": ["00_00.jpg", "01_00.jpg"],
        "joes": ["02_00.jpg"],
    }


# --- IIIT scene text retrieval


def iiit_copy(root: Path, **queries: Sequence[str]) -> None:
    """Write data.mat as it is published: a row of structures of a cell with the query and a column of file names."""
    rows = np.empty((1, len(queries)), [("query", object), ("images", object)])
    for place, (text, names) in enumerate(queries.items()):
        cell = np.empty((1, 1), object)
        cell[0, 0] = text
        column = np.empty((len(names), 1), object)
        column[:, 0] = names
        rows[0, place] = (cell, column)
    savemat(root / "data.mat", {"data": rows})


def test_iiit_str_lists_queries_and_photos(tmp_path: Path) -> None:
    for name in ("img_1.jpg", "img_2.jpg", "img_3.jpg", "img_10.jpg"):
        draw(tmp_path / "imgDatabase" / name)
    iiit_copy(tmp_path, Coffee=["img_2.jpg", "img_10.jpg"], MOTEL=["img_1.jpg"])
    task = read_task("iiit-str", tmp_path)
    assert answers(task) == {"coffee": ["img_10.jpg", "img_2.jpg"], "motel": ["img_1.jpg"]}
    assert len(task.photos) == 4  # also the one that answers nothing


def test_iiit_str_names_a_photo_that_is_missing(tmp_path: Path) -> None:
    draw(tmp_path / "imgDatabase" / "img_1.jpg")
    iiit_copy(tmp_path, coffee=["img_1.jpg", "img_2.jpg"])
    with pytest.raises(TextSearchError, match=r"imgDatabase holds no img_2\.jpg, which answers 'coffee'"):
        read_task("iiit-str", tmp_path)


# --- COCO-Text retrieval


def coco_copy(root: Path, queries: str, **words: str) -> None:
    for name, lines in words.items():
        write(root / "gts" / f"{name}.txt", lines)
        draw(root / "images" / f"{name}.jpg")
    write(root / "queries.txt", queries)


def test_coco_text_compares_letters_and_digits(tmp_path: Path) -> None:
    coco_copy(tmp_path, "stop\n62nd\nstop\n", COCO_1="S.T.O.P!\nstopping\n", COCO_2="62-ND\nSTOP\n", COCO_3="")
    task = read_task("coco-text", tmp_path)
    assert answers(task) == {"stop": ["COCO_1.jpg", "COCO_2.jpg"], "62nd": ["COCO_2.jpg"]}
    assert [photo.name for photo in task.photos] == ["COCO_1.jpg", "COCO_2.jpg", "COCO_3.jpg"]


def test_a_query_that_no_photo_answers_is_an_incomplete_copy(tmp_path: Path) -> None:
    coco_copy(tmp_path, "stop\nbus\n", COCO_1="stop\n")
    with pytest.raises(TextSearchError, match=r"No photo in .* answers the query 'bus'; the copy is not complete"):
        read_task("coco-text", tmp_path)


# --- ICDAR 2015 and Total-Text


def icdar_copy(root: Path, words: Mapping[int, Sequence[str]], folder: str = "Challenge4_Test_Task1_GT") -> None:
    for number, row in words.items():
        draw(root / "ch4_test_images" / f"img_{number}.jpg")
        lines = "".join(f"1,2,3,2,3,4,1,4,{word}\r\n" for word in row)
        write(root / folder / f"gt_img_{number}.txt", "\ufeff" + lines)


@pytest.mark.parametrize("folder", ["Challenge4_Test_Task1_GT", "Challenge4_Test_Task4_GT"])
def test_icdar2015_asks_for_words_of_three_letters(tmp_path: Path, folder: str) -> None:
    rows = {1: ["EXIT", "exit", "no", "###", "$50.0!"], 2: ["Way Out.", "'Exit'", "a,b,Tea"], 3: []}
    icdar_copy(tmp_path, rows, folder)
    task = read_task("icdar2015", tmp_path)
    assert len(task.photos) == 3
    assert answers(task) == {
        "exit": ["img_1.jpg", "img_2.jpg"],
        "500": ["img_1.jpg"],
        "way": ["img_2.jpg"],
        "out": ["img_2.jpg"],
        "tea": ["img_2.jpg"],
    }


def test_icdar2015_keeps_the_100_words_that_the_most_photos_hold(tmp_path: Path) -> None:
    rare = [f"word{number:03}" for number in range(150)]
    icdar_copy(tmp_path, {1: [*rare, "often"], 2: ["late", "often", "late", "late"], 3: ["late"]})
    texts = [query.text for query in read_task("icdar2015", tmp_path).queries]
    assert texts == ["often", "late", *rare[:98]]


def test_total_text_keeps_60_words(tmp_path: Path) -> None:
    words = [*(f"word{number}" for number in range(70)), "#", "it"]
    line = "x: [[1 9 9 1]], y: [[1 1 5 5]], ornt: [u'c'], transcriptions: [u'{}']\n"
    for name, row in (("img1", words), ("img2", ["word69", "Word69!"])):
        draw(tmp_path / "Images" / "Test" / f"{name}.jpg")
        write(tmp_path / "txt_format" / "Test" / f"poly_gt_{name}.txt", "".join(line.format(word) for word in row))
    task = read_task("totaltext", tmp_path)
    assert [query.text for query in task.queries] == ["word69", *words[:59]]
    assert answers(task)["word69"] == ["img1.jpg", "img2.jpg"]


# --- Chinese street view text retrieval


def test_csvtr_queries_are_the_names_of_the_folders(tmp_path: Path) -> None:
    for name in ("大茶/Google_1.jpeg", "大茶/Google_2.jpeg", "鲜果/a.png", "list.png"):
        draw(tmp_path / name)
    write(tmp_path / "queries.txt", "大茶")
    assert answers(read_task("csvtr", tmp_path)) == {"大茶": ["Google_1.jpeg", "Google_2.jpeg"], "鲜果": ["a.png"]}


# --- our own words


def words_copy(root: Path, *rows: tuple[str, list[tuple[str, bool]]]) -> Path:
    content = [
        {
            "image": f"{number}.jpg",
            "split": split,
            "words": [{"poly": None, "text": text, "ignore": ignore} for text, ignore in words],
        }
        for number, (split, words) in enumerate(rows)
    ]
    return write(root / "words.jsonl", "\n".join(json.dumps(row) for row in content))


def test_words_are_legible_and_have_three_latin_letters(tmp_path: Path) -> None:
    words = [("Exit", False), ("hidden", True), ("", False), ("ab", False), ("café", False), ("a-b-c", False)]
    file = words_copy(
        tmp_path, ("dev", words), ("dev", [("EXIT", False), ("62nd", False)]), ("train", [("tea", False)])
    )
    expected = {"exit": ["0.jpg", "1.jpg"], "62nd": ["1.jpg"]}
    for root in (tmp_path, file):
        task = read_task("words", root, "dev")
        assert answers(task) == expected
        assert len(task.photos) == 2
        assert task.frequent == frozenset(expected)
    assert list(answers(read_task("words", tmp_path))) == ["exit", "62nd", "tea"]


def test_words_are_frequent_by_how_often_they_are_written(tmp_path: Path) -> None:
    others = [(f"word{number}", False) for number in range(100)]
    words_copy(tmp_path, ("dev", [*others, ("last", False), ("last", False)]))
    task = read_task("words", tmp_path)
    assert len(task.queries) == 101
    assert task.frequent == {"last", *(word for word, _ in others[:99])}


# --- mistakes


@pytest.mark.parametrize("dataset", [*PUBLISHED, "words"])
def test_a_folder_of_something_else_is_named(tmp_path: Path, dataset: str) -> None:
    with pytest.raises(TextSearchError, match=str(tmp_path)):
        read_task(dataset, tmp_path)
    with pytest.raises(TextSearchError, match="gone"):
        read_task(dataset, tmp_path / "gone")


@pytest.mark.parametrize("dataset", PUBLISHED)
def test_only_words_have_splits(tmp_path: Path, dataset: str) -> None:
    with pytest.raises(TextSearchError, match="leave the split out"):
        read_task(dataset, tmp_path, "dev")


def test_a_split_that_does_not_exist_has_no_queries(tmp_path: Path) -> None:
    words_copy(tmp_path, ("dev", [("exit", False)]))
    with pytest.raises(TextSearchError, match="No query of words"):
        read_task("words", tmp_path, "test")
