"""`textsearch prune`: forget photos that are gone."""

from __future__ import annotations

import os
import sys
from typing import Annotated

import typer

from textsearch.cli.context import IndexOption, examples, open_database
from textsearch.cli.output import emit, note
from textsearch.errors import TextSearchError

EXAMPLES = examples(
    "textsearch prune --dry-run     list what would be forgotten",
    "textsearch prune --yes         forget it without asking",
)


def prune(
    index: IndexOption = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only list the photos; change nothing.")] = False,
    yes: Annotated[bool, typer.Option("-y", "--yes", help="Do not ask.")] = False,
) -> None:
    """Forget the photos whose files no longer exist. Only the index changes; no file is ever deleted.

    A disk that is not connected makes its photos look gone, so look at the list before saying yes.
    """
    with open_database(index) as database:
        gone = database.prune(dry_run=True)
        emit(b"".join(os.fsencode(path) + b"\n" for path in gone))
        if not gone:
            note("every indexed photo is still there")
            return
        if dry_run:
            note(f"{len(gone):,} photos would be forgotten; nothing was changed")
            return
        if not yes:
            _ask(len(gone))
        gone = database.prune(only=gone)
    note(f"{len(gone):,} photos forgotten")


def _ask(count: int) -> None:
    """End the command unless the person at the terminal agrees.

    Raises:
        TextSearchError: nobody is there to answer.
    """
    if not _somebody_there():
        raise TextSearchError(f"{count:,} photos would be forgotten; say --yes to do it, or --dry-run to look first.")
    if not typer.confirm(f"Forget these {count:,} photos?", err=True):
        note("nothing was changed")
        raise typer.Exit(1)


def _somebody_there() -> bool:
    """Return whether a person can answer a question."""
    return sys.stdin.isatty()
