from __future__ import annotations

import cv2
import numpy as np
import pytest
from numpy.random import Generator

from textsearch.training.samples import Sample, WordLabel
from textsearch.training.walls import Walls, pieces_of
from textsearch.types import FloatArray


def rectangle(left: float, top: float, right: float, bottom: float) -> FloatArray:
    return np.array([[left, top], [right, top], [right, bottom], [left, bottom]], np.float32)


def scene(*words: WordLabel) -> Sample:
    """A grey photo whose words are white."""
    image = np.full((120, 200, 3), 90, np.uint8)
    for word in words:
        cv2.fillPoly(image, [np.rint(word.polygon).astype(np.int32)], (255, 255, 255))
    return Sample(image, words)


EXIT = WordLabel(rectangle(50, 40, 110, 60), "EXIT", True)


class Always:
    """A source that always gives the same sample, and counts."""

    def __init__(self, sample: Sample) -> None:
        self.sample = sample
        self.drawn = 0

    def draw(self, generator: Generator) -> Sample:
        self.drawn += 1
        return self.sample


def inside(image: np.ndarray, polygon: FloatArray) -> np.ndarray:
    """The pixels well within a polygon."""
    mask = np.zeros(image.shape[:2], np.uint8)
    cv2.fillPoly(mask, [np.rint(polygon).astype(np.int32)], (1,))
    return np.asarray(image[cv2.erode(mask, np.ones((5, 5), np.uint8)).astype(bool)])


# --- one word


def test_a_word_is_cut_out_with_a_margin() -> None:
    (piece,) = pieces_of(scene(EXIT))
    assert piece.pixels.shape == (26, 66, 3)  # 3 pixels, 0.15 of its height, on every side
    (word,) = piece.words
    assert (word.text, word.legible) == ("EXIT", True)
    assert word.polygon.tolist() == rectangle(3, 3, 63, 23).tolist()
    assert (piece.pixels[0] == 90).all() and (piece.pixels[13, 10:50] == 255).all()


def test_the_margin_ends_where_the_photo_does() -> None:
    (piece,) = pieces_of(scene(WordLabel(rectangle(0, 100, 60, 120), "EXIT", True)))
    assert piece.pixels.shape == (23, 63, 3)
    assert piece.words[0].polygon.tolist() == rectangle(0, 3, 60, 23).tolist()


def test_what_is_seen_of_a_neighbour_counts_neither_way() -> None:
    near = WordLabel(rectangle(112, 40, 150, 60), "ONLY", True)
    first, second = pieces_of(scene(EXIT, near))
    own, other = first.words
    assert (own.text, own.legible, other.text, other.legible) == ("EXIT", True, "", False)
    assert other.polygon.tolist() == rectangle(65, 3, 66, 23).tolist()  # cut off where the piece ends
    assert [word.legible for word in second.words] == [True, False]


@pytest.mark.parametrize(
    "word",
    [
        WordLabel(rectangle(50, 40, 110, 60), "", False),
        WordLabel(rectangle(50, 40, 70, 46), "tiny", True),
        WordLabel(rectangle(50, 10, 70, 100), "UPRIGHT", True),
    ],
    ids=["illegible", "tiny", "standing"],
)
def test_words_that_cannot_be_read_across_are_left_out(word: WordLabel) -> None:
    assert not list(pieces_of(scene(word)))


def test_a_single_tall_letter_lies() -> None:
    assert list(pieces_of(scene(WordLabel(rectangle(50, 40, 60, 70), "P", True))))


# --- a wall


@pytest.mark.parametrize("seed", range(8))
def test_words_stand_where_their_pixels_are_and_apart(seed: int) -> None:
    wall = Walls(Always(scene(EXIT)), 320).draw(np.random.default_rng(seed))
    assert wall.image.shape == (320, 320, 3) and wall.image.dtype == np.uint8
    assert len(wall.words) > 12
    taken = np.zeros((320, 320), np.uint8)
    for word in wall.words:
        assert word.text == "EXIT" and word.legible
        assert word.polygon.min() >= 0 and word.polygon.max() <= 320
        pixels = inside(wall.image, word.polygon)
        assert pixels.size == 0 or pixels.min() > 200
        mask = np.zeros_like(taken)
        cv2.fillPoly(mask, [np.rint(word.polygon).astype(np.int32)], (1,))
        assert not (taken & mask).any()
        taken |= mask


def test_equal_generators_give_equal_walls_and_others_others() -> None:
    walls = Walls(Always(scene(EXIT)), 160)
    first, same, other = (walls.draw(np.random.default_rng(seed)).image for seed in (1, 1, 2))
    assert (first == same).all() and (first != other).any()


def test_words_have_many_sizes_and_are_not_blown_up() -> None:
    walls = Walls(Always(scene(EXIT)), 640)
    words = [word for seed in range(4) for word in walls.draw(np.random.default_rng(seed)).words]
    heights = [float(np.ptp(word.polygon[:, 1])) for word in words]
    assert min(heights) < 14 and 30 < max(heights) <= 2 * 20 + 1


def test_a_word_wider_than_the_wall_is_squeezed_into_it() -> None:
    wide = Sample(np.zeros((60, 900, 3), np.uint8), (WordLabel(rectangle(0, 5, 900, 55), "long", True),))
    wall = Walls(Always(wide), 128).draw(np.random.default_rng(0))
    assert wall.words
    assert all(word.polygon.min() >= 0 and word.polygon.max() <= 128 for word in wall.words)


def test_a_word_that_the_photo_cuts_off_ends_with_its_piece() -> None:
    (piece,) = pieces_of(scene(WordLabel(rectangle(150, 40, 260, 60), "EXIT", True)))
    assert piece.pixels.shape == (26, 53, 3)
    assert piece.words[0].polygon.tolist() == rectangle(3, 3, 53, 23).tolist()


def test_a_wide_word_does_not_cover_a_narrow_one() -> None:
    narrow, wide = rectangle(5, 5, 8, 45), rectangle(40, 5, 640, 45)
    sample = Sample(np.zeros((60, 700, 3), np.uint8), (WordLabel(narrow, "I", True), WordLabel(wide, "wide", True)))
    for seed in range(10):
        words = Walls(Always(sample), 200).draw(np.random.default_rng(seed)).words
        boxes = [(*word.polygon.min(axis=0), *word.polygon.max(axis=0)) for word in words if word.legible]
        for place, (left, top, right, bottom) in enumerate(boxes):
            for other in boxes[:place]:
                apart = right <= other[0] or other[2] <= left or bottom <= other[1] or other[3] <= top
                assert apart


def test_samples_without_words_do_not_go_on_for_ever() -> None:
    source = Always(scene())
    assert Walls(source, 64).draw(np.random.default_rng(0)).words == ()
    assert source.drawn == 150
