"""Which known files are no longer there, and which only look so because a disk may not be mounted."""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from textsearch.index.folder import KnownFile
from textsearch.indexer.scan import Scan, is_directory, is_gone


@dataclass
class Doubtful:
    """Known files that may be there again when their disk is.

    Attributes:
        end: where the way to them ends: an empty folder, as the mount point of a disk that is not mounted, or a link
            that leads nowhere.
        reason: what is the matter with it, for people.
        files: those that lay below.
    """

    end: Path
    reason: str
    files: list[KnownFile] = field(default_factory=list)


@dataclass
class Vanished:
    """Known files that were not found where they were.

    Attributes:
        gone: those that are surely no longer there.
        doubtful: those that may come back.
    """

    gone: list[KnownFile] = field(default_factory=list)
    doubtful: list[Doubtful] = field(default_factory=list)


def vanished(known: Iterable[KnownFile], found: Scan) -> Vanished:
    """Return the known files under the sources that were not found.

    A file that this scan skipped (another pattern, a hidden name) is still there. Of one below a folder that could not
    be listed, or that was named as a source and is not there, nobody can tell.
    """
    present = {file.path for file in found.files} | {refused.path for refused in found.refused} | found.missing
    unsure = found.unlisted | found.missing
    result = Vanished()
    below: dict[Path, Doubtful | None] = {}  # by folder: what lay directly in it, None if that is gone
    ends: dict[Path, Doubtful | None] = {}
    for file in known:
        if file.path in present or not unsure.isdisjoint(file.path.parents):
            continue
        if not is_gone(file.path):
            if is_directory(file.path):  # a folder in the place of the file
                result.gone.append(file)
            continue
        folder = file.path.parent
        if folder not in below:
            end = _end(folder)
            if end not in ends:
                ends[end] = _doubt(end)
            below[folder] = ends[end]
        doubtful = below[folder]
        (result.gone if doubtful is None else doubtful.files).append(file)
    result.doubtful = [doubtful for doubtful in ends.values() if doubtful is not None]
    return result


def is_surely_gone(path: Path) -> bool:
    """Return whether there is no such file, and that not because its disk may have gone."""
    return is_gone(path) and _doubt(_end(path.parent)) is None


def _end(folder: Path) -> Path:
    """Return the last place on the way to a folder that is there; a drive of Windows, though it may be gone, too."""
    return next((path for path in (folder, *folder.parents) if not is_gone(path)), Path(folder.anchor))


def _doubt(end: Path) -> Doubtful | None:
    """Return why what lay below a path may be on a disk that is not mounted now; None if it is gone."""
    try:
        with os.scandir(end) as entries:
            return None if any(entries) else Doubtful(end, "the folder is empty")
    except NotADirectoryError:
        return None
    except OSError:
        return Doubtful(end, "the folder cannot be listed" if is_directory(end) else "the link leads nowhere")
