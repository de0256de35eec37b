"""`textsearch eval classifier`: how well photos are told apart by what they show, what they say and what is known."""

from __future__ import annotations

import time
from enum import Enum
from pathlib import Path
from typing import Annotated

import typer

from textsearch.cli.context import JsonOption, examples
from textsearch.cli.output import emit, emit_json, note
from textsearch.cli.progress import SECONDS_BETWEEN_LINES

EXAMPLES = examples(
    "textsearch eval classifier --data photos/labels.jsonl --split dev --json",
    "textsearch eval classifier --data photos/labels.jsonl --variant zero-shot",
    then='A line of labels.jsonl: {"image": "a.jpg", "label": "cafe", "split": "dev"}. Classes that '
    "the classifier was not trained on are ranked by knowledge: their names and where they stand in the taxonomy.",
)


class Classifiers(str, Enum):
    """What tells the classes apart."""

    visual = "visual"
    text = "text"
    full = "full"
    zero_shot = "zero-shot"


def classifier(
    data: Annotated[Path, typer.Option("--data", metavar="FILE|DIR", help="labels.jsonl, or folders of photos.")],
    split: Annotated[str | None, typer.Option("--split", help="Only photos of this part.")] = None,
    variant: Annotated[
        Classifiers,
        typer.Option("--variant", help="The picture alone, its words alone, all; or knowledge without training."),
    ] = Classifiers.full,
    weights: Annotated[
        Path | None,
        typer.Option("--weights", metavar="FILE", help="What was trained.  [default: the packaged one]"),
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Measure how well photos are classified.

    Prints fractions: accuracy, macro_ap (average precision of each class, averaged) and mrr (1 / rank of the right
    class, averaged within classes, then over them; the papers call it mAP). Only classes that occur in the data
    compete.
    """
    from textsearch.evaluation.classification import evaluate_classifier

    last = time.monotonic()

    def listen(done: int, total: int) -> None:
        nonlocal last
        if time.monotonic() - last >= SECONDS_BETWEEN_LINES:
            last = time.monotonic()
            note(f"{done:,} of {total:,} photos")

    result = evaluate_classifier(data, split, variant.value, weights, listen)
    if as_json:
        emit_json(result.to_dict())
        return
    shown = {
        name: f"{value:.4f}" if isinstance(value, float) else str(value) for name, value in result.to_dict().items()
    }
    widths = {name: max(len(name), len(value)) for name, value in shown.items()}
    for row in (dict(zip(shown, shown, strict=True)), shown):
        emit("  ".join(row[name].ljust(widths[name]) for name in shown).rstrip() + "\n")
