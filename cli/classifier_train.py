"""`textsearch train classifier`: teach the classifier other classes from labelled photos."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from textsearch.cli.context import examples
from textsearch.cli.output import note

EXAMPLES = examples(
    "textsearch train classifier runs/shops --data shops/labels.jsonl --split train",
    "textsearch eval classifier --data shops/labels.jsonl --split dev --weights runs/shops/classifier.safetensors",
    then="A stopped run goes on where it stopped when the same command is given again.",
)


def classifier(
    run: Annotated[Path, typer.Argument(help="Folder of the run.", metavar="RUN")],
    data: Annotated[Path, typer.Option("--data", metavar="FILE|DIR", help="labels.jsonl, or folders of photos.")],
    split: Annotated[str | None, typer.Option("--split", help="Only photos of this part.")] = None,
    variant: Annotated[
        str,
        typer.Option(
            "--variant", help="visual, text, literal, full or scrim: which parts the network has; the last has all."
        ),
    ] = "scrim",
    tie_distances: Annotated[
        bool, typer.Option("--tie-distances", help="Tie latent distances to those in the taxonomy (CKFR).")
    ] = False,
    elsewhere: Annotated[
        Path | None,
        typer.Option("--elsewhere", metavar="FILE|DIR", help="Photos of anything else; their labels do not matter."),
    ] = None,
    apart: Annotated[
        str | None,
        typer.Option("--apart", metavar="NAME", help="Name in labels.jsonl that holds a group; each is learnt apart."),
    ] = None,
    epochs: Annotated[int, typer.Option("--epochs", min=1, help="Passes over the photos.")] = 12,
    seed: Annotated[int, typer.Option("--seed", help="For everything random.")] = 0,
) -> None:
    """Train a classifier on labelled photos; it is written to RUN/classifier.safetensors."""
    from textsearch.training.classifier_run import TrainingData, recipe_of, train_classifier

    def listen(what: str, done: int, total: int) -> None:
        if done % 20 == 0 or done == total:
            note(f"{what} {done:,} of {total:,}")

    recipe = recipe_of(variant, tie_distances, epochs, seed)
    weights = train_classifier(run, TrainingData(data, split, apart, elsewhere), recipe, listen)
    note(f"Wrote {weights}")
