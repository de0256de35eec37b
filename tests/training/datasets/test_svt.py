from __future__ import annotations

from pathlib import Path

import pytest

from tests.training.datasets.drawn import draw, only_photo, said, write
from textsearch.errors import TextSearchError
from textsearch.training.datasets.svt import Svt

XML = """<?xml version="1.0" encoding="utf-8"?>
<tagset>
  <image>
    <imageName>img/14_03.jpg</imageName>
    <address>341 Southwest 10th Avenue Portland OR</address>
    <lex>LIVING,ROOM,THEATERS</lex>
    <Resolution x="1280" y="880"/>
    <taggedRectangles>
      <taggedRectangle height="75" width="236" x="375" y="253"><tag>LIVING</tag></taggedRectangle>
      <taggedRectangle height="8" width="20" x="-3" y="2"><tag>JOE'S</tag></taggedRectangle>
    </taggedRectangles>
  </image>
</tagset>
"""


def test_words_are_boxes_of_a_corner_and_a_size(tmp_path: Path) -> None:
    write(tmp_path / "train.xml", XML)
    photo = only_photo(Svt(tmp_path))
    assert (photo.path, photo.as_stored) == (tmp_path / "img" / "14_03.jpg", True)
    assert said(photo.words) == [
        ([[375, 253], [611, 253], [611, 328], [375, 328]], "LIVING", True),
        ([[-3, 2], [17, 2], [17, 10], [-3, 10]], "JOE'S", True),
    ]


def test_samples(tmp_path: Path) -> None:
    write(tmp_path / "test.xml", XML)
    draw(tmp_path / "img" / "14_03.jpg", (64, 44))
    (sample,) = Svt(tmp_path, "test").samples()
    assert sample.image.shape == (44, 64, 3)
    assert [word.text for word in sample.words] == ["LIVING", "JOE'S"]


@pytest.mark.parametrize(
    ("before", "after", "problem"),
    [
        ('height="75"', "", "a rectangle lacks a number"),
        ('x="375"', 'x="left"', "a rectangle lacks a number"),
        ("img/14_03.jpg", " ", "an image has no name"),
        ("image>", "picture>", "it names no image"),
        ("</tagset>", "", "cannot be read"),
    ],
)
def test_mistakes_are_told(tmp_path: Path, before: str, after: str, problem: str) -> None:
    write(tmp_path / "train.xml", XML.replace(before, after))
    with pytest.raises(TextSearchError, match=rf"train\.xml .*{problem}"):
        list(Svt(tmp_path).photos())
