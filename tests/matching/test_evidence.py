"""Which regions are worth a look: those that lack least, whatever was indexed first, among the photos that matter."""

from __future__ import annotations

from collections.abc import Collection, Iterator

import pytest

from tests.boxes import word_box
from tests.fakes import certain_lattice
from tests.matching.gallery import MODEL, fill, image_of
from textsearch.index.folder import IndexFolder
from textsearch.matching import evidence
from textsearch.matching.evidence import Evidence
from textsearch.matching.plan import Target

TEXTS = ("STARBUCKS", "STARBUCKS", "STARBXCKS", "STARBUCKX", "STARBUCXS", "hotel", "STARBUCKS")


@pytest.fixture(scope="module")
def index(tmp_path_factory: pytest.TempPathFactory) -> Iterator[IndexFolder]:
    images = [
        image_of(f"/{place}.jpg", [text], [word_box(0, 0, 90)], [certain_lattice(text)])
        for place, text in enumerate(TEXTS)
    ]
    with fill(tmp_path_factory.mktemp("index") / ".textsearch", images) as opened:
        yield opened


def looked_at(index: IndexFolder, allowed: Collection[int] | None = None) -> set[int]:
    """Return the places in TEXTS of the photos in which a word is looked for."""
    target = Target("starbucks")
    own = Evidence(index, MODEL.alphabet, [target], MODEL.encode_words(["starbucks"]), False, allowed)
    return {int(index.images([number])[number].path.stem) for number in own.found(target).images.tolist()}


@pytest.fixture
def few(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let one region be proposed by its vector and one by its letters, besides those that hold the word."""
    monkeypatch.setattr(evidence, "NEIGHBOURS", 1)
    monkeypatch.setattr(evidence, "_MISREAD", 1)
    monkeypatch.setattr(evidence, "_FEW", 0)


@pytest.mark.usefixtures("few")
def test_of_those_that_lack_letters_the_nearest_are_looked_at(index: IndexFolder) -> None:
    assert looked_at(index) == {0, 1, 6, 3}


@pytest.mark.usefixtures("few")
def test_photos_that_do_not_matter_take_no_place(index: IndexFolder) -> None:
    numbers = {int(image.path.stem): number for number, image in index.images().items()}
    assert looked_at(index, {numbers[2], numbers[4], numbers[6]}) == {6, 2}
    assert looked_at(index, {numbers[2]}) == {2}


def test_few_photos_that_matter_are_all_looked_at(index: IndexFolder) -> None:
    numbers = {int(image.path.stem): number for number, image in index.images().items()}
    assert looked_at(index, {numbers[4], numbers[5]}) == {4, 5}
    assert looked_at(index, ()) == set()
