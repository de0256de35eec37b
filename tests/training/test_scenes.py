from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image

from textsearch.errors import TextSearchError
from textsearch.training.bending import Course
from textsearch.training.samples import Sample
from textsearch.training.scenes import DrawnScenes, _compose, _place, _Room
from textsearch.types import FloatArray

WORDS = ["bakery", "open", "hotel", "jazz"]
SIDE = 256


@pytest.fixture(scope="module")
def source(fonts: Path) -> DrawnScenes:
    return DrawnScenes(WORDS, list(fonts.iterdir()), [], SIDE)


def scenes(source: DrawnScenes, seed: int, count: int) -> list[Sample]:
    generator = np.random.default_rng(seed)
    return [source.draw(generator) for _ in range(count)]


@pytest.fixture(scope="module")
def drawn(source: DrawnScenes) -> list[Sample]:
    return scenes(source, 3, 12)


def test_scenes_are_square_photos_with_words(drawn: list[Sample]) -> None:
    for sample in drawn:
        assert sample.image.shape == (SIDE, SIDE, 3)
        assert sample.image.dtype == np.uint8
        for word in sample.words:
            assert word.polygon.dtype == np.float32
            assert word.polygon.shape in {(4, 2), (14, 2)}
            assert np.isfinite(word.polygon).all()
            assert word.text
    words = [word for sample in drawn for word in sample.words]
    assert len(words) > 40
    assert any(len(word.polygon) == 14 for word in words)
    assert any(word.legible for word in words)
    assert any(not word.legible for word in words)


@pytest.mark.filterwarnings("ignore:The photo")
def test_backgrounds_that_cannot_all_be_read_are_an_error(fonts: Path, tmp_path: Path) -> None:
    (tmp_path / "wall.jpg").write_bytes(b"no picture")
    scenes = DrawnScenes(WORDS, list(fonts.iterdir()), [tmp_path / "wall.jpg"], SIDE)
    with pytest.raises(TextSearchError, match=r"The photo .*wall\.jpg cannot be read"):
        scenes.draw(np.random.default_rng(0))


def test_another_background_is_taken_for_a_damaged_one(fonts: Path, tmp_path: Path) -> None:
    (tmp_path / "damaged.jpg").write_bytes(b"no picture")
    Image.new("RGB", (64, 64), "olive").save(tmp_path / "wall.png")
    scenes = DrawnScenes(WORDS, list(fonts.iterdir()), sorted(tmp_path.iterdir()), SIDE)
    with pytest.warns(UserWarning, match=r"damaged\.jpg cannot be read"):
        drawn = [scenes.draw(np.random.default_rng(seed)) for seed in range(4)]
    assert same(drawn[3], scenes.draw(np.random.default_rng(3)))


def same(first: Sample, second: Sample) -> bool:
    return np.array_equal(first.image, second.image) and all(
        a.text == b.text and a.legible == b.legible and np.array_equal(a.polygon, b.polygon)
        for a, b in zip(first.words, second.words, strict=True)
    )


def test_equal_generators_give_equal_scenes(fonts: Path, tmp_path: Path) -> None:
    photos = []
    for number in range(3):
        photos.append(tmp_path / f"{number}.png")
        noise = np.random.default_rng(number).integers(0, 256, (50, 60, 3)).astype(np.uint8)
        Image.fromarray(noise).save(photos[-1])
    source = DrawnScenes(WORDS, list(fonts.iterdir()), photos, 128)
    first, again, other = (scenes(source, seed, 4) for seed in (0, 0, 1))
    assert all(same(a, b) for a, b in zip(first, again, strict=True))
    assert not np.array_equal(first[0].image, other[0].image)


