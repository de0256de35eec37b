"""What the commands share: the option that names the index, the way to the database, what is never overwritten."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from textsearch.errors import TextSearchError

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


def keep_files(out: Path, database: Database, *asked: Path, force: bool) -> None:
    """Raise TextSearchError if writing to `out` would overwrite what it must not.

    Args:
        out: the file to write.
        database: the index; its photos are never overwritten.
        asked: pictures that the command is about; they are never overwritten either.
        force: whether another file may be.
    """
    if not out.exists():
        return
    if any(picture.exists() and out.samefile(picture) for picture in asked):
        raise TextSearchError(f"--out {out} is the photo itself; give another name, photos are never overwritten.")
    if database.protects(out):
        raise TextSearchError(f"--out {out} is an indexed photo; give another name, photos are never overwritten.")
    if not force:
        raise TextSearchError(f"--out {out} exists already; give another name, or --force to replace it.")


def examples(*lines: str, then: str = "") -> str:
    """Return an epilog for the help: example lines as they are, without rewrapping, then a sentence."""
    return "\n".join(["\b", "Examples:", *(f"  {line}" for line in lines), "", then])
