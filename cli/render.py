"""One search result in the shape that its reader wants: a person, a pipe, a spreadsheet, a program."""

from __future__ import annotations

import csv
import io
import os
from pathlib import Path
from typing import TYPE_CHECKING

from textsearch.cli.output import printable

if TYPE_CHECKING:
    from rich.table import Table

    from textsearch.types import Hit, SearchResult

CSV_HEADER = ("rank", "score", "match", "path", "x1", "y1", "x2", "y2", "text")
_STYLES = {"exact": "green", "partial": "yellow", "similar": "cyan"}
_ESCAPES = str.maketrans({"\\": "\\\\", "\t": "\\t", "\n": "\\n", "\r": "\\r"})


def tsv(result: SearchResult) -> str:
    """Return one line a hit, without a header: rank, score, match, path, x1,y1,x2,y2 and text, with tabs between."""
    return "".join(
        tsv_line(str(hit.rank), f"{hit.score:.2f}", hit.kind, str(hit.path), box_text(hit_box(hit)), hit_text(hit))
        for hit in result
    )


def tsv_line(*values: str) -> str:
    r"""Return values as a line of TSV; a tab, line end or backslash inside a value becomes \t, \n, \r or \\."""
    return "\t".join(value.translate(_ESCAPES) for value in values) + "\n"


def comma_separated(result: SearchResult) -> str:
    """Return the hits as CSV with a header, scores at full precision."""
    lines = io.StringIO()
    writer = csv.writer(lines, lineterminator="\n")
    writer.writerow(CSV_HEADER)
    for hit in result:
        box = hit_box(hit) or ("", "", "", "")
        writer.writerow((hit.rank, hit.score, hit.kind, hit.path, *box, hit_text(hit)))
    return lines.getvalue()


def paths(result: SearchResult, *, null: bool = False) -> bytes:
    """Return the paths of the hits, best first, as the bytes the file system knows, each ended by a line end or NUL."""
    end = b"\0" if null else b"\n"
    return b"".join(os.fsencode(hit.path) + end for hit in result)


def table(result: SearchResult, here: Path) -> Table:
    """Return the hits as a table for a terminal; paths below the folder `here` are shown relative to it."""
    from rich.box import SIMPLE_HEAD
    from rich.table import Table
    from rich.text import Text

    shown = Table(box=SIMPLE_HEAD, pad_edge=False)
    shown.add_column("rank", justify="right")
    shown.add_column("score", justify="right")
    shown.add_column("match", no_wrap=True)
    shown.add_column("path", overflow="fold", ratio=3)
    shown.add_column("box", overflow="fold", style="dim")
    shown.add_column("text", overflow="fold", ratio=2)
    for hit in result:
        style = _STYLES[hit.kind]
        shown.add_row(
            str(hit.rank),
            f"{hit.score:.1f}",
            Text(hit.kind, style),
            Text(near_path(hit.path, here)),
            box_text(hit_box(hit)),
            Text(printable(hit_text(hit)), f"bold {style}"),
        )
    return shown


def near_path(path: Path, here: Path) -> str:
    """Return a path for a person: relative where it lies below `here`, without control characters."""
    return printable(str(path.relative_to(here) if path.is_relative_to(here) else path))


def hit_text(hit: Hit) -> str:
    """Return the text read in the matched regions; a region that answers two words of the query is named once."""
    return " ".join({match.region_id: match.text for match in hit.matches}.values())


def hit_box(hit: Hit) -> tuple[float, float, float, float] | None:
    """Return the box around all matched regions (left, top, right, bottom; pixels); None without a match."""
    if not hit.matches:
        return None
    boxes = [match.xyxy for match in hit.matches]
    lefts, tops, rights, bottoms = zip(*boxes, strict=True)
    return min(lefts), min(tops), max(rights), max(bottoms)


def box_text(box: tuple[float, float, float, float] | None) -> str:
    """Return a box as whole pixels x1,y1,x2,y2; nothing for None."""
    return ",".join(str(round(value)) for value in box) if box else ""
