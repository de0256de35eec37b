"""Which files there are: the first stage. It looks at names and file attributes only, and opens nothing."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from pathlib import Path

from textsearch.errors import TextSearchError
from textsearch.images import SUFFIXES, describe
from textsearch.indexer.options import IndexOptions
from textsearch.location import INDEX_FOLDER

_LATEST = 2**63 - 1


@dataclass(frozen=True)
class FoundFile:
    """A file worth reading.

    Attributes:
        path: absolute.
        size: bytes.
        mtime_ns: modification time, nanoseconds since the epoch.
    """

    path: Path
    size: int
    mtime_ns: int


@dataclass(frozen=True)
class RefusedPath:
    """A path that should be a picture, or a folder of them, and is not.

    Attributes:
        path: absolute.
        reason: for people.
        temporary: whether the machine is at fault (permission, medium), so that this says nothing of the content.
    """

    path: Path
    reason: str
    temporary: bool


@dataclass(frozen=True)
class Scan:
    """What lies in the sources.

    Attributes:
        sources: the folders and files that were asked for, absolute.
        files: by path, each once.
        refused: by path, each once.
        missing: sources that are not there.
        unlisted: folders that could not be listed: what is known below them may still be there.
    """

    sources: tuple[Path, ...]
    files: tuple[FoundFile, ...]
    refused: tuple[RefusedPath, ...]
    missing: frozenset[Path]
    unlisted: frozenset[Path]


def modified(status: os.stat_result) -> int:
    """Return a file's modification time, nanoseconds since the epoch, as far as SQLite can hold it (until 2262)."""
    return max(-_LATEST, min(status.st_mtime_ns, _LATEST))


def absolute(path: Path) -> Path:
    """Return the path under which the index knows a file or folder.

    Links on the way are resolved, so that one folder has one name however it is reached. A link to a file keeps its
    own name: it may point to another photo tomorrow.

    Raises:
        TextSearchError: the links on the way form a circle.
    """
    if not path.name or path.name == ".." or is_directory(path):
        return _resolved(path)
    return _resolved(path.parent) / path.name


def possible_names(path: Path) -> list[Path]:
    """Return all paths under which the index may know a file, likeliest first.

    After its absolute path come those with the name of a link instead of what it leads to, as of a link to a folder
    that was followed, and last what the file itself links to.

    Raises:
        TextSearchError: the links on the way form a circle.
    """
    followed = (absolute(folder) / plain.relative_to(folder) for plain in _written(path) for folder in plain.parents)
    return list(dict.fromkeys((absolute(path), *followed, _resolved(path))))


def _written(path: Path) -> list[Path]:
    """Return a path from the root on, with links as they are; one from here on also through the link that led here."""
    written = [path.absolute()]
    here = Path(os.environ.get("PWD", ""))  # of the shell, which remembers what it was told; the system does not
    with suppress(OSError):
        if not path.is_absolute() and here.is_absolute() and here.samefile(Path.cwd()):
            written.append(here / path)
    return written


def scan(sources: Sequence[Path], options: IndexOptions, stopped: Callable[[], bool] = lambda: False) -> Scan:
    """Find the pictures in folders, and take files that are named as they are, whatever their suffix.

    Args:
        sources: folders and files.
        options: what to skip.
        stopped: asked before each folder; once true, the rest is not scanned.

    Raises:
        TextSearchError: the links on the way to a source form a circle.
    """
    name_of = Path.absolute if options.as_named else absolute
    named = {name_of(source): source for source in sources}
    walk = _Walk(options, stopped)
    missing: set[Path] = set()
    for path, source in named.items():
        if is_directory(path):
            walk.folder(path)
        elif is_gone(path) or leads_nowhere(path):
            missing.add(path)
        elif walk.takes(source.name, source.as_posix()):
            walk.file(path)
    return Scan(
        tuple(named),
        tuple(walk.files[path] for path in sorted(walk.files)),
        tuple(walk.refused[path] for path in sorted(walk.refused)),
        frozenset(missing),
        frozenset(walk.unlisted),
    )


def is_gone(path: Path) -> bool:
    """Return whether there is no such file; False where nobody can tell.

    A disk that is not mounted makes its files look gone: `vanished` tells what may come back with it.
    """
    try:
        path.lstat()
    except (FileNotFoundError, NotADirectoryError):
        return True
    except OSError:  # no permission to look, or no answer: it may well be there
        return False
    return False


