from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
from PIL import Image

from tests.cli.conftest import Run
from tests.cli.stub import StubDatabase, a_hit, a_match, a_result, some_regions
from tests.fakes import save_photo
from textsearch.cli import show
from textsearch.index.records import Notice
from textsearch.knowledge.lexicon import default_lexicon


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


def test_a_file_that_is_there_is_replaced_only_if_asked(run: Run, photo: Path, tmp_path: Path) -> None:
    other = save_photo(tmp_path / "mine.png", "MINE")
    before = other.read_bytes()
    outcome = run("show", photo, "--out", other)
    assert (outcome.code, outcome.out) == (2, "")
    assert "--force" in outcome.err
    assert other.read_bytes() == before
    assert run("show", photo, "--out", other, "--force").code == 0
    assert other.read_bytes() != before


@pytest.mark.parametrize("link", [None, os.symlink, os.link])
def test_out_never_overwrites_the_photo_itself(run: Run, photo: Path, tmp_path: Path, link: object) -> None:
    before = photo.read_bytes()
    out = photo
    if callable(link):
        out = tmp_path / "other-name.png"
        link(photo, out)
    outcome = run("show", photo, "--out", out, "--force")
    assert (outcome.code, outcome.out) == (2, "")
    assert "photo itself" in outcome.err
    assert photo.read_bytes() == before


def test_out_never_overwrites_an_indexed_photo(run: Run, database: StubDatabase, photo: Path, tmp_path: Path) -> None:
    other = save_photo(tmp_path / "other.png", "SALE")
    database.indexed = {other}
    before = other.read_bytes()
    outcome = run("show", photo, "--out", other, "--force")
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


@pytest.fixture
def hit_photo(photo: Path, database: StubDatabase) -> Path:
    """The photo is indexed and is the second hit for "sale"."""
    database.indexed = {photo}
    match = a_match("WHOLESALE", kind="partial", span=(5, 9))
    database.results["sale"] = a_result(
        a_hit(1, Path("/g/other.jpg"), a_match("SALE")), a_hit(2, photo, match, kind="partial"), query="sale"
    )
    return photo


def test_find_lists_what_matches_in_this_photo_only(run: Run, hit_photo: Path) -> None:
    assert run("show", hit_photo, "--find", "sale").out.split("\t")[2:] == [
        "partial",
        str(hit_photo),
        "10,20,60,40",
        "WHOLESALE\n",
    ]


def test_find_marks_the_letters_on_a_copy(run: Run, hit_photo: Path, tmp_path: Path) -> None:
    outcome = run("show", hit_photo, "--find", "sale", "--out", tmp_path / "marked.png")
    assert (outcome.code, outcome.err) == (0, f"drew 1 match on {tmp_path / 'marked.png'}\n")
    with Image.open(tmp_path / "marked.png") as marked, Image.open(hit_photo) as original:
        assert marked.getpixel((48, 29)) != original.getpixel((48, 29))
        assert marked.getpixel((20, 29)) == original.convert("RGB").getpixel((20, 29))


def test_find_as_json_has_the_letters(run: Run, hit_photo: Path) -> None:
    (hit,) = json.loads(run("show", hit_photo, "--find", "sale", "--json").out)["hits"]
    assert (hit["rank"], hit["regions"][0]["span"]) == (2, [5, 9])


def test_find_without_a_match_is_exit_code_1(run: Run, hit_photo: Path) -> None:
    outcome = run("show", hit_photo, "--find", "exit")
    assert (outcome.code, outcome.out) == (1, "")


def test_find_needs_an_indexed_photo(run: Run, photo: Path) -> None:
    outcome = run("show", photo, "--find", "sale")
    assert (outcome.code, outcome.out) == (2, "")
    assert "textsearch index" in outcome.err


def test_what_is_known_of_an_indexed_photo_as_json(run: Run, database: StubDatabase, photo: Path) -> None:
    assert json.loads(run("show", photo, "--json").out)["knowledge"] is None
    database.indexed = {photo}
    brand = default_lexicon().meanings("walgreens")[0].target
    database.notices = [Notice("entity", brand.identifier, 0.5, (0,)), Notice("scene", "amenity/cafe", 0.25)]
    first, second = json.loads(run("show", photo, "--json").out)["knowledge"]
    assert (first["kind"], first["name"], first["score"], first["regions"]) == ("entity", "Walgreens", 0.5, [0])
    assert default_lexicon().category("amenity/pharmacy").name in first["kinds"]
    assert (second["kind"], second["identifier"], second["regions"]) == ("scene", "amenity/cafe", [])


@pytest.mark.parametrize("for_a_person", [True, False])
def test_what_only_another_lexicon_knows_is_left_out(
    run: Run, database: StubDatabase, photo: Path, monkeypatch: pytest.MonkeyPatch, for_a_person: bool
) -> None:
    monkeypatch.setattr(show, "shows_table", lambda: for_a_person)
    database.indexed = {photo}
    database.notices = [
        Notice("entity", "Q0", 0.5, (0,)),
        Notice("scene", "no/such", 0.5),
        Notice("scene", "amenity/cafe", 0.25),
    ]
    if for_a_person:
        assert [line[:4] for line in run("show", photo).out.splitlines() if "by the" in line] == ["  25"]
    else:
        (known,) = json.loads(run("show", photo, "--json").out)["knowledge"]
        assert known["identifier"] == "amenity/cafe"


@pytest.mark.parametrize("for_a_person", [True, False])
def test_what_was_known_of_an_older_photo_is_left_out(
    run: Run, database: StubDatabase, photo: Path, monkeypatch: pytest.MonkeyPatch, for_a_person: bool
) -> None:
    monkeypatch.setattr(show, "shows_table", lambda: for_a_person)
    database.indexed = database.outdated = {photo}
    database.notices = [Notice("scene", "amenity/cafe", 0.25)]
    outcome = run("show", photo) if for_a_person else run("show", photo, "--json")
    assert f"changed since it was indexed; to know what it shows: textsearch index {photo}" in outcome.err
    if for_a_person:
        assert "by the picture" not in outcome.out
    else:
        assert json.loads(outcome.out)["knowledge"] is None


def test_what_is_known_for_a_person(
    run: Run, database: StubDatabase, photo: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(show, "shows_table", lambda: True)
    database.indexed = {photo}
    brand = default_lexicon().meanings("walgreens")[0].target
    database.notices = [Notice("entity", brand.identifier, 0.5, (0,)), Notice("scene", "amenity/cafe", 0.25)]
    lines = run("show", photo).out.splitlines()
    assert any(line.startswith("  50  Walgreens") and "by 'EXIT'" in line for line in lines)
    assert any(line.startswith("  25") and "by the picture" in line for line in lines)
