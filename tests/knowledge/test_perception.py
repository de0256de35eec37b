from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

from tests.knowledge.drawn import ALPHABET, read
from tests.knowledge.photos import WordBags
from textsearch.index.records import PICTURE_WIDTH
from textsearch.knowledge.classifier import TrainedClassifier
from textsearch.knowledge.letters import BUCKETS
from textsearch.knowledge.lexicon import default_lexicon
from textsearch.knowledge.network import VARIANTS, Experts
from textsearch.knowledge.notices import PhotoDescriber
from textsearch.knowledge.perception import Perception
from textsearch.types import ByteArray

LABELS = ("Bravo-Apple-Juice", "Arla-Sour-Milk", "no-such-class")


@pytest.fixture(scope="module")
def perception() -> Perception:
    network = Experts(replace(VARIANTS["full"], width=16), (len(LABELS),)).eval()
    trained = TrainedClassifier(network, LABELS, "grocery", np.ones(BUCKETS, np.float32))
    return Perception(ALPHABET, trained, WordBags())


def drawn(scale: int) -> ByteArray:
    """Return a picture of coloured squares, each `scale` pixels wide."""
    colours = np.random.default_rng(0).integers(0, 256, (12, 16, 3), np.uint8)
    return colours.repeat(scale, axis=0).repeat(scale, axis=1)


def test_one_look_tells_everything(perception: Perception) -> None:
    perceived = perception.perceive(drawn(20), [read("Walgreens"), read("juice", top=60.0, line=1)])
    named = {link.target.name: link.regions for link in perceived.links}
    assert named["Walgreens"] == (0,)
    assert named["fruit juice"] == (1,)
    grocery = default_lexicon().labels("grocery")
    assert perceived.classes == (grocery[LABELS[0]], grocery[LABELS[1]], None)
    assert perceived.logits.shape == (3,)
    assert perceived.scenes.sum() == pytest.approx(1.0, abs=1e-4)
    assert perceived.scene_categories == default_lexicon().imagenet
    assert perceived.picture.shape == (PICTURE_WIDTH,)
    assert perceived.picture.dtype == np.float32
    np.testing.assert_array_equal(perceived.picture, perception.see(drawn(20)))


def test_a_photo_without_words_is_seen(perception: Perception) -> None:
    perceived = perception.perceive(drawn(20), [])
    assert perceived.links == []
    assert np.isfinite(perceived.logits).all()


def test_the_size_of_a_photo_makes_little_difference(perception: Perception) -> None:
    small, large = perception.see(drawn(40)), perception.see(drawn(160))
    assert small @ large / np.linalg.norm(small) / np.linalg.norm(large) > 0.99


def test_torch_keeps_its_threads(perception: Perception) -> None:
    threads = torch.get_num_threads()
    torch.set_num_threads(2)
    try:
        perception.see(drawn(20))
        assert torch.get_num_threads() == 2
    finally:
        torch.set_num_threads(threads)


def test_a_describer_makes_notices_of_it(perception: Perception, monkeypatch: pytest.MonkeyPatch) -> None:
    describer = PhotoDescriber(ALPHABET)
    monkeypatch.setattr(describer, "_perception", perception)
    described = describer.describe(drawn(20), [read("Walgreens")])
    walgreens = default_lexicon().meanings("walgreens")[0].target.identifier
    assert [notice.regions for notice in described.notices if notice.identifier == walgreens] == [(0,)]
    assert described.maker == describer.maker
    np.testing.assert_array_equal(described.picture, describer.see(drawn(20)))
