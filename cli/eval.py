"""`textsearch eval`: measure retrieval on a published data set as it is published.

An app of its own, so that what else can be evaluated becomes a command below it: `textsearch eval WHAT`. Without one
it is word retrieval.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from enum import Enum
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Annotated

import typer

from textsearch.cli.context import JsonOption, examples, open_database
from textsearch.cli.output import emit, emit_json, note
from textsearch.cli.progress import SECONDS_BETWEEN_LINES, progress_listener

if TYPE_CHECKING:
    from textsearch.evaluation.retrieval import RetrievalResult

EXAMPLES = examples(
    "textsearch eval --dataset svt --root ./svt",
    "textsearch eval --dataset totaltext --root ./totaltext --index ./totaltext-index --json",
    "textsearch eval --dataset words --root ./street/words.jsonl --split dev --variant vectors",
    then="Data sets are not part of this program and nothing is downloaded; --root is the folder as its publisher "
    "packed it.",
)

HELP = """Measure word retrieval on a data set, by the protocol of its published numbers.

Each query ranks all photos; a photo's score is that of its best region, 0 where nothing was found. Average
precision over the whole gallery, not interpolated, ties as one group; mAP is the plain mean over the queries.

\b
--dataset  queries                                    a photo answers if  in --root
svt        all distinct tags of the test photos       it has the tag      test.xml, img/
iiit-str   those of data.mat                          data.mat says so    data.mat, imgDatabase/
coco-text  those of queries.txt (CTR 500)             gts/ has the word   queries.txt, gts/, images/
icdar2015  the 100 most frequent words                it has the word     ch4_test_images/,
                                                                          Challenge4_Test_Task1_GT/
totaltext  the 60 most frequent words                 it has the word     Images/Test/, txt_format/Test/
                                                                          or Groundtruth/Polygon/Test/
csvtr      the names of the folders                   it lies in it       a folder for each query
words      all words of 3 or more of a-z, 0-9;        it has the word     words.jsonl (or name the file)
           also the mean of the 100 most frequent

Case does not matter. In coco-text words are compared by Latin letters and digits. In icdar2015 and totaltext words
have 3 letters or more once . # ! & $ are left out; which of several equally frequent ones still belong to the
queries is not published, here it is the first by file name.
"""

app = typer.Typer(
    invoke_without_command=True, no_args_is_help=True, subcommand_metavar="", rich_markup_mode=None, epilog=EXAMPLES
)


class DataSet(str, Enum):
    """The data sets with a retrieval protocol."""

    svt = "svt"
    iiit_str = "iiit-str"
    coco_text = "coco-text"
    icdar2015 = "icdar2015"
    totaltext = "totaltext"
    csvtr = "csvtr"
    words = "words"


class Variants(str, Enum):
    """What ranks the photos."""

    vectors = "vectors"
    lattice = "lattice"
    full = "full"


@app.callback(help=HELP)
def retrieval(
    context: typer.Context,
    dataset: Annotated[DataSet | None, typer.Option("--dataset", help="Which protocol.", show_default=False)] = None,
    root: Annotated[
        Path | None, typer.Option("--root", metavar="DIR", help="Folder of the data set.", show_default=False)
    ] = None,
    split: Annotated[str | None, typer.Option("--split", help="For words: only photos of this split.")] = None,
    index: Annotated[
        Path | None,
        typer.Option(
            "-i",
            "--index",
            metavar="DIR",
            help="Keep the index here; again, only what is missing is read.  [default: a temporary folder]",
            show_default=False,
        ),
    ] = None,
    variant: Annotated[
        Variants,
        typer.Option(
            "--variant", help="The learned similarity alone, the fit of the letters alone, or the score of a search."
        ),
    ] = Variants.full,
    as_json: JsonOption = False,
) -> None:
    """Measure word retrieval on a data set, by the protocol of its published numbers."""
    if context.invoked_subcommand is not None:
        return
    if dataset is None or root is None:
        raise typer.BadParameter("name the data set with --dataset and its folder with --root")
    from textsearch.evaluation.retrieval import evaluate
    from textsearch.evaluation.tasks import read_task

    task = read_task(dataset.value, root, split)
    with _index_folder(index) as folder, open_database(folder) as database:
        with progress_listener(quiet=False) as listener:
            report = database.index(*task.photos, progress=listener)
        if report.interrupted:
            note("Stopped early; with the same --index it goes on where it stopped.")
            raise typer.Exit(130)
        result = evaluate(task, database, variant.value, _query_listener())
    _tell_differences(dataset.value, result)
    if as_json:
        reading = {"images_read": report.added + report.updated, "reading_seconds": report.seconds}
        emit_json({"dataset": dataset.value, "split": split, **result.to_dict(), **reading})
    else:
        emit(table(dataset.value, result, report.seconds + result.seconds))


@contextmanager
def _index_folder(index: Path | None) -> Iterator[Path]:
    """Yield the folder of the index; without one a temporary folder that vanishes."""
    if index is not None:
        yield index
        return
    with TemporaryDirectory(prefix="textsearch-eval-") as temporary:
        yield Path(temporary) / "index"


def _tell_differences(dataset: str, result: RetrievalResult) -> None:
    """Say what makes the result differ from a published one."""
    from textsearch.evaluation.tasks import PUBLISHED

    published = PUBLISHED.get(dataset)
    if published is not None and (published.images, published.queries) != (result.images, result.queries):
        note(
            f"This copy of {dataset} has {result.images:,} photos and {result.queries:,} queries, the published "
            f"numbers were made with {published.images:,} and {published.queries:,}: do not compare them."
        )
    if result.unreadable:
        photos = "1 photo" if result.unreadable == 1 else f"{result.unreadable:,} photos"
        note(f"{photos} could not be read and scored 0; with --index, `textsearch status --failed` shows why.")


def _query_listener() -> Callable[[int, int], None]:
    """Return a listener that writes at most every SECONDS_BETWEEN_LINES how many queries were asked."""
    last = time.monotonic()

    def listen(done: int, total: int) -> None:
        nonlocal last
        if time.monotonic() - last >= SECONDS_BETWEEN_LINES:
            last = time.monotonic()
            note(f"{done:,} of {total:,} queries")

    return listen


def table(dataset: str, result: RetrievalResult, seconds: float) -> str:
    """Return the result as a header and a row, with spaces between the columns."""
    cells = {
        "dataset": dataset,
        "variant": result.variant,
        "mAP": f"{result.map:.2f}",
        "top-100": None if result.frequent_map is None else f"{result.frequent_map:.2f}",
        "images": f"{result.images}",
        "queries": f"{result.queries}",
        "seconds": f"{seconds:.1f}",
    }
    shown = {name: value for name, value in cells.items() if value is not None}
    widths = {name: max(len(name), len(value)) for name, value in shown.items()}
    rows = [dict(zip(shown, shown, strict=True)), shown]
    return "".join("  ".join(row[name].ljust(widths[name]) for name in shown).rstrip() + "\n" for row in rows)
