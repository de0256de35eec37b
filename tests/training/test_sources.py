from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from tests.tiny_tdsl import Photos, four_photos
from tests.training.datasets.drawn import draw, write
from textsearch.errors import ImageError, TextSearchError
from textsearch.training.datasets.photos import AnnotatedPhoto, PhotoSet
from textsearch.training.sources import Mixture, PhotosAtRandom


class Nothing(PhotoSet[int]):
    """A set without photos."""

    def entries(self) -> list[int]:
        return []

    def photo(self, entry: int) -> AnnotatedPhoto:
        raise NotImplementedError


def test_a_set_without_photos_is_refused() -> None:
    with pytest.raises(TextSearchError, match="Nothing holds no photo; check its folder and split"):
        PhotosAtRandom(Nothing())


def test_a_mixture_draws_by_shares() -> None:
    first, second = four_photos()[:2]
    mixture = Mixture([(Photos([first]), 3.0), (Photos([second]), 1.0)])
    generator = np.random.default_rng(0)
    drawn = [mixture.draw(generator) for _ in range(400)]
    assert 260 < sum(sample is first for sample in drawn) < 340
    assert all(sample is first or sample is second for sample in drawn)


class Pictures(PhotoSet[Path]):
    """The pictures of a folder, without any word."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def entries(self) -> list[Path]:
        return sorted(self.folder.iterdir())

    def photo(self, entry: Path) -> AnnotatedPhoto:
        return AnnotatedPhoto(entry, ())


def test_another_photo_is_drawn_for_a_damaged_one(tmp_path: Path) -> None:
    draw(tmp_path / "1.png", (8, 8))
    draw(tmp_path / "2.png", (16, 8))
    write(tmp_path / "3.png", "no picture")
    source = PhotosAtRandom(Pictures(tmp_path))

    def widths() -> list[int]:
        return [source.draw(np.random.default_rng(seed)).image.shape[1] for seed in range(12)]

    with pytest.warns(UserWarning, match=r"3\.png cannot be read: .* Another one is taken"):
        drawn = widths()
    assert drawn == widths() and set(drawn) == {8, 16}


@pytest.mark.filterwarnings("ignore:The photo")
def test_a_set_of_damaged_photos_alone_is_an_error(tmp_path: Path) -> None:
    write(tmp_path / "1.png", "no picture")
    with pytest.raises(ImageError, match=r"1\.png cannot be read"):
        PhotosAtRandom(Pictures(tmp_path)).draw(np.random.default_rng(0))
