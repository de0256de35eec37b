from __future__ import annotations

import numpy as np
import pytest

from textsearch.training.samples import Sample, WordLabel
from textsearch.training.views import ViewRecipe, view

RECIPE = ViewRecipe(side=96)


def sample() -> Sample:
    image = np.full((200, 300, 3), 30, np.uint8)
    image[80:110, 100:180] = (250, 40, 40)
    corners = np.array([[100, 80], [180, 80], [180, 110], [100, 110]], np.float32)
    return Sample(image, (WordLabel(corners, "word", True), WordLabel(corners + 500, "gone", False)))


def test_the_word_stays_on_its_pixels() -> None:
    for seed in range(8):
        seen = view(sample(), RECIPE, np.random.default_rng(seed))
        assert seen.image.shape == (96, 96, 3)
        for word in seen.words:
            x, y = np.round(word.polygon.mean(axis=0)).astype(int)
            if word.legible:
                red, green, _ = seen.image[y, x].astype(int)
                assert red - green > 40


def test_words_outside_are_gone_and_cut_ones_are_not_legible() -> None:
    seen = [view(sample(), RECIPE, np.random.default_rng(seed)) for seed in range(40)]
    assert all(word.text != "gone" for one in seen for word in one.words)
    kinds = {word.legible for one in seen for word in one.words}
    assert kinds == {True, False}


def test_words_too_low_to_read_are_not_legible() -> None:
    recipe = ViewRecipe(side=96, scales=(0.1, 0.15))
    for seed in range(5):
        assert not any(word.legible for word in view(sample(), recipe, np.random.default_rng(seed)).words)


@pytest.mark.parametrize("seed", [0, 1])
def test_equal_generators_give_equal_views(seed: int) -> None:
    first, second = (view(sample(), RECIPE, np.random.default_rng(seed)) for _ in range(2))
    np.testing.assert_array_equal(first.image, second.image)
