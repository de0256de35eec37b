"""One search result in the shape that its reader wants: a person, a pipe, a spreadsheet, a program."""

from __future__ import annotations

import csv
import io
import os
from pathlib import Path
from typing import TYPE_CHECKING

from textsearch.cli.output import printable

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rich.table import Table
    from rich.text import Text

    from textsearch.explain import Reading
    from textsearch.hits import Hit, SearchResult
    from textsearch.types import IndexedPhoto, MatchKind

CSV_HEADER = ("rank", "score", "match", "path", "x1", "y1", "x2", "y2", "text")
TEXTS_HEADER = ("path", "region", "score", "x1", "y1", "x2", "y2", "text")
_STYLES = {"exact": "green", "partial": "yellow", "similar": "cyan", "knowledge": "magenta"}
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
    rows = (
        (hit.rank, hit.score, hit.kind, hit.path, *(hit_box(hit) or ("", "", "", "")), hit_text(hit)) for hit in result
    )
    return csv_line(*CSV_HEADER) + "".join(csv_line(*row) for row in rows)


def text_rows(photo: IndexedPhoto) -> Iterator[tuple[object, ...]]:
    """Yield a row of TEXTS_HEADER for each text of a photo."""
    for text in photo.texts:
        yield photo.path, text.region_id, 100 * text.text_score, *text.xyxy, text.text


def csv_line(*values: object) -> str:
    """Return values as a line of CSV."""
    line = io.StringIO()
    csv.writer(line, lineterminator="\n").writerow(values)
    return line.getvalue()


def paths(result: SearchResult, *, null: bool = False) -> bytes:
    """Return the paths of the hits, best first, as the bytes the file system knows, each ended by a line end or NUL."""
    end = b"\0" if null else b"\n"
    return b"".join(os.fsencode(hit.path) + end for hit in result)


def table(result: SearchResult, here: Path, *, brackets: bool) -> Table:
    """Return the hits as a table for a terminal.

    Args:
        result: the hits.
        here: paths below this folder are shown relative to it.
        brackets: whether the terminal shows no colour, so that matched letters need brackets.
    """
    from rich.box import SIMPLE_HEAD
    from rich.table import Table
    from rich.text import Text

    from textsearch.explain import readings

    shown = Table(box=SIMPLE_HEAD, pad_edge=False)
    shown.add_column("rank", justify="right")
    shown.add_column("score", justify="right")
    shown.add_column("match", no_wrap=True)
    shown.add_column("path", overflow="fold", ratio=3)
    shown.add_column("box", overflow="fold", style="dim")
    shown.add_column("text", overflow="fold", ratio=2)
    for hit in result:
        texts = [marked(reading, hit.kind, brackets=brackets) for reading in readings(hit.matches)]
        if not texts and hit.facts:
            texts = [Text(f"shows {printable(hit.facts[0].name)}", "dim")]
        shown.add_row(
            str(hit.rank),
            f"{hit.score:.1f}",
            Text(hit.kind, _STYLES[hit.kind]),
            Text(near_path(hit.path, here)),
            box_text(hit_box(hit)),
            Text(" ").join(texts),
        )
    return shown


def explained(result: SearchResult, here: Path, *, brackets: bool) -> Iterator[Text | Table]:
    """Yield for each hit its place, the numbers behind its matches, and the reasons; arguments as for `table`."""
    from rich.text import Text

    from textsearch.explain import reasons

    before: Hit | None = None
    for hit in result:
        head = Text(f"{hit.rank}  {hit.score:.1f}  ", "bold")
        yield head.append(hit.kind, f"bold {_STYLES[hit.kind]}").append(f"  {near_path(hit.path, here)}")
        if hit.matches:
            yield _evidence(hit, brackets=brackets)
        lines = [printable(reason) for reason in reasons(hit, before)]
        yield Text("".join(f"   {line}\n" for line in [*lines, components(hit)] if line))
        before = hit


def _evidence(hit: Hit, *, brackets: bool) -> Table:
    """Return the numbers behind each match of a hit as a table."""
    from rich.table import Table
    from rich.text import Text

    from textsearch.explain import readings
    from textsearch.types import box_around

    shown = Table(box=None, pad_edge=False, padding=(0, 3, 0, 0), header_style="dim")
    shown.add_column("  word", overflow="fold")
    shown.add_column("match", no_wrap=True)
    for name in ("score", "letters", "vectors"):
        shown.add_column(name, justify="right")
    shown.add_column("read as", overflow="fold")
    shown.add_column("letters at", overflow="fold", style="dim")
    for match in hit.matches:
        (reading,) = readings([match])
        shown.add_row(
            Text(f"  {printable(match.word)}"),
            Text(match.kind, _STYLES[match.kind]),
            f"{match.score:.0f}",
            *(("", "") if match.kind == "knowledge" else (f"{match.lattice_score:.2f}", f"{match.similarity:.2f}")),
            marked(reading, match.kind, brackets=brackets),
            box_text(box_around(match.letters or match.polygon)),
        )
    return shown


def components(hit: Hit) -> str:
    """Return what the score is made of, as one line; nothing where it is that of a single word."""
    parts = hit.explanation
    named = {"side by side and in order": parts.phrase, "known to show it": parts.knowledge}
    told = [f"{name} {value:.2f}" for name, value in named.items() if value is not None]
    if hit.kind != "knowledge":
        told = [f"words {parts.text:.2f}", *told] if told else []
    return f"Score {hit.score:.1f} of 100 from: {', '.join(told)}." if told else ""


def marked(reading: Reading, kind: MatchKind, *, brackets: bool) -> Text:
    """Return what was read, the letters that answer the query in bold and underlined, or in brackets."""
    from rich.text import Text

    if brackets:
        return Text(printable(reading.bracketed()))
    shown = Text(style=_STYLES[kind])
    for piece, answers in reading.pieces():
        shown.append(printable(piece), "bold underline" if answers else None)
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
    from textsearch.types import box_around

    return box_around([point for match in hit.matches for point in match.polygon])


def box_text(box: tuple[float, float, float, float] | None) -> str:
    """Return a box as whole pixels x1,y1,x2,y2; nothing for None."""
    return ",".join(str(round(value)) for value in box) if box else ""
