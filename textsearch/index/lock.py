"""The lock that lets one process at a time write to an index folder."""

from __future__ import annotations

import os
from pathlib import Path

from filelock import FileLock, Timeout

from textsearch.errors import IndexLockedError, IndexWriteError

LOCK = "write.lock"


class WriteLock:
    """Held from the moment it is made until `release`; also a context manager.

    The operating system lets go of it when the process ends, however that happens. A second lock on the same folder
    is refused within the same process too.
    """

    def __init__(self, location: Path, wait: float = 0.0) -> None:
        """Take the lock of an index folder.

        Args:
            location: the index folder, which must exist.
            wait: seconds to wait for another holder.

        Raises:
            IndexLockedError: another process, or another writer of this one, holds it.
            IndexWriteError: the folder cannot be written.
        """
        # The lock's file may be there from before and open for writing, in a folder where nothing else can be made.
        if not os.access(location, os.W_OK):
            raise IndexWriteError(f"{location} cannot be written; check its permissions")
        # Not local to the thread: whoever ends the writing may let go of it.
        self._lock = FileLock(location / LOCK, timeout=wait, thread_local=False)
        try:
            self._lock.acquire()
        except Timeout:
            raise IndexLockedError(f"another process is writing to {location}; wait for it to finish") from None
        except OSError as error:
            raise IndexWriteError(f"{location} cannot be written ({error.strerror}); check its permissions") from error

    def release(self) -> None:
        """Let go; doing so twice is no error."""
        self._lock.release()

    def __enter__(self) -> WriteLock:
        """Return the lock, which is held already."""
        return self

    def __exit__(self, *exception: object) -> None:
        """Let go."""
        self.release()
