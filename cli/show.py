"""`textsearch show`: every text found in one photo, or where a query matches in it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from textsearch.cli import render
from textsearch.cli.context import IndexOption, JsonOption, examples, keep_files, open_database
from textsearch.cli.output import console, emit, emit_json, note, printable, shows_table
from textsearch.errors import TextSearchError

if TYPE_CHECKING:
    from PIL.Image import Image

    from textsearch.database import Database
    from textsearch.hits import SearchResult
    from textsearch.index.records import Notice
    from textsearch.types import FloatArray, Regions

EXAMPLES = examples(
    "textsearch show street.jpg                      list the texts and where they are, and what else is known",
    "textsearch show street.jpg --out marked.png     draw them",
    "textsearch show street.jpg --find sale          where a query matches in it, and why",
    "textsearch show street.jpg --find sale -o marked.png",
    then="With --find, the exit code is 0 if the photo matches, 1 if it does not, 2 for an error.",
)


def show(
    image: Annotated[
        Path, typer.Argument(metavar="IMAGE", help="The photo; only with --find must it be in the index.")
    ],
    out: Annotated[
        Path | None, typer.Option("-o", "--out", metavar="FILE", help="Draw the texts on a copy and save it here.")
    ] = None,
    find: Annotated[
        str | None,
        typer.Option("--find", metavar="TEXT", help="Only what matches this, with the matched letters marked."),
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Replace the drawing if it is there already.")] = False,
    index: IndexOption = None,
    as_json: JsonOption = False,
) -> None:
    """List the texts found in one photo, or draw them on a copy of it."""
    with open_database(index) as database:
        if out is not None:
            keep_files(out, database, image, force=force)
        if find is not None:
            _show_hit(_find(find, image, database), out, as_json=as_json)
            return
        regions = database.show(image)
        known = _known(database, image)
    if out is not None:
        from PIL.Image import fromarray

        from textsearch.images import read_image
        from textsearch.plot import draw_regions

        _save(draw_regions(fromarray(read_image(image)), regions), out)
        note(f"drew {len(regions)} texts on {out}")
    if as_json:
        emit_json({**as_dict(image, regions), "knowledge": None if known is None else [*map(known_as_dict, known)]})
    elif shows_table():
        _print_table(regions)
        _print_known(known or [], regions)
    else:
        emit(as_tsv(regions))


def _find(text: str, image: Path, database: Database) -> SearchResult:
    """Return the answer to a query with the one photo as its only hit, if it is one.

    Raises:
        TextSearchError: the photo is not in the index.
    """
    path = database.known_path(image)
    if path is None:
        raise TextSearchError(f"{image} is not in the index; run: textsearch index {image}")
    result = database.search(text, database.status().info.images)
    return replace(result, hits=tuple(hit for hit in result if path in (hit.path, *hit.copies)))


def _show_hit(result: SearchResult, out: Path | None, *, as_json: bool) -> None:
    """Draw and print where a query matches in the one photo of a result; without a hit the exit code is 1."""
    if result and out is not None:
        _save(result[0].plot(), out)
        matches = len(result[0].matches)
        note(f"drew {matches} {'match' if matches == 1 else 'matches'} on {out}")
    if as_json:
        emit_json(result.to_dict())
    elif shows_table():
        screen = console()
        for part in render.explained(result, Path.cwd(), brackets=screen.color_system is None):
            screen.print(part)
    else:
        emit(render.tsv(result))
    if not result:
        raise typer.Exit(1)


def _save(drawing: Image, out: Path) -> None:
    """Save a drawing.

    Raises:
        TextSearchError: the file cannot be written, or its suffix names no picture format.
    """
    try:
        drawing.save(out)
    except OSError as error:
        raise TextSearchError(f"--out {out} cannot be written: {error.strerror or error}.") from error
    except ValueError as error:
        raise TextSearchError(f"--out {out} has no suffix of a picture format; try {out.stem}.png.") from error


def _box(polygon: FloatArray) -> tuple[float, float, float, float]:
    """Return the box around a polygon (V, 2): left, top, right, bottom."""
    (left, top), (right, bottom) = polygon.min(axis=0).tolist(), polygon.max(axis=0).tolist()
    return left, top, right, bottom


def as_dict(image: Path, regions: Regions) -> dict[str, Any]:
    """Return the regions as JSON types, in the schema textsearch.regions/1."""
    found = [
        {
            "polygon": polygon.tolist(),
            "xyxy": list(_box(polygon)),
            "score": score,
            "text": text,
            "text_score": text_score,
            "line": line,
        }
        for polygon, score, text, text_score, line in zip(
            regions.polygons,
            regions.scores.tolist(),
            regions.texts,
            regions.text_scores.tolist(),
            regions.lines.tolist(),
            strict=True,
        )
    ]
    return {
        "schema": "textsearch.regions/1",
        "path": str(image.absolute()),
        "width": regions.width,
        "height": regions.height,
        "regions": found,
    }


def _known(database: Database, image: Path) -> list[Notice] | None:
    """Return what is known about a photo, in the regions that are found in it now; None if nothing is."""
    if not database.is_indexed(image):
        return None
    if not database.is_current(image):
        note(f"{image} or the model changed since it was indexed; to know what it shows: textsearch index {image}")
        return None
    return _understood(database.knowledge(image))


def _understood(notices: Sequence[Notice]) -> list[Notice]:
    """Return notices without those that another version's lexicon gave an identifier that this one does not know."""
    from textsearch.knowledge.lexicon import default_lexicon

    lexicon = default_lexicon()
    entities = set(lexicon.entity_identifiers)
    return [notice for notice in notices if notice.identifier in entities or lexicon.has_category(notice.identifier)]


