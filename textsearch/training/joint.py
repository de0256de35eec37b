"""Joint training of the configuration `joint`: detection, reading and similarity in every step.

A step's data depends on the seed and the number of the step alone, so a stopped run goes on with the same data wherever
it stopped; on a CPU with the same numbers too, while some sums on CUDA are not always taken in one order.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from copy import deepcopy
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Literal, NamedTuple

import numpy as np
import torch
from numpy.random import Generator
from torch import Tensor

from textsearch.alphabet import Alphabet, normalise
from textsearch.features import SEQUENCE_LENGTH
from textsearch.geometry import slice_along
from textsearch.models.joint import JointNetwork, Reading, map_features
from textsearch.training.averaging import MovingAverage
from textsearch.training.branches import encode_texts
from textsearch.training.cores import CoreTargets, core_targets
from textsearch.training.losses import branch_loss, reading_loss, words_to_compare
from textsearch.training.map_losses import map_losses
from textsearch.training.pixels import network_input
from textsearch.training.samples import Sample, WordLabel
from textsearch.training.sources import RandomSource
from textsearch.training.steps import Schedule, StepProgress, descend, rate_factor, train_on_batches
from textsearch.training.strips import PlannedStrip, StripBatch, batches, plan, seen_letters
from textsearch.training.views import ViewRecipe, view
from textsearch.types import FloatArray

NOWHERE = -1
"""Owner of a strip whose sample the detector does not see."""

LONGEST_WORD = 25
"""Longer words are found but not read: a strip of 40 frames cannot spell much more."""


@dataclass(frozen=True)
class JointRecipe:
    """How the joint network is trained.

    The rates are for finished weights: five times as high, detection and reading got worse within 500 steps.

    Attributes:
        steps: optimiser steps in all.
        views: views per step.
        readings: further samples per step, at most, whose words are read but not looked for, until there are enough
            words: reading and similarity need more than a few views hold.
        words: words read per step, at most; 0: only the detector learns, all else stays as it is.
        others: words of the lexicon per step that are in no view.
        detector_rate: peak learning rate of the detector's neck and head; its backbone gets a third.
        trunk_rate: peak learning rate of the last blocks of the recogniser's trunk; what is before them stays as it is.
        branch_rate: peak learning rate of the two branches.
        warm_up: steps until the peak; from there the rates fall to zero along a cosine.
        weight_decay: AdamW's.
        average: decay of the moving average of the weights, which is what is kept in the end.
        hidden_maps: probability that a word is described without the detector's maps.
        read_loss: weight of the CTC loss.
        growth: of the cores that the map is to show, see `textsearch.training.cores`. The published map shows about
            these.
        view: how views are taken.
        device: where torch computes, "cpu" or "cuda".
        precision: of the convolutions; losses and weights are float32 always.
        seed: seeds everything random.
    """

    steps: int = 4000
    views: int = 2
    readings: int = 8
    words: int = 36
    others: int = 160
    detector_rate: float = 4e-5
    trunk_rate: float = 1e-5
    branch_rate: float = 1e-4
    warm_up: int = 100
    weight_decay: float = 1e-2
    average: float = 0.998
    hidden_maps: float = 0.3
    read_loss: float = 1.0
    growth: float = 1.0
    view: ViewRecipe = field(default_factory=ViewRecipe)
    device: str = "cpu"
    precision: Literal["float32", "bfloat16"] = "float32"
    seed: int = 0


class Batch(NamedTuple):
    """The data of one step.

    Attributes:
        images: (B, H, W, 3) uint8 RGB, the views.
        cores: (B, H, W) uint8.
        counted: (B, H, W) uint8.
        strips: words of the views, grouped by width.
    """

    images: Tensor
    cores: Tensor
    counted: Tensor
    strips: list[StripBatch]


class JointBatches:
    """Draws the batches of a run.

    Args:
        source: where samples come from.
        characters: characters that can be read; words with others are not read, only found.
        recipe: see `JointRecipe`.
    """

    def __init__(self, source: RandomSource, characters: set[str], recipe: JointRecipe) -> None:
        self.source = source
        self.characters = characters
        self.recipe = recipe

    def batch(self, step: int) -> Batch:
        """Return the batch of a step."""
        generator = np.random.default_rng([self.recipe.seed, step])
        views: list[Sample] = []
        targets: list[CoreTargets] = []
        strips: list[PlannedStrip] = []
        for number in range(self.recipe.views):
            seen = view(self.source.draw(generator), self.recipe.view, generator)
            views.append(seen)
            height, width = seen.image.shape[:2]
            targets.append(core_targets(seen.words, height, width, self.recipe.growth))
            strips += self._plan(seen, number, generator)
        for _ in range(self.recipe.readings):
            if len(strips) < self.recipe.words:
                strips += self._plan(self.source.draw(generator), NOWHERE, generator)
        if len(strips) > self.recipe.words:
            chosen = generator.choice(len(strips), self.recipe.words, replace=False)
            strips = [strips[i] for i in sorted(chosen)]
        return Batch(
            torch.from_numpy(np.stack([seen.image for seen in views])),
            torch.from_numpy(np.stack([target.cores for target in targets])),
            torch.from_numpy(np.stack([target.counted for target in targets])),
            batches([strip.cut() for strip in strips]),
        )

    def _plan(self, sample: Sample, owner: int, generator: Generator) -> list[PlannedStrip]:
        return [plan(sample.image, word, owner, generator) for word in sample.words if self._readable(word)]

    def _readable(self, word: WordLabel) -> bool:
        searched = word.legible and bool(normalise(word.text))
        return searched and len(word.text) <= LONGEST_WORD and self.characters.issuperset(word.text)


class JointTrainer:
    """Trains a joint network; everything random comes from the recipe's seed.

    Args:
        network: finished parts with their starting weights.
        batches: where batches come from; their recipe is that of the run.
        lexicon: normalised words that serve as negatives.
        alphabet: the recogniser's classes.
    """

    def __init__(
        self, network: JointNetwork, batches: JointBatches, lexicon: Sequence[str], alphabet: Alphabet
    ) -> None:
        self.batches = batches
        self.recipe = recipe = batches.recipe
        # Several times faster on a CPU: depthwise convolutions then read their channels side by side.
        self.device = torch.device(recipe.device)
        self.network: JointNetwork = network.to(self.device, memory_format=torch.channels_last)  # type: ignore[call-overload]
        self.lexicon = lexicon
        self.alphabet = alphabet
        self.classes = {character: number for number, character in enumerate(alphabet.characters)}
        self.prototypes: FloatArray = network.prototypes.cpu().numpy()
        self.optimiser = torch.optim.AdamW(self._groups(), weight_decay=recipe.weight_decay)
        self.average = MovingAverage(network, recipe.average)
        self.step = 0
        # Batch statistics of a few words would be worse than those the trunk was trained with.
        network.eval()
        # cuDNN goes back through recurrent layers in training mode alone; nothing else in the branches knows of modes.
        network.image.train()
        network.word.train()
        for parameter in network.parameters():
            parameter.requires_grad_(False)
        for group in self.optimiser.param_groups:
            for parameter in group["params"]:
                parameter.requires_grad_(True)

    def run(
        self,
        folder: Path,
        save_every: int = 100,
        evaluate: Callable[[JointNetwork], dict[str, float]] | None = None,
        evaluate_every: int = 500,
        progress: StepProgress | None = None,
        processes: int = 0,
    ) -> None:
        """Train until the recipe's last step.

        A checkpoint in the folder is taken up where it stopped.

        Args:
            folder: receives the checkpoint, the log.jsonl and the curves.png.
            save_every: steps between checkpoints, at which the means of the terms since the last one are logged.
            evaluate: measures the averaged weights; what it returns is logged.
            evaluate_every: steps between measurements, a multiple of `save_every`; the last step is always measured.
            progress: see `StepProgress`.
            processes: how many draw the next batches, see `batches_ahead`.
        """
        schedule = Schedule(folder, self.recipe.steps, save_every, evaluate_every)
        measure = (lambda: evaluate(self.averaged())) if evaluate else None
        train_on_batches(self, self.batches, schedule, measure, progress, processes)

    def train_step(self, batch: Batch) -> dict[str, float]:
        """Take one optimiser step; return the loss terms."""
        factor = rate_factor(self.step, self.recipe.warm_up, self.recipe.steps)
        for group in self.optimiser.param_groups:
            group["lr"] = group["peak"] * factor
        generator = np.random.default_rng([self.recipe.seed, self.step, 1])
        losses = self.losses(batch, generator)
        terms = descend(losses, losses, self.optimiser, self.network.parameters(), 5.0, self.step)
        self.step += 1
        self.average.follow(self.network, self.step)
        return terms

    def losses(self, batch: Batch, generator: Generator) -> dict[str, Tensor]:
        """Return the loss terms of a batch, weights included."""
        with self._precision():
            output = self.network.detect(network_input(batch.images.to(self.device)))
        terms = map_losses(output.logits.float(), batch.cores.to(self.device), batch.counted.to(self.device))
        features: list[Tensor] = []
        texts: list[str] = []
        read_losses: list[Tensor] = []
        for strips in batch.strips:
            with self._precision():
                reading = self.network.read(network_input(torch.from_numpy(strips.pixels).to(self.device)))
            read_losses.append(reading_loss(reading.log_probabilities, strips.used, strips.texts, self.classes))
            described, kept = self._describe(reading, strips, output.fused.float(), generator)
            features.append(described)
            texts += [normalise(strips.texts[number]) for number in kept]
        if read_losses:
            count = sum(len(strips.texts) for strips in batch.strips)
            terms["read"] = self.recipe.read_loss * torch.stack(read_losses).sum() / count
        if len(texts) > 1:
            words = words_to_compare(texts, self.lexicon, self.recipe.others, generator)
            vectors = self.network.words(encode_texts(words, self.alphabet, self.prototypes).to(self.device))
            terms |= branch_loss(self.network.regions(torch.cat(features)), texts, vectors, words)
        return terms

    def _precision(self) -> torch.autocast:
        return torch.autocast(self.device.type, torch.bfloat16, enabled=self.recipe.precision == "bfloat16")

    def _describe(
        self, reading: Reading, strips: StripBatch, fused: Tensor, generator: Generator
    ) -> tuple[Tensor, list[int]]:
        """Return region features of the words on which any letter was seen, and which words those are."""
        spans: list[tuple[int, int]] = []
        outlines: list[FloatArray] = []
        kept: list[int] = []
        for number, first, last in seen_letters(reading.log_probabilities, strips.used):
            spans.append((int(first), int(np.ceil(last))))
            used = int(strips.used[number])
            outlines.append(slice_along(strips.quadrilaterals[number], first / used, last / used))
            kept.append(number)
        if not kept:
            return reading.frames.new_zeros((0, SEQUENCE_LENGTH, self.network.image.embed.in_features)), []
        chosen = Reading(reading.frames[kept], reading.log_probabilities[kept])
        read = self.network.strip_features(chosen, torch.tensor(spans, device=self.device))
        owners = torch.from_numpy(strips.owners[kept]).to(self.device)
        maps = map_features(fused, torch.from_numpy(np.stack(outlines)).to(self.device), owners)
        shown = torch.from_numpy(generator.random(len(kept)) >= self.recipe.hidden_maps).to(self.device)
        return torch.cat([read, maps * shown[:, None, None]], dim=2), kept

    def _groups(self) -> list[dict[str, Any]]:
        network, recipe = self.network, self.recipe
        finders = [*network.detector.neck.parameters(), *network.detector.head.parameters()]
        rated = [
            (finders, recipe.detector_rate),
            (network.detector.backbone.parameters(), recipe.detector_rate / 3),
            (network.recogniser.trunk.last_blocks(), recipe.trunk_rate),
            ([*network.image.parameters(), *network.word.parameters()], recipe.branch_rate),
        ]
        return [{"params": list(parameters), "lr": rate, "peak": rate} for parameters, rate in rated]

    def averaged(self) -> JointNetwork:
        """Return a copy of the network with the averaged weights, in evaluation mode."""
        network = deepcopy(self.network)
        network.load_state_dict(self.average.weights)
        return network.eval()

    def state(self) -> dict[str, Any]:
        """Return everything a later run needs to go on; on a CPU with the same numbers."""
        return {
            "recipe": json.dumps(asdict(self.recipe)),
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