def test_photos_are_read_once_and_kept_small(fonts: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    photo = tmp_path / "wide.png"
    Image.new("RGB", (2000, 40), (0, 255, 0)).save(photo)
    source = DrawnScenes(WORDS, list(fonts.iterdir()), [photo], 128)
    kept = source._photo(photo)
    assert kept.shape == (32, 1600, 3)
    photo.unlink()
    assert source._photo(photo) is kept
    monkeypatch.setattr("textsearch.training.scenes._KEPT_PHOTOS", 1)
    other = tmp_path / "other.png"
    Image.new("RGB", (40, 40)).save(other)
    source._photo(other)
    assert list(source._photos) == [other]


def test_photos_serve_as_grounds(fonts: Path, tmp_path: Path) -> None:
    green = tmp_path / "green.png"
    Image.new("RGB", (400, 300), (0, 255, 0)).save(green)
    drawn = scenes(DrawnScenes(WORDS, list(fonts.iterdir()), [green], 128), 0, 12)
    medians = np.array([np.median(scene.image.reshape(-1, 3), axis=0) for scene in drawn])
    assert (medians[:, 1] > medians[:, 0] + 40).sum() >= 7


def test_ink_lies_inside_of_its_polygon_and_reaches_its_edges(source: DrawnScenes) -> None:
    generator, checked = np.random.default_rng(1), {4: 0, 14: 0}
    while min(checked.values()) < 5:
        block = source._block(_Room.of(np.zeros((SIDE, SIDE, 3), np.uint8)), generator)
        if block is None or len(block.lettering.texts) > 1:
            continue
        ink = block.course.warp(block.lettering.ink[:, :, None], -64, -64, SIDE + 128, SIDE + 128).reshape(
            SIDE + 128, -1
        )
        image = np.zeros((SIDE, SIDE, 3), np.uint8)
        labels = _compose(image, block, None, np.random.default_rng(0))
        if not labels or ink.sum() < 100:
            continue
        polygon = labels[0][0].polygon
        assert ink[_filled(polygon + 64, SIDE + 128) == 0].sum() < 0.02 * ink.sum()
        # The box that hugs the ink in the flat layer, seen in the scene, is most of the polygon.
        hugging = block.course.outline(block.lettering.boxes[0])
        assert cv2.contourArea(hugging) > 0.6 * cv2.contourArea(polygon)
        checked[len(polygon)] += 1


def _filled(polygon: FloatArray, side: int) -> np.ndarray:
    mask = np.zeros((side, side), np.uint8)
    cv2.fillPoly(mask, [np.rint(polygon - 0.5).astype(np.int32)], 1)
    return cv2.dilate(mask, np.ones((3, 3), np.uint8))


def test_words_of_different_blocks_do_not_lie_on_each_other(drawn: list[Sample]) -> None:
    for sample in drawn:
        covered = np.zeros((SIDE, SIDE), np.uint8)
        for word in sample.words:
            mask = np.zeros_like(covered)
            cv2.fillPoly(mask, [np.rint(word.polygon).astype(np.int32)], 1)
            covered += mask
        assert (covered > 1).sum() < 0.03 * max(1, (covered > 0).sum())


def test_signs_without_letters_are_not_legible(drawn: list[Sample]) -> None:
    assert all(any(c.isalnum() for c in word.text) for sample in drawn for word in sample.words if word.legible)


def test_words_keep_away_from_taken_and_mostly_from_rough_ground() -> None:
    image = np.full((SIDE, SIDE, 3), 127, np.uint8)
    image[:, ::8] = 0
    image[:, SIDE // 2 :] = 127
    course = Course(np.eye(3), None, np.eye(3))
    box = np.array([0, 0, 40, 12], np.float32)
    generator = np.random.default_rng(0)
    lefts = []
    for _ in range(100):
        placed = _place(course, box, _Room.of(image), generator)
        assert placed is not None
        lefts.append(placed.outline(box)[0, 0])
    assert 0.55 < np.mean(np.array(lefts) > SIDE / 2 - 20) < 0.97
    room = _Room.of(image)
    room.taken[:] = 1
    assert _place(course, box, room, generator) is None
