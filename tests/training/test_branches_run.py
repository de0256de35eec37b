"""One whole run, as small as it can be, over the published networks; and what is refused before it starts."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFont
from safetensors import safe_open

from textsearch.errors import TextSearchError
from textsearch.runtime.model import WEIGHT_FILES, OnnxModel
from textsearch.training.branches import BranchRecipe
from textsearch.training.branches_run import BranchTrainingData, batch_shares, train_branches
from textsearch.training.cache import FeatureCache
from textsearch.training.datasets.annotations import Annotations

RECIPE = BranchRecipe(hidden=8, steps=2, batch=8, others=3)


def photo_with(*words: str) -> tuple[Image.Image, list[dict[str, Any]]]:
    """Draw words, one below the other; return the photo and its annotations."""
    picture = Image.new("RGB", (320, 90 * len(words)), "white")
    brush, font = ImageDraw.Draw(picture), ImageFont.load_default(size=40)
    entries = []
    for number, word in enumerate(words):
        place = (60, 90 * number + 20)
        brush.text(place, word, fill="black", font=font)
        left, top, right, bottom = brush.textbbox(place, word, font=font)
        corners = [[left - 4, top - 4], [right + 4, top - 4], [right + 4, bottom + 4], [left - 4, bottom + 4]]
        entries.append({"text": word, "poly": corners, "ignore": False})
    return picture, entries


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory, fonts: Path) -> BranchTrainingData:
    folder = tmp_path_factory.mktemp("data")
    rows = []
    for split, words in (("train", ("OPEN", "Bakery", "&")), ("dev", ("Hotel", "PIZZA"))):
        picture, entries = photo_with(*words)
        picture.save(folder / f"{split}.png")
        rows.append({"image": f"{split}.png", "split": split, "words": entries})
    file = folder / "words.jsonl"
    file.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    lexicon = folder / "lexicon.txt"
    lexicon.write_text("street\nStation\nrock'n'roll\nwater\n", encoding="utf-8")
    Image.new("RGB", (64, 64), "olive").save(folder / "wall.jpg")
    return BranchTrainingData(
        annotations=(Annotations(file, "train"),),
        held_back=Annotations(file, "dev"),
        lexicon=lexicon,
        fonts=fonts,
        backgrounds=folder,
        copies=2,
        drawn=12,
    )


@pytest.fixture(scope="module")
def finished(data: BranchTrainingData, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path, list[str]]:
    """A finished run: its folder, the folder of the weights, the lines of progress."""
    run = tmp_path_factory.mktemp("runs") / "new" / "first"
    lines: list[str] = []
    weights = train_branches(run, data, RECIPE, lines.append)
    return run, weights, lines


def contents(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


# --- the run


def test_every_source_has_its_cache(finished: tuple[Path, Path, list[str]]) -> None:
    run, _, _ = finished
    words = {path.name: FeatureCache.load(path).words for path in (run / "cache").iterdir()}
    assert words["held-back"] == ("hotel", "pizza")
    assert words["annotated-0"] == ("open", "open", "bakery", "bakery")
    assert words["detected-0"] == ("open", "bakery")
    assert 6 <= len(words["drawn"]) <= 12
    assert "" not in words["drawn"]


def test_the_log_ends_with_the_last_step_and_the_held_back_score(finished: tuple[Path, Path, list[str]]) -> None:
    run, _, progress = finished
    (line,) = [json.loads(line) for line in (run / "log.jsonl").read_text().splitlines()]
    assert line["step"] == 2
    assert 0 < line["held_back_map"] <= 1
    assert progress[-1].startswith("step 2 loss ")
    assert "held-back: 2 crops" in progress


def test_the_weights_are_all_the_package_needs(finished: tuple[Path, Path, list[str]]) -> None:
    run, weights, _ = finished
    assert weights == run / "weights"
    assert {path.name for path in weights.iterdir()} == set(WEIGHT_FILES)
    with safe_open(weights / "joint.safetensors", "numpy") as store:
        written = json.loads(store.metadata()["textsearch"])
    assert (json.loads(written["recipe"])["steps"], written["licence"]) == (2, "Apache-2.0")
    model = OnnxModel(folder=weights)
    assert len(model.alphabet.characters) == 18_710
    vectors = model.encode_words(["open", "bakery"])
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-5)


def test_a_finished_run_started_again_changes_nothing(
    finished: tuple[Path, Path, list[str]], data: BranchTrainingData
) -> None:
    run, _, _ = finished
    before = contents(run)
    assert train_branches(run, data, RECIPE) == run / "weights"
    assert contents(run) == before


@pytest.mark.parametrize("changed", ["recipe", "data"])
def test_other_arguments_need_another_folder(
    finished: tuple[Path, Path, list[str]], data: BranchTrainingData, changed: str
) -> None:
    run, _, _ = finished
    before = contents(run)
    other_recipe = replace(RECIPE, steps=3) if changed == "recipe" else RECIPE
    other_data = replace(data, drawn=13) if changed == "data" else data
    with pytest.raises(TextSearchError, match=r"begun with other arguments.*new folder"):
        train_branches(run, other_data, other_recipe)
    assert contents(run) == before


@pytest.mark.parametrize("field", ["annotations", "held_back", "lexicon", "fonts", "backgrounds", "start"])
def test_a_mistake_does_not_bind_the_run(data: BranchTrainingData, tmp_path: Path, field: str) -> None:
    (tmp_path / "typo").mkdir()
    no_part = Annotations(data.held_back.file, "typo")
    sets = {"annotations": (no_part,), "held_back": no_part}
    wrong: dict[str, Any] = {field: sets.get(field, tmp_path / "typo")}
    with pytest.raises(TextSearchError, match="typo"):
        train_branches(tmp_path / "run", replace(data, **wrong), RECIPE)
    assert not (tmp_path / "run").exists()


def test_words_of_one_photo_are_not_both_trained_on_and_held_back(data: BranchTrainingData, tmp_path: Path) -> None:
    with pytest.raises(TextSearchError, match="1 of 1 held-back photos are trained on"):
        train_branches(tmp_path / "run", replace(data, held_back=data.annotations[0]), RECIPE)
    assert not (tmp_path / "run").exists()


# --- shares


def cache_with(words: int) -> FeatureCache:
    return FeatureCache(np.zeros((words, 30, 1), np.float16), ("a",) * words)


def test_half_a_batch_is_drawn_and_the_photos_share_the_rest() -> None:
    caches = {"annotated-0": cache_with(30), "detected-0": cache_with(10), "drawn": cache_with(500)}
    assert batch_shares(caches) == pytest.approx([0.375, 0.125, 0.5])


def test_without_photos_everything_is_drawn() -> None:
    assert batch_shares({"drawn": cache_with(5)}) == [1.0]


# --- what is refused
