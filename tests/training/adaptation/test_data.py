"""Strips of what an index holds."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tests.fakes import ALPHABET, FakeModel, save_photo
from tests.index.samples import IDENTITY
from textsearch.index.folder import IndexFolder
from textsearch.indexer.options import IndexOptions
from textsearch.indexer.pipeline import build
from textsearch.training.adaptation import data
from textsearch.training.adaptation.data import GalleryStrips, StripCutter, sure_readings
from textsearch.training.datasets.pseudo import Confidence
from textsearch.types import ByteArray, FloatArray


class Repeats:
    """A recogniser that reads the same word on every strip, if it is wide enough."""

    def __init__(self, word: str) -> None:
        self.word = word

    def read(self, strips: ByteArray) -> tuple[FloatArray, FloatArray]:
        frames = strips.shape[2] // 8
        probabilities = np.zeros((len(strips), frames, len(ALPHABET.characters)), np.float32)
        classes = [0] * frames
        classes[: len(self.word)] = [ALPHABET.characters.index(character) for character in self.word]
        probabilities[:, np.arange(frames), classes] = 1
        return np.zeros((len(strips), frames, 4), np.float32), probabilities


@pytest.fixture
def index(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> IndexFolder:
    monkeypatch.setattr(data, "CONFIDENCE", Confidence(reading=0.9))  # the fake model is sure to 0.95
    gallery = tmp_path / "gallery"
    for number in range(10):
        save_photo(gallery / f"{number}.png", "EXIT", "to", f"n{number}")
    folder = IndexFolder.create_or_open(tmp_path / "index", IDENTITY)
    build(folder, FakeModel(), [gallery], IndexOptions(jobs=1))
    return folder


def test_only_long_readings_are_sure(index: IndexFolder) -> None:
    assert sure_readings(index) == 10
    assert sure_readings(index, most=4) == 4


def test_every_region_becomes_a_strip_and_sure_ones_keep_their_reading(index: IndexFolder, tmp_path: Path) -> None:
    strips = StripCutter(index, Repeats("Exit"), ALPHABET).cut(tmp_path / "strips", seed=0)
    assert len(strips.texts) == 30
    assert [text for text in strips.texts if text] == ["Exit"] * 10
    assert strips.sure == 10
    assert all(strips.strip(place).shape == (48, strips.widths[place], 3) for place in range(30))
    # The photos are grey but for their first row, which no box holds.
    assert all((strips.strip(place) == 200).all() for place in range(30))


def test_a_reading_that_the_strip_alone_does_not_give_is_not_sure(index: IndexFolder, tmp_path: Path) -> None:
    assert StripCutter(index, Repeats("exot"), ALPHABET).cut(tmp_path / "strips", seed=0).sure == 0


def test_a_fifth_of_the_photos_is_held_back(index: IndexFolder, tmp_path: Path) -> None:
    strips = StripCutter(index, Repeats("exit"), ALPHABET).cut(tmp_path / "strips", seed=0)
    assert len(strips.places(sure=True, held_back=True)) == 2
    assert len(strips.places(sure=False, held_back=True)) == 6
    assert len(strips.places(sure=True, held_back=False)) == 8
    assert len(strips.places(sure=False, held_back=False)) == 24


def test_some_words_are_held_back_wherever_they_stand(tmp_path: Path) -> None:
    def taught(word: str) -> int:
        folder = tmp_path / word
        folder.mkdir()
        photos = list(range(4))
        rows = {"widths": [8] * 4, "texts": [word] * 4, "photos": photos}
        (folder / "strips.json").write_text(json.dumps(rows), encoding="utf-8")
        np.save(folder / "pixels.npy", np.zeros((4 * 48 * 8, 3), np.uint8))
        return len(GalleryStrips.load(folder).places(sure=True, held_back=False))

    counts = {word: taught(word) for word in ("a", "b", "c", "d", "e", "f", "g", "h", "i", "j")}
    assert set(counts.values()) == {0, 4}
    assert 0 < list(counts.values()).count(0) < 6


def test_cut_strips_are_opened_again(index: IndexFolder, tmp_path: Path) -> None:
    first = StripCutter(index, Repeats("exit"), ALPHABET).cut(tmp_path / "strips", seed=0)
    again = StripCutter(index, Repeats("none"), ALPHABET).cut(tmp_path / "strips", seed=1)
    assert again.texts == first.texts
    assert np.array_equal(GalleryStrips.load(tmp_path / "strips").pixels, first.pixels)


def test_cutting_ends_when_there_are_enough(index: IndexFolder, tmp_path: Path) -> None:
    lines: list[str] = []
    strips = StripCutter(index, Repeats("exit"), ALPHABET).cut(tmp_path / "strips", 0, most=7, progress=lines.append)
    assert len(strips.texts) == 9


def test_photos_that_are_gone_damaged_or_replaced_have_no_strips(index: IndexFolder, tmp_path: Path) -> None:
    gallery = tmp_path / "gallery"
    (gallery / "0.png").unlink()
    (gallery / "1.png").write_bytes(b"no picture")
    Image.new("RGB", (50, 60)).save(gallery / "2.png")
    strips = StripCutter(index, Repeats("exit"), ALPHABET).cut(tmp_path / "strips", seed=0)
    assert len(strips.texts) == 21
