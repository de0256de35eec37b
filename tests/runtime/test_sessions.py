from __future__ import annotations

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from importlib.resources import files
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image, ImageDraw, ImageFont

from textsearch.models.joint import JointNetwork, load_joint
from textsearch.runtime import sessions
from textsearch.runtime.sessions import OnnxDetector, OnnxRecogniser, network_input, new_session
from textsearch.types import ByteArray, FloatArray

PACKAGED = Path(str(files("textsearch.weights")))


def drawn(text: str, width: int, height: int) -> ByteArray:
    picture = Image.new("RGB", (width, height), "white")
    font = ImageFont.load_default(size=34)
    ImageDraw.Draw(picture).text((width // 2, height // 2), text, fill="navy", font=font, anchor="mm")
    return np.asarray(picture)


@pytest.fixture(scope="module")
def recogniser() -> OnnxRecogniser:
    return OnnxRecogniser(PACKAGED / "recogniser.onnx", threads=1)


@pytest.fixture(scope="module")
def network() -> JointNetwork:
    return load_joint(PACKAGED)


# --- pixels


def test_network_input_is_blue_green_red_from_minus_one_to_one() -> None:
    image = np.zeros((1, 2, 3, 3), np.uint8)
    image[0, 1, 2] = (255, 51, 0)
    planes = network_input(image)
    assert planes.shape == (1, 3, 2, 3)
    assert planes.dtype == np.float32
    np.testing.assert_allclose(planes[0, :, 1, 2], [-1, 51 / 127.5 - 1, 1], atol=1e-6)
    assert (planes[0, :, 0] == -1).all()


# --- the networks


def test_frames_and_probabilities_are_those_of_the_torch_network(
    recogniser: OnnxRecogniser, network: JointNetwork
) -> None:
    strips = np.stack([drawn("OPEN", 96, 48), drawn("x1", 96, 48)])
    frames, probabilities = recogniser.read(strips)
    assert (frames.shape, probabilities.shape) == ((2, 12, 120), (2, 12, 18_710))
    with torch.no_grad():
        expected = network.recogniser(torch.from_numpy(network_input(strips).copy()))
    scale = expected.frames.abs().max().item()
    np.testing.assert_allclose(frames, expected.frames.numpy(), atol=2e-5 * scale)
    np.testing.assert_allclose(probabilities, expected.logits.softmax(dim=-1).numpy(), atol=1e-4)


def test_probabilities_sum_to_one(recogniser: OnnxRecogniser) -> None:
    _, probabilities = recogniser.read(drawn("a", 32, 48)[None])
    assert probabilities.shape == (1, 4, 18_710)
    np.testing.assert_allclose(probabilities.sum(axis=2), 1, atol=1e-4)


def test_the_detector_marks_text_and_nothing_else() -> None:
    detector = OnnxDetector(PACKAGED / "detector.onnx", threads=1)
    photo = np.full((160, 320, 3), 255, np.uint8)
    photo[:64] = drawn("BAKERY", 320, 64)
    probabilities = detector.probabilities(photo)
    assert probabilities.shape == (160, 320)
    assert probabilities.dtype == np.float32
    assert probabilities[32, 130:190].mean() > 0.6
    assert probabilities[96:].max() < 0.1


def test_the_map_is_that_of_the_torch_network(network: JointNetwork) -> None:
    photo = np.full((96, 192, 3), 255, np.uint8)
    photo[:64] = drawn("HOTEL", 192, 64)
    probabilities = OnnxDetector(PACKAGED / "detector.onnx", threads=1).probabilities(photo)
    with torch.no_grad():
        logits = network.detect(torch.from_numpy(network_input(photo[None]).copy())).logits
    np.testing.assert_allclose(probabilities, logits.sigmoid()[0, 0].numpy(), atol=1e-3)


class CountingSession:
    """Stands in for the detector's network, and counts how many photos it looks at side by side."""

    def __init__(self) -> None:
        self.most = 0
        self._now = 0
        self._lock = threading.Lock()

    def run(self, outputs: None, feeds: dict[str, FloatArray]) -> list[FloatArray]:
        with self._lock:
            self._now += 1
            self.most = max(self.most, self._now)
        time.sleep(0.05)
        with self._lock:
            self._now -= 1
        return [feeds["x"][:, :1]]


@pytest.mark.parametrize(
    ("cores", "gigabytes", "photos", "expected"),
    [
        (2, 24, [(1440, 1920)] * 6, 1),
        (2, 24, [(1088, 1920)] * 6, 2),
        (2, 24, [(1440, 1920), (1088, 1920)] * 3, 2),
        (16, 64, [(1440, 1920)] * 16, 14),
        (16, 4, [(1440, 1920)] * 8, 1),
        (16, 4, [(544, 960)] * 16, 10),
        (1, None, [(1440, 1920)] * 3, 1),
    ],
)
def test_as_many_photos_at_a_time_as_memory_and_cores_allow(
    monkeypatch: pytest.MonkeyPatch,
    cores: int,
    gigabytes: int | None,
    photos: list[tuple[int, int]],
    expected: int,
) -> None:
    session = CountingSession()
    monkeypatch.setattr(sessions, "new_session", lambda graph, threads: session)
    monkeypatch.setattr(sessions, "usable_cores", lambda: cores)
    monkeypatch.setattr(sessions, "usable_memory", lambda: gigabytes and gigabytes * 10**9)
    monkeypatch.setattr(sessions, "network_input", lambda images: np.zeros((1, 3, 1, 1), np.float32))
    detector = OnnxDetector(PACKAGED / "detector.onnx", threads=1)
    with ThreadPoolExecutor(len(photos)) as pool:
        list(pool.map(detector.probabilities, [np.zeros((*size, 3), np.uint8) for size in photos]))
    assert session.most <= expected
    assert session.most >= min(expected, 2), "the bound is no lock"


def test_a_missing_graph_is_not_swallowed() -> None:
    with pytest.raises(Exception, match="not-there"):
        new_session(PACKAGED / "not-there.onnx", threads=1)
