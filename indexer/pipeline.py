"""The offline pipeline as one function: scan, plan, load, encode, add, report."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from functools import partial
from itertools import islice
from pathlib import Path

from textsearch.errors import ImageError, IndexModelError
from textsearch.index.folder import FailedFile, IndexFolder
from textsearch.indexer.describe import Described, Describer, Undescribed, undescribed
from textsearch.indexer.load import AHEAD, Encoded, Failed, Outcome, Reader, Unchanged, identify_file
from textsearch.indexer.options import IndexOptions
from textsearch.indexer.plan import Candidate, Move, in_safe_order, make_plan
from textsearch.indexer.progress import Meter, Progress
from textsearch.indexer.scan import Scan, scan
from textsearch.indexer.store import Store
from textsearch.machine import usable_cores
from textsearch.types import Failure, IndexReport, TextModel

__all__ = ["IndexOptions", "Progress", "build"]

_Task = tuple[Path, Callable[[], Outcome | None]]
"""A file and what reads it, which is done by any thread; None: it was not read because the run was stopped."""

_LOOK_AGAIN = 0.5
"""Seconds between two looks at whether a batch is due, and for Ctrl-C on systems where waiting blocks it."""


def build(
    index: IndexFolder,
    model: TextModel,
    sources: Sequence[Path],
    options: IndexOptions,
    progress: Callable[[Progress], None] | None = None,
    describer: Describer | None = None,
) -> IndexReport:
    """Bring an index up to date with folders and files. Photos are only ever read.

    Ctrl-C ends the run cleanly: photos being encoded are finished, and everything encoded is written. A killed run
    loses at most the photos of the last few seconds. Either way the next run goes on where this one ended; only with
    `force` it begins at the beginning.

    Args:
        index: the index to write to; it can be searched meanwhile.
        model: the network that filled the index; `encode_images` is called by several threads at once.
        sources: folders and files; those that are missing are reported as failures.
        options: how.
        progress: called after each file, always by the same thread, though not by the caller's.
        describer: finds out what is known about photos beyond their text, also about photos that were indexed before
            without it or by another one; None: nobody does.

    Raises:
        TextSearchError: the links on the way to a source form a circle.
        IndexModelError: another model filled the index.
        IndexLockedError: another process is writing to the index.
        IndexWriteError: the index folder cannot be written.
    """
    if model.fingerprint != index.model.fingerprint:
        raise IndexModelError(
            f"the index in {index.location} was not made with this model ({model.name}); index into a new folder"
        )
    run = _Run(index, model, describer if options.knowledge else None, options, Meter(progress))
    # Python raises Ctrl-C in the main thread, between any two steps. The writing is done by another thread, where it
    # can never come between a transaction and what has to follow it.
    with ThreadPoolExecutor(1, "textsearch-index") as executor:
        future = executor.submit(run.report, sources)
        try:
            while not future.done():
                run.wait_for(future)
            return future.result()
        finally:
            run.stop()


class _Run:
    """One indexing run."""

    def __init__(
        self, index: IndexFolder, model: TextModel, describer: Describer | None, options: IndexOptions, meter: Meter
    ) -> None:
        self._index = index
        self._describer = describer
        self._options = options
        self._meter = meter
        self._jobs = options.jobs or usable_cores()
        self._reader = Reader(index, model, self._jobs, force=options.force, describer=describer)
        self._stopped = threading.Event()

    def stop(self) -> None:
        """End soon, without losing anything that was encoded."""
        self._stopped.set()
        self._reader.stop()

    def wait_for(self, future: Future[IndexReport]) -> None:
        """Wait a moment for the end of the run, and stop it on Ctrl-C."""
        try:
            wait([future], timeout=_LOOK_AGAIN)
        except KeyboardInterrupt:
            self.stop()

    def report(self, sources: Sequence[Path]) -> IndexReport:
        """Do everything, and tell what was done."""
        started = time.monotonic()
        with self._index.writer() as writer:
            store = Store(self._index, writer, self._options)
            try:
                complete = self._update(sources, store)
            finally:
                store.write()  # also when a mistake in the program surfaces: what was encoded is kept
        return store.report(time.monotonic() - started, interrupted=not complete)

    def _update(self, sources: Sequence[Path], store: Store) -> bool:
        """Go through all stages; return whether the end was reached."""
        found = scan(sources, self._options, self._stopped.is_set)
        if self._stopped.is_set():
            return False
        known = {file.path: file for file in self._index.known_files(found.sources)}
        plan = make_plan(found, known, self._options)
        store.unchanged(plan.unchanged)
        store.known_failures(plan.known_failures)
        total = len(found.files)
        finished = plan.unchanged + plan.known_failures - len(self._older(found, plan.reads + plan.relocated))
        self._tell(lambda: self._meter.start(finished, total))
        for refused in found.refused:
            before = known.get(refused.path)
            file = FailedFile(refused.path, None, None, None, refused.reason)
            indexed = before is not None and not before.failed
            store.take(Failed(file, None, temporary=refused.temporary, indexed=indexed))
        store.note(Failure(path, "there is no such file or folder") for path in found.missing)
        # Whatever moved is found before anything is overwritten or forgotten, so that no photo is read twice.
        reads = sorted(plan.reads + self._relocate(plan.relocated, store), key=lambda candidate: candidate.turn)
        if self._stopped.is_set():
            return False
        older = self._older(found, reads)
        self._tell(lambda: self._meter.correct(total - len(reads) - len(older)))
        store.forget(plan.gone)
        store.forget_moved(plan.doubtful)
        tasks: list[_Task] = [(read.found.path, partial(self._reader.read, read)) for read in reads]
        tasks += [(photo.path, partial(self._reader.describe, photo)) for photo in older]
        if not self._do(tasks, store):
            return False
        store.finish()
        return True

    def _older(self, found: Scan, candidates: Sequence[Candidate]) -> list[Undescribed]:
        """Return the photos, candidates aside, that need not be read for their text, but for what is known of them."""
        if self._describer is None:
            return []
        waiting = {candidate.found.path for candidate in candidates}
        return undescribed(self._index, self._describer, {file.path for file in found.files} - waiting)

    def _undescribed_contents(self) -> set[str]:
        """Return the digests of the photos in the index that this describer has not described."""
        if self._describer is None:
            return set()
        ids = self._index.undescribed(self._describer.maker)
        return {image.sha256 for image in self._index.images(ids).values()} if ids else set()

    def _relocate(self, candidates: Sequence[Candidate], store: Store) -> list[Candidate]:
        """Link the candidates that hold what the index knows; return those that must be read."""
        awaited = self._undescribed_contents() if candidates else set()
        unknown: list[Candidate] = []
        moves: list[Move] = []
        for candidate in candidates:
            if self._stopped.is_set():
                return []
            try:
                content = identify_file(candidate.found.path)
            except ImageError:
                unknown.append(candidate)  # to fail once more, where failures are recorded
                continue
            if content.sha256 == candidate.indexed_content:
                store.take(Unchanged(candidate, content.size, content.mtime_ns))
                if content.sha256 not in awaited:
                    self._finished(candidate.found.path)
            else:
                moves.append(Move(candidate, content.sha256, content.size, content.mtime_ns))
        for move in in_safe_order(moves):
            if not store.link(move):
                unknown.append(move.candidate)
            elif move.sha256 not in awaited:
                self._finished(move.candidate.found.path)
        return unknown

    def _do(self, tasks: Sequence[_Task], store: Store) -> bool:
        """Do tasks by several threads; return whether all were done, or as many photos read as may be."""
        self._meter.start_reading()
        waiting = iter(tasks)
        running: dict[Future[Outcome | None], Path] = {}
        finished = read = 0
        limit = len(tasks) if self._options.limit is None else self._options.limit
        mistake: BaseException | None = None
        threads = self._jobs + AHEAD
        with ThreadPoolExecutor(threads, "textsearch-read") as executor:
            try:
                while True:
                    if mistake is None and not self._stopped.is_set():
                        room = min(2 * threads, limit - read) - len(running)
                        for path, task in islice(waiting, max(room, 0)):
                            running[executor.submit(task)] = path
                    if not running:
                        break
                    wait(running, timeout=_LOOK_AGAIN, return_when=FIRST_COMPLETED)
                    for future in [future for future in running if future.done()]:
                        path = running.pop(future)
                        if (error := future.exception()) is not None:
                            mistake = mistake or error
                            self._reader.stop()
                        elif (outcome := future.result()) is not None:
                            store.take(outcome)
                            finished += 1
                            read += _was_read(outcome)
                            self._finished(path)
                    store.write_if_due()
            finally:
                self._reader.stop()  # if nothing can be written any more, nothing need be read
        if mistake is not None:
            raise mistake
        return finished == len(tasks) or read >= limit

    def _finished(self, path: Path) -> None:
        self._tell(lambda: self._meter.finished(path))

    def _tell(self, news: Callable[[], None]) -> None:
        """Tell the caller something; a callback may end the run by raising KeyboardInterrupt."""
        try:
            news()
        except KeyboardInterrupt:
            self.stop()


def _was_read(outcome: Outcome) -> bool:
    """Return whether a photo was read: decoded and encoded, or found to be none."""
    if isinstance(outcome, Failed):
        return not outcome.temporary
    return isinstance(outcome, Encoded) or (isinstance(outcome, Described) and outcome.knowledge is not None)
