"""`textsearch adapt`: adapt the model to one gallery, without any label."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from textsearch.cli.context import IndexOption, JsonOption, examples, open_database
from textsearch.cli.output import emit_json, note
from textsearch.cli.progress import duration
from textsearch.errors import TextSearchError

if TYPE_CHECKING:
    from textsearch.training.adaptation.report import AdaptReport, Validation

EXAMPLES = examples(
    "textsearch adapt ./gallery                 learn from the photos of an index; the better model answers",
    "textsearch adapt ./gallery --minutes 20    train no longer than this",
    "textsearch adapt ./gallery --undo          let the model from before answer again",
    then="Needs the extra [train]. A stopped run goes on where it stopped when the same command is given again.",
)


def adapt(
    gallery: Annotated[
        Path | None,
        typer.Argument(metavar="GALLERY", help="A folder of indexed photos.", show_default=False),
    ] = None,
    index: IndexOption = None,
    steps: Annotated[int, typer.Option("--steps", metavar="N", min=3, help="Optimiser steps.")] = 450,
    minutes: Annotated[
        float | None,
        typer.Option("--minutes", metavar="M", min=0.1, help="Train no longer than this.", show_default=False),
    ] = None,
    seed: Annotated[int, typer.Option("--seed", help="Seeds everything random.")] = 0,
    jobs: Annotated[
        int | None, typer.Option("-j", "--jobs", metavar="N", min=1, help="Processor cores to use.  [default: all]")
    ] = None,
    undo: Annotated[bool, typer.Option("--undo", help="Go back to the model and the index from before.")] = False,
    as_json: JsonOption = False,
    quiet: Annotated[bool, typer.Option("-q", "--quiet", help="Say nothing unless something is wrong.")] = False,
) -> None:
    """Adapt the model to the photos of an index, without any label.

    It learns from the words that were found in them, and is then compared with the one before on words that it has not
    seen. If it is better, all photos are read again and it answers from then on, in every command; else nothing
    changes. The packaged model stays as it is, and photos are only read.
    """
    from textsearch.training.adaptation.report import AdaptOptions

    if gallery is not None and index is not None:
        raise typer.BadParameter("name the gallery or the index folder, not both")
    with open_database(index if gallery is None else _own_index(gallery)) as database:
        if gallery is not None and not database.holds(gallery):
            raise TextSearchError(
                f"No photo of {gallery} is in the index {database.location}; index it first: textsearch index {gallery}"
            )
        if undo:
            _tell_undone(database.undo_adapt(), as_json=as_json, quiet=quiet)
            return
        options = AdaptOptions(steps=steps, minutes=minutes, seed=seed, jobs=jobs)
        report = database.adapt(options=options, progress=None if quiet else note)
    if as_json:
        emit_json(report.to_dict())
    elif not quiet:
        for line in summary(report):
            note(line)


def _tell_undone(name: str, *, as_json: bool, quiet: bool) -> None:
    """Say which model answers again."""
    if as_json:
        emit_json({"model": name})
    elif not quiet:
        note(f"the model {name} answers again; photos that came since: textsearch index adds them")


def summary(report: AdaptReport) -> list[str]:
    """Return what an adaptation did, for a person."""
    checked = report.validation
    lines = [
        f"{report.strips:,} words cut out of the photos, {report.words:,} of them with a sure reading; "
        f"{checked.words:,} of these only checked the result",
        *_comparison(checked),
    ]
    if report.adopted:
        lines += [
            f"{report.photos:,} photos read again: {report.regions_before:,} texts before, {report.regions_after:,} "
            f"now, {report.readings_changed:,} of them new readings",
            f"the model {report.model} answers now; the same command with --undo goes back",
        ]
    else:
        lines.append(f"nothing changed, {report.model} goes on answering: {'; '.join(checked.objections)}")
    return [*lines, f"done after {duration(report.seconds)}"]


def _comparison(checked: Validation) -> list[str]:
    """Return one line for each thing both models were asked."""
    low, high = checked.gain
    return [
        f"finding degraded words  {checked.found_before:5.1f} -> {checked.found_after:5.1f} mAP  "
        f"(95 % interval of the change {low:+.1f} to {high:+.1f})",
        f"finding clean words     {checked.clean_before:5.1f} -> {checked.clean_after:5.1f} mAP",
        f"  words never learnt    {checked.unseen_before:5.1f} -> {checked.unseen_after:5.1f} mAP  "
        f"({checked.unseen:,} words)",
        f"reading degraded words  {checked.read_before:5.1f} -> {checked.read_after:5.1f} %",
        f"clean words read alike  {checked.alike:5.1f} %",
    ]


def _own_index(gallery: Path) -> Path | None:
    """Return the index that a gallery keeps, or that the path itself is; None: the one that every command finds."""
    from textsearch.location import locate_gallery

    own = locate_gallery(gallery)
    return own if own.is_dir() else None