def leads_nowhere(path: Path) -> bool:
    """Return whether a path is a link to something that does not exist; False where nobody can tell."""
    try:
        if path.is_symlink():
            path.stat()
    except (FileNotFoundError, NotADirectoryError):
        return True
    except OSError:
        return False
    return False


def is_directory(path: Path) -> bool:
    """Return whether a path leads to a folder; False where nobody can tell."""
    try:
        return stat.S_ISDIR(path.stat().st_mode)
    except OSError:
        return False


def _resolved(path: Path) -> Path:
    try:
        return path.resolve()
    except (OSError, RuntimeError) as error:  # RuntimeError until Python 3.12
        raise TextSearchError(f"{path} cannot be reached: its links lead back to themselves") from error


@dataclass
class _Walk:
    """Collects what is found on the way through the sources."""

    options: IndexOptions
    stopped: Callable[[], bool]
    files: dict[Path, FoundFile] = field(default_factory=dict)
    refused: dict[Path, RefusedPath] = field(default_factory=dict)
    unlisted: set[Path] = field(default_factory=set)
    _entered: set[tuple[int, int] | Path] = field(default_factory=set)

    def folder(self, source: Path) -> None:
        """Walk through a folder; links to folders come last, so that a folder is known by its own name first."""
        linked: list[Path] = []
        waiting = [source]
        while (waiting or linked) and not self.stopped():
            folder = waiting.pop() if waiting else linked.pop(0)
            entries = self._enter(folder)
            if entries is None:
                continue
            for entry in entries:
                path = folder / entry.name
                relative = path.relative_to(source).as_posix()
                if self._hides(entry.name) or self._excludes(entry.name, relative):
                    continue
                is_picture = path.suffix.lower() in SUFFIXES and self.takes(entry.name, relative)
                if not _is_folder(entry):
                    if is_picture:
                        self.file(path)
                    continue
                if is_picture:
                    self._refuse(path, "is a directory, not a picture")
                if entry.is_symlink():
                    if self.options.follow_links and self.options.recursive:
                        linked.append(path)
                elif self.options.recursive:
                    waiting.append(path)

    def file(self, path: Path) -> None:
        """Note one file, or why it is none."""
        try:
            status = path.stat()
        except FileNotFoundError:
            # Without a link it has vanished since its folder was listed, and that is no failure.
            if path.is_symlink():
                # Links to a disk that is not mounted: what was read through them stays.
                self._refuse(path, "is a link to a file that does not exist", temporary=True)
        except OSError as error:
            self._refuse(path, describe(error), temporary=True)
        else:
            if stat.S_ISREG(status.st_mode):
                self.files[path] = FoundFile(path, status.st_size, modified(status))
            else:
                self._refuse(path, "is a device or pipe, not a file")

    def _enter(self, folder: Path) -> list[os.DirEntry[str]] | None:
        """Return the folder's entries by name, None if it cannot be listed or was walked through before."""
        try:
            status = folder.stat()
            # Some network drives number no file: there only the path tells folders apart.
            place = (status.st_dev, status.st_ino) if status.st_ino else folder.resolve()
            if place in self._entered:
                return None
            self._entered.add(place)
            with os.scandir(folder) as entries:
                return sorted(entries, key=lambda entry: entry.name)
        except OSError as error:
            self._refuse(folder, describe(error), temporary=True)
            self.unlisted.add(folder)
            return None

    def _refuse(self, path: Path, reason: str, *, temporary: bool = False) -> None:
        self.refused[path] = RefusedPath(path, reason, temporary)

    def takes(self, name: str, path: str) -> bool:
        """Return whether the patterns let a file pass, by its name and its path."""
        patterns = self.options.include
        return not self._excludes(name, path) and (not patterns or _match(patterns, name, path))

    def _hides(self, name: str) -> bool:
        return name == INDEX_FOLDER or (name.startswith(".") and not self.options.hidden)

    def _excludes(self, name: str, path: str) -> bool:
        return _match(self.options.exclude, name, path)


def _match(patterns: Sequence[str], name: str, path: str) -> bool:
    """Return whether a pattern matches; cameras write IMG_1.JPG, so capitals and small letters are the same."""
    name, path = name.lower(), path.lower()
    return any(fnmatchcase(name, pattern.lower()) or fnmatchcase(path, pattern.lower()) for pattern in patterns)


def _is_folder(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_dir()
    except OSError:  # a link in a circle, or one into a folder without permission: `stat` will tell
        return False
