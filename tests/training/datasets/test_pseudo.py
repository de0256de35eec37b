from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from tests.fakes import FakeModel, save_photo
from tests.training.datasets.drawn import only_photo, said, write
from textsearch.errors import TextSearchError
from textsearch.training.datasets.pseudo import Confidence, PseudoLabelled, write_readings
from textsearch.training.datasets.words import Words, write_words
from textsearch.types import ByteArray, Regions


class Doubter(FakeModel):
    """A model that is as sure of its words as a test wants."""

    def __init__(self, *confidences: tuple[float, float]) -> None:
        super().__init__()
        self.confidences = np.array(confidences, np.float32)

    def _regions(self, image: ByteArray) -> Regions:
        regions = super()._regions(image)
        return replace(regions, scores=self.confidences[:, 0], text_scores=self.confidences[:, 1])


def test_confident_words_are_legible_and_all_others_count_neither_way(tmp_path: Path) -> None:
    save_photo(tmp_path / "a.png", "coffee", "hotel", "taxi", "no", "a-&-b")
    model = Doubter((0.9, 0.99), (0.9, 0.8), (0.4, 0.99), (0.9, 0.99), (0.9, 0.99))
    words = said(only_photo(PseudoLabelled(tmp_path, model, Confidence(detection=0.5, reading=0.9, letters=3))).words)
    assert [word[1:] for word in words] == [("coffee", True)] + [("", False)] * 4
    assert words[1][0] == [[64, 4], [126, 4], [126, 40], [64, 40]]


def test_thresholds_are_reached_by_equality(tmp_path: Path) -> None:
    save_photo(tmp_path / "a.png", "taxi")
    (word,) = only_photo(PseudoLabelled(tmp_path, Doubter((0.5, 0.75)), Confidence(0.5, 0.75, 4))).words
    assert word.legible


def test_photos_of_all_folders_yield_samples_and_can_be_kept(tmp_path: Path) -> None:
    for name, text in (("b/2.png", "taxi"), ("a/1.png", "hotel")):
        save_photo(tmp_path / name, text)
    model = FakeModel()
    dataset = PseudoLabelled(tmp_path, model, Confidence(reading=0.9))
    assert {sample.words[0].text for sample in dataset.samples()} == {"taxi", "hotel"}
    assert write_words(dataset.photos(), tmp_path / "words.jsonl") == 2
    assert [photo.words[0].text for photo in Words(tmp_path / "words.jsonl").photos()] == ["hotel", "taxi"]
    assert model.images_read == 4


def test_a_photo_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    write(tmp_path / "a.png", "no picture")
    with pytest.raises(TextSearchError, match=r"a\.png cannot be read"):
        list(PseudoLabelled(tmp_path, FakeModel()).photos())


# --- kept


def test_readings_are_kept_and_damaged_photos_left_out(tmp_path: Path) -> None:
    for name, text in (("1.png", "hotel"), ("3.png", "taxi")):
        save_photo(tmp_path / name, text)
    write(tmp_path / "2.png", "no picture")
    lines: list[str] = []
    photos = PseudoLabelled(tmp_path, FakeModel(), Confidence(reading=0.9))
    write_readings(photos, tmp_path / "words.jsonl", lines.append)
    assert [photo.words[0].text for photo in Words(tmp_path / "words.jsonl").photos()] == ["hotel", "taxi"]
    (line,) = lines
    assert "2.png cannot be read" in line and line.endswith("left out.")


def test_a_stopped_pass_goes_on_with_the_photos_that_are_left(tmp_path: Path) -> None:
    for number in range(3):
        save_photo(tmp_path / f"{number}.png", "hotel")
    row = json.dumps({"image": "0.png", "words": []}) + "\n"
    write(tmp_path / "words.jsonl.part", row + row[:20])  # stopped amid a line
    model = FakeModel()
    write_readings(PseudoLabelled(tmp_path, model), tmp_path / "words.jsonl")
    assert model.images_read == 2
    written = list(Words(tmp_path / "words.jsonl").photos())
    assert [(photo.path.name, len(photo.words)) for photo in written] == [("0.png", 0), ("1.png", 1), ("2.png", 1)]
    assert not (tmp_path / "words.jsonl.part").exists()
