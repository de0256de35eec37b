"""Pre-training of a trunk on strips without labels: relational contrast and masked strips (RCMSTR, 2024).

The two tasks share the trunk and nothing else: contrast never sees a masked strip, and masked strips only feed the
reconstruction.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any, Literal, Protocol

import torch
import torch.nn.functional as functional
from torch import Tensor, nn

from textsearch.errors import TextSearchError
from textsearch.training.pixels import network_input
from textsearch.training.pretraining.contrast import Queues, consistency_losses, cross_level_loss, level_losses
from textsearch.training.pretraining.draws import PretrainBatch, StripViews
from textsearch.training.pretraining.levels import DIMENSION, LEVELS, Level, Levels, windows
from textsearch.training.pretraining.masking import encode_visible, resize_visibility, visible_frames
from textsearch.training.pretraining.momentum import follow, momentum_copy, rising_momentum
from textsearch.training.pretraining.rearrange import permute, restore
from textsearch.training.pretraining.reconstruct import Decoder, reconstruction_loss
from textsearch.training.steps import Schedule, StepProgress, descend, rate_factor, train_on_batches
from textsearch.types import ByteArray

KEY_GROUP = 32
"""Strips whose keys share their batch statistics."""

Task = Literal["contrast", "mask", "keep"]


class Trunk(Protocol):
    """A `torch.nn.Module` that turns crops into frames.

    Attributes:
        features: F, features of a frame.
    """

    features: int

    def __call__(self, crops: Tensor) -> Tensor:
        """Map crops (B, 3, H, W) float, BGR, -1 to 1, to frames (B, T, F); T is even and divides W."""
        ...


@dataclass(frozen=True)
class PretrainRecipe:
    """How a trunk is pre-trained; the defaults suit a fresh trunk on a CPU.

    Attributes:
        tasks: what is learnt: "contrast", "mask", and "keep", which holds the frames near those of the starting trunk,
            so that a classifier that was trained on them goes on reading.
        levels: at which strips are compared.
        frame_distance: every so many-th frame is compared, other ones each step; 1 in the paper. Frames are by far the
            most, and neighbours much alike.
        rearranged: whether queries are strips as they are, ones with halves mixed in pairs, or both (as published).
        consistency: weight of the divergences, 0 for none; the default is the published 0.3, converted as
            `textsearch.training.pretraining.contrast.divergence` says. A weight of 0.3 there draws all parts of a
            strip towards its mean.
        steps: optimiser steps in all.
        batch: strips a step, an even number.
        optimiser: "adamw", or "sgd" with a momentum of 0.9 (the paper).
        learning_rate: peak rate of the predictors and the decoder.
        trunk_rate: peak rate of the trunk; a twentieth or less for a trained one.
        weight_decay: of the optimiser.
        warm_up: steps until the peak; from there the rates fall to zero along a cosine.
        momentum: of the momentum encoder, once it has risen to it.
        queue: keys kept of each level.
        temperature: of InfoNCE; 0.07 in the paper, with which a fresh trunk is worse than chance for long.
        consistency_temperature: of the divergences.
        hidden: part of a masked strip's cells that are hidden at random.
        band: least and greatest width of the band that is hidden besides, pixels.
        reconstruction: weight of the reconstruction.
        keep: weight of "keep".
        statistics: whether batch normalisation learns its statistics from these strips ("batch"), or keeps those of a
            trained trunk ("kept").
        device: where torch computes, "cpu" or "cuda".
        precision: of the networks; losses and weights are float32 always.
        seed: seeds everything random.
    """

    tasks: tuple[Task, ...] = ("contrast", "mask")
    levels: tuple[Level, ...] = LEVELS
    frame_distance: int = 4
    rearranged: Literal["never", "always", "both"] = "both"
    consistency: float = 0.3 / 65_536
    steps: int = 4000
    batch: int = 64
    optimiser: Literal["adamw", "sgd"] = "adamw"
    learning_rate: float = 2e-3
    trunk_rate: float = 2e-3
    weight_decay: float = 1e-2
    warm_up: int = 100
    momentum: float = 0.99
    queue: int = 4096
    temperature: float = 0.2
    consistency_temperature: float = 0.04
    hidden: float = 0.5
    band: tuple[int, int] = (12, 20)
    reconstruction: float = 1.0
    keep: float = 1.0
    statistics: Literal["batch", "kept"] = "batch"
    device: str = "cpu"
    precision: Literal["float32", "bfloat16"] = "float32"
    seed: int = 0


TRAINED_TRUNK = PretrainRecipe(
    tasks=("contrast", "mask", "keep"), statistics="kept", trunk_rate=1e-4, steps=300, batch=32, queue=2048, warm_up=30
)
"""For a trunk that reads already, in such small steps that its classifier goes on reading."""


class ContrastEncoder(nn.Module):
    """A trunk and its predictors: crops to unit vectors of every level."""

    def __init__(self, trunk: nn.Module, levels: Levels) -> None:
        super().__init__()
        self.trunk = trunk
        self.levels = levels


class Pretrainer:
    """Pre-trains a trunk in place; everything random comes from the recipe's seed.

    Args:
        trunk: a `Trunk`; of its parameters those learn that require a gradient. It must hold no dropout, whose
            randomness is torch's own.
        strips: (N, H, W, 3) uint8 RGB strips of text; may be memory-mapped.
        recipe: see `PretrainRecipe`.

    Raises:
        TextSearchError: there are fewer strips than a step takes.
        ValueError: the recipe's batch is odd, or the trunk's frames cannot be halved.
    """

    def __init__(self, trunk: nn.Module, strips: ByteArray, recipe: PretrainRecipe) -> None:
        if len(strips) < recipe.batch:
            raise TextSearchError(
                f"{len(strips)} strips of text are too few, a step takes {recipe.batch}; give more photos."
            )
        self.recipe = recipe
        self.device = torch.device(recipe.device)
        self.batches = StripViews(strips, recipe.batch, recipe.hidden, recipe.band, recipe.seed)
        height, width = strips.shape[1:3]
        frames, features = _frame_shape(trunk, height, width)
        if recipe.batch % 2 or frames % 2 or width % frames:
            raise ValueError(f"cannot halve {recipe.batch} strips of {frames} frames on {width} pixels in pairs")
        # Fresh layers draw their weights from torch's global state, which is put back for everybody else.
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(recipe.seed)
            self.encoder = ContrastEncoder(trunk, Levels(features, recipe.levels))
            self.decoder = Decoder(features, height, width // frames)
            self.queues = Queues(self.encoder.levels.predictors, recipe.queue, DIMENSION)
        # Several times faster on a CPU: depthwise convolutions then read their channels side by side.
        self.encoder.to(self.device, memory_format=torch.channels_last)  # type: ignore[call-overload]
        self.decoder.to(self.device)
        self.queues.to(self.device)
        self.momentum_encoder = momentum_copy(self.encoder)
        self.start = momentum_copy(trunk)
        self.optimiser = self._optimiser()
        self.step = 0
        self._training_mode()

    @property
    def trunk(self) -> nn.Module:
        """The trunk in training."""
        return self.encoder.trunk

    def run(
        self,
        folder: Path,
        save_every: int = 100,
        evaluate: Callable[[nn.Module], dict[str, float]] | None = None,
        evaluate_every: int = 500,
        progress: StepProgress | None = None,
        processes: int = 0,
    ) -> None:
        """Train until the recipe's last step.

        A checkpoint in the folder is taken up where it stopped.

        Args:
            folder: receives the checkpoint, the log.jsonl and the curves.png.
            save_every: steps between checkpoints, at which the means of the terms since the last one are logged.
            evaluate: measures the trunk, which is in evaluation mode then; what it returns is logged.
            evaluate_every: steps between measurements, a multiple of `save_every`; the last step is always measured.
            progress: see `StepProgress`.
            processes: how many draw the next batches, see `batches_ahead`.
        """
        schedule = Schedule(folder, self.recipe.steps, save_every, evaluate_every)
        measure = (lambda: self._measured(evaluate)) if evaluate else None
        train_on_batches(self, self.batches, schedule, measure, progress, processes)

    def _measured(self, evaluate: Callable[[nn.Module], dict[str, float]]) -> dict[str, float]:
        measured = evaluate(self.trunk.eval())
        self._training_mode()
        return measured

    def train_step(self, batch: PretrainBatch) -> dict[str, float]:
        """Take one optimiser step; return the loss terms."""
        recipe = self.recipe
        factor = rate_factor(self.step, recipe.warm_up, recipe.steps, falls_from=recipe.warm_up)
        for group in self.optimiser.param_groups:
            group["lr"] = group["peak"] * factor
        losses = self.losses(batch)
        parameters = [*self.encoder.parameters(), *self.decoder.parameters()]
        terms = descend(losses, losses, self.optimiser, parameters, 5.0, self.step)
        self.step += 1
        if "contrast" in recipe.tasks:
            follow(self.momentum_encoder, self.encoder, rising_momentum(self.step, self.recipe.momentum))
        return terms

    def losses(self, batch: PretrainBatch) -> dict[str, Tensor]:
        """Return the loss terms of a batch, weights included; the keys enter the queues."""
        first, second = (network_input(view.to(self.device)) for view in (batch.first, batch.second))
        terms: dict[str, Tensor] = {}
        if "contrast" in self.recipe.tasks:
            terms |= self._contrast(first, second, batch.order)
        if "mask" in self.recipe.tasks:
            terms["mask"] = self.recipe.reconstruction * self._reconstruction(first, batch.visible.to(self.device))
        if "keep" in self.recipe.tasks:
            terms["keep"] = self.recipe.keep * self._distance_to_start(first)
        return terms

    def state(self) -> dict[str, Any]:
        """Return everything a later run needs to go on; on a CPU with the same numbers."""
        return {
            "recipe": asdict(self.recipe),
            "step": self.step,
            "optimiser": self.optimiser.state_dict(),
            **{name: part.state_dict() for name, part in self._parts().items()},
        }

    def load_state(self, state: dict[str, Any]) -> None:
        """Go on from a state that `state` returned."""
        self.step = state["step"]
        self.optimiser.load_state_dict(state["optimiser"])
        for name, part in self._parts().items():
            part.load_state_dict(state[name])

    def _parts(self) -> dict[str, nn.Module]:
        return {
            "encoder": self.encoder,
            "decoder": self.decoder,
            "momentum_encoder": self.momentum_encoder,
            "queues": self.queues,
            "start": self.start,
        }

    def _contrast(self, first: Tensor, second: Tensor, order: tuple[int, ...]) -> dict[str, Tensor]:
        """Return InfoNCE and the divergences of one view's queries against the other's keys."""
        recipe = self.recipe
        keys = self._keys(second)
        queries = self.encoder.levels(self._query_frames(first, order))
        queues = self.queues.keys()
        repeats = len(next(iter(queries.values()))) // len(first)
        matching = {name: each.repeat(repeats, 1, 1) for name, each in keys.items()}
        compared, positives = self._thinned(queries), self._thinned(matching)
        terms = level_losses(compared, positives, queues, recipe.temperature)
        if recipe.consistency:
            related = consistency_losses(compared, positives, queues, recipe.consistency_temperature)
            related |= self._cross_level(queries, matching, queues)
            terms |= {name: recipe.consistency * term for name, term in related.items()}
        self.queues.push(self._thinned(keys))
        return terms

    @torch.no_grad()
    def _keys(self, crops: Tensor) -> dict[str, Tensor]:
        """Return the momentum encoder's vectors of every level.

        With batch normalisation a query could tell its own key by the statistics of the batch that both come from;
        MoCo shuffles strips between devices against that. Here keys come from groups that are parts of the batch.
        """
        groups = len(crops) // KEY_GROUP if len(crops) % KEY_GROUP == 0 else 1
        vectors = []
        for number in range(groups):
            with self._precision():
                frames = self.momentum_encoder.trunk(crops[number::groups])
            vectors.append(self.momentum_encoder.levels(frames.float()))
        return {name: torch.stack([each[name] for each in vectors], dim=1).flatten(0, 1) for name in vectors[0]}

    def _cross_level(
        self, queries: dict[str, Tensor], keys: dict[str, Tensor], queues: dict[str, Tensor]
    ) -> dict[str, Tensor]:
        """Return the divergence of every level from the next coarser one."""
        losses: dict[str, Tensor] = {}
        names = list(queries)
        for fine, coarse in pairwise(names):
            parts = windows(queries[fine], keys[coarse].shape[1])
            if fine == "frame":
                parts = parts[:, :, self._places]
            losses[f"consistency_{fine}_{coarse}"] = cross_level_loss(
                parts, keys[coarse], queues[coarse], self.recipe.consistency_temperature
            )
        return losses

    @property
    def _places(self) -> slice:
        """Which frames this step compares."""
        return slice(self.step % self.recipe.frame_distance, None, self.recipe.frame_distance)

    def _thinned(self, vectors: dict[str, Tensor]) -> dict[str, Tensor]:
        """Return those of the vectors (N, n, D) of every level that this step compares."""
        return {name: each[:, self._places] if name == "frame" else each for name, each in vectors.items()}

    def _query_frames(self, crops: Tensor, order: tuple[int, ...]) -> Tensor:
        """Return frames of strips as they are, of rearranged ones put back in order, or of the former, then these."""
        chosen = self.recipe.rearranged
        plain = [crops] if chosen != "always" else []
        mixed = [permute(crops, order)] if chosen != "never" else []
        with self._precision():
            frames: Tensor = self.trunk(torch.cat([*plain, *mixed]))
        count = len(plain) * len(crops)
        first, last = frames[:count].float(), frames[count:].float()
        return torch.cat([first, restore(last, order)])

    def _reconstruction(self, crops: Tensor, visible: Tensor) -> Tensor:
        alone = set(self.recipe.tasks) == {"mask"}  # else strips without a mask tell the running statistics
        with self._precision():
            frames = encode_visible(self.trunk, crops, visible, track=alone)
            guessed = self.decoder(frames, visible_frames(visible, frames.shape[1]))
        return reconstruction_loss(guessed.float(), crops, resize_visibility(visible, *crops.shape[2:]))

    def _distance_to_start(self, crops: Tensor) -> Tensor:
        """Return the squared distance to the starting trunk's frames, relative to their own size."""
        with self._precision():
            frames = self.trunk(crops).float()
            with torch.no_grad():
                before = self.start(crops).float()
        distance: Tensor = functional.mse_loss(frames, before) / before.square().mean()
        return distance

    def _optimiser(self) -> torch.optim.Optimizer:
        recipe = self.recipe
        heads = [*self.encoder.levels.parameters(), *self.decoder.parameters()]
        trunk = [parameter for parameter in self.trunk.parameters() if parameter.requires_grad]
        groups = [{"params": trunk, "peak": recipe.trunk_rate}, {"params": heads, "peak": recipe.learning_rate}]
        if recipe.optimiser == "sgd":
            return torch.optim.SGD(groups, lr=0.0, momentum=0.9, weight_decay=recipe.weight_decay)
        return torch.optim.AdamW(groups, lr=0.0, weight_decay=recipe.weight_decay)

    def _training_mode(self) -> None:
        """Normalise over the batch, but for a trained trunk's own batch normalisation where its statistics are kept."""
        for encoder in (self.encoder, self.momentum_encoder):
            encoder.train()
            if self.recipe.statistics == "kept":
                for module in encoder.trunk.modules():
                    if isinstance(module, nn.BatchNorm2d):
                        module.eval()

    def _precision(self) -> torch.autocast:
        return torch.autocast(self.device.type, torch.bfloat16, enabled=self.recipe.precision == "bfloat16")


def _frame_shape(trunk: nn.Module, height: int, width: int) -> tuple[int, int]:
    """Return T and F, the number of frames of a strip and of the features of each; the trunk stays as it was."""
    with torch.no_grad():
        _, count, features = momentum_copy(trunk).cpu()(torch.zeros(1, 3, height, width)).shape
    return count, features
