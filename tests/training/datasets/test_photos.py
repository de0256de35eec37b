from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tests.training.datasets.drawn import draw, write
from textsearch.errors import TextSearchError
from textsearch.training.datasets.photos import (
    AnnotatedPhoto,
    PhotoSet,
    WordAnnotation,
    files,
    one_of,
    pictures,
    sample_of,
)
from textsearch.training.datasets.polygons import box


class Numbered(PhotoSet[int]):
    """Photos whose only word is their number."""

    def __init__(self, folder: Path, count: int) -> None:
        self.folder = folder
        self.count = count

    def entries(self) -> Sequence[int]:
        return range(self.count)

    def photo(self, entry: int) -> AnnotatedPhoto:
        words = (WordAnnotation(None, str(entry), True), WordAnnotation(box(1, 2, 3, 4), "", False))
        return AnnotatedPhoto(self.folder / f"{entry}.png", words)


@pytest.fixture
def numbered(tmp_path: Path) -> Numbered:
    for number in range(8):
        draw(tmp_path / f"{number}.png", (10 + number, 5))
    return Numbered(tmp_path, 8)


def texts(samples: Sequence[object]) -> list[str]:
    return [sample.words[0].text for sample in samples]  # type: ignore[attr-defined]


def test_each_photo_comes_once_in_order(numbered: Numbered) -> None:
    assert texts(list(numbered.samples())) == [str(number) for number in range(8)]
    assert [photo.words[0].text for photo in numbered.photos()] == texts(list(numbered.samples()))


def test_a_word_without_a_polygon_fills_its_picture(numbered: Numbered) -> None:
    for sample in numbered.samples():
        whole, other = sample.words
        width = 10 + int(whole.text)
        assert sample.image.shape == (5, width, 3)
        assert whole.polygon.tolist() == [[0, 0], [width, 0], [width, 5], [0, 5]]
        assert (other.polygon.tolist(), other.legible) == ([[1, 2], [3, 2], [3, 4], [1, 4]], False)
        assert other.polygon.dtype == whole.polygon.dtype == np.float32


def test_words_of_a_photo_that_has_to_be_turned_are_turned_with_it(tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6  # a quarter to the right
    Image.new("RGB", (40, 20)).save(tmp_path / "a.jpg", exif=exif)
    words = (WordAnnotation(box(0, 15, 10, 20), "top", True), WordAnnotation(None, "all", True))
    turned = sample_of(AnnotatedPhoto(tmp_path / "a.jpg", words, as_stored=True))
    assert turned.image.shape == (40, 20, 3)
    assert turned.words[0].polygon.tolist() == [[5, 0], [5, 10], [0, 10], [0, 0]]
    assert turned.words[1].polygon.tolist() == [[0, 0], [20, 0], [20, 40], [0, 40]]
    already = sample_of(AnnotatedPhoto(tmp_path / "a.jpg", words))
    assert already.words[0].polygon.tolist() == box(0, 15, 10, 20).tolist()


@pytest.mark.parametrize(("content", "reason"), [(b"not a picture", "not a picture"), (None, "no such file")])
def test_a_photo_that_cannot_be_read_is_named(tmp_path: Path, content: bytes | None, reason: str) -> None:
    if content is not None:
        (tmp_path / "0.png").write_bytes(content)
    with pytest.raises(TextSearchError, match=rf"0\.png cannot be read: .*{reason}"):
        list(Numbered(tmp_path, 1).samples())


def test_files_come_by_path_from_all_folders_without_hidden_ones(tmp_path: Path) -> None:
    paths = [draw(tmp_path / name) for name in ("b/2.png", "a/1.jpg")]
    write(tmp_path / "a" / "readme.txt", "about")
    draw(tmp_path / ".thumbnail.png")
    assert pictures(tmp_path) == sorted(paths)
    assert files(tmp_path, "*.txt") == [tmp_path / "a" / "readme.txt"]
    with pytest.raises(TextSearchError, match=r"There is no .*nowhere; name the folder"):
        pictures(tmp_path / "nowhere")


def test_the_first_folder_that_exists(tmp_path: Path) -> None:
    (tmp_path / "second").mkdir()
    (tmp_path / "third").mkdir()
    assert one_of(tmp_path / "first", tmp_path / "second", tmp_path / "third") == tmp_path / "second"
    assert one_of(tmp_path / "first", tmp_path / "fourth") == tmp_path / "fourth"
