"""What has to be done with each file that was found: the second stage, which compares with what the index knows."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from itertools import chain
from pathlib import Path

from textsearch.index.folder import KnownFile
from textsearch.indexer.options import IndexOptions
from textsearch.indexer.scan import FoundFile, Scan
from textsearch.indexer.vanished import Doubtful, vanished


@dataclass(frozen=True)
class Candidate:
    """A file that is new or may have changed, and what the index knows of its path, if anything."""

    found: FoundFile
    known: KnownFile | None

    @property
    def indexed_content(self) -> str | None:
        """Return the sha256 of the photo that the index holds for this path, None if it holds none."""
        return None if self.known is None or self.known.failed else self.known.sha256

    @property
    def turn(self) -> tuple[bool, Path]:
        """Return what sorts candidates: those that failed before come last and keep no other from its turn."""
        return self.known is not None and self.known.failed, self.found.path


@dataclass(frozen=True)
class Move:
    """A candidate whose content is in the index already.

    Attributes:
        candidate: the file.
        sha256: hexadecimal digest of its content.
        size: bytes, when it was read.
        mtime_ns: modification time when it was read, nanoseconds since the epoch.
    """

    candidate: Candidate
    sha256: str
    size: int
    mtime_ns: int


@dataclass
class Plan:
    """What to do.

    Attributes:
        unchanged: photos that are in the index with this size and modification time.
        known_failures: files that failed before and have not changed since.
        relocated: candidates of the size of a photo that is about to lose its path: it may be the same photo, so these
            must be compared before anything is overwritten or forgotten.
        reads: the other candidates.
        gone: known files that are no longer there.
        doubtful: known files that may be there again when their disk is.
    """

    unchanged: int = 0
    known_failures: int = 0
    relocated: list[Candidate] = field(default_factory=list)
    reads: list[Candidate] = field(default_factory=list)
    gone: list[KnownFile] = field(default_factory=list)
    doubtful: list[Doubtful] = field(default_factory=list)


def make_plan(found: Scan, known: Mapping[Path, KnownFile], options: IndexOptions) -> Plan:
    """Decide by size and modification time alone, without opening a file."""
    missing = vanished(known.values(), found)
    plan = Plan(gone=missing.gone, doubtful=missing.doubtful)
    candidates: list[Candidate] = []
    for file in found.files:
        before = known.get(file.path)
        same = before is not None and (before.size, before.mtime_ns) == (file.size, file.mtime_ns)
        if before is None or options.force or not same or (before.failed and options.retry_failed):
            candidates.append(Candidate(file, before))
        elif before.failed:
            plan.known_failures += 1
        else:
            plan.unchanged += 1
    if options.force:
        plan.reads = candidates
        return plan
    changed = [candidate.known for candidate in candidates if candidate.known is not None]
    missed = chain(plan.gone, *(doubtful.files for doubtful in plan.doubtful))
    sizes = {file.size for file in chain(missed, changed) if not file.failed}
    for candidate in candidates:
        (plan.relocated if candidate.found.size in sizes else plan.reads).append(candidate)
    return plan


def in_safe_order(moves: Iterable[Move]) -> list[Move]:
    """Order moves so that no path is overwritten while its old content still waits for its new path.

    When photos were renumbered (3 became 4, 2 became 3, 1 became 2), 4 must come first. In a circle one content is
    overwritten and has to be read again.
    """
    moves = list(moves)
    waiting = {move.sha256: move for move in moves}
    placed: set[Path] = set()
    order: list[Move] = []
    for move in moves:
        chain: list[Move] = []
        following: Move | None = move
        while following is not None and following.candidate.found.path not in placed:
            placed.add(following.candidate.found.path)
            chain.append(following)
            following = waiting.get(following.candidate.indexed_content or "")
        order += reversed(chain)
    return order
