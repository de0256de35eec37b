"""One adaptation: what it refuses, where it goes on, when it switches, how it is undone. Training itself is faked."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from tests.fakes import FakeModel, save_photo
from tests.index.samples import IDENTITY
from tests.training.adaptation.samples import BETTER, WORSE, strips_of
from textsearch.errors import IndexLockedError, IndexNotFoundError, TextSearchError
from textsearch.index.active import ACTIVE, active_generation
from textsearch.index.folder import FailedFile, IndexFolder
from textsearch.index.records import PICTURE_WIDTH, ModelIdentity, OwnCategory
from textsearch.indexer.options import IndexOptions
from textsearch.indexer.pipeline import build
from textsearch.training.adaptation import run
from textsearch.training.adaptation.data import GalleryStrips
from textsearch.training.adaptation.report import AdaptOptions, AdaptReport, Validation
from textsearch.training.adaptation.run import adapt
from textsearch.training.adaptation.switching import undo
from textsearch.types import IndexReport

OPTIONS = AdaptOptions(steps=5)


class FakeAdapted(FakeModel):
    """The fake model under the name and fingerprint of the weights that it is told."""

    encoder: Any = None

    def __init__(self, folder: Path | None, preset: str, adapted: str | None) -> None:
        super().__init__()
        self.folder = folder
        if adapted is not None:
            self.name, self.fingerprint = f"fake+{adapted}", f"{adapted:0>64}"


class Killed(BaseException):
    """Ends a run as nothing in it expects."""


@dataclass
class Workshop:
    """Stands for training and validation, and notes what was done."""

    location: Path
    validation: Validation = BETTER
    done: list[str] = field(default_factory=list)
    killed_at: str | None = None

    def train(self, folder: Path, *others: object) -> None:
        self.note(f"train {folder.name}")
        (folder / "weights").mkdir()
        (folder / ".training").mkdir()

    def validate(self, *networks: object) -> Validation:
        self.note("validate")
        return self.validation

    def cut(self, *arguments: object, **options: object) -> GalleryStrips:
        self.note("cut")
        return strips_of(["exit"] * 500 + [""] * 20, [number < 100 for number in range(520)])

    def reindex(self, folder: Path, model: FakeModel, photos: Sequence[Path]) -> IndexReport:
        self.note(f"reindex {folder.parent.name}")
        with IndexFolder.create_or_open(folder, ModelIdentity(model.name, model.fingerprint, 64)) as index:
            return build(index, model, photos, IndexOptions(jobs=1, as_named=True))

    def note(self, what: str) -> None:
        self.done.append(what)
        if self.killed_at is not None and what.startswith(self.killed_at):
            raise Killed

    def adapt(self, options: AdaptOptions = OPTIONS) -> AdaptReport:
        return adapt(self.location, options, self.reindex)  # type: ignore[arg-type]


@pytest.fixture
def gallery(tmp_path: Path) -> Path:
    for number in range(3):
        save_photo(tmp_path / "gallery" / f"{number}.png", "EXIT", f"n{number}")
    return tmp_path / "gallery"


@pytest.fixture
def workshop(gallery: Path, monkeypatch: pytest.MonkeyPatch) -> Workshop:
    location = gallery / ".textsearch"
    with IndexFolder.create_or_open(location, IDENTITY) as index:
        build(index, FakeModel(), [gallery], IndexOptions(jobs=1))
    workshop = Workshop(location)
    monkeypatch.setattr(run, "find_weights", lambda weights: None)
    monkeypatch.setattr(run, "OnnxModel", FakeAdapted)
    monkeypatch.setattr(FakeAdapted, "encoder", SimpleNamespace(reader=SimpleNamespace(recogniser=None)))
    monkeypatch.setattr(run, "sure_readings", lambda index: 500)
    monkeypatch.setattr(run, "StripCutter", lambda *parts: workshop)
    monkeypatch.setattr(run, "train", workshop.train)
    monkeypatch.setattr(run, "validate", workshop.validate)
    return workshop


def answering(location: Path) -> str:
    with IndexFolder.open(active_generation(location).index) as index:
        return index.model.name


def test_a_better_model_answers_with_a_complete_index(workshop: Workshop) -> None:
    report = workshop.adapt()
    assert workshop.done == ["cut", "train adapted-1", "validate", "reindex adapted-1"]
    assert (report.adopted, report.model, report.before) == (True, "fake+adapted-1", "fake")
    assert (report.strips, report.words, report.photos) == (520, 500, 3)
    assert (report.regions_before, report.regions_after, report.readings_changed) == (6, 6, 0)
    assert answering(workshop.location) == "fake+adapted-1"
    folder = workshop.location / "models" / "adapted-1"
    assert sorted(path.name for path in folder.iterdir()) == ["index", "recipe.json", "validation.json", "weights"]


def test_a_model_that_is_not_better_leaves_nothing(workshop: Workshop) -> None:
    workshop.validation = WORSE
    report = workshop.adapt()
    assert (report.adopted, report.model, report.photos) == (False, "fake", 0)
    assert report.to_dict()["objections"]
    assert answering(workshop.location) == "fake"
    assert not (workshop.location / ACTIVE).exists()
    assert list((workshop.location / "models").iterdir()) == []


def test_the_next_adaptation_begins_with_the_adapted_model(workshop: Workshop) -> None:
    workshop.adapt()
    report = workshop.adapt()
    assert (report.model, report.before) == ("fake+adapted-2", "fake+adapted-1")
    assert undo(workshop.location) == "fake+adapted-1"
    assert undo(workshop.location) == "fake"
    assert list((workshop.location / "models").iterdir()) == []
    with pytest.raises(TextSearchError, match="nothing to undo"):
        undo(workshop.location)


@pytest.mark.parametrize("stage", ["cut", "train", "validate", "reindex"])
def test_a_killed_run_changes_nothing_and_goes_on(workshop: Workshop, stage: str) -> None:
    workshop.killed_at = stage
    with pytest.raises(Killed):
        workshop.adapt()
    assert answering(workshop.location) == "fake"
    workshop.killed_at = None
    assert workshop.adapt().model == "fake+adapted-1"
    # What was finished is not done again; the strips are only opened.
    trained_again = workshop.done.count("train adapted-1") > 1
    validated_again = workshop.done.count("validate") > 1
    assert (trained_again, validated_again) == (stage == "train", stage == "validate")


def test_a_run_killed_while_it_switches_goes_on(workshop: Workshop, monkeypatch: pytest.MonkeyPatch) -> None:
    def killed(generation: object) -> None:
        raise Killed

    with monkeypatch.context() as patched:
        patched.setattr(run, "switch", killed)
        with pytest.raises(Killed):
            workshop.adapt()
    assert answering(workshop.location) == "fake"
    assert workshop.adapt().adopted


def test_a_run_with_other_options_begins_anew(workshop: Workshop) -> None:
    workshop.killed_at = "validate"
    with pytest.raises(Killed):
        workshop.adapt()
    workshop.killed_at = None
    workshop.adapt(AdaptOptions(steps=6))
    assert workshop.done.count("train adapted-1") == 2


def test_the_number_of_jobs_is_no_other_run(workshop: Workshop) -> None:
    workshop.killed_at = "validate"
    with pytest.raises(Killed):
        workshop.adapt()
    workshop.killed_at = None
    workshop.adapt(AdaptOptions(steps=5, jobs=2))
    assert workshop.done.count("train adapted-1") == 1


def test_an_interrupted_reading_is_no_new_generation(workshop: Workshop, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = workshop.reindex

    def interrupted(folder: Path, model: FakeModel, photos: Sequence[Path]) -> IndexReport:
        whole(folder, model, photos[:1])
        return IndexReport(1, 0, 0, 0, 0, 2, (), 1.0, interrupted=True)

    monkeypatch.setattr(workshop, "reindex", interrupted)
    with pytest.raises(KeyboardInterrupt):
        workshop.adapt()
    assert answering(workshop.location) == "fake"
    monkeypatch.setattr(workshop, "reindex", whole)
    assert workshop.adapt().photos == 3


def test_a_photo_that_is_lost_on_the_way_keeps_the_old_index(
    workshop: Workshop, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = workshop.reindex
    monkeypatch.setattr(workshop, "reindex", lambda folder, model, photos: whole(folder, model, photos[1:]))
    with pytest.raises(TextSearchError, match=r"1 of the indexed photos could not be read again.*0\.png"):
        workshop.adapt()
    assert answering(workshop.location) == "fake"


def known_paths(location: Path) -> set[Path]:
    with IndexFolder.open(active_generation(location).index) as index:
        return {file.path for file in index.known_files()}


def test_photos_forgotten_while_a_run_was_stopped_stay_forgotten(workshop: Workshop, gallery: Path) -> None:
    def stopped(folder: Path, model: FakeModel, photos: Sequence[Path]) -> IndexReport:
        Workshop.reindex(workshop, folder, model, photos)
        raise Killed

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(workshop, "reindex", stopped)
        with pytest.raises(Killed):
            workshop.adapt()
    (gallery / "1.png").rename(gallery.parent / "1.png")
    with IndexFolder.open(workshop.location) as index, index.writer() as writer:
        writer.forget([gallery / "1.png", gallery / "2.png"])
    assert workshop.adapt().photos == 1
    assert known_paths(workshop.location) == {gallery / "0.png"}


def test_a_folder_that_could_not_be_listed_brings_in_no_photo(workshop: Workshop, gallery: Path) -> None:
    save_photo(gallery.parent / "locked" / "3.png", "TAXI")
    refused = FailedFile(gallery.parent / "locked", None, None, None, "no permission to read it")
    with IndexFolder.open(workshop.location) as index, index.writer() as writer:
        writer.fail([refused])
    assert workshop.adapt().photos == 3


def test_photos_keep_the_names_by_which_they_are_known(workshop: Workshop, gallery: Path) -> None:
    save_photo(gallery.parent / "outside" / "3.png", "TAXI")
    save_photo(gallery / "album" / "4.png", "HOTEL")
    (gallery / "link").symlink_to(gallery.parent / "outside")
    with IndexFolder.open(workshop.location) as index:
        build(index, FakeModel(), [gallery], IndexOptions(jobs=1, follow_links=True))
    known = known_paths(workshop.location)
    assert {gallery / "link" / "3.png", gallery / "album" / "4.png"} < known
    # A folder may also move to another disk and leave a link behind.
    (gallery / "album").rename(gallery.parent / "moved")
    (gallery / "album").symlink_to(gallery.parent / "moved")
    assert workshop.adapt().photos == 5
    assert known_paths(workshop.location) == known


def test_photos_that_are_gone_are_told_before_anything_is_done(workshop: Workshop, gallery: Path) -> None:
    (gallery / "1.png").unlink()
    with pytest.raises(TextSearchError, match=r"1 of the indexed photos are not there now.*textsearch prune"):
        workshop.adapt()
    assert workshop.done == []


@pytest.mark.parametrize("count", [0, 499])
def test_too_little_text_is_refused(workshop: Workshop, monkeypatch: pytest.MonkeyPatch, count: int) -> None:
    monkeypatch.setattr(run, "sure_readings", lambda index: count)
    with pytest.raises(TextSearchError, match=f"Only {count} words .* at least 500 are needed"):
        workshop.adapt()
    assert not (workshop.location / "models").exists()


def test_too_few_strips_are_refused(workshop: Workshop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(workshop, "cut", lambda *arguments, **options: strips_of(["exit"] * 499))
    with pytest.raises(TextSearchError, match="Only 499 words"):
        workshop.adapt()
    assert list((workshop.location / "models").iterdir()) == []


def test_too_few_photos_to_check_with_are_refused(workshop: Workshop, monkeypatch: pytest.MonkeyPatch) -> None:
    held_back = [number < 49 for number in range(600)]
    monkeypatch.setattr(workshop, "cut", lambda *arguments, **options: strips_of(["exit"] * 600, held_back))
    with pytest.raises(TextSearchError, match="only 49 of them are in photos that can be put aside"):
        workshop.adapt()
    assert answering(workshop.location) == "fake"


def test_what_a_run_left_that_was_killed_after_the_switch_is_removed(workshop: Workshop) -> None:
    workshop.adapt()
    left = workshop.location / "models" / "adapted-1" / ".strips"
    left.mkdir()
    workshop.adapt()
    assert not left.exists()


def test_nothing_is_done_while_somebody_else_writes(workshop: Workshop) -> None:
    with IndexFolder.open(workshop.location) as index, index.writer():
        for call in (workshop.adapt, lambda: undo(workshop.location)):
            with pytest.raises(IndexLockedError):
                call()
    assert workshop.done == []


def test_nobody_else_can_write_meanwhile(workshop: Workshop, monkeypatch: pytest.MonkeyPatch) -> None:
    def writes(*networks: object) -> Validation:
        with pytest.raises(IndexLockedError), IndexFolder.open(workshop.location) as index:
            index.writer()
        return BETTER

    monkeypatch.setattr(run, "validate", writes)
    assert workshop.adapt().adopted


def test_without_an_index_there_is_nothing_to_adapt(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(run, "find_weights", lambda weights: None)
    for call in (lambda: adapt(tmp_path, OPTIONS, lambda *parts: None), lambda: undo(tmp_path)):  # type: ignore[arg-type]
        with pytest.raises(IndexNotFoundError):
            call()
    assert list(tmp_path.iterdir()) == []


def test_what_people_added_to_the_index_goes_with_it_both_ways(workshop: Workshop) -> None:
    def change(name: str, removed: str) -> None:
        with IndexFolder.open(active_generation(workshop.location).index) as index, index.writer() as writer:
            writer.set_own_category(OwnCategory(name, ("boulder",), np.zeros((0, PICTURE_WIDTH), np.float32)))
            writer.remove_own_category(removed)

    def names() -> list[str]:
        with IndexFolder.open(active_generation(workshop.location).index) as index:
            return [category.name for category in index.own_categories()]

    change("climbing gym", removed="")
    workshop.adapt()
    assert names() == ["climbing gym"]
    change("sauna", removed="climbing gym")
    undo(workshop.location)
    assert names() == ["sauna"]


@pytest.mark.parametrize("values", [{"steps": 0}, {"minutes": 0.0}, {"jobs": -1}])
def test_options_that_make_no_sense(values: dict[str, Any]) -> None:
    with pytest.raises(TextSearchError, match="must be more than 0"):
        AdaptOptions(**values)
