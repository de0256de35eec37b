"""The last stage by itself: what a forced run leaves behind when it is killed, and files that change under it."""

from __future__ import annotations

from contextlib import AbstractContextManager
from pathlib import Path

import pytest

from tests.fakes import save_photo
from tests.indexer.bench import Bench, numbers
from textsearch.index.catalog import Transaction
from textsearch.index.writer import IndexWriter
from textsearch.indexer.options import IndexOptions
from textsearch.indexer.plan import Candidate, Move
from textsearch.indexer.scan import FoundFile
from textsearch.indexer.store import Store


class Killed(BaseException):
    """Stands for the end of the process: nothing is written after it."""


def kill_after(transactions: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let so many transactions be committed, and no more."""
    honest, begun = IndexWriter._transaction, 0

    def transaction(writer: IndexWriter) -> AbstractContextManager[Transaction]:
        nonlocal begun
        begun += 1
        if begun > transactions:
            raise Killed
        return honest(writer)

    monkeypatch.setattr(IndexWriter, "_transaction", transaction)


def test_a_forced_run_that_is_killed_leaves_no_photo_out_and_no_wrong_one_in(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Killed before each of its transactions in turn, until it comes to its end."""
    before = {"a.png": ["one"], "b.png": ["two"], "c.png": ["one"], "d.png": ["four"]}
    after = {"a.png": ["two"], "b.png": ["three"], "c.png": ["one"], "d.png": ["four"]}
    for survived in range(30):
        for state in (before, after):
            for name, words in state.items():
                save_photo(bench.gallery / name, *words)
            if state is before:
                bench.build()
                assert bench.contents() == before
        with monkeypatch.context() as patched:
            kill_after(survived, patched)
            try:
                bench.build(force=True, batch_size=2)
            except Killed:
                left = bench.contents()
            else:
                break
        assert left.keys() == before.keys()
        assert all(words in (before[path], after[path]) for path, words in left.items()), left
        assert bench.build().failures == ()
        assert bench.contents() == after
    assert bench.contents() == after
    assert 1 < survived < 29


@pytest.fixture
def known_path(bench: Bench) -> Path:
    return save_photo(bench.gallery / "a.png", "exit")


def moved_to(bench: Bench, path: Path, sha256: str) -> Move:
    """Return what a thread finds out about a path that holds a content which another thread is said to read."""
    known = {file.path: file for file in bench.index.known_files()}
    status = path.stat()
    found = FoundFile(path, status.st_size, status.st_mtime_ns)
    return Move(Candidate(found, known.get(path)), sha256, status.st_size, status.st_mtime_ns)


@pytest.mark.parametrize("indexed", [False, True])
def test_a_copy_of_what_never_came_was_changed_meanwhile(bench: Bench, known_path: Path, indexed: bool) -> None:
    if indexed:
        bench.build()
    with bench.index.writer() as writer:
        store = Store(bench.index, writer, IndexOptions())
        store.take(moved_to(bench, known_path, "0" * 64))
        store.write()
        assert store.report(0.0, interrupted=False).failures == (), "the first of the copies may still come"
        store.finish()
    (failure,) = store.report(0.0, interrupted=False).failures
    assert (failure.path, failure.reason) == (known_path, "was changed while it was being indexed")
    # What was known of the path stays; otherwise the failure is recorded, and either way the next run has the photo.
    assert bench.contents() == ({"a.png": ["exit"]} if indexed else {})
    assert set(bench.failures()) == (set() if indexed else {"a.png"})
    assert numbers(bench.build()) == ((0, 0, 0, 0, 1, 0) if indexed else (1, 0, 0, 0, 0, 0))
    assert bench.failures() == {}
