from __future__ import annotations

import numpy as np
import pytest

from tests.tiny_tdsl import Photos, four_photos
from textsearch.errors import TextSearchError
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
