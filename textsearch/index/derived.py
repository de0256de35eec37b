"""Files that are derived from the catalog: replaced as a whole, or not at all."""

from __future__ import annotations

import os
import secrets
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from textsearch.errors import IndexWriteError

_TEMPORARY = ".tmp"

_ABANDONED_SECONDS = 3600.0
"""Nobody needs so long to write one file."""


@dataclass(frozen=True)
class Stamp:
    """Which state of which catalog something was derived from.

    Attributes:
        identity: the catalog's 16 random bytes.
        generation: the catalog's generation.
        highest_id: the highest region id ever added, 0 for none.
    """

    identity: bytes
    generation: int
    highest_id: int


def replace_file(path: Path, write: Callable[[BinaryIO], object]) -> None:
    """Let `write` fill a file; at any moment the file is the old one or the new one, whole.

    Raises:
        IndexWriteError: the file cannot be written.
    """
    # A name of its own: processes that read may save too, when they had to derive the content anew.
    temporary = path.with_name(f"{path.name}.{secrets.token_hex(4)}{_TEMPORARY}")
    try:
        with temporary.open("wb") as file:
            write(file)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
        _sync_folder(path.parent)
    except OSError as error:
        with suppress(OSError):
            temporary.unlink(missing_ok=True)
        raise IndexWriteError(
            f"{path} cannot be written ({error.strerror}); check permissions and free disk space"
        ) from error


def remove_leftovers(path: Path) -> None:
    """Remove what killed processes left of their attempts to save to a file; what is young may still be written to."""
    for leftover in path.parent.glob(f"{path.name}.*{_TEMPORARY}"):
        with suppress(OSError):
            if time.time() - leftover.stat().st_mtime > _ABANDONED_SECONDS:
                leftover.unlink()


def _sync_folder(folder: Path) -> None:
    """Have the disk confirm that a file was renamed; Windows neither needs nor offers it."""
    if os.name == "nt":
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
