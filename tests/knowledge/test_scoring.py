from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import numpy as np
import pytest

from tests.fakes import FakeModel, save_photo
from tests.knowledge.photos import WordBags
from textsearch.errors import ImageError
from textsearch.knowledge import scoring
from textsearch.knowledge.classifier import TrainedClassifier
from textsearch.knowledge.evidence import profiles
from textsearch.knowledge.lexicon import default_lexicon
from textsearch.knowledge.scoring import branch_scores, evidence_scores


@pytest.fixture(autouse=True)
def fakes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scoring, "load_model", FakeModel)
    monkeypatch.setattr(scoring, "MiniLanguageModel", WordBags)
    monkeypatch.setattr(scoring, "PhotoReader", lambda *parts: None)


def test_words_speak_for_their_class(tmp_path: Path) -> None:
    photos = [save_photo(tmp_path / "0.png", "apple", "juice"), save_photo(tmp_path / "1.png", "oat", "milk")]
    told: list[tuple[int, int]] = []
    classes = profiles(["Apple-Juice", "Oat-Milk"], default_lexicon(), {})
    scores = evidence_scores(photos, classes, lambda done, total: told.append((done, total)))
    assert np.array_equal(scores.argmax(axis=1), [0, 1])
    assert told == [(1, 2), (2, 2)]


@pytest.mark.parametrize("content", [None, b"no picture"])
def test_a_photo_that_cannot_be_read_is_named(tmp_path: Path, content: bytes | None) -> None:
    photo = tmp_path / "bad.jpg"
    if content is not None:
        photo.write_bytes(content)
    classes = profiles(["Apple-Juice", "Oat-Milk"], default_lexicon(), {})
    trained: Any = SimpleNamespace(labels=("a", "b"), dataset="")
    with pytest.raises(ImageError, match=r"The photo .*bad\.jpg cannot be read"):
        evidence_scores([photo], classes)
    with pytest.raises(ImageError, match=r"The photo .*bad\.jpg cannot be read"):
        branch_scores([photo], cast(TrainedClassifier, trained), classes)
