"""Training of the branches over cached crops; resumable to the same numbers."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from textsearch.alphabet import Alphabet
from textsearch.features import word_features
from textsearch.metrics import average_precision
from textsearch.models.branches import ImageBranch, WordBranch
from textsearch.models.joint import JointNetwork
from textsearch.models.vectors import vectors
from textsearch.training.cache import FeatureCache
from textsearch.training.losses import BRANCH_TERMS, branch_loss, words_to_compare
from textsearch.training.steps import Schedule, StepProgress, descend, rate_factor, take_steps, take_up
from textsearch.types import FloatArray

_WARM_UP = 200
"""Steps until the peak of the learning rate."""


@dataclass(frozen=True)
class BranchRecipe:
    """How the branches are trained.

    Attributes:
        hidden: LSTM units per direction.
        channels: features of an encoded frame; a vector has 15 times as many dimensions.
        terms: the loss terms that are trained on, see `textsearch.training.losses.branch_loss`.
        steps: optimiser steps in all.
        batch: crops per step; fewer where a source holds fewer than its share.
        others: words of the lexicon per step that are not in the batch.
        learning_rate: peak rate, after a warm-up of 200 steps, falling to zero along a cosine.
        weight_decay: AdamW's.
        dropout: probability of an input feature being hidden, both branches.
        seed: seeds the weights, the order of the crops and the altered words.
    """

    hidden: int = 128
    channels: int = 32
    terms: tuple[str, ...] = BRANCH_TERMS
    steps: int = 4000
    batch: int = 192
    others: int = 64
    learning_rate: float = 2e-3
    weight_decay: float = 1e-2
    dropout: float = 0.1
    seed: int = 0


class Branches(nn.Module):
    """Both branches, from cached features to unit vectors.

    Args:
        frame_features: features of a frame for the image branch.
        letter_features: features of a letter for the word branch.
        hidden: LSTM units per direction.
        channels: features of an encoded frame.
    """

    def __init__(self, frame_features: int, letter_features: int, hidden: int, channels: int = 32) -> None:
        super().__init__()
        self.image = ImageBranch(frame_features, hidden, channels=channels)
        self.word = WordBranch(letter_features, hidden, channels=channels)

    def regions(self, features: Tensor) -> Tensor:
        """Return (N, D) unit vectors of region features (N, frames, F)."""
        return vectors(self.image(features))

    def words(self, features: Tensor) -> Tensor:
        """Return (W, D) unit vectors of word features (W, frames, F)."""
        return vectors(self.word(features))


class BranchTrainer:
    """Trains the branches; everything random comes from the recipe's seed.

    Args:
        recipe: see `BranchRecipe`.
        caches: sources of crops; each step draws from all of them, by `shares`.
        shares: parts of a batch, one per cache.
        lexicon: normalised words that serve as negatives.
        alphabet: the recogniser's classes.
        prototypes: (letters + 1, F) float32.
    """

    def __init__(
        self,
        recipe: BranchRecipe,
        caches: Sequence[FeatureCache],
        shares: Sequence[float],
        lexicon: Sequence[str],
        alphabet: Alphabet,
        prototypes: FloatArray,
    ) -> None:
        self.recipe = recipe
        self.caches = caches
        self.shares = shares
        self.lexicon = lexicon
        self.alphabet = alphabet
        self.prototypes = prototypes
        self.generator = np.random.default_rng(recipe.seed)
        self.noise = torch.Generator()
        # Fresh layers draw their weights from torch's global state, which is put back for everybody else.
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(recipe.seed)
            self.branches = Branches(caches[0].features.shape[2], prototypes.shape[1], recipe.hidden, recipe.channels)
            self.noise.set_state(torch.get_rng_state())
        self.optimiser = torch.optim.AdamW(
            self.branches.parameters(), lr=recipe.learning_rate, weight_decay=recipe.weight_decay
        )
        self.step = 0

    def run(
        self,
        folder: Path,
        save_every: int = 500,
        evaluate: Callable[[Branches], dict[str, float]] | None = None,
        progress: StepProgress | None = None,
    ) -> None:
        """Train until the recipe's last step, saving to `folder`, its log.jsonl and its curves.png.

        A checkpoint in the folder is taken up where it stopped.
        """
        schedule = Schedule(folder, self.recipe.steps, save_every, save_every)
        take_up(self, schedule)
        steps = (self.train_step() for _ in range(self.step, self.recipe.steps))
        measure = (lambda: evaluate(self.branches)) if evaluate else None
        take_steps(self, steps, schedule, measure, progress)

    def train_step(self) -> dict[str, float]:
        """Take one optimiser step; return the loss terms."""
        recipe = self.recipe
        for group in self.optimiser.param_groups:
            group["lr"] = recipe.learning_rate * rate_factor(self.step, _WARM_UP, recipe.steps)
        features, region_words = self._sample()
        texts = words_to_compare(region_words, self.lexicon, self.recipe.others, self.generator)
        self.branches.train()
        losses = branch_loss(
            self.branches.regions(self._hide(features)),
            region_words,
            self.branches.words(self._hide(encode_texts(texts, self.alphabet, self.prototypes))),
            texts,
        )
        terms = descend(losses, recipe.terms, self.optimiser, self.branches.parameters(), 5.0, self.step)
        self.step += 1
        return terms

    def state(self) -> dict[str, Any]:
        """Return everything a later run needs to go on with the same numbers."""
        return {
            "recipe": asdict(self.recipe),
            "step": self.step,
            "branches": self.branches.state_dict(),
            "optimiser": self.optimiser.state_dict(),
            "generator": json.dumps(self.generator.bit_generator.state),
            "torch": self.noise.get_state(),
        }

    def load_state(self, state: dict[str, Any]) -> None:
        """Go on from a state that `state` returned."""
        self.step = state["step"]
        self.branches.load_state_dict(state["branches"])
        self.optimiser.load_state_dict(state["optimiser"])
        self.generator.bit_generator.state = json.loads(state["generator"])
        self.noise.set_state(state["torch"])

    def _sample(self) -> tuple[Tensor, list[str]]:
        rows: list[np.ndarray] = []
        words: list[str] = []
        for cache, share in zip(self.caches, self.shares, strict=True):
            count = min(len(cache.words), round(self.recipe.batch * share))
            chosen = np.sort(self.generator.choice(len(cache.words), count, replace=False))
            rows.append(cache.features[chosen])
            words += [cache.words[i] for i in chosen]
        return torch.from_numpy(np.concatenate(rows).astype(np.float32)), words

    def _hide(self, features: Tensor) -> Tensor:
        """Drop features out as `torch.nn.functional.dropout` does, but with the run's own random state."""
        kept = torch.empty_like(features).bernoulli_(1 - self.recipe.dropout, generator=self.noise)
        return features * kept.div_(1 - self.recipe.dropout)


def encode_texts(texts: Sequence[str], alphabet: Alphabet, prototypes: FloatArray) -> Tensor:
    """Return word features, (W, frames, F) float32, of normalised words."""
    return torch.from_numpy(np.stack([word_features(alphabet.encode(text), prototypes) for text in texts]))


def word_retrieval(
    branches: Branches | JointNetwork, cache: FeatureCache, alphabet: Alphabet, prototypes: FloatArray
) -> dict[str, float]:
    """Return the mean average precision of finding held-back crops by their own words."""
    branches.eval()
    words = sorted({word for word in cache.words if len(word) >= 3})
    with torch.no_grad():
        regions = branches.regions(torch.from_numpy(np.asarray(cache.features, np.float32)))
        queries = branches.words(encode_texts(words, alphabet, prototypes))
    cosines = (queries @ regions.T).numpy()
    written = np.array(cache.words)
    precisions = [average_precision(written == word, row) for word, row in zip(words, cosines, strict=True)]
    return {"held_back_map": float(np.mean(precisions))}
