"""One adaptation with the packaged network on drawn photos: a few steps, and every file as in earnest."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFont

from textsearch.database import Database
from textsearch.index.folder import IndexFolder
from textsearch.training.adaptation import run, stages
from textsearch.training.adaptation.report import AdaptOptions, Validation
from textsearch.training.adaptation.validate import validate

LATER: dict[str, Any] = {
    "gain": (1.0, 2.0),
    "found_before": 90.0,
    "unseen": 20,
    **dict.fromkeys(("found_after", "clean_after", "alike", "unseen_after"), 100.0),
}
"""What a validation would find after many more steps."""

WORDS = ("HOTEL", "EXIT", "BAKERY", "MARKET", "TAXI", "COFFEE", "STATION", "MUSEUM", "GARDEN", "BRIDGE")


@pytest.fixture
def gallery(tmp_path: Path) -> Path:
    """Five photos of two words each."""
    folder = tmp_path / "gallery"
    folder.mkdir()
    for number in range(5):
        photo = Image.new("RGB", (320, 200), (235, 230, 210))
        draw = ImageDraw.Draw(photo)
        for row, word in enumerate(WORDS[2 * number : 2 * number + 2]):
            draw.text((30, 20 + 90 * row), word, (20, 30, 90), ImageFont.load_default(size=48))
        photo.save(folder / f"{number}.png")
    return folder


def test_from_an_index_to_an_adapted_one_and_back(gallery: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    measured: list[Validation] = []

    def encouraging(*parts: Any) -> Validation:
        measured.append(validate(*parts))
        return replace(measured[0], **LATER)

    monkeypatch.setattr(run, "LEAST_WORDS", 8)
    monkeypatch.setattr(run, "LEAST_HELD_BACK", 2)
    monkeypatch.setattr(run, "validate", encouraging)
    small = stages.pretraining_recipe
    monkeypatch.setattr(stages, "pretraining_recipe", lambda steps, seed: replace(small(steps, seed), batch=4))
    monkeypatch.setattr(Database, "describer", None)
    before = {path: path.read_bytes() for path in gallery.iterdir()}
    with Database(gallery / ".textsearch", preset="fast") as database:
        database.index(gallery)
        report = database.adapt(AdaptOptions(steps=3, jobs=1))
        assert report.adopted
        assert report.words >= 8
        assert database.model.name == database.status().info.model == "joint-fast+adapted-1"
        assert database.status().info.images == 5
        assert database.search("museum")[0].path.name == "3.png"
        with IndexFolder.open(database.active.index) as index:
            assert np.isfinite(index.embeddings(sorted(index.letters()))).all()
        assert database.undo_adapt() == "joint-fast"
        assert database.search("museum")[0].path.name == "3.png"
    # Three careful steps hardly change what is read and found on clean words.
    assert measured[0].alike >= 90
    assert {path: path.read_bytes() for path in gallery.iterdir() if path.is_file()} == before
