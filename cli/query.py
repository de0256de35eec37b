"""`textsearch query`: find the photos in which a text can be seen."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from textsearch.cli import render
from textsearch.cli.context import IndexOption, JsonOption, examples, open_database
from textsearch.cli.output import Color, console, emit, emit_json, note, note_error, shows_table
from textsearch.cli.search import (
    LANGUAGE,
    CategoryOption,
    ExhaustiveOption,
    Kinds,
    KindsOption,
    Known,
    LikeOption,
    Reranking,
    RerankOption,
    SceneOption,
    ScoreOption,
    Search,
    TextArgument,
    TopOption,
    UnderOption,
    nothing_found,
)
from textsearch.errors import QueryError

if TYPE_CHECKING:
    from textsearch.hits import SearchResult

EXAMPLES = f"""{LANGUAGE}

{
    examples(
        'textsearch query "coca cola"            the 20 best photos',
        'textsearch "coca cola"                  the same, shorter',
        "textsearch query sale --explain         why each photo was found",
        "textsearch query exit -k 5 --json       for a program: boxes, scores, the matched letters",
        "textsearch query pharmacy --explain     also those whose signs never say it",
        "textsearch query open --category cafe   of cafes only",
        "textsearch query sale --under 2024      of the photos in that folder, or below it",
        "textsearch query --like sign.jpg        what shows the same word as a picture",
        "textsearch query sale -l -0 | xargs -0 cp -t found/",
        "textsearch query --queries words.txt -k 0 > results.jsonl",
        then="The exit code is 0 if a photo was found, 1 if none was, 2 for an error.",
    )
}"""

JsonLinesOption = Annotated[bool, typer.Option("--jsonl", "--nl", help="Print one JSON object a query, on one line.")]
CsvOption = Annotated[bool, typer.Option("--csv", help="Print CSV with a header.")]
TsvOption = Annotated[
    bool, typer.Option("--tsv", help="Print rank, score, match, path, box, text with tabs; what a pipe gets.")
]
FilesOption = Annotated[bool, typer.Option("-l", "--files-with-matches", help="Print only the paths, best first.")]
NullOption = Annotated[bool, typer.Option("-0", "--null", help="As -l, but end each path with NUL, for xargs -0.")]
ExplainOption = Annotated[
    bool, typer.Option("--explain", help="Print why each photo was found and stands where it does.")
]
QueriesOption = Annotated[
    Path | None,
    typer.Option(
        "--queries",
        metavar="FILE",
        help="Ask many queries: one a line, or a JSON list of strings; - reads standard input. Prints JSON lines.",
    ),
]
ColorOption = Annotated[
    Color,
    typer.Option("--color", help="When to use colour; 'always' also keeps the table in a pipe, as for less -R."),
]


def query(
    text: TextArgument = None,
    index: IndexOption = None,
    top: TopOption = 20,
    match: KindsOption = Kinds.auto,
    min_score: ScoreOption = None,
    exhaustive: ExhaustiveOption = False,
    like: LikeOption = None,
    category: CategoryOption = None,
    scene: SceneOption = None,
    under: UnderOption = None,
    rerank: RerankOption = Reranking.auto,
    explain: ExplainOption = False,
    as_json: JsonOption = False,
    jsonl: JsonLinesOption = False,
    as_csv: CsvOption = False,
    as_tsv: TsvOption = False,
    files: FilesOption = False,
    null: NullOption = False,
    queries: QueriesOption = None,
    color: ColorOption = Color.auto,
) -> None:
    """Find the photos in which a text can be seen, best match first.

    All words should be in the photo, in any order; case, accents and punctuation do not matter. Each hit says how it
    matches: exact, partial (a part of a longer word), similar (misread or misspelt), or knowledge (the text names
    something that the photo is known to show).
    """
    search = Search(text, like, top, match, min_score, exhaustive, Known(rerank, category, scene), under)
    formats: dict[str, Callable[[SearchResult], None]] = {
        "--explain": lambda result: _print_explained(result, color),
        "--json": lambda result: emit_json(result.to_dict()),
        "--jsonl": lambda result: emit_json(result.to_dict(), indent=None),
        "--csv": lambda result: emit(render.comma_separated(result)),
        "--tsv": lambda result: emit(render.tsv(result)),
        "-l": lambda result: emit(render.paths(result, null=null)),
    }
    chosen = _chosen(formats, (explain, as_json, jsonl, as_csv, as_tsv, files or null))
    if queries is not None:
        if text or like is not None or chosen not in ([], ["--jsonl"]):
            raise typer.BadParameter("--queries takes the place of TEXT and always prints JSON lines")
        _ask_many(read_queries(queries), index, search)
        return
    search.check()
    with open_database(index) as database:
        result = search.answer(database)
    if chosen:
        formats[chosen[0]](result)
    elif shows_table(color):
        _print_table(result, color)
    else:
        emit(render.tsv(result))
    if not result:
        if result.nearest:
            note(nothing_found(result))
        raise typer.Exit(1)


def _chosen(names: Iterable[str], wanted: Iterable[bool]) -> list[str]:
    """Return the wanted format, none or one.

    Raises:
        typer.BadParameter: several are wanted.
    """
    chosen = [name for name, is_wanted in zip(names, wanted, strict=True) if is_wanted]
    if len(chosen) > 1:
        raise typer.BadParameter(f"choose one of {' and '.join(chosen)}")
    return chosen


def _print_table(result: SearchResult, color: Color) -> None:
    """Print the table, and on standard error how many photos were found, among how many, in what time."""
    screen = console(color)
    if result:
        screen.print(render.table(result, Path.cwd(), brackets=screen.color_system is None))
    _note_count(result)


def _print_explained(result: SearchResult, color: Color) -> None:
    """Print each hit with the numbers and reasons behind it, and the count on standard error."""
    screen = console(color)
    for part in render.explained(result, Path.cwd(), brackets=screen.color_system is None):
        screen.print(part)
    _note_count(result)


def _note_count(result: SearchResult) -> None:
    photos = "1 photo" if len(result) == 1 else f"{len(result)} photos"
    note(f"{photos} of {result.searched.images:,} in {result.took_ms:.0f} ms")


def _ask_many(queries: list[str], index: Path | None, search: Search) -> None:
    """Print one result object a query; one that cannot be asked gets one with the error, and the exit code is 2."""
    from textsearch.hits import SearchResult

    found = failed = False
    with open_database(index) as database:
        for text in queries:
            try:
                result = search.ask(database, text)
            except QueryError as error:
                failed = True
                note_error(error, f"{text!r}: ")
                nothing = SearchResult(text, (), 0.0, database.status().info)
                emit_json({**nothing.to_dict(), "error": str(error)}, indent=None)
                continue
            found = found or bool(result)
            emit_json(result.to_dict(), indent=None)
    if failed or not found:
        raise typer.Exit(2 if failed else 1)


def read_queries(source: Path) -> list[str]:
    """Return the queries of a file, exactly as written: one a line without empty lines, or a JSON list of strings.

    Args:
        source: the file, UTF-8; "-" is standard input.

    Raises:
        QueryError: the file cannot be read, or holds no query.
    """
    try:
        content = sys.stdin.buffer.read() if str(source) == "-" else source.read_bytes()
        text = content.decode("utf-8-sig")
    except OSError as error:
        raise QueryError(f"The file of queries {source} cannot be read: {error.strerror}.") from error
    except UnicodeDecodeError as error:
        raise QueryError(
            f"The file of queries {source} is not UTF-8 (byte {error.start}); convert it first."
        ) from error
    queries = _listed(text) if text.lstrip().startswith("[") else None
    if queries is None:
        queries = [line for part in text.split("\n") if (line := part.removesuffix("\r")).strip()]
    if not queries:
        raise QueryError(f"The file of queries {source} is empty; write one query a line, or a JSON list of strings.")
    return queries


def _listed(text: str) -> list[str] | None:
    """Return the strings of a JSON list; None if the text is no JSON, for a line may well begin with a bracket."""
    try:
        values = json.loads(text)
    except ValueError:
        return None
    if not isinstance(values, list) or not all(isinstance(value, str) for value in values):
        raise QueryError('The file of queries is JSON, but not a list of strings such as ["exit", "coca cola"].')
    return values
