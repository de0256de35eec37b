"""What the commands share: the option that names the index, the way to the database, examples in the help."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from textsearch.database import Database

IndexOption = Annotated[
    Path | None,
    typer.Option(
        "-i",
        "--index",
        metavar="DIR",
        help="The index folder.  [default: $TEXTSEARCH_INDEX, else the nearest .textsearch/ here or above, else one "
        "per user]",
        show_default=False,
    ),
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print one JSON object on standard output.")]


def open_database(index: Path | None, preset: str | None = None) -> Database:
    """Return the database at the place the user named, or where a person would look for it.

    Args:
        index: the place.
        preset: how photos are read; None: as the index was begun.

    The import is here because it takes longer than showing the help.
    """
    from textsearch.database import open as open_at

    return open_at(index=index, preset=preset)


def examples(*lines: str, then: str = "") -> str:
    """Return an epilog for the help: example lines as they are, without rewrapping, then a sentence."""
    return "\n".join(["\b", "Examples:", *(f"  {line}" for line in lines), "", then])
