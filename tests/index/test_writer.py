"""One writer at a time: whom it excludes, and what is left when it ends before its time."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from tests.children import next_line
from tests.index.samples import IDENTITY, encoded, texts_near
from textsearch.errors import IndexLockedError, IndexWriteError
from textsearch.index.folder import IndexFolder
from textsearch.index.vectors import VECTORS, Vectors

ROOT = Path(__file__).parents[2]


def test_a_second_writer_is_refused_in_the_same_process(index: IndexFolder, other: IndexFolder) -> None:
    with index.writer():
        for again in (index, other):
            with pytest.raises(IndexLockedError, match="another process is writing"):
                again.writer()
    other.writer().close()


def test_a_second_writer_is_refused_in_another_thread(index: IndexFolder) -> None:
    refused: list[type[BaseException]] = []

    def attempt() -> None:
        try:
            index.writer().close()
        except IndexLockedError as error:
            refused.append(type(error))

    with index.writer():
        thread = threading.Thread(target=attempt)
        thread.start()
        thread.join()
    assert refused == [IndexLockedError]


def test_a_writer_of_another_process_excludes_until_it_is_killed(index: IndexFolder) -> None:
    program = (
        "import sys, time; from pathlib import Path; from textsearch.index.folder import IndexFolder;"
        "writer = IndexFolder.open(Path(sys.argv[1])).writer(); print('writing', flush=True); time.sleep(60)"
    )
    with subprocess.Popen(
        [sys.executable, "-c", program, str(index.location)], cwd=ROOT, stdout=subprocess.PIPE
    ) as process:
        try:
            assert next_line(process) == b"writing\n"
            with pytest.raises(IndexLockedError):
                index.writer()
            assert index.info().images == 0, "reading goes on"
        finally:
            process.kill()
    index.writer().close()


def test_an_error_within_the_block_frees_the_lock_and_keeps_what_was_committed(index: IndexFolder) -> None:
    with pytest.raises(RuntimeError), index.writer() as writer:
        writer.add([encoded("/a.jpg", "apple")])
        raise RuntimeError("interrupted")
    assert texts_near(index, "apple") == ["apple"]
    index.writer().close()


def test_a_failed_checkpoint_frees_the_lock(index: IndexFolder, monkeypatch: pytest.MonkeyPatch) -> None:
    writer = index.writer()
    writer.add([encoded("/a.jpg", "apple")])
    monkeypatch.setattr(Vectors, "_write", lambda *_: (_ for _ in ()).throw(OSError(28, "No space left on device")))
    with pytest.raises(IndexWriteError, match="No space left"):
        writer.close()
    monkeypatch.undo()
    index.writer().close()
    assert (index.location / VECTORS).exists()


def test_a_closed_writer_writes_nothing(index: IndexFolder) -> None:
    writer = index.writer()
    writer.close()
    writer.close()
    with pytest.raises(ValueError, match="closed"):
        writer.add([encoded("/a.jpg", "apple")])


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may write everywhere")
def test_permissions_are_respected(fruits: Path) -> None:
    fruits.chmod(0o555)
    try:
        with IndexFolder.open(fruits, IDENTITY) as index:
            assert texts_near(index, "apple") == ["apple"]
            with pytest.raises(IndexWriteError, match="permissions"):
                index.writer()
    finally:
        fruits.chmod(0o755)
