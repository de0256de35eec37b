"""What every training run keeps in its folder besides its weights."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import torch

from textsearch.errors import TextSearchError
from textsearch.training.curves import draw_curves

_ARGUMENTS = "recipe.json"


def record_arguments(run: Path, arguments: dict[str, Any]) -> None:
    """Write down what a run was begun with, or make sure that it is the same as before.

    An argument that is None counts as not given, so that a run goes on under a version that knows more arguments.

    Args:
        run: the run's folder; it is made if need be.
        arguments: whatever shapes the run.

    Raises:
        TextSearchError: the run was begun with other arguments.
    """
    check_arguments(run, arguments)
    run.mkdir(parents=True, exist_ok=True)
    file = run / _ARGUMENTS
    if not file.exists():
        file.write_text(_text(arguments), encoding="utf-8")


def check_arguments(run: Path, arguments: dict[str, Any]) -> None:
    """Make sure that a run was not begun with other arguments, and write nothing; see `record_arguments`.

    Raises:
        TextSearchError: the run was begun with other arguments.
    """
    file = run / _ARGUMENTS
    if file.exists() and _given(json.loads(file.read_text(encoding="utf-8"))) != _given(json.loads(_text(arguments))):
        raise TextSearchError(f"{run} was begun with other arguments ({file}); use a new folder for this run.")


def _text(arguments: dict[str, Any]) -> str:
    return json.dumps(arguments, indent=2, default=str) + "\n"


def _given(value: Any) -> Any:
    """Return a JSON value without the entries that are null."""
    if isinstance(value, dict):
        return {name: _given(entry) for name, entry in value.items() if entry is not None}
    return [_given(entry) for entry in value] if isinstance(value, list) else value


def save_checkpoint(file: Path, state: Any) -> None:
    """Write what a run needs to go on; at any moment the file is the old one or the new one, whole."""
    temporary = file.with_suffix(".tmp")
    torch.save(state, temporary)
    temporary.replace(file)


def log_step(run: Path, step: int, terms: Mapping[str, float]) -> None:
    """Append the loss terms and measurements of a step to run/log.jsonl, and draw run/curves.png anew."""
    log = run / "log.jsonl"
    with log.open("a", encoding="utf-8") as lines:
        lines.write(json.dumps({"step": step, **terms}) + "\n")
    draw_curves(log, run / "curves.png")


def mean_terms(steps: Sequence[Mapping[str, float]]) -> dict[str, float]:
    """Return the mean of each term over those of the steps that have it."""
    names = dict.fromkeys(name for terms in steps for name in terms)
    values = {name: [terms[name] for terms in steps if name in terms] for name in names}
    return {name: sum(each) / len(each) for name, each in values.items()}


def describe_step(step: int, terms: Mapping[str, float]) -> str:
    """Return a step's terms as a line for a person."""
    return f"step {step} " + " ".join(f"{name} {value:.4f}" for name, value in terms.items())
