"""`textsearch index`: read photos into the index."""

from __future__ import annotations

import os
import sys
from collections.abc import Collection, Sequence
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from textsearch.cli.context import IndexOption, JsonOption, examples, open_database
from textsearch.cli.output import emit_json, note
from textsearch.cli.progress import duration, progress_listener
from textsearch.errors import TextSearchError

if TYPE_CHECKING:
    from textsearch.types import Failure, IndexReport

_MOST_REASONS = 5
"""Reasons at most that are said at the end of a run."""

EXAMPLES = examples(
    "textsearch index ./gallery                    all photos below ./gallery",
    "textsearch index ./gallery                    again: only what is new or changed is read",
    "textsearch index . --exclude 'thumbs/*' -j 2",
    "find /photos -name '*.jpg' -print0 | textsearch index -",
    then="Stop it with Ctrl-C whenever you like; the next run continues where it stopped.",
)


class Preset(str, Enum):
    """The names in `textsearch.options.PRESETS`."""

    default = "default"
    fast = "fast"


def index(
    sources: Annotated[
        list[Path], typer.Argument(metavar="PATH", help="Folders or photos; - reads paths from standard input.")
    ],
    index: IndexOption = None,
    preset: Annotated[
        Preset | None,
        typer.Option(
            "--preset",
            help="How photos are read: default finds more small text, fast is faster. An index keeps its own.",
            show_default=False,
        ),
    ] = None,
    jobs: Annotated[
        int | None, typer.Option("-j", "--jobs", metavar="N", min=1, help="Processor cores to use.  [default: all]")
    ] = None,
    recursive: Annotated[bool, typer.Option("--recursive/--no-recursive", "-r", help="Look into subfolders.")] = True,
    include: Annotated[
        list[str] | None,
        typer.Option(
            "--include",
            metavar="GLOB",
            help="Only files whose name, or path below PATH, matches, such as '*.jpg' or '2024/*', in whatever "
            "capitals; may be repeated.",
        ),
    ] = None,
    exclude: Annotated[
        list[str] | None,
        typer.Option(
            "--exclude", metavar="GLOB", help="No files or folders that match, as for --include; may be repeated."
        ),
    ] = None,
    hidden: Annotated[
        bool, typer.Option("--hidden", help="Also files and folders whose name begins with a dot.")
    ] = False,
    follow: Annotated[bool, typer.Option("--follow", help="Also go into folders that are symbolic links.")] = False,
    limit: Annotated[
        int | None,
        typer.Option(
            "--limit", min=1, metavar="N", help="Read at most N photos in this run; what cannot be read does not count."
        ),
    ] = None,
    force: Annotated[
        bool, typer.Option("--force", help="Read photos again that have not changed, from the first on.")
    ] = False,
    retry_failed: Annotated[
        bool, typer.Option("--retry-failed", help="Try files again that failed before, although they have not changed.")
    ] = False,
    knowledge: Annotated[
        bool,
        typer.Option("--knowledge/--no-knowledge", help="Also find out what photos show and what their words mean."),
    ] = True,
    batch_size: Annotated[
        int, typer.Option("--batch-size", metavar="N", min=1, help="Photos that are saved at a time.")
    ] = 16,
    as_json: JsonOption = False,
    strict: Annotated[bool, typer.Option("--strict", help="End with exit code 2 if any file failed.")] = False,
    quiet: Annotated[bool, typer.Option("-q", "--quiet", help="Say nothing unless something is wrong.")] = False,
) -> None:
    """Read photos into the index; again, only what is new or changed.

    Renamed photos and copies cost nothing, and photos that vanished from these folders are forgotten; where a whole
    folder is empty, as if its disk were not there, they are kept until `textsearch prune`. Photos that an older version
    indexed are looked at again for what it did not know, but not read again. Photos are only read, never written. What
    is already indexed can be searched while this runs.
    """
    from textsearch.indexer.options import IndexOptions

    options = IndexOptions(
        jobs=jobs,
        batch_size=batch_size,
        recursive=recursive,
        include=tuple(include or ()),
        exclude=tuple(exclude or ()),
        hidden=hidden,
        follow_links=follow,
        limit=limit,
        force=force,
        retry_failed=retry_failed,
        knowledge=knowledge,
    )
    paths = [path for source in sources for path in (paths_from_stdin() if str(source) == "-" else [source])]
    if not paths:
        raise TextSearchError("No path came from standard input; nothing was indexed.")
    with open_database(index, preset.value if preset else None) as database:
        with progress_listener(quiet=quiet) as listener:
            report = database.index(*paths, options=options, progress=listener)
        location = database.location
        recorded = set(database.failures()) if report.failures else set()
    if as_json:
        emit_json({**report.to_dict(), "location": str(location)})
    elif not quiet:
        note(f"{summary(report)} -> {location}")
    _tell_failures(report.failures, recorded)
    if report.interrupted:
        raise typer.Exit(130)
    if strict and report.failures:
        raise typer.Exit(2)


def paths_from_stdin() -> list[Path]:
    """Return the paths on standard input: ended by NUL as `find -print0` writes them, else one a line."""
    content = sys.stdin.buffer.read()
    if b"\0" in content:
        return [Path(os.fsdecode(name)) for name in content.split(b"\0") if name]
    return [Path(os.fsdecode(name)) for line in content.split(b"\n") if (name := line.removesuffix(b"\r"))]


def summary(report: IndexReport) -> str:
    """Return what a run did in one line, without what it did not do."""
    counts = {
        "added": report.added,
        "updated": report.updated,
        "moved or copied": report.moved,
        "removed": report.removed,
        "unchanged": report.unchanged,
        "looked at again": report.described,
        "failed": len(report.failures),
        "failed before and not tried again": report.known_failures,
    }
    done = ", ".join(f"{count:,} {what}" for what, count in counts.items() if count) or "no photo found"
    if report.added or report.updated:
        done += f"; {report.regions:,} texts, {report.images_per_second:.1f} images/s"
    state = "stopped early; run it again to continue" if report.interrupted else "done"
    return f"{done}; {state} after {duration(report.seconds)}"


def _tell_failures(failures: Sequence[Failure], recorded: Collection[Failure]) -> None:
    """Say how many files failed and where the reasons are, or the reasons themselves where the index records none.

    Args:
        failures: those of this run.
        recorded: those that the index knows. It records none for photos that it keeps, nor for folders that are empty.
    """
    passing = [failure for failure in failures if failure not in recorded]
    for failure in passing[:_MOST_REASONS]:
        note(f"{failure.path}: {failure.reason}")
    if len(passing) > _MOST_REASONS:
        note(f"and {len(passing) - _MOST_REASONS:,} more like these; --json lists all")
    if count := len(failures) - len(passing):
        files = "1 file" if count == 1 else f"{count:,} files"
        note(f"{files} could not be read; `textsearch status --failed` shows why")
