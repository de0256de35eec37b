"""From one generation of an index to another, and back; needs no torch."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from textsearch.errors import IndexLockedError, TextSearchError
from textsearch.index.active import Generation, active_generation, discard, switch
from textsearch.index.folder import IndexFolder
from textsearch.index.lock import WriteLock


def carry_over(source: IndexFolder, target: IndexFolder) -> None:
    """Let an index know what people told another one, and nothing else."""
    kept = source.own_categories()
    outdated = {category.name for category in target.own_categories()} - {category.name for category in kept}
    with target.writer() as writer:
        for name in sorted(outdated):
            writer.remove_own_category(name)
        for category in kept:
            writer.set_own_category(category)


def undo(location: Path) -> str:
    """Let the model answer from which the present one was adapted, and remove the present one.

    Returns:
        The name of the model that answers now.

    Raises:
        IndexNotFoundError: nothing was indexed yet.
        IndexLockedError: somebody else is writing.
        TextSearchError: the packaged model answers already.
    """
    with locked(location) as generation:
        if generation.name is None:
            raise TextSearchError(f"The packaged model answers for {location} already; there is nothing to undo.")
        before = generation.before()
        with IndexFolder.open(generation.index) as newer, IndexFolder.open(before.index) as older:
            carry_over(newer, older)
            name = older.model.name
        switch(before)
        discard(generation.folder)
    return name


@contextmanager
def locked(location: Path) -> Iterator[Generation]:
    """Lend the generation that answers, with the right to write to it and to let another one answer."""
    generation = active_generation(location)
    IndexFolder.open(generation.index).close()  # a sentence for a folder that is none: a lock would not know
    with WriteLock(generation.index):
        if active_generation(location) != generation:
            raise IndexLockedError(f"another process has just changed the model of {location}; try again")
        yield generation
