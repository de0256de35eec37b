"""`textsearch export`: everything that was read, for other programs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from textsearch.cli import render
from textsearch.cli.context import IndexOption, examples, open_database
from textsearch.cli.output import emit, emit_json

if TYPE_CHECKING:
    from textsearch.types import IndexedPhoto

EXAMPLES = examples(
    "textsearch export > texts.jsonl           one photo a line, as JSON: its texts, where they are, how sure",
    "textsearch export --csv > texts.csv       one text a line, for a spreadsheet",
    "textsearch export --tsv | grep -i hotel   one text a line: path, region, score, x1,y1,x2,y2 and text, with tabs",
    then="Photos are ordered by path. Boxes are pixels of the upright photo; scores go from 0 to 100, in JSON to 1.",
)


def export(
    index: IndexOption = None,
    as_csv: Annotated[bool, typer.Option("--csv", help="Print CSV with a header, one text a line.")] = False,
    as_tsv: Annotated[bool, typer.Option("--tsv", help="Print one text a line, with tabs between.")] = False,
) -> None:
    """Print every text of the index: photo, place, reading.

    Nothing is read again and nothing changes; it also works while photos are being indexed.
    """
    if as_csv and as_tsv:
        raise typer.BadParameter("choose one of --csv and --tsv")
    with open_database(index) as database:
        if as_csv:
            emit(render.csv_line(*render.TEXTS_HEADER))
        for photo in database.texts():
            if as_csv:
                emit("".join(render.csv_line(*row) for row in render.text_rows(photo)))
            elif as_tsv:
                emit(as_lines(photo))
            else:
                emit_json(photo.to_dict(), indent=None)


def as_lines(photo: IndexedPhoto) -> str:
    """Return one line for each text of a photo: path, region, score, x1,y1,x2,y2 and text, with tabs between."""
    return "".join(
        render.tsv_line(
            str(photo.path),
            str(text.region_id),
            f"{100 * text.text_score:.1f}",
            render.box_text(text.xyxy),
            text.text,
        )
        for text in photo.texts
    )
