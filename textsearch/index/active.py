"""Which of the models that a gallery has had answers now, each with an index of its own.

index/catalog.sqlite ...             the first generation, read by the packaged model
index/active.json                    {"models": ["adapted-1"]}: the models switched to since, the last one answers
index/models/adapted-1/weights/      a model adapted to the gallery
index/models/adapted-1/index/        the whole gallery again, read by it
"""

from __future__ import annotations

import json
import shutil
from dataclasses import dataclass
from pathlib import Path

from textsearch.errors import IndexCorruptError
from textsearch.index.connection import unreadable
from textsearch.index.derived import remove_leftovers, replace_file

ACTIVE = "active.json"
MODELS = "models"
_REMOVED = ".removed-"


@dataclass(frozen=True)
class Generation:
    """A model of a gallery and the index that it filled.

    Attributes:
        location: the index folder that people name.
        models: the adapted models so far, each made from the one before; the last one answers.
    """

    location: Path
    models: tuple[str, ...] = ()

    @property
    def name(self) -> str | None:
        """Return the adapted model's name, None for the packaged model."""
        return self.models[-1] if self.models else None

    @property
    def folder(self) -> Path:
        """Return the folder of everything that belongs to this generation alone."""
        return self.location / MODELS / self.models[-1] if self.models else self.location

    @property
    def index(self) -> Path:
        """Return the folder with the catalog."""
        return self.folder / "index" if self.models else self.location

    @property
    def weights(self) -> Path | None:
        """Return the folder with the weights, None for the packaged ones."""
        return self.folder / "weights" if self.models else None

    def before(self) -> Generation:
        """Return the generation that this one was made from."""
        return Generation(self.location, self.models[:-1])

    def after(self, name: str) -> Generation:
        """Return the generation that a model adapted from this one begins."""
        return Generation(self.location, (*self.models, name))


def active_generation(location: Path) -> Generation:
    """Return the generation that answers; also for a folder that is not there yet.

    Raises:
        IndexCorruptError: what says so cannot be read, or names a model that is gone.
    """
    location = location.absolute()
    try:
        text = (location / ACTIVE).read_text(encoding="utf-8")
    except (FileNotFoundError, NotADirectoryError):
        return Generation(location)
    except PermissionError as error:
        raise unreadable(location) from error
    except (OSError, ValueError) as error:
        raise _unreadable(location, str(error)) from error
    try:
        models = tuple(str(name) for name in json.loads(text)["models"])
    except (ValueError, KeyError, TypeError) as error:
        raise _unreadable(location, "it is damaged") from error
    generation = Generation(location, models)
    if models and not (generation.index.is_dir() and (generation.folder / "weights").is_dir()):
        raise _unreadable(location, f"the model {models[-1]} is gone")
    return generation


def switch(generation: Generation) -> None:
    """Let a complete generation answer from now on; readers see the one before or this one, never anything between.

    When this returns the disk has it, so that the generation that answered before may be removed.

    Raises:
        IndexWriteError: the folder cannot be written.
    """
    target = generation.location / ACTIVE
    content = json.dumps({"models": list(generation.models)}) + "\n"
    remove_leftovers(target)
    replace_file(target, lambda file: file.write(content.encode()))


def unfinished(active: Generation) -> list[Path]:
    """Return the folders of models that do not answer and that no answering one was made from, by name."""
    folder = active.location / MODELS
    if not folder.is_dir():
        return []
    return sorted(path for path in folder.iterdir() if path.is_dir() and path.name not in active.models)


def discard(folder: Path) -> None:
    """Remove a model's folder. Cut short, it leaves nothing that could be taken for a model."""
    renamed = folder if folder.name.startswith(_REMOVED) else folder.with_name(_REMOVED + folder.name)
    if renamed != folder:
        shutil.rmtree(renamed, ignore_errors=True)
        folder.rename(renamed)
    # What another process still reads cannot be removed everywhere; the next run finds it here.
    shutil.rmtree(renamed, ignore_errors=True)


def is_discarded(folder: Path) -> bool:
    """Return whether a folder is what is left of a model that was removed."""
    return folder.name.startswith(_REMOVED)


def _unreadable(location: Path, reason: str) -> IndexCorruptError:
    return IndexCorruptError(
        f"{location / ACTIVE} does not tell which model answers ({reason}); delete this file to go back to the index "
        "of the packaged model"
    )
