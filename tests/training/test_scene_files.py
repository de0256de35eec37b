from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from numpy.random import Generator

from textsearch.errors import TextSearchError
from textsearch.training.datasets.words import Words
from textsearch.training.samples import Sample, WordLabel
from textsearch.training.scene_files import write_scenes


class Grounds:
    """Scenes in one grey each, with a word that can be read and one that cannot."""

    def draw(self, generator: Generator) -> Sample:
        polygon = generator.uniform(0, 60, (6, 2)).astype(np.float32)
        grey = int(generator.integers(256))
        words = (WordLabel(polygon, "Exit", True), WordLabel(polygon + 1, "", False))
        return Sample(np.full((64, 64, 3), grey, np.uint8), words)


def test_what_is_written_is_read_back_as_it_was_drawn(tmp_path: Path) -> None:
    lines: list[str] = []
    file = write_scenes(Grounds(), tmp_path / "new" / "drawn", 3, seed=5, progress=lines.append)
    assert file == tmp_path / "new" / "drawn" / "words.jsonl"
    assert sorted(path.name for path in file.parent.iterdir()) == [
        "000000.jpg",
        "000001.jpg",
        "000002.jpg",
        "words.jsonl",
    ]
    assert lines == ["3 of 3 scenes"]
    for number, sample in enumerate(Words(file).samples()):
        drawn = Grounds().draw(np.random.default_rng([5, number]))
        assert np.abs(sample.image.astype(int) - drawn.image).max() <= 2
        for word, expected in zip(sample.words, drawn.words, strict=True):
            assert (word.text, word.legible) == (expected.text, expected.legible)
            assert word.polygon == pytest.approx(expected.polygon, abs=1e-4)


def test_a_scene_depends_on_seed_and_number_alone(tmp_path: Path) -> None:
    few, many, other = (
        write_scenes(Grounds(), tmp_path / name, count, seed).parent
        for name, count, seed in (("few", 1, 0), ("many", 2, 0), ("other", 1, 1))
    )
    assert (few / "000000.jpg").read_bytes() == (many / "000000.jpg").read_bytes()
    assert (few / "000000.jpg").read_bytes() != (other / "000000.jpg").read_bytes()


def test_scenes_that_are_there_are_kept(tmp_path: Path) -> None:
    file = write_scenes(Grounds(), tmp_path, 1)
    before = file.read_bytes()
    with pytest.raises(TextSearchError, match="is not empty"):
        write_scenes(Grounds(), tmp_path, 1)
    assert file.read_bytes() == before


def test_photos_are_never_drawn_over(tmp_path: Path) -> None:
    (tmp_path / "000000.jpg").write_bytes(b"a photo")
    with pytest.raises(TextSearchError, match="is not empty"):
        write_scenes(Grounds(), tmp_path, 1)
    assert (tmp_path / "000000.jpg").read_bytes() == b"a photo"
    assert len(list(tmp_path.iterdir())) == 1


def test_a_folder_that_cannot_be_made(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(TextSearchError, match="cannot be made"):
        write_scenes(Grounds(), tmp_path / "file" / "drawn", 1)
