"""What a trunk is worth: the similarity learnt on top of it, end to end, from few or many labelled words."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import torch
import torch.nn.functional as functional
from numpy.random import Generator
from torch import Tensor, nn

from textsearch.features import SEQUENCE_LENGTH
from textsearch.metrics import average_precision
from textsearch.models.branches import ImageBranch
from textsearch.models.sequence import LETTERS, WordSequence, letter_frames
from textsearch.models.vectors import vectors
from textsearch.runtime.sessions import network_input
from textsearch.similarity import similarity
from textsearch.training.crops import CropSource
from textsearch.training.losses import branch_loss, words_to_compare
from textsearch.training.pretraining.augment import vary_strip
from textsearch.training.pretraining.pretrain import Trunk
from textsearch.training.pretraining.strips import fit_strip
from textsearch.training.steps import descend, rate_factor
from textsearch.types import ByteArray

Precision = Literal["float32", "bfloat16"]

_SHORTEST_QUERY = 3

_EVALUATION_BATCH = 128

_WHOLE = 0.2
"""How often a strip is put together from the whole of another one, not from a piece of it."""


@dataclass(frozen=True, eq=False)
class LabelledStrips:
    """Strips of one width with what is written on them.

    Attributes:
        pixels: (N, 48, W, 3) uint8 RGB.
        words: N words, spelt with `textsearch.models.sequence.LETTERS`.
    """

    pixels: ByteArray
    words: tuple[str, ...]

    @classmethod
    def of(cls, source: CropSource, seed: int = 0) -> LabelledStrips:
        """Bring the crops of a source to one width; words with a letter that no word can be spelt with are left out."""
        crops = [crop for crop in source.crops(np.random.default_rng(seed)) if set(crop.word) <= set(LETTERS)]
        return cls(np.stack([fit_strip(crop.strip) for crop in crops]), tuple(crop.word for crop in crops))

    def part(self, places: Sequence[int]) -> LabelledStrips:
        """Return some of the strips."""
        return LabelledStrips(self.pixels[list(places)], tuple(self.words[place] for place in places))

    def and_those_of(self, other: LabelledStrips) -> LabelledStrips:
        """Return these strips followed by others."""
        return LabelledStrips(np.concatenate([self.pixels, other.pixels]), self.words + other.words)


@dataclass(frozen=True)
class TuneRecipe:
    """How a trunk and the branches on it learn from labelled strips.

    Attributes:
        hidden: LSTM units of either branch, per direction.
        channels: features of an encoded frame.
        steps: optimiser steps in all.
        batch: strips per step, drawn with replacement.
        joined: part of the strips that are put together from two, mostly from pieces of them: what is learnt of letters
            must then serve in words never seen.
        others: words of the lexicon per step that are not in the batch.
        learning_rate: peak rate of the branches; it rises during the first tenth of the steps and falls along a cosine.
        trunk_rate: that of the trunk.
        weight_decay: AdamW's.
        precision: of the convolutions and products; losses and weights are float32 always.
        seed: of the branches' weights, the strips' order and looks, and the altered words.
    """

    hidden: int = 96
    channels: int = 32
    steps: int = 400
    batch: int = 64
    joined: float = 0.7
    others: int = 64
    learning_rate: float = 2e-3
    trunk_rate: float = 1e-3
    weight_decay: float = 1e-2
    precision: Precision = "float32"
    seed: int = 0


class WordFinder(nn.Module):
    """A trunk with a branch for regions and one for words, which has letters of its own.

    Args:
        trunk: turns strips into frames.
        hidden: LSTM units of either branch, per direction.
        channels: features of an encoded frame.
        precision: of the convolutions and products.
    """

    def __init__(self, trunk: Trunk, hidden: int, channels: int, precision: Precision = "float32") -> None:
        super().__init__()
        self.trunk = trunk
        self.precision = precision
        self.image = ImageBranch(trunk.features, hidden, channels=channels)
        self.word = WordSequence(hidden, hidden, channels)

    def regions(self, strips: Tensor) -> Tensor:
        """Return (N, D) unit vectors of strips (N, 3, 48, W) float, as the trunk takes them."""
        with self._autocast():
            frames = self.trunk(strips).float().transpose(1, 2)  # (N, F, T)
            stretched = functional.interpolate(frames, SEQUENCE_LENGTH, mode="linear", align_corners=True)
            encoded: Tensor = self.image(stretched.transpose(1, 2))
        return vectors(encoded.float())

    def words(self, texts: Sequence[str]) -> Tensor:
        """Return (W, D) unit vectors of words spelt with `LETTERS`."""
        with self._autocast():
            encoded: Tensor = self.word(letter_frames(texts))
        return vectors(encoded.float())

    def _autocast(self) -> torch.autocast:
        return torch.autocast("cpu", torch.bfloat16, enabled=self.precision == "bfloat16")


def fine_tune(
    trunk: Trunk,
    strips: LabelledStrips,
    lexicon: Sequence[str],
    recipe: TuneRecipe,
    progress: Callable[[int, dict[str, float]], None] | None = None,
) -> WordFinder:
    """Train a trunk, as far as its parameters may change, with fresh branches on labelled strips.

    Args:
        trunk: trained in place.
        strips: all of them are used, however few.
        lexicon: words spelt with `LETTERS` that serve as negatives.
        recipe: how to learn.
        progress: receives each step's number and loss terms.
    """
    generator = np.random.default_rng(recipe.seed)
    # Fresh layers draw their weights from torch's global state, which is put back for everybody else.
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(recipe.seed)
        finder = WordFinder(trunk, recipe.hidden, recipe.channels, recipe.precision)
    optimiser, schedule = _optimiser(finder, recipe)
    finder.train()
    for step in range(1, recipe.steps + 1):
        chosen = _draw(strips, recipe.batch, recipe.joined, generator)
        looks = np.stack([vary_strip(strip, generator) for strip in chosen.pixels])
        texts = words_to_compare(chosen.words, lexicon, recipe.others, generator)
        losses = branch_loss(finder.regions(_trunk_input(looks)), chosen.words, finder.words(texts), texts)
        terms = descend(losses, losses, optimiser, finder.parameters(), 5.0, step)
        schedule.step()
        if progress:
            progress(step, terms)
    return finder.eval()


def retrieval(finder: WordFinder, held_back: LabelledStrips) -> float:
    """Return the mean average precision of finding strips by their own words of three or more letters."""
    finder.eval()
    words = sorted({word for word in held_back.words if len(word) >= _SHORTEST_QUERY})
    with torch.inference_mode():
        regions = torch.cat(
            [
                finder.regions(_trunk_input(held_back.pixels[start : start + _EVALUATION_BATCH]))
                for start in range(0, len(held_back.words), _EVALUATION_BATCH)
            ]
        )
        cosines = similarity(finder.words(words), regions).numpy()
    written = np.array(held_back.words)
    precisions = [average_precision(written == word, row) for word, row in zip(words, cosines, strict=True)]
    return float(np.mean(precisions))


def _optimiser(
    finder: WordFinder, recipe: TuneRecipe
) -> tuple[torch.optim.Optimizer, torch.optim.lr_scheduler.LRScheduler]:
    learning = [(name, parameter) for name, parameter in finder.named_parameters() if parameter.requires_grad]
    trunk = [parameter for name, parameter in learning if name.startswith("trunk.")]
    branches = [parameter for name, parameter in learning if not name.startswith("trunk.")]
    groups = [{"params": branches, "lr": recipe.learning_rate}, {"params": trunk, "lr": recipe.trunk_rate}]
    optimiser = torch.optim.AdamW(groups, weight_decay=recipe.weight_decay)

    def factor(step: int) -> float:
        return rate_factor(step, recipe.steps // 10, recipe.steps)

    return optimiser, torch.optim.lr_scheduler.LambdaLR(optimiser, factor)


def _draw(strips: LabelledStrips, count: int, joined: float, generator: Generator) -> LabelledStrips:
    """Draw strips with replacement, some of them put together from two."""
    first, second = (strips.part(generator.integers(len(strips.words), size=count).tolist()) for _ in range(2))
    pixels, words = first.pixels.copy(), list(first.words)
    for place in np.flatnonzero(generator.random(count) < joined):
        left, before = _piece(first.pixels[place], first.words[place], generator)
        right, after = _piece(second.pixels[place], second.words[place], generator)
        words[place] = before + after
        width = pixels.shape[2]
        border = round(width * len(before) / len(words[place]))
        pixels[place] = np.concatenate([fit_strip(left, border), fit_strip(right, width - border)], axis=1)
    return LabelledStrips(pixels, tuple(words))


def _piece(strip: ByteArray, word: str, generator: Generator) -> tuple[ByteArray, str]:
    """Return some neighbouring letters of a word and where they stand if all were equally wide, or the whole of it."""
    if len(word) < 2 or generator.random() < _WHOLE:
        return strip, word
    letters = int(generator.integers(1, len(word)))
    start = int(generator.integers(0, len(word) - letters + 1))
    letter_width = strip.shape[1] / len(word)
    cut = strip[:, round(start * letter_width) : round((start + letters) * letter_width)]
    return cut, word[start : start + letters]


def _trunk_input(strips: ByteArray) -> Tensor:
    return torch.from_numpy(network_input(strips)).contiguous(memory_format=torch.channels_last)
