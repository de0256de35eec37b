"""Which of two networks is better on words without labels."""

from __future__ import annotations

from collections.abc import Sequence
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from tests.fakes import ALPHABET, FakeModel
from tests.training.adaptation.samples import BETTER, WORSE, strips_of
from textsearch.alphabet import Alphabet
from textsearch.lattice import Lattice
from textsearch.training.adaptation import report
from textsearch.training.adaptation import validate as module
from textsearch.training.adaptation.report import Validation
from textsearch.training.adaptation.validate import validate
from textsearch.types import ByteArray, FloatArray

WORDS = ["exit", "hotel", "taxi", "menu", "open", "sale", "bank", "park"]


class SharpReader:
    """A network that knows the words by heart and sees them down to some contrast."""

    alphabet: Alphabet = ALPHABET

    def __init__(self, least_contrast: float) -> None:
        self.least_contrast = least_contrast
        self.known = strips_of(WORDS)
        self.encoder: Any = SimpleNamespace(
            reader=SimpleNamespace(recogniser=self), embedder=self, transcribe=self.transcribe
        )

    def read(self, strips: ByteArray) -> tuple[FloatArray, FloatArray]:
        (strip,) = strips
        probabilities = np.zeros((1, 12, len(ALPHABET.characters)), np.float32)
        probabilities[..., 0] = 1
        if strip.std() >= self.least_contrast:
            nearest = min(range(len(WORDS)), key=lambda place: abs(self._shape(strip) - self._known(place)).sum())
            for frame, character in enumerate(WORDS[nearest]):
                probabilities[0, 1 + 2 * frame] = 0
                probabilities[0, 1 + 2 * frame, ALPHABET.characters.index(character)] = 1
        return np.zeros((1, 12, 4), np.float32), probabilities

    def _known(self, place: int) -> FloatArray:
        return self._shape(self.known.strip(place))

    @staticmethod
    def _shape(strip: ByteArray) -> FloatArray:
        columns = strip[..., 0].astype(np.float32).mean(axis=0)
        padded = np.full(96, 255, np.float32)
        padded[: len(columns)] = columns[:96]
        return np.asarray(padded - padded.mean(), np.float32)

    def regions(self, frames: Sequence[FloatArray], lattices: Sequence[Lattice]) -> FloatArray:
        return self.encode_words([self.transcribe(lattice)[0] or "-" for lattice in lattices])

    def transcribe(self, lattice: Lattice) -> tuple[str, float]:
        return ALPHABET.decode(lattice.classes[:, 0].tolist()), 1.0

    def encode_words(self, words: Sequence[str]) -> FloatArray:
        return FakeModel().encode_words(words)


@pytest.fixture(autouse=True)
def few_words(monkeypatch: pytest.MonkeyPatch) -> None:
    """The tests have fewer words than a gallery."""
    monkeypatch.setattr(report, "LEAST_UNSEEN", 6)


def test_a_network_that_sees_more_is_better() -> None:
    strips = strips_of(WORDS, [True] * len(WORDS))
    found = validate(SharpReader(60), SharpReader(0), strips, seed=0)
    assert found.objections == []
    assert (found.words, found.queries) == (8, 8)
    assert found.found_after > found.found_before
    assert found.read_after > found.read_before
    assert 0 < found.gain[0] < found.found_after - found.found_before < found.gain[1]
    assert (found.clean_before, found.clean_after, found.alike) == (100, 100, 100)


def test_a_network_that_sees_less_or_as_much_is_not() -> None:
    strips = strips_of(WORDS, [True] * len(WORDS))
    worse = validate(SharpReader(0), SharpReader(60), strips, seed=0)
    assert "not surely found better" in worse.objections[0]
    same = validate(SharpReader(0), SharpReader(0), strips, seed=0)
    assert same.gain == (0.0, 0.0)
    assert len(same.objections) == 1


def test_only_held_back_strips_with_a_sure_reading_count(monkeypatch: pytest.MonkeyPatch) -> None:
    strips = strips_of([*WORDS, "", "exit"], [*[True] * len(WORDS), True, False])
    assert validate(SharpReader(0), SharpReader(0), strips, seed=0).words == len(WORDS)
    monkeypatch.setattr(module, "MOST_WORDS", 3)
    assert validate(SharpReader(0), SharpReader(0), strips, seed=0).words == 3


def test_words_that_nothing_was_learnt_from_are_told_apart() -> None:
    strips = strips_of([*WORDS, "Exit", "taxi"], [*[True] * len(WORDS), False, False])
    found = validate(SharpReader(60), SharpReader(0), strips, seed=0)
    assert found.unseen == len(WORDS) - 2
    assert found.unseen_before < found.unseen_after
    everything = strips_of([*WORDS, *WORDS], [True] * len(WORDS) + [False] * len(WORDS))
    found = validate(SharpReader(60), SharpReader(0), everything, seed=0)
    assert (found.unseen, found.unseen_before, found.unseen_after) == (0, 0, 0)
    assert "only 0 of the words are new" in found.objections[0]


@pytest.mark.parametrize(
    ("changes", "objection"),
    [
        ({"gain": (0.0, 8.0)}, "not surely found better"),
        ({"found_after": 80.9, "gain": (0.1, 1.7)}, "not surely found better"),
        ({"clean_after": 99.4}, "clean words are found worse"),
        ({"unseen_after": 54.9}, "nothing was learnt from are found worse"),
        ({"unseen": 5}, "only 5 of the words are new to it"),
        ({"alike": 98.9}, "1.1 % of the clean words are read differently"),
    ],
)
def test_each_loss_is_an_objection(changes: dict[str, Any], objection: str) -> None:
    assert BETTER.objections == []
    (found,) = Validation(**{**BETTER.__dict__, **changes}).objections
    assert objection in found


def test_a_validation_survives_json() -> None:
    assert Validation.from_dict(WORSE.to_dict()) == WORSE
