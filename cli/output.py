"""Where output goes: data on standard output, everything said to a person on standard error."""

from __future__ import annotations

import os
import sys
from enum import Enum
from typing import TYPE_CHECKING, Any

import typer

if TYPE_CHECKING:
    from rich.console import Console


class Color(str, Enum):
    """When to write in colour."""

    auto = "auto"
    always = "always"
    never = "never"


def emit(data: str | bytes) -> None:
    """Write data to standard output as UTF-8, whatever the locale; file names keep the bytes they have on disk."""
    typer.echo(data.encode("utf-8", "surrogateescape") if isinstance(data, str) else data, nl=False)


def emit_json(value: Any, indent: int | None = 2) -> None:
    """Write a value as one JSON document and a line end; undecodable bytes in file names become JSON escapes."""
    import json

    typer.echo(json.dumps(value, ensure_ascii=False, indent=indent).encode("utf-8", "backslashreplace"))


def note(message: str) -> None:
    """Say something to the person at the terminal, on standard error."""
    typer.echo(printable(message).encode("utf-8", "backslashreplace"), err=True)


def note_error(error: Exception, about: str = "") -> None:
    """Say what went wrong; a second and third line of a message point at the place."""
    for place, line in enumerate(str(error).split("\n")):
        note(line if place else f"textsearch: {about}{line}")


def printable(text: str) -> str:
    r"""Return the text without characters that a terminal would obey: escape sequences become \x1b and so on."""
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode("ascii") for c in text)


def console(color: Color = Color.auto) -> Console:
    """Return a rich console on standard output that follows --color, NO_COLOR and the kind of terminal."""
    from rich.console import Console

    class Screen(Console):
        """A console whose reader may leave: that is no error, and rich would end the program with 1."""

        def on_broken_pipe(self) -> None:
            raise BrokenPipeError

    if color is Color.always:
        # What was asked for on the command line goes before NO_COLOR, which rich would follow.
        return Screen(force_terminal=True, no_color=False, highlight=False)
    if color is Color.never or os.environ.get("NO_COLOR"):
        return Screen(color_system=None, highlight=False)
    return Screen(highlight=False)


def shows_table(color: Color = Color.auto) -> bool:
    """Return whether standard output is read by a person, or colour was demanded, as for `less -R`."""
    return color is Color.always or sys.stdout.isatty()


def close_broken_pipe() -> None:
    """Turn standard output to nowhere: its reader is gone, and Python would complain when it flushes at exit."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, sys.stdout.fileno())
    os.close(nowhere)
