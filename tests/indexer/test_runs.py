"""How a run goes: in batches, by several threads, told of, interrupted, refused."""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Sequence

import numpy as np
import pytest

from tests.fakes import FakeModel, save_photo
from tests.indexer.bench import Bench, numbers
from textsearch.errors import IndexLockedError, IndexModelError, WeightsError
from textsearch.index.folder import EncodedImage, IndexWriter
from textsearch.indexer import store
from textsearch.indexer.options import IndexOptions
from textsearch.indexer.pipeline import build
from textsearch.indexer.progress import Progress


def test_progress_is_told_after_each_file(bench: Bench) -> None:
    for i in range(6):
        save_photo(bench.gallery / f"{i}.png", f"number{i}")
    bench.build(limit=2)
    bench.build()
    assert [told.done for told in bench.news] == [2, 3, 4, 5, 6]
    assert {told.total for told in bench.news} == {6}
    assert bench.news[-1].seconds_left == 0


def test_interrupting_keeps_what_was_encoded(bench: Bench) -> None:
    for i in range(30):
        save_photo(bench.gallery / f"{i:02}.png", f"number{i}")

    def interrupt(told: Progress) -> None:
        if told.done == 5:
            raise KeyboardInterrupt

    report = bench.build(progress=interrupt, batch_size=100)
    assert report.interrupted
    assert 5 <= report.added < 12
    assert sorted(words for (words,) in bench.contents().values()) == bench.newly_read()
    rest = bench.build()
    assert numbers(rest) == (30 - report.added, 0, 0, 0, report.added, 0)
    assert len(bench.newly_read()) == 30 - report.added


@pytest.mark.skipif(not hasattr(signal, "pthread_kill"), reason="needs POSIX signals")
def test_control_c_in_the_main_thread(bench: Bench) -> None:
    for i in range(30):
        save_photo(bench.gallery / f"{i:02}.png", f"number{i}")
    main = threading.get_ident()

    def press(told: Progress) -> None:
        if told.done == 3:
            signal.pthread_kill(main, signal.SIGINT)

    bench.model.before = lambda: time.sleep(0.01)
    report = bench.build(progress=press)
    assert report.interrupted
    assert 3 <= report.added < 30
    assert len(bench.contents()) == report.added
    bench.model.before = lambda: None
    assert numbers(bench.build()) == (30 - report.added, 0, 0, 0, report.added, 0)


def test_a_mistake_over_one_photo_names_it_and_stops_no_other(bench: Bench) -> None:
    for i in range(6):
        save_photo(bench.gallery / f"{i}.png", f"number{i}")
    bench.model.errors = {"number2": ValueError("a mistake")}
    for added, unchanged in ((5, 0), (0, 5)):
        report = bench.build()
        assert numbers(report) == (added, 0, 0, 0, unchanged, 1)
        assert report.failures[0].path.name == "2.png"
        assert "ValueError: a mistake" in report.failures[0].reason
    assert list(bench.failures()) == ["2.png"]
    bench.model.errors = {}
    assert numbers(bench.build()) == (1, 0, 0, 0, 5, 0)
    assert bench.failures() == {}


def test_what_keeps_everything_from_being_read_surfaces_and_loses_nothing(bench: Bench) -> None:
    for i in range(6):
        save_photo(bench.gallery / f"{i}.png", f"number{i}")
    bench.model.errors = {"number5": WeightsError("gone")}  # begun when three are finished: there are three threads
    with pytest.raises(WeightsError, match="gone"):
        bench.build(batch_size=100)
    assert sorted(words for (words,) in bench.contents().values()) == bench.newly_read()
    assert len(bench.contents()) >= 3


def test_batches_are_written_as_they_fill(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    sizes: list[int] = []
    checkpoints: list[int] = []
    add, checkpoint = IndexWriter.add, IndexWriter.checkpoint

    def counting_add(writer: IndexWriter, images: Sequence[EncodedImage]) -> int:
        sizes.append(len(images))
        return add(writer, images)

    def counting_checkpoint(writer: IndexWriter) -> None:
        checkpoints.append(sum(sizes))
        checkpoint(writer)

    monkeypatch.setattr(IndexWriter, "add", counting_add)
    monkeypatch.setattr(IndexWriter, "checkpoint", counting_checkpoint)
    for i in range(10):
        save_photo(bench.gallery / f"{i}.png", f"number{i}")
    bench.build(batch_size=4, checkpoint_every=8)
    assert sizes == [4, 4, 2]
    assert checkpoints == [8, 10]  # the last one is the writer's own, when it is closed


def test_a_slow_batch_is_written_before_it_is_full(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(store, "LONGEST_UNWRITTEN", 0.0)
    for i in range(5):
        save_photo(bench.gallery / f"{i}.png", f"number{i}")
    honest, written = IndexWriter.add, threading.Event()
    seen: list[int] = []

    def add(writer: IndexWriter, images: Sequence[EncodedImage]) -> int:
        count = honest(writer, images)
        written.set()
        return count

    def await_the_first() -> None:
        """Let the last photo wait until something is written, which its batch of 100 never demands."""
        if bench.model.images_read == 5:
            assert written.wait(60)
            seen.append(bench.index.info().images)

    monkeypatch.setattr(IndexWriter, "add", add)
    bench.model.before = await_the_first
    bench.build(batch_size=100)
    assert seen[0] >= 1  # what is encoded can be searched while the rest is read


def test_another_model_is_refused(bench: Bench) -> None:
    class Other(FakeModel):
        fingerprint = "1" * 64

    with pytest.raises(IndexModelError, match="was not made with this model"):
        build(bench.index, Other(), [bench.gallery], IndexOptions())


def test_two_runs_at_once_are_refused(bench: Bench) -> None:
    save_photo(bench.gallery / "a.png", "exit")
    with bench.index.writer(), pytest.raises(IndexLockedError):
        bench.build()


def test_more_jobs_give_the_same_index(bench: Bench) -> None:
    words = {}
    for i in range(40):
        words[f"{i:02}.png"] = [f"number{i}", "word"]
        save_photo(bench.gallery / f"{i:02}.png", *words[f"{i:02}.png"])
    bench.model.before = lambda: time.sleep(float(np.random.default_rng().uniform(0, 0.003)))
    assert numbers(bench.build(jobs=4, batch_size=3)) == (40, 0, 0, 0, 0, 0)
    assert bench.contents() == words
