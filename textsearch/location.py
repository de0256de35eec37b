"""Where an index lies, and what a look at it tells."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import platformdirs

from textsearch.errors import TextSearchError
from textsearch.types import IndexInfo

INDEX_FOLDER = ".textsearch"
"""Name of the folder that holds an index beside the photos; what lies in it is never taken for a photo."""

INDEX_VARIABLE = "TEXTSEARCH_INDEX"
"""Environment variable that names the index folder."""


@dataclass(frozen=True)
class Status:
    """What is indexed and where.

    Attributes:
        location: the index folder.
        info: counts, model and generation.
        failures: number of files that could not be indexed.
        bytes: size of the index on disk.
    """

    location: Path
    info: IndexInfo
    failures: int
    bytes: int

    def to_dict(self) -> dict[str, Any]:
        """Return the status as JSON types."""
        return {
            "location": str(self.location),
            **self.info.to_dict(),
            "failures": self.failures,
            "bytes": self.bytes,
        }


def locate(index: str | Path | None = None) -> Path:
    """Return the index folder: the one named, else $TEXTSEARCH_INDEX, else the nearest .textsearch/, else the user's.

    The nearest is looked for in the working directory and upward. The folder need not exist yet.

    Raises:
        TextSearchError: the working directory was deleted.
    """
    named = index or os.environ.get(INDEX_VARIABLE)
    try:
        if named:
            return Path(named).absolute()
        here = Path.cwd()
    except FileNotFoundError as error:
        raise TextSearchError("The working directory does not exist any more; change to another one.") from error
    for folder in (here, *here.parents):
        if (folder / INDEX_FOLDER).is_dir():
            return folder / INDEX_FOLDER
    return platformdirs.user_data_path("textsearch") / "index"


def locate_gallery(path: str | Path) -> Path:
    """Return the index folder of a gallery, or the path itself if it is an index folder."""
    from textsearch.index.connection import CATALOG  # with SQLAlchemy, which not everything needs

    folder = Path(path).absolute()
    is_index = folder.name == INDEX_FOLDER or (folder / CATALOG).is_file()
    return folder if is_index else folder / INDEX_FOLDER
