"""`textsearch train`: train the similarity branches and export them."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from textsearch.cli.context import examples
from textsearch.cli.output import note
from textsearch.errors import MissingDependencyError

EXAMPLES = examples(
    "textsearch train runs/first --words street/words.jsonl:train --held-back street/words.jsonl:dev "
    "--lexicon /usr/share/dict/words --fonts /usr/share/fonts",
    then="Needs the extra [train]. A stopped run goes on where it stopped when the same command is given again.",
)


def train(
    run: Annotated[Path, typer.Argument(metavar="RUN", help="Folder of the run: caches, checkpoints, log, weights.")],
    words: Annotated[
        list[str],
        typer.Option("--words", metavar="FILE[:SPLIT]", help="Annotated words; may be given several times."),
    ],
    held_back: Annotated[
        str, typer.Option("--held-back", metavar="FILE[:SPLIT]", help="Annotated words that only measure progress.")
    ],
    lexicon: Annotated[Path, typer.Option("--lexicon", metavar="FILE", help="Words to draw, one a line.")],
    fonts: Annotated[Path, typer.Option("--fonts", metavar="DIR", help="Fonts to draw with.")],
    backgrounds: Annotated[Path | None, typer.Option("--backgrounds", metavar="DIR", help="Photos to draw on.")] = None,
    drawn: Annotated[int, typer.Option("--drawn", min=1, help="Number of drawn words.")] = 60_000,
    steps: Annotated[int, typer.Option("--steps", min=1, help="Optimiser steps.")] = 4_000,
    seed: Annotated[int, typer.Option("--seed", help="Seeds everything random.")] = 0,
) -> None:
    """Train the image and word branches over the frozen trunk, then export them as the package wants them."""
    try:
        from textsearch.training.loop import BranchRecipe
        from textsearch.training.train import Annotations, TrainingData
        from textsearch.training.train import train as train_branches
    except ModuleNotFoundError as error:
        package = str(error.name).partition(".")[0]
        raise MissingDependencyError(
            f'Training needs {package}, which is not installed; run: pip install "scene-textsearch[train]"'
        ) from error

    def annotations(argument: str) -> Annotations:
        file, _, split = argument.rpartition(":")
        if not file or "/" in split or "\\" in split:  # no split, though a Windows drive may have a colon
            return Annotations(Path(argument), None)
        return Annotations(Path(file), split or None)

    data = TrainingData(
        annotations=tuple(annotations(argument) for argument in words),
        held_back=annotations(held_back),
        lexicon=lexicon,
        fonts=fonts,
        backgrounds=backgrounds,
        drawn=drawn,
        seed=seed,
    )
    weights = train_branches(run, data, BranchRecipe(steps=steps, seed=seed), note)
    note(f"exported to {weights}")
