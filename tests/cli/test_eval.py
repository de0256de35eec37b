from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.cli.conftest import Run
from tests.cli.stub import a_report
from tests.fakes import FakeModel, save_photo
from textsearch.cli import eval as command
from textsearch.database import Database
from textsearch.evaluation.tasks import PUBLISHED


@pytest.fixture
def opened(monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    """The index folders that were opened, all with the fake model."""
    folders: list[Path] = []

    @contextmanager
    def open_fake(index: Path) -> Iterator[Database]:
        folders.append(index)
        with Database(index, FakeModel()) as database:
            yield database

    monkeypatch.setattr(command, "open_database", open_fake)
    return folders


@pytest.fixture
def street(tmp_path: Path) -> Path:
    """A words.jsonl of three photos, one of them of another split."""
    rows = []
    for number, (split, text) in enumerate((("dev", "hotel"), ("dev", "taxi"), ("train", "bar"))):
        save_photo(tmp_path / "street" / f"{number}.png", text)
        words = [{"poly": None, "text": text, "ignore": False}]
        rows.append({"image": f"{number}.png", "split": split, "words": words})
    (tmp_path / "street" / "words.jsonl").write_text("\n".join(json.dumps(row) for row in rows))
    return tmp_path / "street"


def test_the_row(run: Run, opened: list[Path], street: Path) -> None:
    outcome = run("eval", "--dataset", "words", "--root", street, "--split", "dev")
    header, row = outcome.out.splitlines()
    assert (outcome.code, outcome.err) == (0, "")
    assert header.split() == ["dataset", "variant", "mAP", "top-100", "images", "queries", "seconds"]
    assert row.split()[:-1] == ["words", "full", "100.00", "100.00", "2", "2"]
    assert header.index("queries") == row.index("2", header.index("queries"))
    (index,) = opened
    assert not index.exists()  # it lay in a temporary folder


def test_the_json_and_a_kept_index(run: Run, opened: list[Path], street: Path, tmp_path: Path) -> None:
    arguments = ("eval", "--dataset", "words", "--root", street, "--index", tmp_path / "kept", "--json")
    first, again = (json.loads(run(*arguments, "--variant", variant).out) for variant in ("vectors", "lattice"))
    assert (first["dataset"], first["split"], first["variant"], first["images"]) == ("words", None, "vectors", 3)
    assert (first["map"], first["images_read"]) == (pytest.approx(100.0), 3)
    assert (again["variant"], again["images_read"]) == ("lattice", 0)
    assert opened == [tmp_path / "kept"] * 2


def test_another_copy_than_the_published_one_is_told(run: Run, opened: list[Path], tmp_path: Path) -> None:
    for name in ("大茶/a.png", "鲜果/b.png"):
        save_photo(tmp_path / name, "word")
    outcome = run("eval", "--dataset", "csvtr", "--root", tmp_path)
    assert outcome.code == 0
    assert "top-100" not in outcome.out
    assert "has 2 photos and 2 queries, the published numbers were made with 1,667 and 23" in outcome.err


def test_photos_that_cannot_be_read_are_told(run: Run, opened: list[Path], street: Path) -> None:
    (street / "1.png").write_bytes(b"damaged")
    for _ in range(2):  # the second time they are not tried again
        outcome = run("eval", "--dataset", "words", "--root", street, "--split", "dev", "--index", street / "kept")
        assert outcome.code == 0
        assert "1 photo could not be read and scored 0" in outcome.err
        assert "75.00" in outcome.out  # the other photo comes before it, at whatever score


def test_a_run_that_is_stopped_ends_without_a_result(
    run: Run, opened: list[Path], street: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Database, "index", lambda *arguments, **options: a_report(interrupted=True))
    outcome = run("eval", "--dataset", "words", "--root", street)
    assert (outcome.code, outcome.out) == (130, "")
    assert "goes on where it stopped" in outcome.err


@pytest.mark.parametrize(
    "arguments",
    [("--dataset", "svt"), ("--root", "."), ("--dataset", "mnist", "--root", "."), ("everything",), ("-x",)],
)
def test_what_is_needed(run: Run, opened: list[Path], arguments: tuple[str, ...]) -> None:
    assert run("eval", *arguments).code == 2
    assert opened == []


def test_a_mistake_is_one_sentence(run: Run, opened: list[Path], tmp_path: Path) -> None:
    outcome = run("eval", "--dataset", "svt", "--root", tmp_path)
    assert (outcome.code, outcome.out) == (2, "")
    assert outcome.err.startswith(f"textsearch: There is no {tmp_path / 'test.xml'}")
    assert outcome.err.count("\n") == 1


def test_every_protocol_and_variant_can_be_named() -> None:
    assert {dataset.value for dataset in command.DataSet} == {*PUBLISHED, "words"}
    assert {variant.value for variant in command.Variants} == {"vectors", "lattice", "full"}


def test_the_help_says_protocol_and_layout(run: Run) -> None:
    text = run("eval", "--help").out
    for dataset in command.DataSet:
        assert f"\n  {dataset.value} " in text
    for name in ("test.xml", "imgDatabase/", "queries.txt", "Challenge4_Test_Task1_GT/", "txt_format/Test/"):
        assert name in text
