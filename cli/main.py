"""The `textsearch` program: it joins the commands.

A command is: parse, one library call, render. What takes time to import (the database, rich, Pillow) is imported
inside the commands, so that help and shell completion are instant.
"""

from __future__ import annotations

import io
import sys
import traceback
from importlib.metadata import PackageNotFoundError, version
from typing import Annotated

import typer

from textsearch.cli import (
    adapt,
    categories,
    classifier_eval,
    classifier_train,
    demo,
    doctor,
    eval,
    export,
    index,
    info,
    prune,
    query,
    report,
    show,
    status,
    train,
)
from textsearch.cli.context import examples
from textsearch.cli.group import CommandGroup, TextCommand

app = typer.Typer(
    name="textsearch",
    cls=CommandGroup,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
    epilog=examples(
        "textsearch index ./gallery       read the photos, once; again when there are new ones",
        'textsearch "coca cola"           find the photos in which it can be seen',
        "textsearch demo                  see it work on drawn pictures",
        then="`textsearch COMMAND --help` tells more about a command.",
    ),
)

app.command("index", epilog=index.EXAMPLES)(index.index)
app.command("query", cls=TextCommand, epilog=query.EXAMPLES)(query.query)
app.command("report", cls=TextCommand, epilog=report.EXAMPLES)(report.report)
app.command("show", epilog=show.EXAMPLES)(show.show)
app.command("status", epilog=status.EXAMPLES)(status.status)
app.command("export", epilog=export.EXAMPLES)(export.export)
app.command("prune", epilog=prune.EXAMPLES)(prune.prune)
app.command("demo", epilog=demo.EXAMPLES)(demo.demo)
app.command("adapt", epilog=adapt.EXAMPLES)(adapt.adapt)
app.command("info", epilog=info.EXAMPLES)(info.info)
app.command("doctor", epilog=doctor.EXAMPLES)(doctor.doctor)
train.app.command("classifier", epilog=classifier_train.EXAMPLES)(classifier_train.classifier)
eval.app.command("classifier", epilog=classifier_eval.EXAMPLES)(classifier_eval.classifier)
app.add_typer(categories.app, name="categories")
app.add_typer(train.app, name="train")
app.add_typer(eval.app, name="eval")


def _show_version(wanted: bool) -> None:
    """Print the version and end, if that was asked for."""
    if wanted:
        try:
            number = version("scene-textsearch")
        except PackageNotFoundError:
            number = "(a checkout that is not installed)"
        typer.echo(f"textsearch {number}")
        raise typer.Exit


@app.callback()
def textsearch(
    show_version: Annotated[
        bool, typer.Option("--version", callback=_show_version, is_eager=True, help="Show the version and exit.")
    ] = False,
) -> None:
    """Find the photos in which a text can be seen.

    Index a folder of photos once, then search it by what stands on signs, labels, plates and posters. A first word
    that is no command is a query: `textsearch exit` means `textsearch query exit`. Photos are never changed, and
    nothing is sent or downloaded.
    """


def main() -> None:
    """Run the program; its exit code is that of grep for `query`: 0 found, 1 nothing found, 2 error."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            # A terminal that cannot show a letter gets its number; data goes out as bytes and is not concerned.
            stream.reconfigure(errors="backslashreplace")
    try:
        app()
    except KeyboardInterrupt:
        # Before a command runs, for example while modules are imported.
        sys.exit(130)
    except Exception:  # noqa: BLE001  (a mistake of the program's own; Python's exit code would say: nothing found)
        traceback.print_exc()
        sys.exit(2)
