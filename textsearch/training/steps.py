"""What all training shares: step after step, now and then a checkpoint, a line in the log and a measurement."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import torch

from textsearch.training.runs import describe_step, log_step, mean_terms, save_checkpoint

Terms = dict[str, float]
"""Loss terms and measurements by name."""

StepProgress = Callable[[int, Terms], None]
"""Receives the number of each step and its loss terms; at checkpoints what is logged."""

_CHECKPOINT = "checkpoint.pt"


class Trainer(Protocol):
    """Anything that learns step by step and can go on later."""

    step: int

    def state(self) -> dict[str, Any]:
        """Return everything a later run needs to go on with the same numbers."""
        ...

    def load_state(self, state: dict[str, Any]) -> None:
        """Go on from a state that `state` returned."""
        ...


@dataclass(frozen=True)
class Rhythm:
    """After how many steps something is done; after the last one everything is.

    Attributes:
        save: between checkpoints, at which the means of the loss terms since the last one are logged.
        evaluate: between measurements; a multiple of `save`.
    """

    save: int
    evaluate: int


def take_up(trainer: Trainer, folder: Path) -> None:
    """Let a trainer go on where the checkpoint in a folder stands, if there is one; make the folder if need be."""
    folder.mkdir(parents=True, exist_ok=True)
    checkpoint = folder / _CHECKPOINT
    if checkpoint.exists():
        trainer.load_state(torch.load(checkpoint, map_location="cpu", weights_only=True))


def take_steps(
    trainer: Trainer,
    steps: Iterable[Terms],
    last: int,
    folder: Path,
    rhythm: Rhythm,
    evaluate: Callable[[], Terms] | None = None,
    progress: StepProgress | None = None,
) -> None:
    """Take steps and keep checkpoint.pt, log.jsonl and curves.png in the run's folder.

    Args:
        trainer: takes them.
        steps: taking the next of them takes a step; gives its loss terms.
        last: number of the last one.
        folder: folder of the run.
        rhythm: when to save and to measure.
        evaluate: measures what was learnt; what it returns is logged.
        progress: see `StepProgress`.
    """
    since: list[Terms] = []
    for terms in steps:
        since.append(terms)
        done = trainer.step == last
        if done or trainer.step % rhythm.save == 0:
            terms = mean_terms(since)
            since.clear()
            if evaluate and (done or trainer.step % rhythm.evaluate == 0):
                terms |= evaluate()
            save_checkpoint(folder / _CHECKPOINT, trainer.state())
            log_step(folder, trainer.step, terms)
        if progress:
            progress(trainer.step, terms)


def told(progress: Callable[[str], None], last: int, every: int = 20) -> StepProgress:
    """Return what tells of every so many steps, of the last one, and of those that were measured, as a line of text."""

    def tell(step: int, terms: Terms) -> None:
        if step % every == 0 or step == last or "held_back_map" in terms:
            progress(describe_step(step, terms))

    return tell
