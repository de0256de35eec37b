"""Self-training on one gallery: a network learns from what it reads for sure.

The network sees degraded views of strips whose reading is sure, and learns to read and to find
them all the same. Meanwhile it has to read clean strips, also those whose reading is not sure, as it did at the start.
"""

from __future__ import annotations

from collections.abc import Callable
from copy import deepcopy
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.random import Generator
from torch import Tensor

from textsearch.alphabet import Alphabet, normalise
from textsearch.models.joint import JointNetwork, Reading
from textsearch.runtime.sessions import network_input
from textsearch.training.adaptation.data import GalleryStrips
from textsearch.training.adaptation.degraded import degraded
from textsearch.training.averaging import MovingAverage
from textsearch.training.branches import encode_texts
from textsearch.training.losses import branch_loss, reading_loss, words_to_compare
from textsearch.training.steps import Schedule, StepProgress, descend, rate_factor, take_steps, take_up
from textsearch.training.strips import StripBatch, WordStrip, batches, seen_letters
from textsearch.types import ByteArray

_WHOLE = np.array([[0, 0], [1, 0], [1, 1], [0, 1]], np.float32)


@dataclass(frozen=True)
class SelfTrainingRecipe:
    """How a network is trained on its own readings.

    Attributes:
        steps: optimiser steps in all.
        words: degraded strips per step.
        kept: clean strips per step that must be read as before.
        others: readings of the gallery per step that are not on these strips.
        trunk_rate: peak learning rate of the last blocks of the recogniser's trunk.
        branch_rate: peak learning rate of the two branches.
        read_loss: weight of the CTC loss.
        keep_loss: weight of the divergence from the first reading.
        warm_up: steps until the peak; from there the rates fall to zero along a cosine.
        weight_decay: AdamW's.
        average: decay of the moving average of the weights.
        way: how far from the first weights to the averaged ones the kept ones lie; half way, most of what was learnt is
            kept and less of what was known before is lost.
        seed: seeds everything random.
    """

    steps: int = 300
    words: int = 32
    kept: int = 16
    others: int = 128
    trunk_rate: float = 1e-4
    branch_rate: float = 5e-4
    read_loss: float = 1.0
    keep_loss: float = 5.0
    warm_up: int = 30
    weight_decay: float = 1e-2
    average: float = 0.99
    way: float = 0.5
    seed: int = 0


