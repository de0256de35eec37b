from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from tests.fakes import FakeModel
from tests.training.drawn_set import drawn_set
from textsearch.errors import TextSearchError
from textsearch.options import EncoderOptions
from textsearch.training import material
from textsearch.training.datasets.annotations import Annotations
from textsearch.training.datasets.pseudo import PseudoLabelled
from textsearch.training.material import Material, TrainingPhotos, check_photos, open_material


@pytest.fixture
def data(tmp_path: Path, fonts: Path) -> TrainingPhotos:
    return TrainingPhotos(**drawn_set(tmp_path / "data", fonts))


def opened(run: Path, data: TrainingPhotos, lines: list[str] | None = None) -> Material:
    return open_material(run, data, None, (lines if lines is not None else []).append)


def shares(found: Material) -> list[float]:
    return [share for _, share in (*found.photos, found.scenes)]


def test_sources_share_the_samples(tmp_path: Path, data: TrainingPhotos) -> None:
    (annotations,) = data.annotations
    both = replace(data, annotations=(annotations, Annotations(annotations.file, "dev")), shares=(0.5, 0.15, 0.35))
    found = opened(tmp_path, both)
    assert [len(photos.entries) for photos, _ in found.photos] == [3, 1]
    assert shares(found) == pytest.approx([0.325, 0.325, 0.35])


def test_without_annotations_everything_is_drawn(tmp_path: Path, data: TrainingPhotos) -> None:
    found = opened(tmp_path, replace(data, annotations=(), backgrounds=None))
    assert (found.photos, shares(found)) == ([], [0.35])


def test_there_must_be_something_to_learn_from(tmp_path: Path, data: TrainingPhotos) -> None:
    with pytest.raises(TextSearchError, match="everything has to be drawn"):
        opened(tmp_path, replace(data, annotations=(), shares=(0.75, 0.25, 0.0)))


@pytest.mark.parametrize("drawn", [0.0, 0.35, 1.0])
def test_the_usual_shares_follow_from_that_of_the_scenes(drawn: float) -> None:
    assert sum(material.shares(drawn)) == pytest.approx(1.0)
    assert material.shares(0.35) == pytest.approx(TrainingPhotos.shares)


def test_photos_without_annotation_are_read_once(
    tmp_path: Path, data: TrainingPhotos, monkeypatch: pytest.MonkeyPatch
) -> None:
    readers: list[Path | None] = []

    def reader(options: EncoderOptions, folder: Path | None) -> FakeModel:
        assert options.apart == 0  # a word that is also read through several regions would be annotated twice
        readers.append(folder)
        return FakeModel()

    monkeypatch.setattr(material, "OnnxModel", reader)
    lines: list[str] = []
    chosen = replace(data, unlabelled=tmp_path / "data" / "walls", shares=(0.5, 0.2, 0.3))
    found = opened(tmp_path, chosen, lines)
    assert shares(found) == [0.5, 0.2, 0.3]
    read = found.photos[1][0].photos
    assert [photo.path.name for photo in read.photos()] == ["wall.png"]
    assert lines == [f"reading the photos of {tmp_path / 'data' / 'walls'}"]
    opened(tmp_path, chosen, lines)
    assert len(readers) == len(lines) == 1


def test_photos_that_show_no_text_are_refused(
    tmp_path: Path, data: TrainingPhotos, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(material, "OnnxModel", lambda options, folder: FakeModel())
    monkeypatch.setattr(PseudoLabelled, "entries", lambda labelled: [])
    with pytest.raises(TextSearchError, match="walls show no text"):
        opened(tmp_path, replace(data, unlabelled=tmp_path / "data" / "walls"))


def test_scenes_are_drawn_with_the_lexicon_and_the_words_of_the_photos(tmp_path: Path, data: TrainingPhotos) -> None:
    words: list[list[str]] = []

    class Scenes:
        def __init__(self, drawn: list[str], fonts: list[Path], backgrounds: list[Path]) -> None:
            words.append(drawn)
            assert [path.name for path in backgrounds] == ["wall.png"]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(material, "DrawnScenes", Scenes)
        opened(tmp_path, data)
    assert words == [["street", "Station", "24h", "water", *["Cola", "bakery", "HOTEL"] * 8]]


def test_a_folder_of_backgrounds_that_is_not_there_is_told(tmp_path: Path, data: TrainingPhotos) -> None:
    with pytest.raises(TextSearchError, match="There is no"):
        opened(tmp_path, replace(data, backgrounds=tmp_path / "nowhere"))


def test_scenes_come_out(tmp_path: Path, data: TrainingPhotos) -> None:
    sample = opened(tmp_path, data).scenes[0].draw(np.random.default_rng(0))
    assert sample.image.shape == (640, 640, 3)


# --- held-back photos


def test_photos_are_not_both_trained_on_and_held_back(tmp_path: Path, data: TrainingPhotos) -> None:
    (annotations,) = data.annotations
    check_photos(data)
    with pytest.raises(TextSearchError, match=r"3 of 4 held-back photos are trained on as well, .*0\.png among them"):
        check_photos(replace(data, held_back=Annotations(annotations.file, None)))


def test_photos_are_the_same_under_another_name(tmp_path: Path, data: TrainingPhotos) -> None:
    folder = tmp_path / "unlabelled"
    folder.mkdir()
    (folder / "street.png").symlink_to(tmp_path / "data" / "3.png")
    with pytest.raises(TextSearchError, match=r"1 of 1 held-back photos"):
        check_photos(replace(data, unlabelled=folder))
    check_photos(replace(data, unlabelled=folder, held_back=None))
