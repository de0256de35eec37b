"""How far an indexing run has come, on standard error: a bar for a person, a line now and then for a log file."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from textsearch.cli.output import note

if TYPE_CHECKING:
    from textsearch.indexer.progress import Progress

Listener = Callable[["Progress"], None]

SECONDS_BETWEEN_LINES = 30.0


@contextmanager
def progress_listener(*, quiet: bool) -> Iterator[Listener | None]:
    """Yield what to call with the progress: nothing if quiet, a bar on a terminal, lines elsewhere."""
    if quiet:
        yield None
    elif sys.stderr.isatty():
        with _bar() as listener:
            yield listener
    else:
        yield _lines()


@contextmanager
def _bar() -> Iterator[Listener]:
    """Yield a listener that moves a bar, which vanishes at the end: the summary says the rest."""
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, TaskProgressColumn, TextColumn
    from rich.progress import Progress as Bar

    columns = (BarColumn(), MofNCompleteColumn(), TaskProgressColumn(), TextColumn("{task.fields[speed]}"))
    with Bar(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("", total=None, speed="looking for photos")

        def listen(progress: Progress) -> None:
            bar.update(task, completed=progress.done, total=progress.total, speed=speed_text(progress))

        yield listen


def _lines() -> Listener:
    """Return a listener that writes a line at most every SECONDS_BETWEEN_LINES."""
    last = time.monotonic()

    def listen(progress: Progress) -> None:
        nonlocal last
        if time.monotonic() - last >= SECONDS_BETWEEN_LINES:
            last = time.monotonic()
            note(f"{progress.done:,} of {progress.total:,} photos, {speed_text(progress)}")

    return listen


def speed_text(progress: Progress) -> str:
    """Return the speed and what is left of the time, as far as they are known.

    >>> from types import SimpleNamespace
    >>> speed_text(SimpleNamespace(images_per_second=4.21, seconds_left=75.0))
    '4.2 images/s, 1:15 left'
    """
    text = f"{progress.images_per_second:.1f} images/s"
    return text if progress.seconds_left is None else f"{text}, {duration(progress.seconds_left)} left"


def duration(seconds: float) -> str:
    """Return a duration as a clock shows it.

    >>> duration(75), duration(3 * 3600 + 5)
    ('1:15', '3:00:05')
    """
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"
