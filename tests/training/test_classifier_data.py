from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import cast

import numpy as np
import pytest
import torch
from torch import Tensor

from tests.fakes import FakeModel, photo_of, save_photo
from textsearch.errors import TextSearchError
from textsearch.knowledge.classifier import PhotoReader
from textsearch.knowledge.language import WIDTH
from textsearch.knowledge.letters import BUCKETS, count_letters
from textsearch.knowledge.network import POOLED
from textsearch.knowledge.reader import ENTITIES, WrittenFeatures
from textsearch.knowledge.visual import TEXTURE, VisualFeatures
from textsearch.training.classifier_data import CUTS, cut, read_photos
from textsearch.training.datasets.labelled import LabelledPhoto
from textsearch.types import ByteArray, Regions


class Looker:
    """Sees nothing but how bright a picture is."""

    def __init__(self) -> None:
        self.looks = 0

    def see(self, pictures: Tensor) -> VisualFeatures:
        self.looks += 1
        bright = pictures.mean(dim=(1, 2, 3))[:, None]
        shallow, deep = (bright[..., None, None].expand(-1, channels, 2, 2) for channels in (112, 320))
        return VisualFeatures(shallow, deep, bright.expand(-1, POOLED), bright.expand(-1, TEXTURE))


def written(regions: Regions) -> WrittenFeatures:
    letters = count_letters(regions.texts, regions.text_scores.tolist())
    entities = np.zeros((0, ENTITIES, WIDTH), np.float32)
    nothing = np.zeros((0, WIDTH), np.float32)
    return WrittenFeatures(letters, nothing, entities, entities[..., 0], np.zeros(2, np.float32))


@pytest.fixture
def photos(tmp_path: Path) -> list[LabelledPhoto]:
    words = [("apple", "juice"), ("oat", "milk")]
    return [LabelledPhoto(save_photo(tmp_path / f"{each[1]}.png", *each), each[1]) for each in words]


def test_photos_are_read_once(photos: list[LabelledPhoto], tmp_path: Path) -> None:
    looker = Looker()
    reader = cast(PhotoReader, SimpleNamespace(visual=looker, written=written))
    first = read_photos(photos, FakeModel(), reader, folder=tmp_path / "kept")
    assert looker.looks == len(photos) * (1 + CUTS)
    model = FakeModel()
    model.encode_images = None  # type: ignore[assignment, method-assign]
    again = read_photos(photos, model, reader, folder=tmp_path / "kept")
    assert looker.looks == len(photos) * (1 + CUTS)
    assert again.texts == first.texts == ["apple juice", "oat milk"]
    for one, other in zip(first.views(first.rarity), again.views(again.rarity), strict=True):
        assert torch.equal(one.pooled, other.pooled)
        assert torch.equal(one.letters, other.letters)
    assert first.written[0].letters.shape == (BUCKETS,)


@pytest.mark.parametrize("content", [None, b"\x89PNG\r\n\x1a\n damaged"])
def test_a_photo_that_cannot_be_read_is_named(photos: list[LabelledPhoto], content: bytes | None) -> None:
    photos[1].path.unlink()
    if content is not None:
        photos[1].path.write_bytes(content)
    reader = cast(PhotoReader, SimpleNamespace(visual=Looker(), written=written))
    with pytest.raises(TextSearchError, match=rf"The photo .*{photos[1].path.name} cannot be read"):
        read_photos(photos, FakeModel(), reader)


@pytest.mark.parametrize("maps", [True, False])
def test_maps_are_kept_only_where_they_are_read(photos: list[LabelledPhoto], maps: bool) -> None:
    reader = cast(PhotoReader, SimpleNamespace(visual=Looker(), written=written))
    seen = read_photos(photos, FakeModel(), reader, maps).seen
    assert len(seen) == 1 + CUTS
    assert seen[0].deep.numel() == (len(photos) * 320 * 4 if maps else 0)
    assert seen[0].texture.shape == (len(photos), TEXTURE)


def test_a_cut_is_a_part_in_other_light() -> None:
    pixels = photo_of("word", size=(90, 60))
    parts = [cut(pixels, np.random.default_rng(seed)) for seed in range(30)]
    for part in parts:
        assert part.shape[0] <= 60
        assert part.shape[1] <= 90
        assert part.shape[0] * part.shape[1] >= 0.3 * 60 * 90
    assert len({part.shape for part in parts}) > 10
    brightness = [int(np.median(part)) for part in parts]
    assert min(brightness) < 180 < 220 < max(brightness)
    assert np.array_equal(cut(pixels, np.random.default_rng(0)), parts[0])


def test_the_smallest_picture_can_be_cut() -> None:
    pixel: ByteArray = np.zeros((1, 1, 3), np.uint8)
    assert cut(pixel, np.random.default_rng(0)).shape == (1, 1, 3)
