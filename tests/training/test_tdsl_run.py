from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from tests.tiny_tdsl import CHANNELS, CONFIG, tiny_backbone, tiny_network
from tests.training.drawn_set import drawn_set
from textsearch.errors import TextSearchError, WeightsError
from textsearch.models import tdsl_store
from textsearch.models.tdsl_store import load_tdsl
from textsearch.training import tdsl_run
from textsearch.training.augment import CropRecipe, squeeze_and_tint, vary
from textsearch.training.datasets.annotations import Annotations
from textsearch.training.datasets.spelt import SpeltWords
from textsearch.training.datasets.svt import Svt
from textsearch.training.datasets.synthtext import SynthText90k
from textsearch.training.material import Material
from textsearch.training.scenes import DrawnScenes
from textsearch.training.sources import PhotosAtRandom
from textsearch.training.tdsl import TdslRecipe, TdslTrainer
from textsearch.training.tdsl_run import TdslTrainingData, _squares, train_tdsl

RECIPE = TdslRecipe(
    network=CONFIG,
    steps=3,
    batch=2,
    test_side=96,
    crop=CropRecipe(side=96, longer_sides=(96, 128)),
)


@pytest.fixture(autouse=True)
def tiny(monkeypatch: pytest.MonkeyPatch) -> None:
    """Begin with the tiny network, and load with its backbone."""
    monkeypatch.setattr(tdsl_run, "new_network", lambda recipe: tiny_network(recipe.seed))
    monkeypatch.setattr(tdsl_store, "load_efficientnet_lite0", tiny_backbone)
    monkeypatch.setattr(tdsl_store, "EFFICIENTNET_LITE0_CHANNELS", CHANNELS)


@pytest.fixture
def data(tmp_path: Path, fonts: Path) -> TdslTrainingData:
    return TdslTrainingData(**drawn_set(tmp_path / "data", fonts))


def test_a_whole_run(tmp_path: Path, data: TdslTrainingData) -> None:
    run, lines = tmp_path / "run", list[str]()
    weights = train_tdsl(run, data, RECIPE, lines.append)
    assert weights == run / "weights"
    names = ["checkpoint.pt", "curves.png", "log.jsonl", "recipe.json", "weights"]
    assert sorted(path.name for path in run.iterdir()) == names
    recorded = json.loads((run / "recipe.json").read_text())
    assert recorded["recipe"]["network"]["width"] == CONFIG.width
    assert recorded["data"]["annotations"][0]["file"] == str(data.annotations[0].file)
    assert lines[-1].startswith("step 3 ") and "held_back_map" in lines[-1]
    trained = load_tdsl(weights).state_dict()
    fresh = tiny_network(RECIPE.seed).state_dict()
    assert any(not torch.equal(trained[name], fresh[name].half().float()) for name in fresh)

    before = (weights / "tdsl.safetensors").read_bytes()
    again = train_tdsl(tmp_path / "again", data, RECIPE, processes=1)
    assert (again / "tdsl.safetensors").read_bytes() == before
    train_tdsl(run, data, RECIPE)
    assert (weights / "tdsl.safetensors").read_bytes() == before
    for other_data, other in ((data, replace(RECIPE, steps=4)), (replace(data, backgrounds=None), RECIPE)):
        with pytest.raises(TextSearchError, match="other arguments"):
            train_tdsl(run, other_data, other)


def test_a_run_may_begin_with_another_ones_weights(tmp_path: Path, data: TdslTrainingData) -> None:
    recipe = replace(RECIPE, steps=1)
    first = train_tdsl(tmp_path / "first", replace(data, held_back=None), recipe)
    began: list[dict[str, torch.Tensor]] = []

    class Trainer(TdslTrainer):
        def run(self, *arguments: object, **options: object) -> None:
            began.append({name: tensor.clone() for name, tensor in self.network.state_dict().items()})

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(tdsl_run, "TdslTrainer", Trainer)
        train_tdsl(tmp_path / "second", replace(data, start=first), recipe)
    assert all(torch.equal(tensor, began[0][name]) for name, tensor in load_tdsl(first).state_dict().items())
    wider = replace(recipe, network=replace(CONFIG, width=48))
    with pytest.raises(TextSearchError, match="a width of 24, not 48"):
        train_tdsl(tmp_path / "third", replace(data, start=first), wider)


def test_a_mistake_leaves_no_run_behind(tmp_path: Path, data: TdslTrainingData) -> None:
    with pytest.raises(WeightsError, match="finished run"):
        train_tdsl(tmp_path / "run", replace(data, start=tmp_path), RECIPE)
    with pytest.raises(TextSearchError, match="torch cannot compute on 'tpu'"):
        train_tdsl(tmp_path / "run", data, replace(RECIPE, device="tpu"))
    with pytest.raises(TextSearchError, match="Cannot read the lexicon"):
        train_tdsl(tmp_path / "run", replace(data, lexicon=tmp_path / "typo"), RECIPE)
    assert not (tmp_path / "run").exists()


# --- the paper's sets


def test_of_mlt_only_what_can_be_spelt_is_read(data: TdslTrainingData) -> None:
    chosen = (Annotations(Path("mlt"), None, "mlt"), Annotations(Path("svt"), None, "svt"))
    assert [type(photos) for photos in replace(data, annotations=chosen).sets()] == [SpeltWords, Svt]


@pytest.fixture
def material(tmp_path: Path, data: TdslTrainingData, fonts: Path) -> Material:
    for folder in ("images", "annotations"):
        (tmp_path / folder).mkdir()
    Image.new("RGB", (40, 20)).save(tmp_path / "images" / "1.jpg")
    (tmp_path / "annotations" / "1.xml").write_text("<annotation></annotation>")
    (photos,) = data.sets()
    return Material(
        [(PhotosAtRandom(SynthText90k(tmp_path)), 1.0), (PhotosAtRandom(photos), 2.0)],
        (DrawnScenes(["exit"], list(fonts.iterdir()), []), 3.0),
    )


def test_drawn_photos_are_squeezed_and_others_varied(material: Material) -> None:
    sources = _squares(material, 0.0, RECIPE.crop)._sources
    assert [source.vary for source in sources] == [squeeze_and_tint, vary, squeeze_and_tint]  # type: ignore[attr-defined]
    assert all(source.draw(np.random.default_rng(0)).image.shape == (96, 96, 3) for source in sources)


def test_walls_take_their_share_from_all_the_others_and_their_words_too(material: Material) -> None:
    squares = _squares(material, 0.4, RECIPE.crop)
    assert squares._shares == pytest.approx([0.1, 0.2, 0.3, 0.4])
    walls = squares._sources[-1].source  # type: ignore[attr-defined]
    assert walls.source._shares == pytest.approx([1 / 6, 2 / 6, 3 / 6])
    wall = squares._sources[-1].draw(np.random.default_rng(0))
    assert wall.image.shape == (96, 96, 3) and any(word.legible for word in wall.words)
