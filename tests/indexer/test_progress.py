"""Progress counts all files, but measures the speed of reading."""

from __future__ import annotations

from pathlib import Path

import pytest

from textsearch.indexer.progress import Meter, Progress


def test_speed_and_time_left() -> None:
    now = 100.0
    news: list[Progress] = []
    meter = Meter(news.append, clock=lambda: now)
    meter.start(done=3, total=10)
    meter.finished(Path("moved"))
    meter.start_reading()
    for i in range(4):
        now += 0.5
        meter.finished(Path(str(i)))
    assert [told.done for told in news] == [3, 4, 5, 6, 7, 8]
    assert all(told.total == 10 for told in news)
    assert (news[0].path, news[1].path) == (None, Path("moved"))
    assert (news[1].images_per_second, news[1].seconds_left) == (0.0, None)
    assert news[-1].images_per_second == pytest.approx(2.0)
    assert news[-1].seconds_left == pytest.approx(1.0)


def test_the_speed_follows_a_change() -> None:
    now = 0.0
    news: list[Progress] = []
    meter = Meter(news.append, clock=lambda: now)
    meter.start(0, 1000)
    meter.start_reading()
    for i in range(400):
        now += 1.0 if i < 200 else 0.1
        meter.finished(Path(str(i)))
    assert news[199].images_per_second == pytest.approx(1.0)
    assert news[-1].images_per_second == pytest.approx(10.0)


def test_nobody_needs_to_listen() -> None:
    meter = Meter(None)
    meter.start(0, 1)
    meter.finished(Path("a"))
