"""What a database can tell of the photos it holds, and how it forgets those that are gone."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

from textsearch.location import Status
from textsearch.opened import OpenedIndex
from textsearch.types import Failure, IndexedPhoto


class IndexContents(OpenedIndex):
    """An index that can be looked through, whatever network filled it."""

    def texts(self) -> Iterator[IndexedPhoto]:
        """Return all indexed photos with the texts that were found in them, one after the other, ordered by path.

        They are read as they are taken, a few hundred at a time, so a large index needs no more memory than a small
        one. Another process may index meanwhile: each photo that stays as it is comes exactly once; one that is added,
        replaced or removed meanwhile may be left out.

        Raises:
            IndexNotFoundError: there is no index yet.
        """
        return self._open(check_model=False).photos()

    def status(self) -> Status:
        """Return what is indexed and where.

        Raises:
            IndexNotFoundError: there is no index yet.
        """
        folder = self._open(check_model=False)
        return Status(self.location, folder.info(), len(folder.failures()), sum(folder.sizes().values()))

    def failures(self) -> list[Failure]:
        """Return the files that could not be indexed, with the reasons.

        Raises:
            IndexNotFoundError: there is no index yet.
        """
        return self._open(check_model=False).failures()

    def prune(self, *, dry_run: bool = False, only: Iterable[Path] | None = None) -> list[Path]:
        """Forget indexed and failed files that do not exist any more; return them.

        A file that merely cannot be reached, for want of permission or because a disk does not answer, is kept. But a
        disk that is not mounted makes its files look gone, and they are forgotten, too, as are links to them: look at a
        dry run first.

        Args:
            dry_run: only return them.
            only: forget none but these, for example what an earlier dry run returned; None: all.

        Raises:
            IndexNotFoundError: there is no index yet.
            IndexLockedError: another process writes.
        """
        from textsearch.indexer.scan import is_gone, leads_nowhere

        folder = self._open(check_model=False)
        known = {file.path for file in folder.known_files()}
        asked = known if only is None else known.intersection(only)
        gone = sorted(path for path in asked if is_gone(path) or leads_nowhere(path))
        if gone and not dry_run:
            with folder.writer() as writer:
                writer.forget(gone)
        return gone
