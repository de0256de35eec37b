from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
from PIL import Image

from tests.cli.conftest import Run
from tests.cli.stub import StubDatabase, some_regions
from tests.fakes import save_photo


@pytest.fixture
def photo(tmp_path: Path, database: StubDatabase) -> Path:
    database.regions = some_regions("EXIT", "a\tb")
    return save_photo(tmp_path / "photo.png", "EXIT")


def test_regions_as_tsv(run: Run, photo: Path) -> None:
    assert run("show", photo).out == "1\t50.0\t0,4,8,40\tEXIT\n2\t50.0\t9,4,17,40\ta\\tb\n"


def test_regions_as_json(run: Run, photo: Path) -> None:
    data = json.loads(run("show", photo, "--json").out)
    assert (data["schema"], data["path"], data["width"]) == ("textsearch.regions/1", str(photo), 320)
    assert data["regions"][0]["text"] == "EXIT"
    assert data["regions"][0]["xyxy"] == [0, 4, 8, 40]
    assert data["regions"][0]["polygon"] == [[0, 4], [8, 4], [8, 40], [0, 40]]


def test_out_draws_on_a_copy(run: Run, photo: Path, tmp_path: Path) -> None:
    before = photo.read_bytes()
    outcome = run("show", photo, "--out", tmp_path / "marked.png")
    assert outcome.code == 0
    with Image.open(tmp_path / "marked.png") as marked, Image.open(photo) as original:
        assert marked.size == original.size
        assert marked.tobytes() != original.tobytes()
    assert photo.read_bytes() == before


def test_out_may_be_drawn_again(run: Run, photo: Path, tmp_path: Path) -> None:
    for _ in range(2):
        assert run("show", photo, "--out", tmp_path / "marked.png").code == 0


@pytest.mark.parametrize("link", [None, os.symlink, os.link])
def test_out_never_overwrites_the_photo_itself(run: Run, photo: Path, tmp_path: Path, link: object) -> None:
    before = photo.read_bytes()
    out = photo
    if callable(link):
        out = tmp_path / "other-name.png"
        link(photo, out)
    outcome = run("show", photo, "--out", out)
    assert (outcome.code, outcome.out) == (2, "")
    assert "photo itself" in outcome.err
    assert photo.read_bytes() == before


def test_out_never_overwrites_an_indexed_photo(run: Run, database: StubDatabase, photo: Path, tmp_path: Path) -> None:
    other = save_photo(tmp_path / "other.png", "SALE")
    database.indexed = {other}
    before = other.read_bytes()
    outcome = run("show", photo, "--out", other)
    assert outcome.code == 2
    assert "indexed photo" in outcome.err
    assert other.read_bytes() == before


@pytest.mark.parametrize(("name", "reason"), [("no/such/folder/x.png", "cannot be written"), ("x.nothing", "suffix")])
def test_out_that_cannot_be_saved_is_one_sentence(
    run: Run, photo: Path, tmp_path: Path, name: str, reason: str
) -> None:
    outcome = run("show", photo, "--out", tmp_path / name)
    assert (outcome.code, outcome.out, outcome.err.count("\n")) == (2, "", 1)
    assert reason in outcome.err
