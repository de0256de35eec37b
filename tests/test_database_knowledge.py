"""What the object users hold tells of what photos show, and categories of one's own."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import pytest

from tests.fakes import FakeModel, save_photo
from textsearch.database import Database
from textsearch.database import open as open_database
from textsearch.errors import (
    IndexNotFoundError,
    TextSearchError,
)
from textsearch.index.records import PICTURE_WIDTH, Notice, PhotoKnowledge
from textsearch.index.writer import IndexWriter
from textsearch.knowledge.lexicon import default_lexicon
from textsearch.knowledge.spans import Reading
from textsearch.types import ByteArray, FloatArray


@pytest.fixture
def gallery(tmp_path: Path) -> Path:
    save_photo(tmp_path / "gallery" / "exit.png", "EXIT", "only")
    save_photo(tmp_path / "gallery" / "hotel.png", "HOTEL")
    return tmp_path / "gallery"


class SquareDescriber:
    """Knows that every photo is a square; what a picture looks like is its brightness."""

    maker = "squares 1"

    def see(self, pixels: ByteArray) -> FloatArray:
        return np.full(PICTURE_WIDTH, pixels.mean() / 255, np.float32)

    def describe(self, pixels: ByteArray, readings: Sequence[Reading]) -> PhotoKnowledge:
        notices = [
            Notice("scene", "n13865483", 0.75),
            *(Notice("entity", "Q1591889", 0.625, (1,)) for _ in readings[1:]),
        ]
        return PhotoKnowledge(tuple(notices), self.see(pixels), self.maker)


class TestKnowledge:
    @pytest.fixture
    def database(self, gallery: Path) -> Iterator[Database]:
        with open_database(gallery, model=FakeModel(), describer=SquareDescriber()) as database:
            database.index(gallery)
            yield database

    def test_what_is_known_of_a_photo(self, database: Database, gallery: Path) -> None:
        assert database.knowledge(gallery / "exit.png") == [
            Notice("scene", "n13865483", 0.75),
            Notice("entity", "Q1591889", 0.625, (1,)),
        ]
        with pytest.raises(TextSearchError, match="textsearch index"):
            database.knowledge(gallery / "nowhere.png")

    def test_a_photo_is_current_until_it_or_the_network_changes(
        self, database: Database, gallery: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        photo = gallery / "exit.png"
        (gallery.parent / "link.png").symlink_to(photo)
        assert database.is_current(photo)
        assert database.is_current(gallery.parent / "link.png")
        assert not database.is_current(save_photo(gallery.parent / "other.png", "OTHER"))
        with monkeypatch.context() as patched:
            patched.setattr(FakeModel, "fingerprint", "1" * 64)
            assert not database.is_current(photo)
        photo.write_bytes((gallery / "hotel.png").read_bytes())  # a content that the index holds under another name
        assert not database.is_current(photo)
        save_photo(photo, "TAXI")
        assert not database.is_current(photo)

    def test_a_brand_counts_for_what_it_mainly_is(self, database: Database) -> None:
        kinds = [kind for kind, _ in default_lexicon().entity("Q1591889").categories]
        assert "amenity/pharmacy" in kinds
        assert database.shown_categories() == {"n13865483": 2, **dict.fromkeys(kinds, 1)}

    def test_what_a_source_is_not_believed_is_not_shown(self, gallery: Path) -> None:
        class ShopDescriber(SquareDescriber):
            """Takes every photo for a tobacco shop, as ImageNet's classes do, and is in doubt about a volcano."""

            def describe(self, pixels: ByteArray, readings: Sequence[Reading]) -> PhotoKnowledge:
                notices = (Notice("scene", "shop/tobacco", 0.9), Notice("scene", "n09472597", 0.52))
                return PhotoKnowledge(notices, self.see(pixels), self.maker)

        with open_database(gallery, model=FakeModel(), describer=ShopDescriber()) as database:
            database.index(gallery)
            assert database.shown_categories() == {}

    def test_another_network_has_no_describer_of_its_own(self, gallery: Path) -> None:
        with open_database(gallery, model=FakeModel()) as database:
            database.index(gallery)
            assert database.describer is None
            assert database.knowledge(gallery / "exit.png") == []
            with pytest.raises(TextSearchError, match="describer"):
                database.add_category("square", examples=[gallery])
            assert database.add_category("square", ["exit"]).words == ("exit",)

    def test_the_packaged_network_has_one_that_loads_nothing(self, tmp_path: Path) -> None:
        from textsearch.knowledge.notices import PhotoDescriber

        assert isinstance(open_database(tmp_path).describer, PhotoDescriber)

    def test_own_categories_come_and_go(self, database: Database, gallery: Path) -> None:
        database.add_category(" climbing   gym ", ["boulder", " belay ", "", "boulder"], [gallery])
        (gym,) = database.categories()
        assert (gym.name, gym.words) == ("climbing gym", ("boulder", "belay"))
        assert gym.examples.shape == (2, PICTURE_WIDTH)
        database.add_category("Climbing-Gym", examples=[gallery / "exit.png"])
        assert [(own.name, own.words, len(own.examples)) for own in database.categories()] == [("Climbing-Gym", (), 1)]
        database.remove_category("climbing GYM")
        assert database.categories() == []
        with pytest.raises(TextSearchError, match="no category 'climbing gym' of your own"):
            database.remove_category("climbing gym")

    def test_an_interruption_leaves_the_old_category_or_both(
        self, database: Database, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        database.add_category("climbing gym", ["boulder"])

        def interrupted(writer: IndexWriter, name: str) -> bool:
            raise KeyboardInterrupt

        monkeypatch.setattr(IndexWriter, "remove_own_category", interrupted)
        with pytest.raises(KeyboardInterrupt):
            database.add_category("Climbing-Gym", ["belay"])
        assert [own.words for own in database.categories() if own.name == "Climbing-Gym"] == [("belay",)]

    @pytest.mark.parametrize(
        ("name", "words", "examples", "message"),
        [
            ("gym", [], [], "words or example pictures"),
            (" - ", ["boulder"], [], "needs a name"),
            ("gym", ["!!!"], [], "'!!!' cannot be searched"),
            ("gym", [], ["nowhere"], "no file or folder nowhere"),
            ("gym", [], ["."], "no picture in"),
            ("gym", [], ["broken.png"], "broken.png cannot be read"),
        ],
    )
    def test_what_describes_no_category(
        self,
        database: Database,
        tmp_path: Path,
        monkeypatch: pytest.MonkeyPatch,
        name: str,
        words: list[str],
        examples: list[str],
        message: str,
    ) -> None:
        (tmp_path / "empty").mkdir()
        monkeypatch.chdir(tmp_path / "empty")
        if examples == ["broken.png"]:
            Path("broken.png").write_text("not a picture")
        with pytest.raises(TextSearchError, match=message):
            database.add_category(name, words, examples)
        assert database.categories() == []

    def test_there_must_be_an_index(self, tmp_path: Path) -> None:
        with open_database(tmp_path, model=FakeModel()) as database, pytest.raises(IndexNotFoundError):
            database.add_category("gym", ["boulder"])
