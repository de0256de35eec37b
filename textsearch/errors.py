"""The errors a caller can expect: one small tree, each message saying what to do next."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


class TextSearchError(Exception):
    """Base of every error this library raises on purpose.

    The message is one sentence a person can act on; the command line prints it and exits with 2.
    """


class QueryError(TextSearchError):
    """The query is empty, malformed, or holds no character that can be searched."""


class IndexNotFoundError(TextSearchError):
    """There is no index at the place that was named or searched."""


class IndexLockedError(TextSearchError):
    """Another process is writing to this index."""


class IndexWriteError(TextSearchError):
    """The index folder cannot be written: no permission, a read-only medium, or a full disk."""


class IndexVersionError(TextSearchError):
    """The index was written by a newer version of this program."""


class IndexModelError(TextSearchError):
    """The index was made with another model, so its vectors cannot be compared with this one's."""


class IndexCorruptError(TextSearchError):
    """The catalog cannot be read as a database of this program."""


class MissingDependencyError(TextSearchError):
    """An optional package is needed for what was asked; the message names the command that installs it."""


class WeightsError(TextSearchError):
    """The network's weights are missing or are not the ones this version was tested with."""


class ImageError(TextSearchError):
    """A file cannot be decoded as a picture; the message is the reason that the index records."""


@contextmanager
def named(photo: Path) -> Iterator[None]:
    """Say which photo an ImageError is about, where many of them are read.

    Raises:
        ImageError: one that names the photo, instead of one that does not.
    """
    try:
        yield
    except ImageError as error:
        raise ImageError(f"The photo {photo} cannot be read: {error}.") from error
