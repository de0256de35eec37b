from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pytest
import torch
from numpy.random import Generator
from torch import Tensor, nn

from textsearch.models.sequence import LETTERS
from textsearch.training.crops import Crop
from textsearch.training.pretraining import finetune
from textsearch.training.pretraining.finetune import LabelledStrips, TuneRecipe, WordFinder, fine_tune, retrieval
from textsearch.types import ByteArray

WORDS = ("bank", "cafe", "cola", "hotel", "open", "pizza")
LEXICON = ("street", "water", "bread")
RECIPE = TuneRecipe(hidden=16, channels=8, steps=40, batch=12, others=3, learning_rate=1e-2, trunk_rate=1e-2)


class ColumnTrunk(nn.Module):
    """Looks at the mean colour of every eight columns."""

    def __init__(self) -> None:
        super().__init__()
        self.features = 8
        self.layer = nn.Linear(3, self.features)

    def forward(self, crops: Tensor) -> Tensor:
        columns = crops.unfold(3, 8, 8).mean(dim=(2, 4)).transpose(1, 2)
        frames: Tensor = self.layer(columns)
        return frames


def colour_of(letter: str) -> tuple[int, int, int]:
    return 37 * LETTERS.index(letter) % 256, 91 * LETTERS.index(letter) % 256, 128


def strip_of(word: str) -> ByteArray:
    """Return a strip on which every letter is a column of its own colour."""
    colours = [colour_of(letter) for letter in word]
    return np.tile(np.repeat(np.array(colours, np.uint8), 24, axis=0), (48, 1, 1))


class Written:
    """A crop of each word."""

    def __init__(self, *words: str) -> None:
        self.words = words

    def crops(self, generator: Generator) -> Iterator[Crop]:
        for word in self.words:
            yield Crop(strip_of(word), word)


def new_trunk() -> ColumnTrunk:
    torch.manual_seed(0)
    return ColumnTrunk()


STRIPS = LabelledStrips.of(Written(*WORDS))


@pytest.fixture
def true_colours(monkeypatch: pytest.MonkeyPatch) -> None:
    """Leave strips as they look: here letters are told by their colours."""
    monkeypatch.setattr(finetune, "vary_strip", lambda strip, generator: strip)


def words_learnt(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Return a list that receives what each strip of the training is said to show."""
    said: list[str] = []

    def recording(regions: Tensor, region_words: tuple[str, ...], *words: object) -> dict[str, Tensor]:
        said.extend(region_words)
        return {"nothing": regions.sum() * 0}

    monkeypatch.setattr(finetune, "branch_loss", recording)
    return said


# --- labelled strips


def test_words_that_cannot_be_spelt_are_left_out() -> None:
    class Mixed(Written):
        def crops(self, generator: Generator) -> Iterator[Crop]:
            yield Crop(strip_of("bank"), "βank")
            yield from super().crops(generator)

    strips = LabelledStrips.of(Mixed("bank", "cafe"))
    assert strips.words == ("bank", "cafe")
    assert strips.pixels.shape == (2, 48, 160, 3)


def test_parts_and_sums_keep_words_and_pixels_together() -> None:
    both = STRIPS.part([3, 0]).and_those_of(STRIPS.part([2]))
    assert both.words == ("hotel", "bank", "cola")
    assert np.array_equal(both.pixels, STRIPS.pixels[[3, 0, 2]])


# --- learning


@pytest.mark.usefixtures("true_colours")
def test_words_are_found_after_learning_and_not_before() -> None:
    before = retrieval(WordFinder(new_trunk(), RECIPE.hidden, RECIPE.channels), STRIPS)
    assert retrieval(fine_tune(new_trunk(), STRIPS, LEXICON, RECIPE), STRIPS) > max(0.9, before + 0.2)


def test_the_same_seed_learns_the_same() -> None:
    def weights(recipe: TuneRecipe) -> Tensor:
        finder = fine_tune(new_trunk(), STRIPS, LEXICON, replace(recipe, steps=2))
        return torch.cat([parameter.detach().flatten() for parameter in finder.parameters()])

    assert torch.equal(weights(RECIPE), weights(RECIPE))
    assert not torch.equal(weights(RECIPE), weights(replace(RECIPE, seed=1)))


def test_torch_s_own_randomness_is_left_alone() -> None:
    torch.manual_seed(3)
    untouched = torch.rand(1)
    trunk = new_trunk()
    torch.manual_seed(3)
    fine_tune(trunk, STRIPS, LEXICON, replace(RECIPE, steps=1))
    assert torch.equal(torch.rand(1), untouched)


def test_frozen_parameters_stay() -> None:
    trunk = new_trunk()
    trunk.layer.bias.requires_grad_(False)
    before = {name: value.clone() for name, value in trunk.state_dict().items()}
    fine_tune(trunk, STRIPS, LEXICON, replace(RECIPE, steps=2))
    assert torch.equal(trunk.layer.bias, before["layer.bias"])
    assert not torch.equal(trunk.layer.weight, before["layer.weight"])


@pytest.mark.usefixtures("true_colours")
def test_strips_put_together_show_the_letters_they_are_said_to(monkeypatch: pytest.MonkeyPatch) -> None:
    shown: list[Tensor] = []

    class Watching(ColumnTrunk):
        def forward(self, crops: Tensor) -> Tensor:
            shown.extend(crops.detach())
            return super().forward(crops)

    said = words_learnt(monkeypatch)
    fine_tune(Watching(), STRIPS, LEXICON, replace(RECIPE, steps=10, joined=1.0))
    assert len(set(said)) > len(WORDS)
    for crop, word in zip(shown, said, strict=True):
        middles = ((np.arange(len(word)) + 0.5) * crop.shape[2] / len(word)).astype(int)
        colours = (crop[[2, 1, 0]].mean(dim=1)[:, middles].T + 1) * 127.5
        wanted = torch.tensor([colour_of(letter) for letter in word], dtype=torch.float32)
        assert (colours - wanted).abs().max() < 3


def test_no_strips_are_put_together_unless_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    said = words_learnt(monkeypatch)
    fine_tune(new_trunk(), STRIPS, LEXICON, replace(RECIPE, steps=2, joined=0.0))
    assert set(said) <= set(WORDS)


@pytest.mark.usefixtures("true_colours")
def test_few_precise_bits_are_enough() -> None:
    recipe = replace(RECIPE, precision="bfloat16")
    assert retrieval(fine_tune(new_trunk(), STRIPS, LEXICON, recipe), STRIPS) > 0.8


def test_progress_names_the_loss_terms() -> None:
    told: list[tuple[int, dict[str, float]]] = []
    fine_tune(new_trunk(), STRIPS, LEXICON, replace(RECIPE, steps=2), lambda step, terms: told.append((step, terms)))
    assert [step for step, _ in told] == [1, 2]
    for _, terms in told:
        assert terms["loss"] == pytest.approx(sum(value for name, value in terms.items() if name != "loss"), rel=1e-4)


# --- what is measured


def test_retrieval_counts_words_of_three_letters_or_more() -> None:
    class Oracle(WordFinder):
        def regions(self, strips: Tensor) -> Tensor:
            return torch.eye(3)

        def words(self, texts: object) -> Tensor:
            assert texts == ["bank", "cafe"]
            return torch.eye(3)[[0, 0]]

    held_back = LabelledStrips.of(Written("bank", "cafe", "to"))
    # "bank" is found first; "cafe" shares the second place with the rest.
    assert retrieval(Oracle(new_trunk(), 4, 4), held_back) == pytest.approx((1 + 1 / 3) / 2)
