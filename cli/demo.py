"""`textsearch demo`: a small gallery is drawn, indexed and searched."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Annotated

import typer

from textsearch.cli.context import examples, open_database
from textsearch.cli.output import emit
from textsearch.cli.progress import progress_listener
from textsearch.cli.render import box_text, hit_box, hit_text
from textsearch.errors import TextSearchError

if TYPE_CHECKING:
    from textsearch.demo import Question
    from textsearch.hits import SearchResult

EXAMPLES = examples(
    "textsearch demo                 nothing is left behind",
    "textsearch demo ./drawn         keep the pictures and their index, to try your own queries",
)
_INDEX = ".textsearch"


def demo(
    folder: Annotated[
        Path | None,
        typer.Argument(metavar="[DIR]", help="Keep pictures and index here.  [default: a temporary folder]"),
    ] = None,
) -> None:
    """Draw a small gallery, index it and search it.

    Signs, shops, a number plate, book spines: text as it is met outside. The exit code is 0 if each query found its
    picture first: a check that this machine can index and search.
    """
    from textsearch.demo import QUESTIONS, draw_gallery

    with _gallery_folder(folder) as gallery:
        try:
            scenes = draw_gallery(gallery)
        except OSError as error:
            raise TextSearchError(f"Cannot draw into {gallery}: {error.strerror or error}.") from error
        emit(f"Drew {len(scenes)} pictures" + (f" in {gallery}.\n" if folder else ".\n"))
        with open_database(gallery / _INDEX) as database:
            with progress_listener(quiet=False) as listener:
                report = database.index(gallery, progress=listener)
            if report.interrupted:
                raise typer.Exit(130)
            read = report.added + report.updated
            emit(f"Read {read} of them in {report.seconds:.1f} s and found {report.regions} texts.\n")
            right = 0
            for question in QUESTIONS:
                result = database.search(question.query, 3)
                right += is_right(question, result)
                emit(story(question, result))
    emit(f"\n{right} of {len(QUESTIONS)} queries found their picture first.\n")
    if folder:
        emit(f'Ask it more:  textsearch query "your text" --index "{gallery / _INDEX}"\n')
    if right < len(QUESTIONS):
        raise typer.Exit(1)


@contextmanager
def _gallery_folder(folder: Path | None) -> Iterator[Path]:
    """Yield the folder to draw in; without one a temporary folder that vanishes with all that is in it.

    Raises:
        TextSearchError: the folder holds something that this command did not draw.
    """
    if folder is None:
        with TemporaryDirectory(prefix="textsearch-demo-") as temporary:
            # On some systems the temporary folder is reached through a link; hits carry the real path.
            yield Path(temporary).resolve()
        return
    from textsearch.demo import file_names

    if folder.exists() and not folder.is_dir():
        raise TextSearchError(f"{folder} is a file; name a new folder for the demo.")
    ours = {*file_names(), _INDEX}
    foreign = sorted(entry.name for entry in folder.iterdir() if entry.name not in ours) if folder.exists() else []
    if foreign:
        raise TextSearchError(f"{folder} already holds {foreign[0]}; name a new or empty folder for the demo.")
    yield folder


def is_right(question: Question, result: SearchResult) -> bool:
    """Return whether the picture that answers the question came first."""
    return bool(result) and result[0].path.name == question.answer


def story(question: Question, result: SearchResult) -> str:
    """Return a query, what it shows, and its best hits as lines for a person."""
    lines = [f'\n"{question.query}": {question.lesson} ({result.took_ms:.0f} ms)']
    for hit in result:
        read = f'"{hit_text(hit)}" at {box_text(hit_box(hit))}' if hit.matches else ""
        lines.append(f"  {hit.rank}. {hit.score:5.1f}  {hit.kind:<8} {hit.path.name:<15} {read}".rstrip())
    if not is_right(question, result):
        lines.append(f"  WRONG: {question.answer} should be first")
    return "\n".join(lines) + "\n"
