from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from tests.painted import dark, new_encoder, paint
from textsearch.errors import TextSearchError
from textsearch.training.crops import AnnotatedWords, Crop, DetectedWords
from textsearch.types import ByteArray

RED, BLUE = (220, 20, 20), (20, 20, 220)


def entry(text: str, poly: list[list[float]] | None, ignore: bool = False) -> dict[str, Any]:
    return {"text": text, "poly": poly, "ignore": ignore}


def box(left: float, top: float, right: float, bottom: float) -> list[list[float]]:
    return [[left, top], [right, top], [right, bottom], [left, bottom]]


def annotate(folder: Path, photo: ByteArray, *words: dict[str, Any], split: str = "train") -> Path:
    """Write one photo and the file that describes it."""
    (folder / "photos").mkdir(exist_ok=True)
    Image.fromarray(photo).save(folder / "photos" / "one.png")
    file = folder / "words.jsonl"
    with file.open("a", encoding="utf-8") as rows:
        rows.write(json.dumps({"image": "photos/one.png", "split": split, "words": words}) + "\n\n")
    return file


def cut(file: Path, split: str | None = None, copies: int = 1, seed: int = 0) -> list[Crop]:
    return list(AnnotatedWords(file, split, copies).crops(np.random.default_rng(seed)))


def share_of(crop: Crop, colour: tuple[int, int, int]) -> float:
    return float((np.abs(crop.strip.astype(int) - colour).max(axis=2) < 40).mean())


# --- annotated words


def test_only_legible_words_are_cut(tmp_path: Path) -> None:
    words = [entry("Café", None), entry("", None), entry("&!", None), entry("secret", None, ignore=True)]
    crops = cut(annotate(tmp_path, dark(), *words))
    assert [crop.word for crop in crops] == ["cafe"]


def test_a_word_is_cut_along_its_polygon(tmp_path: Path) -> None:
    photo = np.full((200, 400, 3), BLUE, np.uint8)
    photo[50:90, 100:260] = RED
    (crop,) = cut(annotate(tmp_path, photo, entry("open", box(100, 50, 260, 90))))
    height, width = crop.strip.shape[:2]
    assert height == 48
    assert abs(width / 48 - 160 / 40) < 1.5
    assert share_of(crop, RED) > 0.7


def test_without_a_polygon_the_whole_picture_is_the_word(tmp_path: Path) -> None:
    (crop,) = cut(annotate(tmp_path, np.full((40, 120, 3), RED, np.uint8), entry("open", None)))
    assert share_of(crop, RED) == 1.0
    assert abs(crop.strip.shape[1] - 48 * 3) < 30


def test_copies_differ_and_repeat_with_the_seed(tmp_path: Path) -> None:
    photo = np.random.default_rng(0).integers(0, 256, (100, 200, 3)).astype(np.uint8)
    file = annotate(tmp_path, photo, entry("open", box(20, 20, 180, 60)))
    first, second = cut(file, copies=2)
    assert first.word == second.word == "open"
    assert not np.array_equal(first.strip, second.strip)
    np.testing.assert_array_equal(cut(file, copies=2)[1].strip, second.strip)
    assert not np.array_equal(cut(file, seed=1)[0].strip, first.strip)


@pytest.mark.parametrize("lacking", ["text", "poly", "ignore"])
def test_a_row_that_lacks_something_is_told(tmp_path: Path, lacking: str) -> None:
    word = entry("open", None)
    del word[lacking]
    file = annotate(tmp_path, dark(), word)
    for read in (cut, detected):
        with pytest.raises(TextSearchError, match=r"words\.jsonl .*the row of photos/one\.png cannot be read"):
            read(file)


def test_a_photo_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    file = annotate(tmp_path, dark(), entry("open", None))
    (tmp_path / "photos" / "one.png").write_bytes(b"\x89PNG\r\n\x1a\n damaged")
    for read in (cut, detected):
        with pytest.raises(TextSearchError, match=r"The photo .*one\.png cannot be read"):
            read(file)


def test_a_polygon_of_many_points_is_cut_over_its_whole_length(tmp_path: Path) -> None:
    photo = np.full((200, 400, 3), BLUE, np.uint8)
    photo[50:90, 100:180], photo[50:90, 180:260] = RED, (20, 220, 20)
    along = [100, 140, 180, 220, 260]
    polygon = [[x, 50.0] for x in along] + [[x, 90.0] for x in reversed(along)]
    (crop,) = cut(annotate(tmp_path, photo, entry("open", polygon)))
    assert share_of(crop, RED) > 0.3
    assert share_of(crop, (20, 220, 20)) > 0.3


# --- detected words


def detected(file: Path) -> list[Crop]:
    return list(DetectedWords(file, None, new_encoder()).crops(np.random.default_rng(0)))


def test_a_line_with_one_word_is_a_crop(tmp_path: Path) -> None:
    photo = dark()
    paint(photo, "o_p_e_n", 40, 20)
    paint(photo, "d_a_i_l_y", 40, 120)
    words = [entry("Open", box(38, 18, 98, 70)), entry("DAILY", box(42, 122, 110, 166))]
    crops = detected(annotate(tmp_path, photo, *words))
    assert [crop.word for crop in crops] == ["open", "daily"]
    assert crops[0].strip.shape[0] == 48
    assert crops[0].strip.shape[1] == pytest.approx(56, abs=4)
    assert (crops[0].strip[10:40, 5:-5, 0] > 150).all()  # only the line, not its surroundings


@pytest.mark.parametrize(
    "words",
    [
        [],  # nothing annotated
        [entry("elsewhere", box(250, 120, 350, 160))],
        [entry("open", None)],  # no place known
        [entry("open", box(38, 18, 98, 70), ignore=True)],
        [entry("o", box(40, 20, 56, 68))],  # less than half of the line
        [entry("open", box(38, 18, 98, 70)), entry("again", box(40, 20, 96, 68))],  # which one?
    ],
)
def test_other_lines_are_left_out(tmp_path: Path, words: list[dict[str, Any]]) -> None:
    photo = dark()
    paint(photo, "o_p_e_n", 40, 20)
    assert detected(annotate(tmp_path, photo, *words)) == []


def test_columns_are_left_out(tmp_path: Path) -> None:
    photo = dark(200, 300)
    photo[20:200, 40:88, 0] = 200
    assert detected(annotate(tmp_path, photo, entry("down", box(40, 20, 88, 200)))) == []
