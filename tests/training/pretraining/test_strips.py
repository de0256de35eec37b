from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from numpy.random import Generator
from PIL import Image

from tests.painted import dark, new_encoder, paint
from textsearch.errors import TextSearchError
from textsearch.training.crops import Crop
from textsearch.training.pretraining.strips import (
    STRIP_WIDTH,
    PhotoStrips,
    UnreadCrops,
    fit_strip,
    load_strips,
    write_strips,
)
from textsearch.types import ByteArray


class Given:
    """Strips of one shade each, and of a width."""

    def __init__(self, *shades: int, width: int = 100) -> None:
        self.shades = shades
        self.width = width
        self.passes = 0

    def strips(self, generator: Generator) -> Iterator[ByteArray]:
        self.passes += 1
        for shade in self.shades:
            yield np.full((48, self.width, 3), shade, np.uint8)


class Broken(Given):
    def strips(self, generator: Generator) -> Iterator[ByteArray]:
        raise KeyboardInterrupt


# --- where strips come from


def test_the_words_of_photos(tmp_path: Path) -> None:
    photo = dark()
    paint(photo, "_bank__", 40, 60)
    Image.fromarray(photo).save(tmp_path / "a.png")
    (tmp_path / "b.png").write_bytes(b"no picture")
    source = PhotoStrips([tmp_path / "b.png", tmp_path / "a.png"], new_encoder())
    (strip,) = source.strips(np.random.default_rng(0))
    assert strip.shape[0] == 48
    assert (strip[..., 0] > 150).mean() > 0.9, "what was cut out is the painted line"


def test_crops_lose_their_words() -> None:
    class Crops:
        def crops(self, generator: Generator) -> Iterator[Crop]:
            yield Crop(np.full((48, 90, 3), int(generator.integers(1, 9)), np.uint8), "bank")

    (strip,) = UnreadCrops(Crops()).strips(np.random.default_rng(0))
    assert strip.shape == (48, 90, 3)
    assert strip.any()


@pytest.mark.parametrize("width", [70, 160, 400])
def test_each_half_of_a_fitted_strip_shows_half_of_the_word(width: int) -> None:
    strip = np.zeros((48, width, 3), np.uint8)
    strip[:, width // 2 :] = 200
    fitted = fit_strip(strip)
    assert fitted.shape == (48, STRIP_WIDTH, 3)
    assert fitted[:, : STRIP_WIDTH // 2 - 2].max() == 0
    assert fitted[:, STRIP_WIDTH // 2 + 2 :].min() == 200


# --- kept in a folder


def test_strips_of_all_sources_in_one_file(tmp_path: Path) -> None:
    written = write_strips(tmp_path, {"first": Given(1, 2), "second": Given(3)})
    assert written.shape == (3, 48, STRIP_WIDTH, 3)
    assert written[:, 0, 0, 0].tolist() == [1, 2, 3]
    assert [file.name for file in tmp_path.iterdir()] == ["strips.npy"]


def test_narrow_strips_and_more_than_wanted_are_left_out(tmp_path: Path) -> None:
    written = write_strips(tmp_path, {"narrow": Given(1, width=20), "many": Given(2, 3, 4)}, most=2)
    assert written[:, 0, 0, 0].tolist() == [2, 3]


def test_a_finished_folder_is_not_written_again(tmp_path: Path) -> None:
    source = Given(1)
    write_strips(tmp_path, {"only": source})
    write_strips(tmp_path, {"only": source})
    assert source.passes == 1


def test_a_stopped_pass_goes_on_with_the_unfinished_source(tmp_path: Path) -> None:
    first, second = Given(1), Given(2)
    with pytest.raises(KeyboardInterrupt):
        write_strips(tmp_path, {"first": first, "second": Broken()})
    written = write_strips(tmp_path, {"first": first, "second": second})
    assert written[:, 0, 0, 0].tolist() == [1, 2]
    assert (first.passes, second.passes) == (1, 1)


def test_the_same_seed_draws_the_same(tmp_path: Path) -> None:
    class Random(Given):
        def strips(self, generator: Generator) -> Iterator[ByteArray]:
            yield generator.integers(0, 256, (48, 100, 3)).astype(np.uint8)

    def drawn(folder: str, seed: int) -> ByteArray:
        return write_strips(tmp_path / folder, {"random": Random()}, seed=seed)

    assert np.array_equal(drawn("a", 1), drawn("b", 1))
    assert not np.array_equal(drawn("a", 1), drawn("c", 2))


def test_no_text_at_all_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(TextSearchError, match="No text was found"):
        write_strips(tmp_path, {"nothing": Given()})


def test_other_files_are_refused(tmp_path: Path) -> None:
    with pytest.raises(TextSearchError, match="Cannot read the strips"):
        load_strips(tmp_path / "missing.npy")
    np.save(tmp_path / "other.npy", np.zeros((2, 32, 160, 3), np.uint8))
    with pytest.raises(TextSearchError, match="holds no strips of text"):
        load_strips(tmp_path / "other.npy")
