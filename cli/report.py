"""`textsearch report`: the hits of a query as one page to keep or to send."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from textsearch.cli.context import IndexOption, examples, keep_files, open_database
from textsearch.cli.output import note
from textsearch.cli.search import (
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
from textsearch.cli.status import size_text

EXAMPLES = examples(
    'textsearch report "coca cola" -o hits.html            one file: open it in a browser, send it, print it',
    "textsearch report '\"grand hotel\"' -o hotel.html -k 50",
    "textsearch report --like sign.jpg -o sign.html        what shows the same word as a picture",
    then="TEXT is as for `textsearch query`, whose help tells the language. The exit code is 0 if the page was "
    "written, 1 if nothing was found (then there is no page), 2 for an error.",
)


def report(
    out: Annotated[Path, typer.Option("-o", "--out", metavar="FILE", help="The page to write, for example hits.html.")],
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
    force: Annotated[bool, typer.Option("--force", help="Replace the page if it is there already.")] = False,
) -> None:
    """Write the hits of a query as one HTML page: photos with boxes, matched letters, scores and reasons.

    The page holds reduced copies of the photos, so it can be moved and sent. It shows the photos' file names and
    folders.
    """
    search = Search(text, like, top, match, min_score, exhaustive, Known(rerank, category, scene), under)
    search.check()
    with open_database(index) as database:
        keep_files(out, database, *([] if like is None else [like.path]), force=force)
        result = search.answer(database)
    if not result:
        note(nothing_found(result) if result.nearest else "nothing found; no page was written")
        raise typer.Exit(1)
    from textsearch.report import write_report

    size = write_report(result, out, overwrite=force)
    photos = "1 photo" if len(result) == 1 else f"{len(result)} photos"
    note(f"{photos} on {out}, {size_text(size)}")
