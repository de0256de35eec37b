"""A database follows the model that answers."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.fakes import FakeModel, save_photo
from textsearch.database import Database
from textsearch.errors import IndexWriteError, MissingDependencyError, TextSearchError
from textsearch.index.active import Generation, switch
from textsearch.index.folder import IndexFolder
from textsearch.training.adaptation import run
from textsearch.types import FloatArray


class Shifted(FakeModel):
    """A fake model with another space: vectors of the plain one mean nothing to it."""

    def __init__(self, folder: Path, preset: str, adapted: str) -> None:
        super().__init__()
        self.name, self.fingerprint = f"joint+{adapted}", f"{adapted:0>64}"

    def encode_words(self, words: Any) -> FloatArray:
        return np.roll(super().encode_words(words), 7, axis=1)


@pytest.fixture(autouse=True)
def fakes(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let databases that are opened without a network find fakes, and nothing that describes pictures."""
    monkeypatch.setattr(Database, "describer", None)
    monkeypatch.setattr("textsearch.runtime.model.load_model", lambda **options: FakeModel())
    monkeypatch.setattr("textsearch.runtime.model.OnnxModel", Shifted)


@pytest.fixture
def gallery(tmp_path: Path) -> Path:
    save_photo(tmp_path / "gallery" / "exit.png", "EXIT")
    save_photo(tmp_path / "gallery" / "hotel.png", "HOTEL")
    return tmp_path / "gallery"


def adapted(location: Path, gallery: Path) -> Generation:
    """Fill the index of a second generation, without a switch."""
    generation = Generation(location).after("adapted-1")
    assert generation.weights is not None
    generation.weights.mkdir(parents=True)
    with Database(generation.index, Shifted(generation.weights, "default", "adapted-1")) as second:
        second.index(gallery)
    return generation


def first_hit(database: Database, text: str) -> tuple[str, int]:
    result = database.search(text)
    return result[0].path.name, round(result[0].matches[0].similarity or 0)


def test_an_open_database_follows_a_switch_and_its_undoing(gallery: Path) -> None:
    with Database(gallery / ".textsearch") as database:
        database.index(gallery)
        assert first_hit(database, "exit") == ("exit.png", 1)
        generation = adapted(database.location, gallery)
        assert database.status().info.model == "fake"
        switch(generation)
        assert database.status().info.model == "joint+adapted-1"
        assert database.model.name == "joint+adapted-1"
        assert first_hit(database, "exit") == ("exit.png", 1)
        save_photo(gallery / "taxi.png", "TAXI")
        assert database.index(gallery).added == 1
        assert first_hit(database, "taxi") == ("taxi.png", 1)
        assert database.undo_adapt() == "fake"
        assert database.model.name == "fake"
        assert first_hit(database, "exit") == ("exit.png", 1)
        assert database.status().info.images == 2
        assert database.status().location == gallery / ".textsearch"


def test_a_new_database_uses_the_model_that_answers(gallery: Path) -> None:
    with Database(gallery / ".textsearch") as database:
        database.index(gallery)
        switch(adapted(database.location, gallery))
    with Database(gallery / ".textsearch") as again:
        assert again.model.name == "joint+adapted-1"
        assert first_hit(again, "hotel") == ("hotel.png", 1)


def test_an_index_knows_its_gallery(gallery: Path, tmp_path: Path) -> None:
    with Database(gallery / ".textsearch") as database:
        database.index(gallery)
        assert [database.holds(folder) for folder in (gallery, tmp_path, gallery / ".textsearch")] == [True] * 3
        assert not database.holds(tmp_path / "gal")


def test_a_network_of_ones_own_is_not_adapted_and_not_followed(gallery: Path) -> None:
    with Database(gallery / ".textsearch", FakeModel()) as database:
        database.index(gallery)
        switch(adapted(database.location, gallery))
        assert database.status().info.model == "fake"
        for call in (database.adapt, database.undo_adapt):
            with pytest.raises(TextSearchError, match="Only the packaged model"):
                call()


def test_a_missing_training_package_is_named(gallery: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("adaptation.run", "adaptation.stages", "export", "graphs"):
        monkeypatch.delitem(sys.modules, f"textsearch.training.{name}", raising=False)
    monkeypatch.setitem(sys.modules, "onnx", None)
    with pytest.raises(MissingDependencyError, match=r"needs onnx.*scene-textsearch\[train\]"):
        Database(gallery / ".textsearch").adapt()


def test_photos_are_read_again_as_they_are_indexed(gallery: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def adapt(location: Path, options: object, reindex: Any, progress: Any) -> object:
        generation = Generation(location).after("adapted-1")
        return reindex(generation.index, Shifted(location, "default", "adapted-1"), [gallery / "exit.png"])

    monkeypatch.setattr(run, "adapt", adapt)
    with Database(gallery / ".textsearch") as database:
        database.index(gallery)
        report: Any = database.adapt()
    assert (report.added, report.removed) == (1, 0)


def test_photos_read_again_keep_their_names(gallery: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (gallery.parent / "link").symlink_to(gallery)
    photo = gallery.parent / "link" / "exit.png"

    def adapt(location: Path, options: object, reindex: Any, progress: Any) -> object:
        index = Generation(location).after("adapted-1").index
        reindex(index, Shifted(location, "default", "adapted-1"), [photo])
        with IndexFolder.open(index) as folder:
            return [file.path for file in folder.known_files()]

    monkeypatch.setattr(run, "adapt", adapt)
    with Database(gallery / ".textsearch") as database:
        database.index(gallery)
        names: Any = database.adapt()
    assert names == [photo]


def test_readings_that_cannot_be_kept_do_not_stop_an_adaptation(gallery: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise IndexWriteError("no space left")

    monkeypatch.setattr(IndexFolder, "keep_readings", refuse)
    model = Shifted(gallery, "default", "adapted-1")
    with Database(gallery / ".textsearch") as database:
        report = database._read_into(gallery.parent / "new", model, sorted(gallery.glob("*.png")), 1, lambda line: None)
    assert report.added == 2
