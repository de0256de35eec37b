from __future__ import annotations

from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageFont

from textsearch.alphabet import normalise
from textsearch.errors import TextSearchError
from textsearch.training.crops import Crop
from textsearch.training.synth import DrawnWords, degrade, draw_word
from textsearch.types import ByteArray


def drawn(
    fonts: Path, words: list[str], count: int, seed: int = 0, backgrounds: list[Path] | None = None
) -> list[Crop]:
    source = DrawnWords(words, list(fonts.iterdir()), backgrounds or [], count)
    return list(source.crops(np.random.default_rng(seed)))


def plain(brightness: int) -> ByteArray:
    return np.full((8, 8, 3), brightness, np.uint8)


def test_crops_are_strips_with_normalised_words(fonts: Path) -> None:
    crops = drawn(fonts, ["Bakery", "o'clock"], 30)
    assert len(crops) == 30
    for crop in crops:
        height, width, channels = crop.strip.shape
        assert (height, channels) == (48, 3)
        assert crop.strip.dtype == np.uint8
        assert 8 <= width <= 640
        assert crop.word == normalise(crop.word) != ""


def test_most_words_come_from_the_lexicon_some_are_numbers_or_random(fonts: Path) -> None:
    source = DrawnWords(["bakery"], [], [], 0)
    generator = np.random.default_rng(0)
    texts = [source._text(generator) for _ in range(2000)]
    kinds = Counter("own" if t.lower() == "bakery" else "number" if t.isdigit() else "random" for t in texts)
    assert kinds["own"] / 2000 == pytest.approx(0.8, abs=0.04)
    assert kinds["number"] / 2000 == pytest.approx(0.1, abs=0.04)
    assert {"BAKERY", "Bakery", "bakery"} <= set(texts)


def test_drawings_repeat_with_the_seed(fonts: Path) -> None:
    first, again, other = (drawn(fonts, ["bakery", "open"], 5, seed) for seed in (0, 0, 1))
    assert all(np.array_equal(a.strip, b.strip) and a.word == b.word for a, b in zip(first, again, strict=True))
    assert not all(np.array_equal(a.strip, b.strip) for a, b in zip(first, other, strict=True))


def test_photos_serve_as_backgrounds(fonts: Path, tmp_path: Path) -> None:
    green = tmp_path / "green.png"
    Image.new("RGB", (400, 300), (0, 255, 0)).save(green)
    tiny = tmp_path / "tiny.png"
    Image.new("RGB", (5, 3), (0, 255, 0)).save(tiny)
    for photo in (green, tiny):
        crops = drawn(fonts, ["bakery"], 30, backgrounds=[photo])
        means = np.array([crop.strip.reshape(-1, 3).mean(axis=0) for crop in crops])
        greenish = (means[:, 1] > means[:, 0] + 40) & (means[:, 1] > means[:, 2] + 40)
        assert greenish.sum() >= 10  # six of ten are meant to be


def test_a_background_that_cannot_be_read_is_named(fonts: Path, tmp_path: Path) -> None:
    (tmp_path / "wall.jpg").write_bytes(b"no picture")
    with pytest.raises(TextSearchError, match=r"The photo .*wall\.jpg cannot be read"):
        drawn(fonts, ["bakery"], 1, backgrounds=[tmp_path / "wall.jpg"])


def test_a_drawn_word_can_be_seen(fonts: Path) -> None:
    font = ImageFont.truetype(str(next(fonts.iterdir())), 40)
    contrasts = [
        float(draw_word("HHH", font, plain(20), np.random.default_rng(seed)).max(axis=2).std()) for seed in range(20)
    ]
    assert np.median(contrasts) > 15


def test_longer_words_give_wider_strips(fonts: Path) -> None:
    font = ImageFont.truetype(str(next(fonts.iterdir())), 40)
    short, long = (draw_word(text, font, plain(20), np.random.default_rng(0)) for text in ("ham", "hamburger"))
    assert long.shape[1] > 2 * short.shape[1]


@pytest.mark.parametrize("width", [8, 9, 200])
def test_degrading_keeps_the_shape(width: int) -> None:
    strip = np.random.default_rng(0).integers(0, 256, (48, width, 3)).astype(np.uint8)
    for seed in range(40):
        degraded = degrade(strip, np.random.default_rng(seed))
        assert degraded.shape == strip.shape
        assert degraded.dtype == np.uint8


def test_degrading_leaves_the_original_alone() -> None:
    strip = np.random.default_rng(0).integers(0, 256, (48, 64, 3)).astype(np.uint8)
    before = strip.copy()
    changed = [not np.array_equal(degrade(strip, np.random.default_rng(seed)), before) for seed in range(20)]
    np.testing.assert_array_equal(strip, before)
    assert sum(changed) >= 15
