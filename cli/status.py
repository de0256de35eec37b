"""`textsearch status`: what is indexed, and which files failed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from textsearch.cli import render
from textsearch.cli.context import IndexOption, JsonOption, examples, open_database
from textsearch.cli.output import emit, emit_json, note, printable, shows_table

if TYPE_CHECKING:
    from textsearch.location import Status
    from textsearch.types import Failure

EXAMPLES = examples(
    "textsearch status              how many photos, where the index is",
    "textsearch status --failed     the files that could not be read, and why",
)


def status(
    index: IndexOption = None,
    failed: Annotated[
        bool, typer.Option("--failed", help="List the files that could not be indexed, and why.")
    ] = False,
    as_json: JsonOption = False,
) -> None:
    """Tell what is indexed, where the index is and how large it is."""
    with open_database(index) as database:
        if failed:
            _print_failures(database.failures(), as_json=as_json)
            return
        state = database.status()
    if as_json:
        emit_json(state.to_dict())
    else:
        emit(as_text(state))


def as_text(state: Status) -> str:
    """Return the status as lines of a name and a value."""
    rows = {
        "index": printable(str(state.location)),
        "photos": f"{state.info.images:,}",
        "texts": f"{state.info.regions:,}",
        "failed": f"{state.failures:,}" + ("  (textsearch status --failed shows why)" if state.failures else ""),
        "size": size_text(state.bytes),
        "model": state.info.model,
        "generation": str(state.info.generation),
    }
    return "".join(f"{name:<12}{value}\n" for name, value in rows.items())


def size_text(size: int) -> str:
    """Return a number of bytes for a person.

    >>> size_text(512), size_text(2_300_000)
    ('512 bytes', '2.3 MB')
    """
    if size < 1000:
        return f"{size} bytes"
    scaled, units = size / 1000, ["kB", "MB", "GB", "TB"]
    while scaled >= 1000 and len(units) > 1:
        scaled, units = scaled / 1000, units[1:]
    return f"{scaled:.1f} {units[0]}"


def _print_failures(failures: list[Failure], *, as_json: bool) -> None:
    """Print path and reason of each failure: for a person, as TSV in a pipe, or as one JSON object."""
    if as_json:
        emit_json({"failures": [failure.to_dict() for failure in failures]})
    elif shows_table():
        for failure in failures:
            emit(f"{printable(str(failure.path))}\n    {printable(failure.reason)}\n")
    else:
        emit("".join(render.tsv_line(str(failure.path), failure.reason) for failure in failures))
    if not failures and not as_json:
        note("no file failed")
