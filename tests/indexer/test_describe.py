"""What is known about photos beyond their text: found out with the text, or later where it is missing."""

from __future__ import annotations

import os
import threading
from collections.abc import Sequence

import numpy as np
import pytest

from tests.fakes import save_photo
from tests.indexer.bench import Bench, numbers
from textsearch.index.records import PICTURE_WIDTH, Notice, PhotoKnowledge
from textsearch.indexer import store
from textsearch.indexer.progress import Progress
from textsearch.knowledge.spans import Reading
from textsearch.types import ByteArray, FloatArray


class WordDescriber:
    """Knows of each word that it stands in the photo, and can be told what to do with some words."""

    def __init__(self, maker: str = "words 1") -> None:
        self.maker = maker
        self.described: list[str] = []
        self.errors: dict[str, BaseException] = {}
        self._lock = threading.Lock()

    def see(self, pixels: ByteArray) -> FloatArray:
        return np.full(PICTURE_WIDTH, pixels.mean() / 255, np.float32)

    def describe(self, pixels: ByteArray, readings: Sequence[Reading]) -> PhotoKnowledge:
        words = " ".join(reading.text for reading in readings)
        if words in self.errors:
            raise self.errors[words]
        with self._lock:
            self.described.append(words)
        notices = tuple(Notice("entity", reading.text, 0.5, (place,)) for place, reading in enumerate(readings))
        return PhotoKnowledge(notices, self.see(pixels), self.maker)

    def newly_described(self) -> list[str]:
        """Return what was described since this was last asked, sorted."""
        described, self.described = sorted(self.described), []
        return described


@pytest.fixture
def describer(bench: Bench) -> WordDescriber:
    """Return the describer of the bench; its gallery has three photos."""
    describer = WordDescriber()
    bench.describer = describer
    save_photo(bench.gallery / "exit.png", "EXIT", "only")
    save_photo(bench.gallery / "hotel.png", "HOTEL")
    save_photo(bench.gallery / "sky.png")
    return describer


def known(bench: Bench, name: str) -> list[tuple[str, str]]:
    """Return what is known of a photo, and the words that say it."""
    path = bench.gallery / name
    texts = {region.region_id: region.text for region in bench.index.regions_of(path) or ()}
    image_id = bench.index.image_at(path)
    assert image_id is not None
    rows = bench.index.knowledge_of([image_id]).get(image_id, [])
    return sorted((row.identifier, " ".join(texts[number] for number in row.region_ids)) for row in rows)


def test_new_photos_are_described_as_they_are_read(bench: Bench, describer: WordDescriber) -> None:
    assert bench.build().described == 0
    assert known(bench, "exit.png") == [("EXIT", "EXIT"), ("only", "only")]
    assert known(bench, "sky.png") == []
    assert len(bench.index.pictures()[0]) == 3
    bench.build()
    assert describer.newly_described() == ["", "EXIT only", "HOTEL"]


def test_older_photos_are_looked_at_but_not_read_again(bench: Bench, describer: WordDescriber) -> None:
    assert bench.build(knowledge=False).added == 3
    save_photo(bench.gallery / "new.png", "NEW")
    assert bench.index.pictures()[0].size == 0
    bench.newly_read()
    report = bench.build()
    assert numbers(report) == (1, 0, 0, 0, 3, 0)
    assert (report.described, report.regions) == (3, 1)
    assert [told.done for told in bench.news] == [0, 1, 2, 3, 4]
    assert bench.newly_read() == ["NEW"]
    assert known(bench, "exit.png") == [("EXIT", "EXIT"), ("only", "only")]
    assert bench.build().described == 0


def test_another_maker_describes_anew(bench: Bench, describer: WordDescriber) -> None:
    bench.build()
    bench.describer = WordDescriber("words 2")
    assert bench.build().described == 3
    assert bench.index.undescribed("words 2") == []
    assert bench.build(knowledge=False).described == 0


def test_photos_with_another_date_or_name_are_described_in_the_same_run(bench: Bench, describer: WordDescriber) -> None:
    save_photo(bench.gallery / "again.png", "HOTEL")
    bench.build(knowledge=False)
    for photo in bench.gallery.rglob("*.png"):
        os.utime(photo, ns=(1, 1))
    (bench.gallery / "exit.png").rename(bench.gallery / "way out.png")
    bench.newly_read()
    report = bench.build()
    assert (report.described, report.regions) == (3, 0)
    done = [told.done for told in bench.news]
    assert done == sorted(done)
    assert done[-1] == bench.news[-1].total == 4
    assert bench.newly_read() == []


