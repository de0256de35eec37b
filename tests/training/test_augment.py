from __future__ import annotations

import cv2
import numpy as np
import pytest

from textsearch.training.augment import CropRecipe, _turn, squeeze, tint, vary
from textsearch.training.samples import Sample, WordLabel
from textsearch.types import FloatArray

RECIPE = CropRecipe(side=160, longer_sides=(160, 480))


def rectangle(left: float, top: float, width: float, height: float) -> FloatArray:
    right, bottom = left + width, top + height
    return np.array([[left, top], [right, top], [right, bottom], [left, bottom]], np.float32)


def photo(*boxes: tuple[float, float, float, float], legible: bool = True) -> Sample:
    """A black photo with white words: each is a filled rectangle."""
    image = np.zeros((200, 300, 3), np.uint8)
    for left, top, width, height in boxes:
        cv2.rectangle(image, (int(left), int(top)), (int(left + width) - 1, int(top + height) - 1), (255, 255, 255), -1)
    return Sample(image, tuple(WordLabel(rectangle(*box), f"word{n}", legible) for n, box in enumerate(boxes)))


def box_of(word: WordLabel) -> list[float]:
    return [*word.polygon.min(axis=0).tolist(), *word.polygon.max(axis=0).tolist()]


@pytest.mark.parametrize("seed", range(20))
def test_words_move_with_their_pixels(seed: int) -> None:
    seen = vary(photo((60, 80, 70, 24), (200, 30, 60, 30)), RECIPE, np.random.default_rng(seed))
    assert seen.image.shape == (160, 160, 3) and seen.image.dtype == np.uint8
    assert seen.words
    for word in seen.words:
        inside = np.zeros((160, 160), np.uint8)
        cv2.fillPoly(inside, [np.round(word.polygon).astype(np.int32)], (1,))
        core = cv2.erode(inside, np.ones((5, 5), np.uint8)).astype(bool)
        assert core.any()
        assert seen.image[core].mean() > 240


@pytest.mark.parametrize("seed", range(20))
def test_no_legible_word_is_cut(seed: int) -> None:
    boxes = [(20.0, 20.0, 60.0, 20.0), (110.0, 50.0, 80.0, 24.0), (30.0, 120.0, 90.0, 30.0), (200.0, 150.0, 60.0, 20.0)]
    seen = vary(photo(*boxes), RECIPE, np.random.default_rng(seed))
    for word in seen.words:
        left, top, right, bottom = box_of(word)
        assert min(left, top) >= -1e-3 and max(right, bottom) <= 160 + 1e-3


def test_a_square_holds_a_legible_word() -> None:
    sample = photo((250, 170, 40, 20))
    assert all(vary(sample, RECIPE, np.random.default_rng(seed)).words for seed in range(20))


def test_where_no_square_fits_the_whole_photo_is_squeezed() -> None:
    sample = photo((5, 90, 290, 20))  # wider than any square unless the photo is made small
    recipe = CropRecipe(side=160, longer_sides=(480, 480), degrees=0.0, heights=(1.0, 1.0))
    seen = vary(sample, recipe, np.random.default_rng(0))
    np.testing.assert_allclose(seen.image.astype(int), squeeze(sample, recipe).image.astype(int), atol=3)
    box = np.array([5, 90, 295, 110]) * np.tile([160 / 300, 160 / 200], 2)
    np.testing.assert_allclose(box_of(seen.words[0]), box, rtol=1e-4)


def test_a_squeezed_photo_is_turned_as_well() -> None:
    sample = photo((5, 90, 290, 20))
    recipe = CropRecipe(side=160, longer_sides=(480, 480))
    seen = vary(sample, recipe, np.random.default_rng(0))
    first, second = seen.words[0].polygon[:2]
    assert abs(second[1] - first[1]) > 3
    left, top, right, bottom = box_of(seen.words[0])
    assert min(left, top) > -1 and max(right, bottom) < 161


def test_photos_are_turned_stretched_and_resized_within_their_bounds() -> None:
    recipe = CropRecipe()
    angles, heights, sides = [], [], []
    for seed in range(300):
        linear = _turn(photo(), recipe, np.random.default_rng(seed))[:2, :2]
        height = abs(np.linalg.det(linear)) / (linear[0] @ linear[0])
        turn = np.diag([1.0, 1 / height]) @ linear
        heights.append(height)
        angles.append(np.rad2deg(np.arctan2(turn[1, 0], turn[0, 0])))
        sides.append(300 * np.hypot(turn[0, 0], turn[1, 0]))
    assert -15 <= min(angles) < -14 and 14 < max(angles) <= 15
    assert 0.8 <= min(heights) < 0.81 and 1.19 < max(heights) <= 1.2
    assert min(sides) == pytest.approx(640) and max(sides) == pytest.approx(1888)
    assert np.mod(np.round(sides), 32).max() == 0


def test_words_too_small_to_read_count_no_longer() -> None:
    tall, low = (50.0, 20.0, 80.0, 30.0), (50.0, 100.0, 80.0, 5.0)
    seen = squeeze(photo(tall, low), RECIPE)
    assert [word.legible for word in seen.words] == [True, False]
    assert [word.legible for word in squeeze(photo(tall, legible=False), RECIPE).words] == [False]


def test_photos_without_words_and_photos_smaller_than_the_square() -> None:
    tiny = Sample(np.full((20, 30, 3), 255, np.uint8), ())
    recipe = CropRecipe(side=160, longer_sides=(96, 128))
    seen = vary(tiny, recipe, np.random.default_rng(0))
    assert seen.image.shape == (160, 160, 3)
    assert (seen.image[-1] == 127).all()  # nothing there
    assert (seen.image == 255).any()
    assert seen.words == ()


def test_the_seed_decides() -> None:
    sample = photo((60, 80, 70, 24))
    first, again, other = (vary(sample, RECIPE, np.random.default_rng(seed)).image for seed in (1, 1, 2))
    np.testing.assert_array_equal(first, again)
    assert not np.array_equal(first, other)


def test_tint_changes_colours_alone() -> None:
    generator = np.random.default_rng(0)
    sample = Sample(generator.integers(0, 256, (20, 30, 3)).astype(np.uint8), photo((1, 2, 20, 10)).words)
    tinted = tint(sample, generator)
    assert tinted.words is sample.words
    assert tinted.image.shape == sample.image.shape and tinted.image.dtype == np.uint8
    assert not np.array_equal(tinted.image, sample.image)
