"""The one way to change an index: its writer, of which there is one at a time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from pathlib import Path

from textsearch.index import changes, knowledge
from textsearch.index.catalog import Catalog, Transaction
from textsearch.index.lock import WriteLock
from textsearch.index.mirror import Mirror
from textsearch.index.readings_mirror import remove_if_ahead
from textsearch.index.records import EncodedImage, FailedFile, OwnCategory, PhotoKnowledge

_MOST_REMOVALS = 10_000
"""More logged removals than this are forgotten once the vectors that had to know them are written."""


class IndexWriter:
    """Writes to an index; nobody else can until it is closed. Every method but `checkpoint` is one transaction.

    A process killed at any moment loses at most the call it was in.
    """

    def __init__(self, catalog: Catalog, mirror: Mirror) -> None:
        self._catalog = catalog
        self._mirror = mirror
        self._lock = WriteLock(catalog.location)
        self._open = True
        try:
            mirror.prepare()
            remove_if_ahead(catalog)
        except BaseException:
            self._lock.release()
            raise

    def __enter__(self) -> IndexWriter:
        """Return the writer."""
        return self

    def __exit__(self, *exception: object) -> None:
        """Close the writer."""
        self.close()

    def close(self) -> None:
        """Write the vectors and let others write; closing twice is no error."""
        if not self._open:
            return
        try:
            self.checkpoint()
        finally:
            self._open = False
            self._lock.release()

    def add(self, images: Sequence[EncodedImage]) -> int:
        """Write images, replacing what stood at their paths, failures included.

        Content that is already indexed, or comes twice, is written once: its files are all linked to it.

        Returns:
            The number of regions written.

        Raises:
            ValueError: a relative path, or embeddings that are not (N, D).
        """
        if not images:
            return 0
        with self._transaction() as connection:
            return changes.add(connection, images, self._catalog.model.dimension)

    def replace(self, images: Sequence[EncodedImage]) -> int:
        """Write images as `add` does, but anew where their content is known; all its files are linked to the new image.

        Returns:
            The number of regions written.

        Raises:
            ValueError: as `add`.
        """
        if not images:
            return 0
        with self._transaction() as connection:
            return changes.replace(connection, images, self._catalog.model.dimension)

    def link(self, path: Path, sha256: str, size: int, mtime_ns: int) -> None:
        """Let a path name content that is already indexed: a copy, or a renamed file before its old path is forgotten.

        Raises:
            KeyError: the content is not in the index.
        """
        with self._transaction() as connection:
            changes.link(connection, path, sha256, (size, mtime_ns))

    def touch(self, path: Path, size: int, mtime_ns: int) -> None:
        """Note the new size and modification time of a file, indexed or failed, whose content is unchanged.

        Raises:
            KeyError: the path is not in the index.
        """
        with self._transaction() as connection:
            changes.touch(connection, path, size, mtime_ns)

    def forget(self, paths: Sequence[Path]) -> None:
        """Remove files, indexed or failed; an image goes with its regions when the last file naming it goes."""
        if not paths:
            return
        with self._transaction() as connection:
            changes.forget(connection, paths)

    def fail(self, files: Sequence[FailedFile]) -> None:
        """Record files that cannot be read; what their paths held before is removed."""
        if not files:
            return
        with self._transaction() as connection:
            changes.fail(connection, files)

    def set_knowledge(self, described: Mapping[int, PhotoKnowledge]) -> int:
        """Write what is known about images, by their ids, in place of what was; images that are gone are skipped.

        Returns:
            The number of images described.

        Raises:
            ValueError: a picture's feature of another length.
            IndexError: a notice names a region that its image does not have.
        """
        if not described:
            return 0
        with self._transaction() as connection:
            return sum(knowledge.describe(connection, image_id, about) for image_id, about in described.items())

    def set_own_category(self, category: OwnCategory) -> None:
        """Add a category of the user, or replace the one of this name.

        Raises:
            ValueError: examples of another shape.
        """
        with self._transaction() as connection:
            knowledge.set_own(connection, category)

    def remove_own_category(self, name: str) -> bool:
        """Remove a category of the user; return whether there was one of this name."""
        with self._transaction() as connection:
            return knowledge.remove_own(connection, name)

    def checkpoint(self) -> None:
        """Write the vectors to their file if they changed, so that the next process need not add them again."""
        generation = self._mirror.save()
        if generation is not None:
            self._catalog.trim_removals(generation, _MOST_REMOVALS)

    def _transaction(self) -> AbstractContextManager[Transaction]:
        if not self._open:
            raise ValueError("this writer is closed and others may be writing; ask the index for another one")
        return self._catalog.writing()
