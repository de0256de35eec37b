from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import pytest
from numpy.random import Generator

from tests.fakes import ALPHABET
from tests.painted import PaintedRecogniser, classes_of, dark, paint
from textsearch.errors import TextSearchError
from textsearch.features import SEQUENCE_LENGTH, region_features
from textsearch.lines import word_of_strip
from textsearch.training.cache import FeatureCache, write_cache
from textsearch.training.crops import Crop

PROTOTYPES = np.random.default_rng(0).normal(size=(int(ALPHABET.folded.max()) + 1, 2)).astype(np.float32)


class SomeCrops:
    """Yields crops and counts how often it was asked."""

    def __init__(self, crops: Sequence[Crop]) -> None:
        self.all = crops
        self.asked = 0

    def crops(self, generator: Generator) -> Iterator[Crop]:
        self.asked += 1
        yield from self.all


def crop_of(text: str, word: str) -> Crop:
    strip = dark(8 * len(text), 48)
    paint(strip, text, 0, 0)
    return Crop(strip, word)


WORDS = SomeCrops([crop_of("o_p_e_n", "open"), crop_of("_______", "unseen"), crop_of("a_t", "at")])


def write(folder: Path, source: SomeCrops, progress: list[int] | None = None) -> None:
    write_cache(
        folder,
        source,
        PaintedRecogniser(),
        ALPHABET,
        PROTOTYPES,
        np.random.default_rng(0),
        None if progress is None else progress.append,
    )


def test_what_the_image_branch_will_see_is_kept(tmp_path: Path) -> None:
    write(tmp_path / "cache", WORDS)
    cache = FeatureCache.load(tmp_path / "cache")
    assert cache.words == ("open", "at")  # a crop on which nothing was read is left out
    assert cache.features.shape == (2, SEQUENCE_LENGTH, 2 + 2 + 1)
    assert cache.features.dtype == np.float16
    found = word_of_strip(WORDS.all[2].strip, PaintedRecogniser())
    assert found is not None
    assert found[0][:, 0].tolist() == classes_of("a_t")
    expected = region_features(*found, PROTOTYPES, ALPHABET.folded)
    np.testing.assert_allclose(cache.features[1], expected, rtol=1e-3, atol=1e-3)


def test_a_finished_cache_is_left_as_it_is(tmp_path: Path) -> None:
    write(tmp_path, SomeCrops([crop_of("a_t", "at")]))
    later = SomeCrops([crop_of("o_n", "on")])
    write(tmp_path, later)
    assert later.asked == 0
    assert FeatureCache.load(tmp_path).words == ("at",)


def test_a_cache_that_was_cut_short_is_written_again(tmp_path: Path) -> None:
    write(tmp_path, SomeCrops([crop_of("a_t", "at")]))
    (tmp_path / "words.json").unlink()  # the file that says "finished" is written last
    write(tmp_path, SomeCrops([crop_of("o_n", "on"), crop_of("i_n", "in")]))
    cache = FeatureCache.load(tmp_path)
    assert cache.words == ("on", "in")
    assert len(cache.features) == 2


def test_no_half_written_words_are_taken_for_finished(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def cut_short(path: Path, text: str, encoding: str) -> None:
        path.write_bytes(text.encode(encoding)[:5])
        raise KeyboardInterrupt

    monkeypatch.setattr(Path, "write_text", cut_short)
    with pytest.raises(KeyboardInterrupt):
        write(tmp_path, WORDS)
    monkeypatch.undo()
    write(tmp_path, WORDS)
    assert FeatureCache.load(tmp_path).words == ("open", "at")


def test_a_source_without_words_is_an_error_that_names_it(tmp_path: Path) -> None:
    with pytest.raises(TextSearchError, match="source held-back holds no legible word"):
        write(tmp_path / "held-back", SomeCrops([crop_of("___", "unseen")]))
    assert not (tmp_path / "held-back" / "words.json").exists()


def test_progress_counts_the_crops_kept(tmp_path: Path) -> None:
    progress: list[int] = []
    write(tmp_path, SomeCrops([*WORDS.all] * 150), progress)
    # In batches of 256 crops, two of three of which are legible.
    assert progress == [171, 300]
    assert FeatureCache.load(tmp_path).words == ("open", "at") * 150