def known_as_dict(notice: Notice) -> dict[str, Any]:
    """Return what is known about a photo as JSON types; `regions` are places in the list of regions."""
    name, kinds = _what(notice)
    return {
        "kind": notice.kind,
        "identifier": notice.identifier,
        "name": name,
        "kinds": kinds,
        "score": notice.score,
        "regions": list(notice.regions),
    }


def _what(notice: Notice) -> tuple[str, list[str]]:
    """Return the name of what a notice says, and of the categories that it belongs to, nearest first."""
    from textsearch.categories import main_kinds
    from textsearch.knowledge.lexicon import default_lexicon

    lexicon = default_lexicon()
    try:
        path = [category.name for category in lexicon.path(notice.identifier)]
        return path[0], path[1:]
    except KeyError:
        entity = lexicon.entity(notice.identifier)
        return entity.name, [lexicon.category(identifier).name for identifier in main_kinds(entity)]


def _print_known(known: Sequence[Notice], regions: Regions) -> None:
    """Print what is known about a photo, one thing a line, with the words that say it."""
    from rich.text import Text

    for notice in known:
        name, kinds = _what(notice)
        says = " ".join(regions.texts[place] for place in notice.regions if place < len(regions))
        source = {"entity": f"by {says!r}", "category": "by its kind", "scene": "by the picture"}[notice.kind]
        line = f"{100 * notice.score:>4.0f}  {name}  ({', '.join(kinds[:3])})  {source}"
        console().print(Text(printable(line)))


def as_tsv(regions: Regions) -> str:
    """Return one line a region, without a header: number, reading score, x1,y1,x2,y2 and text, with tabs between."""
    rows = zip(regions.text_scores.tolist(), regions.polygons, regions.texts, strict=True)
    return "".join(
        render.tsv_line(str(number), f"{100 * score:.1f}", render.box_text(_box(polygon)), text)
        for number, (score, polygon, text) in enumerate(rows, start=1)
    )


def _print_table(regions: Regions) -> None:
    """Print the regions as a table, and their number on standard error."""
    from rich.box import SIMPLE_HEAD
    from rich.table import Table
    from rich.text import Text

    table = Table(box=SIMPLE_HEAD, pad_edge=False)
    for name in ("#", "score"):
        table.add_column(name, justify="right")
    table.add_column("box", style="dim")
    table.add_column("text", overflow="fold")
    rows = zip(regions.text_scores.tolist(), regions.polygons, regions.texts, strict=True)
    for number, (score, polygon, text) in enumerate(rows, start=1):
        box = render.box_text(_box(polygon))
        table.add_row(str(number), f"{100 * score:.0f}", box, Text(printable(text), "bold"))
    if len(regions):
        console().print(table)
    note(f"{len(regions)} texts in {regions.width} x {regions.height} pixels")