class SelfTrainer:
    """Trains the last blocks of a network's trunk and both branches; the classifier stays as it is.

    Args:
        network: where to begin; it is trained in place.
        start: reads clean strips as they have to be read, the network before anything was learnt.
        strips: of the gallery; those held back are not looked at.
        alphabet: the recogniser's classes.
        recipe: see `SelfTrainingRecipe`.
    """

    def __init__(
        self,
        network: JointNetwork,
        start: JointNetwork,
        strips: GalleryStrips,
        alphabet: Alphabet,
        recipe: SelfTrainingRecipe,
    ) -> None:
        # Several times faster on a CPU: depthwise convolutions then read their channels side by side.
        self.network: JointNetwork = network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        self.start = start
        self.strips = strips
        self.alphabet = alphabet
        self.recipe = recipe
        self.classes = {character: number for number, character in enumerate(alphabet.characters)}
        self.prototypes = network.prototypes.numpy()
        self.sure = strips.places(sure=True, held_back=False)
        self.all = strips.places(sure=False, held_back=False)
        self.lexicon = sorted({normalise(strips.texts[place]) for place in self.sure})
        network.eval()  # batch statistics of a few words would be worse than those the trunk was trained with
        start.eval()
        for parameter in network.parameters():
            parameter.requires_grad_(False)
        self.optimiser = torch.optim.AdamW(self._groups(), weight_decay=recipe.weight_decay)
        for group in self.optimiser.param_groups:
            for parameter in group["params"]:
                parameter.requires_grad_(True)
        self.average = MovingAverage(network, recipe.average)
        self.step = 0

    def _groups(self) -> list[dict[str, Any]]:
        network, recipe = self.network, self.recipe
        rated = [
            (network.recogniser.trunk.last_blocks(), recipe.trunk_rate),
            ([*network.image.parameters(), *network.word.parameters()], recipe.branch_rate),
        ]
        return [{"params": parameters, "lr": rate, "peak": rate} for parameters, rate in rated]

    def run(self, folder: Path, save_every: int = 20, progress: StepProgress | None = None) -> None:
        """Train until the recipe's last step.

        A checkpoint in the folder is taken up where it stopped.

        Args:
            folder: receives the checkpoint, the log.jsonl and the curves.png; it is made if need be.
            save_every: steps between checkpoints, at which the means of the terms since the last one are logged.
            progress: see `StepProgress`.
        """
        schedule = Schedule(folder, self.recipe.steps, save_every, save_every)
        take_up(self, schedule)
        steps = (self.train_step() for _ in range(self.step, self.recipe.steps))
        take_steps(self, steps, schedule, progress=progress)

    def train_step(self) -> dict[str, float]:
        """Take one optimiser step; return the loss terms."""
        recipe = self.recipe
        factor = rate_factor(self.step, recipe.warm_up, recipe.steps)
        for group in self.optimiser.param_groups:
            group["lr"] = group["peak"] * factor
        losses = self.losses(np.random.default_rng([recipe.seed, self.step]))
        terms = descend(losses, losses, self.optimiser, self.network.parameters(), 5.0, self.step)
        self.step += 1
        self.average.follow(self.network, self.step)
        return terms

    def losses(self, generator: Generator) -> dict[str, Tensor]:
        """Return the loss terms of a step, weights included."""
        recipe = self.recipe
        read: list[Tensor] = []
        features: list[Tensor] = []
        texts: list[str] = []
        for batch in self._degraded(generator):
            reading = self.network.read(torch.from_numpy(network_input(batch.pixels)))
            read.append(reading_loss(reading.log_probabilities, batch.used, batch.texts, self.classes))
            described, kept = self._describe(reading, batch)
            features.append(described)
            texts += [normalise(batch.texts[place]) for place in kept]
        terms = {"read": recipe.read_loss * torch.stack(read).sum() / recipe.words}
        if len(texts) > 1:
            words = words_to_compare(texts, self.lexicon, self.recipe.others, generator)
            vectors = self.network.words(encode_texts(words, self.alphabet, self.prototypes))
            terms |= branch_loss(self.network.regions(torch.cat(features)), texts, vectors, words)
        clean = generator.choice(self.all, min(recipe.kept, len(self.all)), replace=False)
        divergences = [self._divergence(batch) for batch in batches([self._word(place) for place in clean])]
        terms["keep"] = recipe.keep_loss * torch.stack(divergences).sum() / len(clean)
        return terms

    def _degraded(self, generator: Generator) -> list[StripBatch]:
        chosen = generator.choice(self.sure, min(self.recipe.words, len(self.sure)), replace=False)
        return batches([self._word(place, lambda strip: degraded(strip, generator)) for place in sorted(chosen)])

    def _word(self, place: int, change: Callable[[ByteArray], ByteArray] = lambda strip: strip) -> WordStrip:
        return WordStrip(change(self.strips.strip(place)), self.strips.texts[place], _WHOLE, owner=0)

    def _divergence(self, batch: StripBatch) -> Tensor:
        """Return, summed over strips, by how much the mean frame is read differently from the start, in nats."""
        pixels = torch.from_numpy(network_input(batch.pixels))
        with torch.no_grad():
            before = self.start.read(pixels).log_probabilities
        now = self.network.read(pixels).log_probabilities
        frames = (before.exp() * (before - now)).sum(dim=2)  # (N, T)
        used = torch.arange(frames.shape[1])[None] < torch.from_numpy(batch.used)[:, None]
        return ((frames * used).sum(dim=1) / used.sum(dim=1)).sum()

    def _describe(self, reading: Reading, batch: StripBatch) -> tuple[Tensor, list[int]]:
        """Return region features of the strips on which any letter is seen, and which those are."""
        spans: list[tuple[int, int]] = []
        kept: list[int] = []
        for place, first, last in seen_letters(reading.log_probabilities, batch.used):
            spans.append((int(first), int(np.ceil(last))))
            kept.append(place)
        chosen = Reading(reading.frames[kept], reading.log_probabilities[kept])
        return self.network.strip_features(chosen, torch.tensor(spans, dtype=torch.long).reshape(-1, 2)), kept

    def adapted(self) -> JointNetwork:
        """Return a copy of the network with the weights to keep, in evaluation mode."""
        network = deepcopy(self.network)
        first = self.start.state_dict()
        kept = {
            name: torch.lerp(first[name], tensor, self.recipe.way) if tensor.dtype.is_floating_point else tensor
            for name, tensor in self.average.weights.items()
        }
        network.load_state_dict(kept)
        return network.eval()

    def state(self) -> dict[str, Any]:
        """Return everything a later run needs to go on with the same numbers."""
        return {
            "step": self.step,
            "network": self.network.state_dict(),
            "average": self.average.weights,
            "optimiser": self.optimiser.state_dict(),
        }

    def load_state(self, state: dict[str, Any]) -> None:
        """Go on from a state that `state` returned."""
        self.step = state["step"]
        self.network.load_state_dict(state["network"])
        self.average.load(state["average"])
        self.optimiser.load_state_dict(state["optimiser"])
