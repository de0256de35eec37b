from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.cli.conftest import Run
from tests.cli.stub import StubDatabase
from tests.training.adaptation.samples import BETTER, WORSE
from textsearch.cli import adapt
from textsearch.errors import TextSearchError
from textsearch.training.adaptation.report import AdaptOptions, AdaptReport, Validation

OLD, NEW = "joint", "joint+adapted-1"


def a_report(*, adopted: bool, validation: Validation) -> AdaptReport:
    return AdaptReport(
        adopted=adopted,
        model=NEW if adopted else OLD,
        before=OLD,
        strips=2196,
        words=552,
        validation=validation,
        photos=220 if adopted else 0,
        regions_before=2196,
        regions_after=2201 if adopted else 0,
        readings_changed=31 if adopted else 0,
        seconds=754.0,
    )


class AdaptingDatabase(StubDatabase):
    """A database that adapts in no time."""

    outcome = a_report(adopted=True, validation=BETTER)

    def adapt(self, options: AdaptOptions, progress: Callable[[str], None] | None) -> AdaptReport:
        self.asked.append(options)
        if progress is not None:
            progress("cutting words out of the photos")
        return self.outcome

    def holds(self, folder: Path) -> bool:
        return folder.is_dir()

    def undo_adapt(self) -> str:
        self.asked.append("undo")
        return OLD


@pytest.fixture
def adapting(monkeypatch: pytest.MonkeyPatch) -> AdaptingDatabase:
    stub = AdaptingDatabase()

    def open_stub(index: Path | None) -> AdaptingDatabase:
        stub.asked.append(("open", index))
        return stub

    monkeypatch.setattr(adapt, "open_database", open_stub)
    return stub


def test_what_changed_is_told(run: Run, adapting: AdaptingDatabase) -> None:
    outcome = run("adapt")
    assert (outcome.code, outcome.out) == (0, "")
    assert outcome.err.splitlines() == [
        "cutting words out of the photos",
        "2,196 words cut out of the photos, 552 of them with a sure reading; 105 of these only checked the result",
        "finding degraded words   80.0 ->  84.0 mAP  (95 % interval of the change +1.0 to +7.0)",
        "finding clean words     100.0 -> 100.0 mAP",
        "  words never learnt     55.0 ->  56.0 mAP  (20 words)",
        "reading degraded words   60.0 ->  66.0 %",
        "clean words read alike  100.0 %",
        "220 photos read again: 2,196 texts before, 2,201 now, 31 of them new readings",
        "the model joint+adapted-1 answers now; the same command with --undo goes back",
        "done after 12:34",
    ]


def test_why_nothing_changed_is_told(run: Run, adapting: AdaptingDatabase) -> None:
    adapting.outcome = a_report(adopted=False, validation=WORSE)
    outcome = run("adapt")
    assert outcome.code == 0
    assert "nothing changed, joint goes on answering: degraded words are not surely found better" in outcome.err


def test_options_are_handed_on(run: Run, adapting: AdaptingDatabase) -> None:
    run("adapt", "--index", "/somewhere", "--steps", "30", "--minutes", "2.5", "--seed", "7", "-j", "1")
    assert adapting.asked[:2] == [("open", Path("/somewhere")), AdaptOptions(30, 2.5, 7, 1)]


def test_as_json_and_quiet(run: Run, adapting: AdaptingDatabase) -> None:
    outcome = run("adapt", "--json", "--quiet")
    assert outcome.err == ""
    told: dict[str, Any] = json.loads(outcome.out)
    assert (told["adopted"], told["model"], told["objections"]) == (True, NEW, [])
    assert told["validation"]["gain"] == [1.0, 7.0]


def test_undo(run: Run, adapting: AdaptingDatabase) -> None:
    outcome = run("adapt", "--undo")
    assert adapting.asked[1] == "undo"
    assert "the model joint answers again" in outcome.err


def test_undo_as_json_and_quiet(run: Run, adapting: AdaptingDatabase) -> None:
    outcome = run("adapt", "--undo", "--json")
    assert (json.loads(outcome.out), outcome.err) == ({"model": OLD}, "")
    outcome = run("adapt", "--undo", "-q")
    assert (outcome.out, outcome.err) == ("", "")
    assert adapting.asked.count("undo") == 2


def test_a_gallery_with_an_index_of_its_own(run: Run, adapting: AdaptingDatabase, tmp_path: Path) -> None:
    run("adapt", tmp_path)
    (tmp_path / ".textsearch").mkdir()
    run("adapt", tmp_path)
    run("adapt", tmp_path / ".textsearch")
    own = ("open", tmp_path / ".textsearch")
    assert [asked for asked in adapting.asked if "open" in str(asked)] == [("open", None), own, own]


def test_an_index_without_photos_of_the_gallery_is_left_alone(run: Run, adapting: AdaptingDatabase) -> None:
    outcome = run("adapt", "elsewhere")
    assert (outcome.code, adapting.asked) == (2, [("open", None), "closed"])
    assert "No photo of elsewhere is in the index /index" in outcome.err


@pytest.mark.parametrize("arguments", [("g", "--index", "i"), ("--steps", "0"), ("--minutes", "0")])
def test_what_makes_no_sense_is_refused(run: Run, adapting: AdaptingDatabase, arguments: tuple[str, ...]) -> None:
    assert run("adapt", *arguments).code == 2
    assert adapting.asked == []


def test_an_error_is_one_sentence(run: Run, adapting: AdaptingDatabase, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(**options: object) -> AdaptReport:
        raise TextSearchError("Only 12 words of these photos are read for sure.")

    monkeypatch.setattr(adapting, "adapt", refuse)
    outcome = run("adapt")
    assert (outcome.code, outcome.err) == (2, "textsearch: Only 12 words of these photos are read for sure.\n")
