"""Training of the configuration `tdsl`: detection, similarity and spelling in every step, from end to end."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Literal, NamedTuple

import numpy as np
import torch
from numpy.random import Generator
from numpy.typing import NDArray
from torch import Tensor

from textsearch.models.efficientnet import EFFICIENTNET_LITE0_CHANNELS, load_efficientnet_lite0
from textsearch.models.sequence import letter_frames, spelling
from textsearch.models.tdsl import TdslConfig, TdslNetwork, build_tdsl
from textsearch.models.tdsl_encoder import network_input
from textsearch.models.vectors import vectors
from textsearch.training.augment import CropRecipe
from textsearch.training.detection_losses import detection_losses
from textsearch.training.losses import alter, published_losses, spelling_loss
from textsearch.training.samples import Sample
from textsearch.training.sources import RandomSource
from textsearch.training.steps import Schedule, StepProgress, descend, train_on_batches
from textsearch.training.targets import Locations, assign
from textsearch.types import FloatArray


@dataclass(frozen=True)
class TdslRecipe:
    """How the network is trained; the defaults are those of the paper's first part, but for the batch.

    Attributes:
        network: sizes of the parts.
        steps: optimiser steps in all.
        batch: photos per step. All their words are compared with each other, and only the hardest partner of each
            teaches. The paper's 64 photos lie on several GPUs that compare their own 16 alone, so a batch of 64 here is
            another objective, and 16 is the paper's with a noisier gradient.
        others: words of the lexicon per step that are in none of the photos; the paper takes none.
        altered: whether regions are also compared with an altered copy of each word; in the paper's second part not.
        optimiser: "sgd" with momentum as in the paper, or "adamw", which learns to spell in fewer steps.
        learning_rate: of the weights; biases learn twice as fast and do not decay.
        momentum: of the stochastic gradient descent.
        weight_decay: of the weights.
        warm_up: steps in which the rate rises from a third.
        decays: parts of the run after each of which the rate falls to a tenth.
        largest_gradient: longer gradients are shortened to this norm.
        device: where torch computes, "cpu" or "cuda".
        precision: of the convolutions and recurrent layers; losses and weights are float32 always.
        test_side: longer side at which held-back photos are searched, pixels.
        crop: how squares are taken from photos.
        seed: seeds everything random.
    """

    network: TdslConfig = field(default_factory=TdslConfig)
    steps: int = 90_000
    batch: int = 16
    others: int = 0
    altered: bool = True
    optimiser: Literal["sgd", "adamw"] = "sgd"
    learning_rate: float = 0.01
    momentum: float = 0.9
    weight_decay: float = 1e-4
    warm_up: int = 500
    decays: tuple[float, ...] = (1 / 3, 2 / 3)
    largest_gradient: float = 10.0
    device: str = "cpu"
    precision: Literal["float32", "bfloat16"] = "float32"
    test_side: int = 1280
    crop: CropRecipe = field(default_factory=CropRecipe)
    seed: int = 0


class TdslBatch(NamedTuple):
    """The data of one step.

    Attributes:
        images: (B, H, W, 3) uint8 RGB.
        boxes: for each image (N_i, 4) float32: left, top, right, bottom, pixels.
        legible: for each image (N_i,) bool.
        words: for each image the spelling of its N_i words; "" where not legible.
    """

    images: Tensor
    boxes: list[FloatArray]
    legible: list[NDArray[np.bool_]]
    words: list[list[str]]


def collect(samples: Sequence[Sample]) -> TdslBatch:
    """Make a batch of photos of one size. Words without any letter that can be spelt count as illegible."""
    boxes, legible, words = [], [], []
    for sample in samples:
        height, width = sample.image.shape[:2]
        corners = np.array([[word.polygon.min(axis=0), word.polygon.max(axis=0)] for word in sample.words], np.float32)
        clipped = np.clip(corners.reshape(-1, 2, 2), 0, [width, height]).astype(np.float32).reshape(-1, 4)
        spelt = [spelling(word.text) if word.legible else "" for word in sample.words]
        boxes.append(clipped)
        legible.append(np.array([bool(word) for word in spelt], np.bool_))
        words.append(spelt)
    images = torch.from_numpy(np.stack([sample.image for sample in samples]))
    return TdslBatch(images, boxes, legible, words)


class TdslBatches:
    """Draws the batches of a run.

    Args:
        source: gives squares of one size with their words.
        recipe: see `TdslRecipe`.
    """

    def __init__(self, source: RandomSource, recipe: TdslRecipe) -> None:
        self.source = source
        self.recipe = recipe

    def batch(self, step: int) -> TdslBatch:
        """Return the batch of a step."""
        generator = np.random.default_rng([self.recipe.seed, step])
        return collect([self.source.draw(generator) for _ in range(self.recipe.batch)])


class TdslTrainer:
    """Trains a network; everything random comes from the recipe's seed and the number of the step.

    Args:
        network: finished parts with their starting weights.
        batches: where batches come from; their recipe is that of the run.
        lexicon: words that serve as further negatives.
    """

    def __init__(self, network: TdslNetwork, batches: TdslBatches, lexicon: Sequence[str] = ()) -> None:
        self.batches = batches
        self.recipe = recipe = batches.recipe
        self.device = torch.device(recipe.device)
        self.network: TdslNetwork = network.to(self.device, memory_format=torch.channels_last)  # type: ignore[call-overload]
        self.lexicon = [word for word in map(spelling, lexicon) if word]
        self.optimiser = self._optimiser()
        self.step = 0

    def run(
        self,
        folder: Path,
        save_every: int = 200,
        evaluate: Callable[[TdslNetwork], dict[str, float]] | None = None,
        evaluate_every: int = 2000,
        progress: StepProgress | None = None,
        processes: int = 0,
    ) -> None:
        """Train until the recipe's last step.

        A checkpoint in the folder is taken up where it stopped.

        Args:
            folder: receives the checkpoint, the log.jsonl and the curves.png.
            save_every: steps between checkpoints, at which the means of the terms since the last one are logged.
            evaluate: measures the network, which is in evaluation mode; what it returns is logged.
            evaluate_every: steps between measurements, a multiple of `save_every`; the last step is always measured.
            progress: see `StepProgress`.
            processes: how many draw the next batches, see `batches_ahead`.
        """
        schedule = Schedule(folder, self.recipe.steps, save_every, evaluate_every)
        measure = (lambda: evaluate(self.network.eval())) if evaluate else None
        train_on_batches(self, self.batches, schedule, measure, progress, processes)

    def train_step(self, batch: TdslBatch) -> dict[str, float]:
        """Take one optimiser step; return the loss terms.

        Raises:
            TextSearchError: the loss or its gradient is no finite number.
        """
        generator = np.random.default_rng([self.recipe.seed, self.step, 1])
        for group in self.optimiser.param_groups:
            group["lr"] = group["factor"] * self._learning_rate()
        self.network.train()
        losses, longest = self.losses(batch, generator), self.recipe.largest_gradient
        terms = descend(losses, losses, self.optimiser, self.network.parameters(), longest, self.step)
        self.step += 1
        return terms

    def losses(self, batch: TdslBatch, generator: Generator) -> dict[str, Tensor]:
        """Return the loss terms of a batch, weights included: detection, similarity, spelling."""
        boxes = [torch.from_numpy(each).to(self.device) for each in batch.boxes]
        legible = [torch.from_numpy(each).to(self.device) for each in batch.legible]
        found = [each[kept] for each, kept in zip(boxes, legible, strict=True)]
        written = [word for words in batch.words for word in words if word]
        texts = self._word_list(written, generator)
        images = network_input(batch.images.to(self.device))
        halved = self.recipe.precision == "bfloat16"
        # On a CPU the backward pass of depthwise convolutions is several times slower in bfloat16.
        with torch.autocast(self.device.type, torch.bfloat16, enabled=halved and self.device.type != "cpu"):
            features = self.network.backbone(images)
        with torch.autocast(self.device.type, torch.bfloat16, enabled=halved):
            levels, maps = self.network.find(features)
            regions = self.network.encode_regions(levels, found)
            words = self.network.encode_words(letter_frames(texts).to(self.device))
            spelt = self.network.spell(regions)
        locations = Locations.of([(level.shape[2], level.shape[3]) for level in maps.logits], self.device)
        targets = [assign(locations, each, kept) for each, kept in zip(boxes, legible, strict=True)]
        return {
            **detection_losses(maps, targets),
            **published_losses(vectors(regions.float()), written, vectors(words.float()), texts),
            "spelling": spelling_loss(spelt, written),
        }

    def state(self) -> dict[str, Any]:
        """Return everything a later run needs to go on; on a CPU with the same numbers."""
        return {
            "recipe": json.dumps(asdict(self.recipe)),
            "step": self.step,
            "network": self.network.state_dict(),
            "optimiser": self.optimiser.state_dict(),
        }

    def load_state(self, state: dict[str, Any]) -> None:
        """Go on from a state that `state` returned."""
        self.step = state["step"]
        self.network.load_state_dict(state["network"])
        self.optimiser.load_state_dict(state["optimiser"])

    def _learning_rate(self) -> float:
        warmth = min(1.0, self.step / max(1, self.recipe.warm_up))
        passed = sum(self.step >= part * self.recipe.steps for part in self.recipe.decays)
        return self.recipe.learning_rate * (1 / 3 + 2 / 3 * warmth) * 0.1**passed

    def _optimiser(self) -> torch.optim.Optimizer:
        if self.recipe.optimiser == "adamw":
            return torch.optim.AdamW(self._groups(), lr=self.recipe.learning_rate)
        return torch.optim.SGD(self._groups(), lr=self.recipe.learning_rate, momentum=self.recipe.momentum)

    def _groups(self) -> list[dict[str, Any]]:
        learning = [item for item in self.network.named_parameters() if item[1].requires_grad]
        biases = [parameter for name, parameter in learning if "bias" in name]
        others = [parameter for name, parameter in learning if "bias" not in name]
        return [
            {"params": others, "factor": 1.0, "weight_decay": self.recipe.weight_decay},
            {"params": biases, "factor": 2.0, "weight_decay": 0.0},
        ]

    def _word_list(self, written: Sequence[str], generator: Generator) -> list[str]:
        """Return the words of the photos, an altered copy of each, and others."""
        altered = [alter(word, generator) for word in written] if self.recipe.altered else []
        count = self.recipe.others if self.lexicon else 0
        others = [self.lexicon[int(generator.integers(len(self.lexicon)))] for _ in range(count)]
        return [*written, *altered, *others]


def new_network(recipe: TdslRecipe) -> TdslNetwork:
    """Return the network a run begins with: EfficientNet-Lite0 from ImageNet, everything else from the seed.

    Raises:
        MissingDependencyError: the packages of the backbone are not installed.
    """
    # Fresh layers draw their weights from torch's global state, which is put back for everybody else.
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(recipe.seed)
        return build_tdsl(recipe.network, load_efficientnet_lite0(), EFFICIENTNET_LITE0_CHANNELS)