def test_only_photos_of_the_scanned_sources_are_looked_at(bench: Bench, describer: WordDescriber) -> None:
    save_photo(bench.gallery / "inner" / "bar.png", "BAR")
    bench.build(knowledge=False)
    assert bench.build(bench.gallery / "inner").described == 1
    assert describer.newly_described() == ["BAR"]


def test_copies_are_described_once(bench: Bench, describer: WordDescriber) -> None:
    save_photo(bench.gallery / "again.png", "HOTEL")
    bench.build(knowledge=False)
    assert bench.build().described == 3
    assert describer.newly_described() == ["", "EXIT only", "HOTEL"]


def test_the_limit_counts_these_photos_too(bench: Bench, describer: WordDescriber) -> None:
    bench.build(knowledge=False)
    save_photo(bench.gallery / "new.png", "NEW")
    report = bench.build(limit=2)
    assert (report.added, report.described) == (1, 1)
    assert bench.build().described == 2


def test_a_photo_that_cannot_be_looked_at_keeps_its_text(bench: Bench, describer: WordDescriber) -> None:
    bench.build(knowledge=False)
    describer.errors["EXIT only"] = MemoryError("too little memory")
    report = bench.build()
    assert report.described == 2
    assert [(failure.path.name, failure.reason) for failure in report.failures] == [
        ("exit.png", "this machine could not encode it: too little memory")
    ]
    assert bench.contents()["exit.png"] == ["EXIT", "only"]
    assert bench.failures() == {}
    assert known(bench, "hotel.png") == [("HOTEL", "HOTEL")]


def test_what_another_file_holds_by_now_is_not_taken_for_it(
    bench: Bench, describer: WordDescriber, monkeypatch: pytest.MonkeyPatch
) -> None:
    bench.build(knowledge=False)
    # Written between the scan and the look: nothing but the content can tell.
    undescribed = bench.index.undescribed

    def swap(maker: str) -> list[int]:
        save_photo(bench.gallery / "hotel.png", "MOTEL")
        return undescribed(maker)

    monkeypatch.setattr(bench.index, "undescribed", swap)
    assert bench.build().described == 2
    assert known(bench, "hotel.png") == []
    monkeypatch.undo()
    report = bench.build()
    assert (report.updated, report.described) == (1, 0)
    assert known(bench, "hotel.png") == [("MOTEL", "MOTEL")]


def test_an_interrupted_run_goes_on_where_it_stopped(bench: Bench, describer: WordDescriber) -> None:
    for number in range(30):
        save_photo(bench.gallery / f"{number}.png", f"number{number}")
    bench.build(knowledge=False)

    def interrupt(told: Progress) -> None:
        if told.done == 5:
            raise KeyboardInterrupt

    first = bench.build(progress=interrupt, batch_size=100)
    assert first.interrupted
    assert 5 <= first.described < 33
    second = bench.build()
    assert first.described + second.described == 33
    assert len(describer.newly_described()) == 33


def test_a_mistake_over_one_photo_names_it_and_stops_no_other(bench: Bench, describer: WordDescriber) -> None:
    bench.build(knowledge=False)
    describer.errors["HOTEL"] = ValueError("a mistake")
    report = bench.build()
    assert report.described == 2
    assert [failure.path.name for failure in report.failures] == ["hotel.png"]
    assert "ValueError: a mistake" in report.failures[0].reason
    describer.errors.clear()
    assert bench.build().described == 1
    assert describer.newly_described() == ["", "EXIT only", "HOTEL"]


def test_a_batch_is_one_transaction(bench: Bench, describer: WordDescriber, monkeypatch: pytest.MonkeyPatch) -> None:
    bench.build(knowledge=False)
    monkeypatch.setattr(store, "LONGEST_UNWRITTEN", 1000)
    before = bench.index.generation
    assert bench.build(batch_size=2).described == 3
    assert bench.index.generation == before + 2


def test_reading_again_describes_again(bench: Bench, describer: WordDescriber) -> None:
    bench.build()
    describer.newly_described()
    assert bench.build(force=True).updated == 3
    assert describer.newly_described() == ["", "EXIT only", "HOTEL"]
    assert known(bench, "exit.png") == [("EXIT", "EXIT"), ("only", "only")]
    assert len(bench.index.pictures()[0]) == 3


def test_a_failure_of_the_describer_is_one_of_the_machine(bench: Bench, describer: WordDescriber) -> None:
    describer.errors["HOTEL"] = RuntimeError("out of memory\nat line 3")
    report = bench.build()
    assert [failure.reason for failure in report.failures] == ["this machine could not encode it: out of memory"]
    describer.errors.clear()
    assert bench.build().added == 1
    assert bench.contents()["hotel.png"] == ["HOTEL"]
