from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
import pytest
import torch
from numpy.random import Generator

from tests.fakes import ALPHABET
from tests.pretended_device import pretended_device
from tests.tiny_joint import tiny_joint
from textsearch.errors import TextSearchError
from textsearch.training import held_back
from textsearch.training.cache import FeatureCache
from textsearch.training.crops import Crop
from textsearch.training.held_back import HeldBackWords
from textsearch.training.joint_run import without_maps


class Crops:
    """Gives some words on strips of noise."""

    def __init__(self, words: Sequence[str]) -> None:
        self.words = words

    def crops(self, generator: Generator) -> Iterator[Crop]:
        for word in self.words:
            yield Crop(generator.integers(0, 256, (48, 96, 3)).astype(np.uint8), word)


def test_every_crop_is_measured_also_one_on_which_nothing_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    caches: list[FeatureCache] = []

    def word_retrieval(network: object, cache: FeatureCache, *others: object) -> dict[str, float]:
        caches.append(cache)
        return {"held_back_map": 0.5}

    monkeypatch.setattr(held_back, "word_retrieval", word_retrieval)
    network = without_maps(tiny_joint())
    words = HeldBackWords(Crops(["cola", "hotel"]), ALPHABET)
    with torch.no_grad():
        network.recogniser.classifier.bias[0] = 100.0  # it sees blanks alone
        assert words.measure(network) == {"held_back_map": 0.5}
        network.recogniser.classifier.bias[0] = -100.0
        words.measure(network)
    assert [cache.words for cache in caches] == [("cola", "hotel")] * 2
    assert not caches[0].features.any()
    assert caches[1].features.any(axis=(1, 2)).all()


def test_the_measure_is_a_mean_average_precision() -> None:
    measured = HeldBackWords(Crops(["cola", "hotel", "bakery"]), ALPHABET).measure(without_maps(tiny_joint()))
    assert list(measured) == ["held_back_map"]
    assert 1 / 3 <= measured["held_back_map"] <= 1


def test_a_network_on_another_device_is_measured_as_on_the_cpu() -> None:
    words = HeldBackWords(Crops(["cola", "hotel", "bakery"]), ALPHABET)
    expected = words.measure(without_maps(tiny_joint()))
    with pretended_device() as device:
        network = without_maps(tiny_joint().to(device))
        assert words.measure(network) == pytest.approx(expected)
    assert network.prototypes.device.type == "cpu"


def test_without_a_word_nothing_can_be_measured() -> None:
    with pytest.raises(TextSearchError, match="no legible word"):
        HeldBackWords(Crops([]), ALPHABET)
