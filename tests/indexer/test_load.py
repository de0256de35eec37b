"""Reading ahead stays within its memory, and a failure is laid where it belongs."""

from __future__ import annotations

import hashlib
import re
import threading
import time
from pathlib import Path
from typing import BinaryIO

import cv2
import numpy as np
import pytest
from PIL import Image

from tests.fakes import save_photo
from tests.indexer.bench import Bench
from textsearch.errors import ImageError, WeightsError
from textsearch.images import read_image
from textsearch.index.folder import KnownFile
from textsearch.indexer import load
from textsearch.indexer.load import Encoded, Failed, Gone, Reader, Unchanged, identify_file
from textsearch.indexer.plan import Candidate, Move
from textsearch.indexer.scan import FoundFile
from textsearch.types import ByteArray


def candidate(path: Path, known_content: str | None = None) -> Candidate:
    known = None if known_content is None else KnownFile(path, known_content, 1, 1, failed=False, reason=None)
    return Candidate(FoundFile(path, 1, 1), known)


@pytest.fixture
def reader(bench: Bench) -> Reader:
    return Reader(bench.index, bench.model, 2, force=False)


def test_content_is_identified_by_its_digest(tmp_path: Path) -> None:
    data = np.random.default_rng(0).bytes(3_000_000)  # more than one piece
    path = tmp_path / "file"
    path.write_bytes(data)
    content = identify_file(path)
    assert content.sha256 == hashlib.sha256(data).hexdigest()
    assert (content.size, content.mtime_ns) == (len(data), path.stat().st_mtime_ns)
    with pytest.raises(ImageError, match="there is no such file"):
        identify_file(tmp_path / "other")


def test_outcomes(bench: Bench, reader: Reader) -> None:
    path = save_photo(bench.gallery / "a.png", "exit")
    first = reader.read(candidate(path))
    assert isinstance(first, Encoded)
    assert first.image.regions.texts == ("exit",)
    assert first.image.size == path.stat().st_size
    # Another file with the same content waits for the first one.
    copy = reader.read(candidate(save_photo(bench.gallery / "b.png", "exit")))
    assert isinstance(copy, Move)
    assert copy.sha256 == first.image.sha256
    assert isinstance(reader.read(candidate(path, first.image.sha256)), Unchanged)
    assert bench.model.read == ["exit"]


def test_whose_fault_it_is(bench: Bench, reader: Reader) -> None:
    damaged = bench.gallery / "damaged.jpg"
    damaged.write_bytes(b"no picture")
    photos = {word: save_photo(bench.gallery / f"{word}.png", word) for word in ("memory", "gpu", "opencv", "verdict")}
    bench.model.errors = {
        "memory": MemoryError(),
        "gpu": RuntimeError("CUDA error: out of memory\nlong explanation"),
        "opencv": cv2.error("OpenCV(4.10) resize.cpp: error: (-4:Insufficient memory)"),
        "verdict": ImageError("is too narrow to hold text"),
    }
    expected = {
        damaged: ("is not a picture in a known format", False),
        photos["memory"]: ("this machine could not encode it: MemoryError", True),
        photos["gpu"]: ("this machine could not encode it: CUDA error: out of memory", True),
        photos["opencv"]: ("this machine could not encode it: error: OpenCV(4.10) resize.cpp", True),
        photos["verdict"]: ("is too narrow to hold text", False),
    }
    for path, (reason, temporary) in expected.items():
        outcome = reader.read(candidate(path))
        assert isinstance(outcome, Failed)
        assert outcome.file.reason.startswith(reason)
        assert outcome.temporary == temporary
        assert (outcome.file.size is None) == temporary  # without a size it is tried again


@pytest.mark.parametrize("mistake", [ValueError("shape"), KeyError("x"), NotImplementedError(), RecursionError()])
def test_a_mistake_in_the_model_is_told_as_one(bench: Bench, reader: Reader, mistake: Exception) -> None:
    path = save_photo(bench.gallery / "a.png", "exit")
    bench.model.errors = {"exit": mistake}
    outcome = reader.read(candidate(path))
    assert isinstance(outcome, Failed)
    assert outcome.file.path == path
    assert outcome.file.reason.startswith(f"a mistake in this program, please report it: {type(mistake).__name__}: ")
    assert re.search(r" \(bench\.py:\d+\)$", outcome.file.reason)
    assert outcome.temporary
    assert outcome.file.size is None


def test_what_keeps_everything_from_being_read_surfaces(bench: Bench, reader: Reader) -> None:
    path = save_photo(bench.gallery / "a.png", "exit")
    bench.model.errors = {"exit": WeightsError("reinstall")}
    with pytest.raises(WeightsError):
        reader.read(candidate(path))


def test_a_file_that_vanished_is_no_failure_unless_its_disk_did(bench: Bench, reader: Reader) -> None:
    missing = candidate(bench.gallery / "missing.jpg")
    outcome = reader.read(missing)
    assert isinstance(outcome, Failed), "the whole folder is empty"
    assert (outcome.file.reason, outcome.temporary) == ("there is no such file", True)
    save_photo(bench.gallery / "a.png", "exit")
    assert reader.read(missing) == Gone(missing)
    (bench.gallery / "missing.jpg").symlink_to("nowhere")
    assert isinstance(reader.read(missing), Failed)


def test_a_stopped_reader_reads_nothing(bench: Bench, reader: Reader) -> None:
    path = save_photo(bench.gallery / "a.png", "exit")
    reader.stop()
    assert reader.read(candidate(path)) is None
    assert bench.model.read == []


def test_pixels_in_flight_are_bounded(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    for i in range(12):
        pixels = np.full((100, 100, 3), i, np.uint8)
        Image.fromarray(pixels).save(bench.gallery / f"{i:02}.png")
    decoding = 100 * 100 * 7
    monkeypatch.setattr(load, "PIXEL_BYTES_PER_JOB", decoding)
    held: list[int] = []
    lock = threading.Lock()
    reading = 0

    def counting(stream: BinaryIO) -> ByteArray:
        nonlocal reading
        with lock:
            reading += decoding
            held.append(reading)
        pixels = read_image(stream)
        with lock:
            reading += pixels.nbytes - decoding
        return pixels

    def encoding() -> None:
        nonlocal reading
        time.sleep(0.005)
        with lock:
            reading -= 100 * 100 * 3

    monkeypatch.setattr("textsearch.indexer.load.read_image", counting)
    bench.model.before = encoding
    assert bench.build(jobs=2).added == 12
    assert decoding < max(held) <= 2 * decoding
    assert reading == 0
