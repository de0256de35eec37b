"""`textsearch show`: every text found in one photo."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from textsearch.cli import render
from textsearch.cli.context import IndexOption, JsonOption, examples, open_database
from textsearch.cli.output import console, emit, emit_json, note, printable, shows_table
from textsearch.errors import TextSearchError

if TYPE_CHECKING:
    from textsearch.database import Database
    from textsearch.types import FloatArray, Regions

EXAMPLES = examples(
    "textsearch show street.jpg                      list the texts and where they are",
    "textsearch show street.jpg --out marked.png     draw them",
)


def show(
    image: Annotated[Path, typer.Argument(metavar="IMAGE", help="The photo; it need not be in the index.")],
    out: Annotated[
        Path | None, typer.Option("-o", "--out", metavar="FILE", help="Draw the texts on a copy and save it here.")
    ] = None,
    index: IndexOption = None,
    as_json: JsonOption = False,
) -> None:
    """List the texts found in one photo, or draw them on a copy of it."""
    with open_database(index) as database:
        if out is not None:
            _refuse_to_harm(out, image, database)
        regions = database.show(image)
    if out is not None:
        _save_drawing(image, regions, out)
        note(f"drew {len(regions)} texts on {out}")
    if as_json:
        emit_json(as_dict(image, regions))
    elif shows_table():
        _print_table(regions)
    else:
        emit(as_tsv(regions))


def _refuse_to_harm(out: Path, image: Path, database: Database) -> None:
    """Raise TextSearchError if saving to `out` would overwrite the photo itself or one that is indexed."""
    if not out.exists():
        return
    if image.exists() and out.samefile(image):
        raise TextSearchError(f"--out {out} is the photo itself; give another name, photos are never overwritten.")
    if database.is_indexed(out):
        raise TextSearchError(f"--out {out} is an indexed photo; give another name, photos are never overwritten.")


def _save_drawing(image: Path, regions: Regions, out: Path) -> None:
    """Draw the regions on a copy of the photo and save it.

    Raises:
        TextSearchError: the file cannot be written, or its suffix names no picture format.
    """
    from PIL import Image

    from textsearch.images import read_image
    from textsearch.plot import draw_regions

    drawing = draw_regions(Image.fromarray(read_image(image)), regions)
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
