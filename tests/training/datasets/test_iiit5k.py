from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy.io import savemat

from tests.training.datasets.drawn import draw, said
from textsearch.errors import TextSearchError
from textsearch.training.datasets.iiit5k import Iiit5k

CROPS = {"train/1009_2.png": "You", "train/1017_1.png": "RESCUE"}


def table(folder: Path, name: str, *fields: str, **more: Any) -> None:
    """Write a table as MATLAB does: a row of structures, whose cells hold text."""
    rows = np.empty((1, len(CROPS)), [(field, object) for field in (*fields, *more)])
    for place, values in enumerate(CROPS.items()):
        rows[0, place] = (*values, *more.values())
    savemat(folder / f"{name}.mat", {name: rows})


@pytest.fixture
def root(tmp_path: Path) -> Path:
    for name in CROPS:
        draw(tmp_path / name, (40, 12))
    return tmp_path


def test_a_crop_is_a_photo_whose_word_fills_it(root: Path) -> None:
    lexicon = np.array([["YOU"], ["THEY"]], object)
    table(root, "traindata", "ImgName", "GroundTruth", smallLexi=lexicon)
    photos = list(Iiit5k(root).photos())
    assert [(photo.path, said(photo.words)) for photo in photos] == [
        (root / name, [(None, text, True)]) for name, text in CROPS.items()
    ]
    for sample in Iiit5k(root).samples():
        assert sample.words[0].polygon.tolist() == [[0, 0], [40, 0], [40, 12], [0, 12]]


def test_the_table_of_letters_does_as_well(root: Path) -> None:
    table(root, "trainCharBound", "ImgName", "chars", charBB=np.zeros((3, 4)))
    assert [photo.words[0].text for photo in Iiit5k(root).photos()] == list(CROPS.values())


def test_another_split_is_another_table(root: Path) -> None:
    table(root, "testdata", "ImgName", "GroundTruth")
    assert len(Iiit5k(root, "test").entries()) == 2
    with pytest.raises(TextSearchError, match=r"There is no .*traindata\.mat"):
        Iiit5k(root, "train").entries()


def test_a_table_without_words_is_named(root: Path) -> None:
    table(root, "traindata", "ImgName", "Answer")
    with pytest.raises(TextSearchError, match=r"traindata\.mat .*no columns ImgName and GroundTruth"):
        Iiit5k(root).entries()
