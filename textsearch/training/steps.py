"""The loop that training shares: step after step, now and then a checkpoint, a line in the log and a measurement."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol, TypeVar

import torch
from torch import Tensor, nn

from textsearch.errors import TextSearchError
from textsearch.training.ahead import StepBatches, batches_ahead
from textsearch.training.runs import describe_step, log_step, mean_terms, save_checkpoint

Terms = dict[str, float]
"""Loss terms and measurements by name."""

StepProgress = Callable[[int, Terms], None]
"""Receives the number of each step and its loss terms; at checkpoints what is logged, means over all steps since."""

BatchIn = TypeVar("BatchIn", contravariant=True)


class Trainer(Protocol):
    """Anything that learns step by step and can go on later."""

    step: int

    def state(self) -> dict[str, Any]:
        """Return everything a later run needs to go on: on a CPU with the same numbers, on CUDA with the same data."""
        ...

    def load_state(self, state: dict[str, Any]) -> None:
        """Go on from a state that `state` returned."""
        ...


class BatchTrainer(Trainer, Protocol[BatchIn]):
    """A trainer that is given the batch of each step."""

    def train_step(self, batch: BatchIn) -> Terms:
        """Take one step; return its loss terms."""
        ...


@dataclass(frozen=True)
class Schedule:
    """What is done when in a run.

    Attributes:
        folder: keeps checkpoint.pt, log.jsonl and curves.png; made if need be.
        last: number of the last step, after which everything is done.
        save_every: steps between checkpoints, at which the means of the loss terms since the last one are logged.
        evaluate_every: steps between measurements, a multiple of `save_every`.

    Raises:
        ValueError: measurements would not fall on checkpoints.
    """

    folder: Path
    last: int
    save_every: int
    evaluate_every: int

    def __post_init__(self) -> None:
        """Look at the intervals."""
        if self.evaluate_every % self.save_every:
            raise ValueError(f"measuring every {self.evaluate_every} steps needs a checkpoint there")

    @property
    def checkpoint(self) -> Path:
        """Return the file that holds what a stopped run needs to go on."""
        return self.folder / "checkpoint.pt"


def rate_factor(step: int, warm_up: int, last: int, falls_from: int = 0) -> float:
    """Return which part of the peak learning rate a step takes: it rises evenly and falls to zero along a cosine.

    Args:
        step: counted from 0.
        warm_up: steps until it has risen.
        last: steps until it is zero.
        falls_from: the step at which the cosine begins; before `warm_up` the two are multiplied.
    """
    rise = min(1.0, (step + 1) / max(1, warm_up))
    return rise * 0.5 * (1 + math.cos(math.pi * max(0, step - falls_from) / max(1, last - falls_from)))


def descend(
    terms: Mapping[str, Tensor],
    trained: Iterable[str],
    optimiser: torch.optim.Optimizer,
    parameters: Iterable[Tensor],
    largest_gradient: float,
    step: int,
) -> Terms:
    """Take one optimiser step down the sum of loss terms; return the numbers of all terms and of the sum, "loss".

    Args:
        terms: each a single number.
        trained: names of the terms that are summed.
        optimiser: its rates are set.
        parameters: those whose common gradient is shortened to `largest_gradient` if it is longer.
        largest_gradient: a norm.
        step: for the message.

    Raises:
        TextSearchError: the loss or its gradient is no finite number; no weight was changed.
    """
    loss = torch.stack([terms[name] for name in trained]).sum()
    optimiser.zero_grad()
    loss.backward()  # type: ignore[no-untyped-call]
    norm = nn.utils.clip_grad_norm_(parameters, largest_gradient)
    # The program waits for the device here and nowhere else in a step.
    total, length, *values = torch.stack([loss, norm.to(loss), *terms.values()]).tolist()
    if not math.isfinite(total) or not math.isfinite(length):
        raise TextSearchError(
            f"At step {step} the loss is {total} and the norm of its gradient {length}; nothing was learnt from it and "
            "the checkpoint is older. Begin anew with a lower learning rate, or with float32 if it was bfloat16."
        )
    optimiser.step()
    return {"loss": total, **dict(zip(terms, values, strict=True))}


def take_up(trainer: Trainer, schedule: Schedule) -> None:
    """Let a trainer go on where the checkpoint of a run stands, if there is one."""
    schedule.folder.mkdir(parents=True, exist_ok=True)
    if schedule.checkpoint.exists():
        trainer.load_state(torch.load(schedule.checkpoint, map_location="cpu", weights_only=True))


def take_steps(
    trainer: Trainer,
    steps: Iterable[Terms],
    schedule: Schedule,
    evaluate: Callable[[], Terms] | None = None,
    progress: StepProgress | None = None,
) -> None:
    """Take steps, save and measure.

    Args:
        trainer: takes them.
        steps: taking the next of them takes a step; gives its loss terms.
        schedule: of the run.
        evaluate: measures what was learnt; what it returns is logged.
        progress: see `StepProgress`.
    """
    since: list[Terms] = []
    for terms in steps:
        since.append(terms)
        done = trainer.step == schedule.last
        if done or trainer.step % schedule.save_every == 0:
            terms = mean_terms(since)
            since.clear()
            if evaluate and (done or trainer.step % schedule.evaluate_every == 0):
                terms |= evaluate()
            save_checkpoint(schedule.checkpoint, trainer.state())
            log_step(schedule.folder, trainer.step, terms)
        if progress:
            progress(trainer.step, terms)


def train_on_batches(
    trainer: BatchTrainer[BatchIn],
    batches: StepBatches[BatchIn],
    schedule: Schedule,
    evaluate: Callable[[], Terms] | None = None,
    progress: StepProgress | None = None,
    processes: int = 0,
) -> None:
    """Let a trainer take all steps that are left, on batches that are drawn ahead.

    Args:
        trainer: takes them; goes on at the checkpoint of the run, if there is one.
        batches: draws the batch of any step.
        schedule: of the run.
        evaluate: see `take_steps`.
        progress: see `StepProgress`.
        processes: how many draw, see `batches_ahead`.

    Raises:
        TextSearchError: as `batches_ahead`.
    """
    take_up(trainer, schedule)
    with closing(batches_ahead(batches, trainer.step, schedule.last, processes)) as drawn:
        take_steps(trainer, map(trainer.train_step, drawn), schedule, evaluate, progress)


def as_lines(progress: Callable[[str], None], last: int, every: int = 20) -> StepProgress:
    """Return what tells of every so many steps, of the last one, and of those that were measured, as a line of text."""

    def tell(step: int, terms: Terms) -> None:
        if step % every == 0 or step == last or "held_back_map" in terms:
            progress(describe_step(step, terms))

    return tell
