"""Outcomes into the index: the last stage, which writes in batches, one transaction each, and counts."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterable, Sequence

from textsearch.index.folder import FailedFile, IndexFolder, IndexWriter, KnownFile
from textsearch.index.records import PhotoKnowledge
from textsearch.indexer.describe import Described
from textsearch.indexer.load import Encoded, Failed, Gone, Outcome, Unchanged
from textsearch.indexer.options import IndexOptions
from textsearch.indexer.plan import Move
from textsearch.indexer.vanished import Doubtful
from textsearch.types import Failure, IndexReport

LONGEST_UNWRITTEN = 5.0
"""Seconds that anything encoded waits at most for the rest of its batch: what a killed run can lose."""


class Store:
    """Takes outcomes and writes them. Used by one thread."""

    def __init__(self, index: IndexFolder, writer: IndexWriter, options: IndexOptions) -> None:
        self._index = index
        self._writer = writer
        self._options = options
        self._encoded: list[Encoded] = []
        self._failed: list[Failed] = []
        self._moves: list[Move] = []
        self._described: dict[int, PhotoKnowledge] = {}
        self._waiting_since: float | None = None
        self._since_checkpoint = 0
        self._refused: dict[str, Failed] = {}  # contents that failed in this run
        self._moved_contents: Counter[str] = Counter()
        self._taken = 0
        self._counts: Counter[str] = Counter()
        self._failures: list[Failure] = []

    def report(self, seconds: float, *, interrupted: bool) -> IndexReport:
        """Return what was written."""
        return IndexReport(
            added=self._counts["added"],
            updated=self._counts["updated"],
            moved=self._counts["moved"],
            removed=self._counts["removed"],
            unchanged=self._counts["unchanged"],
            regions=self._counts["regions"],
            described=self._counts["described"],
            known_failures=self._counts["known failures"],
            failures=tuple(sorted(self._failures, key=lambda failure: failure.path)),
            seconds=seconds,
            interrupted=interrupted,
        )

    def unchanged(self, count: int) -> None:
        """Count photos with which nothing has to be done."""
        self._counts.update(unchanged=count)

    def known_failures(self, count: int) -> None:
        """Count files that failed before and are not tried again."""
        self._counts.update({"known failures": count})

    def take(self, outcome: Outcome) -> None:
        """Take an outcome, and write the batch if it is full."""
        if isinstance(outcome, Unchanged):
            self._writer.touch(outcome.candidate.found.path, outcome.size, outcome.mtime_ns)
            self._counts.update(unchanged=1)
            return
        if isinstance(outcome, Gone):
            return
        if isinstance(outcome, Encoded):
            self._encoded.append(outcome)
        elif isinstance(outcome, Failed):
            self._failed.append(outcome)
            if outcome.sha256 is not None:
                self._refused[outcome.sha256] = outcome
        elif isinstance(outcome, Described):
            self._take_described(outcome)
        else:
            self._moves.append(outcome)
        if self._waiting_since is None:
            self._waiting_since = time.monotonic()
        self._taken += 1
        if self._taken >= self._options.batch_size:
            self.write()

    def write_if_due(self) -> None:
        """Write what has waited long enough."""
        if self._waiting_since is not None and time.monotonic() - self._waiting_since >= LONGEST_UNWRITTEN:
            self.write()

    def write(self) -> None:
        """Write everything taken so far; copies of a photo that is still being read go on waiting for it."""
        self._waiting_since = None
        self._taken = 0
        self._write_encoded()
        moves, self._moves = self._moves, []
        for move in moves:
            if (refused := self._refused.get(move.sha256)) is not None:
                self._failed.append(_same_failure(move, refused))
            elif not self.link(move):
                self._moves.append(move)
        self._write_failed()
        self._counts.update(described=self._writer.set_knowledge(self._described))
        self._described = {}
        if self._since_checkpoint >= self._options.checkpoint_every:
            self._writer.checkpoint()
            self._since_checkpoint = 0

    def finish(self) -> None:
        """Write everything; nothing more will come."""
        self.write()
        for move in self._moves:  # possible only where files are changed while the run looks at them
            file = FailedFile(move.candidate.found.path, None, None, None, "was changed while it was being indexed")
            self._failed.append(Failed(file, None, temporary=True, indexed=move.candidate.indexed_content is not None))
        self._moves = []
        self._write_failed()

    def link(self, move: Move) -> bool:
        """Let a path name the content it was found to hold; return whether the index has that content."""
        path = move.candidate.found.path
        if self._index.image_of_content(move.sha256) is None:
            return False
        self._writer.link(path, move.sha256, move.size, move.mtime_ns)
        if move.candidate.indexed_content == move.sha256:
            self._counts.update(unchanged=1)
        else:
            self._moved_contents[move.sha256] += 1
            self._counts.update(moved=1)
        return True

    def forget(self, gone: Sequence[KnownFile]) -> None:
        """Remove files that are no longer there; those that moved are counted as moved already."""
        self._writer.forget([file.path for file in gone])
        removed = 0
        for file in gone:
            if file.sha256 is not None and self._moved_contents[file.sha256] > 0:
                self._moved_contents[file.sha256] -= 1
            elif not file.failed:
                removed += 1
        self._counts.update(removed=removed)

    def forget_moved(self, doubtful: Iterable[Doubtful]) -> None:
        """Remove those files whose content this run found under another path; keep the others, and report them."""
        for place in doubtful:
            awaited = Counter(self._moved_contents)
            moved: list[KnownFile] = []
            for file in place.files:
                if file.sha256 is not None and awaited[file.sha256] > 0:
                    awaited[file.sha256] -= 1
                    moved.append(file)
            self.forget(moved)
            kept = sum(not file.failed for file in place.files) - len(moved)
            if kept:
                reason = (
                    f"{place.reason}, but {kept:,} photos are indexed from it; they are kept in case its disk is not "
                    f"mounted, textsearch prune removes them"
                )
                self.note([Failure(place.end, reason)])

    def note(self, failures: Iterable[Failure]) -> None:
        """Report failures without recording them in the index."""
        self._failures += failures

    def _take_described(self, outcome: Described) -> None:
        if outcome.knowledge is not None:
            self._described[outcome.photo.image_id] = outcome.knowledge
        elif outcome.reason is not None:  # the text that was read of it stays in the index
            self.note([Failure(outcome.photo.path, outcome.reason)])

    def _write_encoded(self) -> None:
        if not self._encoded:
            return
        images = [encoded.image for encoded in self._encoded]
        # Of content that is known, `add` would keep what is known.
        write = self._writer.replace if self._options.force else self._writer.add
        regions = write(images)
        updated = sum(encoded.candidate.indexed_content is not None for encoded in self._encoded)
        self._counts.update(added=len(images) - updated, updated=updated, regions=regions)
        self._since_checkpoint += len(images)
        self._encoded = []

    def _write_failed(self) -> None:
        # What the machine could not read may still be as it was indexed; it stays, and is only reported.
        self._writer.fail([failed.file for failed in self._failed if not (failed.temporary and failed.indexed)])
        self.note(Failure(failed.file.path, failed.file.reason) for failed in self._failed)
        self._failed = []


def _same_failure(copy: Move, first: Failed) -> Failed:
    """Return the failure of a file with the same content as one that failed in this run."""
    path = copy.candidate.found.path
    if first.temporary:
        file = FailedFile(path, None, None, None, first.file.reason)
    else:
        file = FailedFile(path, copy.sha256, copy.size, copy.mtime_ns, first.file.reason)
    return Failed(file, copy.sha256, first.temporary, copy.candidate.indexed_content is not None)
