"""What the index keeps about photos beyond their text, looked at through the folder that everybody uses."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from sqlalchemy import func, select

from tests.index.samples import encoded
from textsearch.index.catalog import Catalog
from textsearch.index.folder import IndexFolder
from textsearch.index.records import PICTURE_WIDTH, EncodedImage, Known, Notice, OwnCategory, PhotoKnowledge
from textsearch.index.schema import knowledge, pictures

PHARMACY = Notice("category", "amenity/pharmacy", 0.75)
BRAND = Notice("entity", "Q1591889", 0.5, (1,))
NAME = Notice("entity", "brand/barqs", 0.25, (0, 1))


def about(*notices: Notice, maker: str = "tests 1", value: float = 1.0) -> PhotoKnowledge:
    return PhotoKnowledge(notices, np.full(PICTURE_WIDTH, value, np.float32), maker)


def described(path: str, *words: str, knowledge: PhotoKnowledge) -> EncodedImage:
    return replace(encoded(path, *words), knowledge=knowledge)


@pytest.fixture
def shop(index: IndexFolder) -> IndexFolder:
    """Return an index of two photos: a pharmacy with two words, and one of which only the picture is known."""
    with index.writer() as writer:
        writer.add(
            [
                described("/shop.jpg", "open", "walgreens", knowledge=about(BRAND, PHARMACY)),
                described("/sky.jpg", knowledge=about(value=2.0)),
            ]
        )
    return index


def id_of(index: IndexFolder, path: str) -> int:
    return next(number for number, image in index.images().items() if image.path == Path(path))


def rows_left(index: IndexFolder) -> tuple[int, ...]:
    catalog = Catalog.open(index.location)
    try:
        with catalog.reading() as connection:
            return tuple(
                connection.execute(select(func.count()).select_from(table)).scalar_one()
                for table in (knowledge, pictures)
            )
    finally:
        catalog.close()


def test_knowledge_is_found_by_what_it_says(shop: IndexFolder) -> None:
    image_id = id_of(shop, "/shop.jpg")
    regions = shop.regions_of(Path("/shop.jpg"))
    assert regions is not None
    brand = Known(image_id, "entity", BRAND.identifier, 0.5, (regions[1].region_id,))
    pharmacy = Known(image_id, "category", PHARMACY.identifier, 0.75)
    assert shop.known([BRAND.identifier, PHARMACY.identifier, "nothing"]) == [pharmacy, brand]
    assert shop.known([BRAND.identifier, PHARMACY.identifier], ["entity", "scene"]) == [brand]
    assert shop.known([]) == []
    assert shop.knowledge_of([image_id, id_of(shop, "/sky.jpg"), 99]) == {image_id: [pharmacy, brand]}


def test_pictures_come_back_in_half_precision(shop: IndexFolder) -> None:
    ids, features = shop.pictures()
    assert ids.tolist() == [id_of(shop, "/shop.jpg"), id_of(shop, "/sky.jpg")]
    assert features.shape == (2, PICTURE_WIDTH)
    assert features.dtype == np.float16
    assert features[:, 0].tolist() == [1.0, 2.0]


def test_an_empty_index_has_no_pictures(index: IndexFolder) -> None:
    ids, features = index.pictures()
    assert (ids.shape, features.shape) == ((0,), (0, PICTURE_WIDTH))


def test_knowledge_can_be_written_later_and_replaced(shop: IndexFolder) -> None:
    image_id = id_of(shop, "/shop.jpg")
    first, second = (region.region_id for region in shop.regions_of(Path("/shop.jpg")) or [])
    with shop.writer() as writer:
        assert writer.set_knowledge({image_id: about(NAME, value=3.0), 99: about(PHARMACY)}) == 1
    assert shop.knowledge_of([image_id, 99]) == {
        image_id: [Known(image_id, "entity", NAME.identifier, 0.25, (first, second))]
    }
    assert shop.known([PHARMACY.identifier]) == []
    assert shop.pictures()[1][:, 0].tolist() == [3.0, 2.0]


def test_knowledge_goes_with_its_photo(shop: IndexFolder) -> None:
    assert rows_left(shop) == (2, 2)
    with shop.writer() as writer:
        writer.forget([Path("/shop.jpg")])
    assert rows_left(shop) == (0, 1)
    assert shop.known([BRAND.identifier]) == []


def test_photos_of_another_maker_are_not_described_yet(shop: IndexFolder) -> None:
    with shop.writer() as writer:
        writer.add([encoded("/new.jpg", "new")])
    new = id_of(shop, "/new.jpg")
    assert shop.undescribed("tests 1") == [new]
    assert shop.undescribed("tests 2") == sorted(shop.images())
    with shop.writer() as writer:
        writer.set_knowledge({new: about(maker="tests 2")})
    assert shop.undescribed("tests 2") == sorted(set(shop.images()) - {new})


def test_all_or_nothing_is_written(shop: IndexFolder) -> None:
    image_id = id_of(shop, "/shop.jpg")
    before = shop.knowledge_of([image_id])
    wrong = [
        (IndexError, about(Notice("entity", "Q1", 0.5, (7,)))),
        (ValueError, replace(about(), picture=np.zeros(5, np.float32))),
    ]
    with shop.writer() as writer:
        for error, knowledge in wrong:
            with pytest.raises(error):
                writer.set_knowledge({image_id: knowledge})
    assert shop.knowledge_of([image_id]) == before


def test_own_categories_are_kept_replaced_and_removed(index: IndexFolder) -> None:
    examples = np.stack([np.full(PICTURE_WIDTH, value, np.float32) for value in (0.5, 1.5)])
    with index.writer() as writer:
        writer.set_own_category(OwnCategory("climbing gym", ("boulder", "Kletterhalle"), examples))
        writer.set_own_category(OwnCategory("aquarium", (), examples[:0]))
        writer.set_own_category(OwnCategory("climbing gym", ("boulder", "belay", "öffnen"), examples))
    aquarium, gym = index.own_categories()
    assert (aquarium.name, aquarium.words, aquarium.examples.shape) == ("aquarium", (), (0, PICTURE_WIDTH))
    assert (gym.name, gym.words) == ("climbing gym", ("boulder", "belay", "öffnen"))
    np.testing.assert_array_equal(gym.examples, examples)
    assert gym.examples.dtype == np.float32
    with index.writer() as writer:
        assert writer.remove_own_category("aquarium")
        assert not writer.remove_own_category("aquarium")
        with pytest.raises(ValueError, match="shape"):
            writer.set_own_category(OwnCategory("gym", (), np.zeros((1, 5), np.float32)))
    assert [category.name for category in index.own_categories()] == ["climbing gym"]
