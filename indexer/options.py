"""What can be chosen for an indexing run."""

from __future__ import annotations

from dataclasses import dataclass

from textsearch.errors import TextSearchError


@dataclass(frozen=True)
class IndexOptions:
    """How a run is done. The defaults suit a personal gallery.

    Attributes:
        jobs: photos encoded at the same time, None: one for each core that this process may use.
        batch_size: photos written in one transaction.
        checkpoint_every: photos after which the vectors are written to their file too.
        recursive: whether folders within folders are scanned.
        include: if given, only files that match one of these patterns are read; `fnmatch` patterns that match the
            file's name or its path relative to the scanned folder, where `*` also crosses folders; of a file that is a
            source itself, the path that names it. Capitals and small letters are the same.
        exclude: files and whole folders that match one of these patterns are skipped; sources that are folders are not.
        hidden: whether names that start with a dot are scanned too; sources always are.
        follow_links: whether links to folders are followed; links to files always are.
        as_named: whether sources are known by the very paths that name them; otherwise links to folders on the way are
            resolved, so that one folder has one name however it is reached.
        limit: read at most so many photos in this run and leave the rest to the next one; what need not or cannot be
            read does not count.
        force: read every photo again, whatever is known of it, and with a limit the first ones in each run.
        retry_failed: read photos again that failed before, even if they did not change.
        knowledge: find out what photos show and what their words mean, also for photos indexed without it.
    """

    jobs: int | None = None
    batch_size: int = 16
    checkpoint_every: int = 500
    recursive: bool = True
    include: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()
    hidden: bool = False
    follow_links: bool = False
    as_named: bool = False
    limit: int | None = None
    force: bool = False
    retry_failed: bool = False
    knowledge: bool = True

    def __post_init__(self) -> None:
        """Check the numbers.

        Raises:
            TextSearchError: a number that makes no sense.
        """
        for name in ("jobs", "batch_size", "checkpoint_every", "limit"):
            value = getattr(self, name)
            if value is not None and value < 1:
                raise TextSearchError(f"{name} must be at least 1, not {value}")
