from __future__ import annotations

import numpy as np
import pytest
import torch

from tests.pretended_device import PretendedTensor, pretended_device
from textsearch.training.samples import WordLabel
from textsearch.training.strips import WIDTHS, WordStrip, batches, plan, seen_letters
from textsearch.types import FloatArray

IMAGE = np.zeros((200, 300, 3), np.uint8)
IMAGE[..., 0] = np.arange(300)[None] % 256


def word(polygon: FloatArray) -> WordLabel:
    return WordLabel(polygon, "word", True)


def test_a_straight_word_is_cut_where_it_is() -> None:
    polygon = np.array([[40, 50], [140, 50], [140, 90], [40, 90]], np.float32)
    strip = plan(IMAGE, word(polygon), 3, np.random.default_rng(0), play=0.0).cut()
    assert strip.pixels.shape[0] == 48
    assert strip.pixels.shape[1] == pytest.approx(120, abs=2)
    assert strip.owner == 3
    reds = strip.pixels[24, :, 0].astype(int)
    assert reds[0] == pytest.approx(37, abs=3)
    assert reds[-1] == pytest.approx(143, abs=3)


def test_a_curved_word_is_straightened() -> None:
    angles = np.linspace(np.pi, 2 * np.pi, 9)
    circle = np.stack([np.cos(angles), np.sin(angles)], axis=1)
    rows, columns = np.mgrid[:200, :300]
    radius = np.hypot(columns - 150, rows - 120)
    image = np.repeat((np.abs(radius - 60) < 3).astype(np.uint8)[..., None] * 255, 3, axis=2)
    polygon = np.concatenate([[150, 120] + 75 * circle, ([150, 120] + 45 * circle)[::-1]]).astype(np.float32)
    pixels = plan(image, word(polygon), 0, np.random.default_rng(0)).cut().pixels
    assert pixels.shape[1] == pytest.approx(np.pi * 60 * 48 / 30, rel=0.05)
    assert (pixels[20:28, 10:-10].max(axis=0) > 128).mean() > 0.95
    assert pixels[:12].max() < 100


def test_play_moves_the_corners_repeatably() -> None:
    polygon = np.array([[40, 50], [140, 50], [140, 90], [40, 90]], np.float32)
    first, second, other = (plan(IMAGE, word(polygon), 0, np.random.default_rng(seed)).cut() for seed in (1, 1, 2))
    np.testing.assert_array_equal(first.pixels, second.pixels)
    assert not np.array_equal(first.quadrilateral, other.quadrilateral)


def test_strips_are_grouped_by_width_and_padded_with_grey() -> None:
    corners = np.zeros((4, 2), np.float32)
    strips = [
        WordStrip(np.full((48, width, 3), 9, np.uint8), str(width), corners, number)
        for number, width in enumerate((40, 96, 97, 320))
    ]
    grouped = batches(strips)
    assert [batch.pixels.shape[2] for batch in grouped] == list(WIDTHS)
    assert [batch.texts for batch in grouped] == [("40", "96"), ("97",), ("320",)]
    assert grouped[0].used.tolist() == [5, 12]
    assert (grouped[0].pixels[0, :, 40:] == 127).all()
    assert grouped[0].owners.tolist() == [0, 1]


def test_letters_are_seen_on_the_frames_of_the_strip_alone() -> None:
    paths = [[0, 0, 2, 0, 3, 0, 0, 0], [0] * 8, [0, 0, 0, 0, 0, 0, 0, 1]]
    scores = torch.nn.functional.one_hot(torch.tensor(paths), 5).float().log_softmax(dim=2)
    assert seen_letters(scores, np.array([7, 8, 7])) == [(0, 1.5, 5.5)]


def test_posteriors_stay_on_their_device(monkeypatch: pytest.MonkeyPatch) -> None:
    fetched: list[tuple[int, ...]] = []
    cpu = PretendedTensor.cpu

    def fetch(tensor: PretendedTensor) -> torch.Tensor:
        fetched.append(tuple(tensor.shape))
        return cpu(tensor)

    monkeypatch.setattr(PretendedTensor, "cpu", fetch)
    with pretended_device() as device:
        seen_letters(torch.zeros(3, 8, 5, device=device), np.array([7, 8, 7]))
    assert fetched == [(3, 8)]
