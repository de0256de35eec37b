"""What the commands of `textsearch train` share: their options, and how data sets are named."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from textsearch.errors import MissingDependencyError

if TYPE_CHECKING:
    from textsearch.training.datasets.annotations import Annotations


class Precision(str, Enum):
    """Of the convolutions and recurrent layers."""

    float32 = "float32"
    bfloat16 = "bfloat16"


class Optimiser(str, Enum):
    """What changes the weights."""

    sgd = "sgd"
    adamw = "adamw"


RunArgument = Annotated[
    Path, typer.Argument(metavar="RUN", help="Folder of the run: checkpoints, log, curves.png, weights.")
]
WordsOption = Annotated[
    list[str] | None,
    typer.Option(
        "--words",
        metavar="FILE[:SPLIT]",
        help="Photos with their words in a words.jsonl; may be given several times.",
        show_default=False,
    ),
]
DataSetOption = Annotated[
    list[str] | None,
    typer.Option(
        "--dataset",
        metavar="FORM:DIR[:PART]",
        help="A published set as its publisher packed it; may be given several times.",
        show_default=False,
    ),
]
HELD_BACK = typer.Option(
    "--held-back",
    metavar="FILE[:SPLIT]",
    help="Annotated words that only measure progress, as for --words or --dataset.",
    show_default=False,
)
RequiredHeldBackOption = Annotated[str, HELD_BACK]
HeldBackOption = Annotated[str | None, HELD_BACK]
LexiconOption = Annotated[Path, typer.Option("--lexicon", metavar="FILE", help="Words to draw, one a line.")]
FontsOption = Annotated[Path, typer.Option("--fonts", metavar="DIR", help="Fonts to draw with.")]
BackgroundsOption = Annotated[
    Path | None, typer.Option("--backgrounds", metavar="DIR", help="Photos to draw on.", show_default=False)
]
UnlabelledOption = Annotated[
    Path | None,
    typer.Option(
        "--unlabelled",
        metavar="DIR",
        help="Photos without annotation; a trained network reads them once.",
        show_default=False,
    ),
]
PhotosOption = Annotated[
    list[Path],
    typer.Option("--photos", metavar="DIR", help="Photos that show text, not annotated; may be given several times."),
]
SeedOption = Annotated[int, typer.Option("--seed", help="Seeds everything random.")]
DeviceOption = Annotated[str, typer.Option("--device", metavar="cpu|cuda", help="Where torch computes.")]
PrecisionOption = Annotated[
    Precision, typer.Option("--precision", help="Of the convolutions; losses and weights are float32 always.")
]
ProcessesOption = Annotated[
    int,
    typer.Option(
        "--processes",
        min=0,
        help="Processes that draw the next steps' data; as many as it takes to keep a GPU busy. On a CPU: 0.",
    ),
]


@contextmanager
def training_packages() -> Iterator[None]:
    """Turn the lack of a package of the extra [train] into a sentence that says what to install."""
    try:
        yield
    except ModuleNotFoundError as error:
        package = str(error.name).partition(".")[0]
        raise MissingDependencyError(
            f'Training needs {package}, which is not installed; run: pip install "scene-textsearch[train]"'
        ) from error


def annotated_sets(words: list[str] | None, datasets: list[str] | None) -> tuple[Annotations, ...]:
    """Return what --words and --dataset name, in this order.

    Raises:
        TextSearchError: a data set is named wrongly.
    """
    from textsearch.training.datasets.annotations import data_set, words_file

    return (*map(words_file, words or ()), *map(data_set, datasets or ()))


def held_back_annotations(name: str) -> Annotations:
    """Return what --held-back names: a data set where a form stands before the first colon, else a words.jsonl.

    Raises:
        TextSearchError: the data set has no such part.
    """
    from textsearch.training.datasets.annotations import FORMS, data_set, words_file

    return data_set(name) if name.partition(":")[0] in (*FORMS, "words") else words_file(name)
