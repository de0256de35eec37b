from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from numpy.random import Generator

from tests.pretended_device import pretended_device
from tests.tiny_tdsl import CONFIG, Photos, drawn_photo, four_photos, tiny_network
from textsearch.errors import TextSearchError
from textsearch.models.boxes import BoxOptions
from textsearch.models.tdsl import TdslNetwork
from textsearch.models.tdsl_encoder import TdslEncoder
from textsearch.training.augment import CropRecipe, VariedSource
from textsearch.training.retrieval import photo_retrieval
from textsearch.training.samples import Sample, WordLabel
from textsearch.training.sources import RandomSource
from textsearch.training.tdsl import TdslBatches, TdslRecipe, TdslTrainer, collect

RECIPE = TdslRecipe(
    network=CONFIG,
    steps=6,
    batch=2,
    others=2,
    learning_rate=0.02,
    warm_up=20,
    decays=(0.8,),
    test_side=96,
)


def mirrored(sample: Sample, recipe: CropRecipe, generator: Generator) -> Sample:
    """Some variation, so that a resumed run must vary alike."""
    return Sample(sample.image[:, ::-1] if generator.random() < 0.5 else sample.image, sample.words)


SOURCE = VariedSource(Photos(four_photos()), mirrored, RECIPE.crop)


def new_trainer(recipe: TdslRecipe = RECIPE, source: RandomSource = SOURCE) -> TdslTrainer:
    lexicon = ("street", "Station", "---", "water")
    return TdslTrainer(tiny_network(recipe.seed), TdslBatches(source, recipe), lexicon)


def steps(trainer: TdslTrainer, count: int) -> list[dict[str, float]]:
    """Take some steps; return their terms."""
    return [trainer.train_step(trainer.batches.batch(trainer.step)) for _ in range(count)]


def same_weights(first: TdslNetwork, second: TdslNetwork) -> bool:
    pairs = zip(first.state_dict().values(), second.state_dict().values(), strict=True)
    return all(torch.equal(a, b) for a, b in pairs)


# --- it learns


ADAMW = replace(RECIPE, optimiser="adamw", learning_rate=0.002)


@pytest.mark.parametrize("recipe", [replace(RECIPE, learning_rate=0.03), ADAMW], ids=["sgd", "adamw"])
def test_four_photos_are_learnt_by_heart(recipe: TdslRecipe) -> None:
    photos = four_photos()
    recipe = replace(recipe, steps=200, batch=4, warm_up=40, seed=1)
    trainer = new_trainer(recipe, Photos(photos))
    terms = steps(trainer, 200)
    assert terms[-1]["loss"] < terms[0]["loss"] / 3
    encoder = TdslEncoder(trainer.network.eval(), (96,))
    written = [photo.words[0].text.lower() for photo in photos]
    for photo, word in zip(photos, written, strict=True):
        found = encoder.encode_photo(photo.image)
        (left, top), (right, bottom) = photo.words[0].polygon[[0, 2]]
        x, y, far_x, far_y = found.boxes[0]
        common = max(0, min(far_x, right) - max(x, left)) * max(0, min(far_y, bottom) - max(y, top))
        union = (far_x - x) * (far_y - y) + (right - left) * (bottom - top) - common
        assert common / union > 0.5
        cosines = encoder.encode_words(written) @ found.vectors[0]
        assert written[int(cosines.argmax())] == word
    assert photo_retrieval(encoder, photos)["held_back_map"] == 1.0


# --- the same numbers again


@pytest.mark.parametrize("recipe", [RECIPE, ADAMW], ids=["sgd", "adamw"])
def test_a_stopped_run_goes_on_with_the_numbers_of_an_undisturbed_one(tmp_path: Path, recipe: TdslRecipe) -> None:
    whole: dict[int, dict[str, float]] = {}
    undisturbed = new_trainer(recipe)
    undisturbed.run(tmp_path / "whole", 2, progress=lambda step, terms: whole.update({step: terms}))

    def stop_at_five(step: int, terms: dict[str, float]) -> None:
        if step == 5:  # the last checkpoint was written at step 4
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        new_trainer(recipe).run(tmp_path / "parts", 2, progress=stop_at_five)
    rest: dict[int, dict[str, float]] = {}
    resumed = new_trainer(recipe)
    resumed.run(tmp_path / "parts", 2, progress=lambda step, terms: rest.update({step: terms}))

    assert list(whole) == [1, 2, 3, 4, 5, 6]
    assert rest == {5: whole[5], 6: whole[6]}
    assert same_weights(resumed.network, undisturbed.network)
    assert (tmp_path / "parts" / "log.jsonl").read_text() == (tmp_path / "whole" / "log.jsonl").read_text()


def test_everything_random_comes_from_the_seed() -> None:
    first, again, other = (new_trainer(replace(RECIPE, seed=seed)) for seed in (1, 1, 2))
    assert same_weights(first.network, again.network)
    assert steps(first, 1) == steps(again, 1) != steps(other, 1)


def test_the_log_holds_means_and_measurements(tmp_path: Path) -> None:
    seen: list[dict[str, float]] = []

    def evaluate(network: TdslNetwork) -> dict[str, float]:
        assert not network.training
        return {"held_back_map": 0.5}

    new_trainer(replace(RECIPE, steps=5)).run(tmp_path, 2, evaluate, 4, lambda step, terms: seen.append(terms))
    lines = [json.loads(line) for line in (tmp_path / "log.jsonl").read_text().splitlines()]
    assert [(line["step"], "held_back_map" in line) for line in lines] == [(2, False), (4, True), (5, True)]
    parts = ["find", "box", "centerness", "word_image", "word_word", "image_image", "spelling"]
    for line in lines:
        assert line["loss"] == pytest.approx(sum(line[part] for part in parts), rel=1e-5)
    assert lines[2]["loss"] == seen[4]["loss"]


# --- the schedule


@pytest.mark.parametrize(
    ("step", "rate"),
    [(0, 0.01 / 3), (10, 0.01 * 2 / 3), (20, 0.01), (32, 0.01), (34, 0.001), (66, 0.001), (67, 0.0001)],
)
def test_the_rate_warms_up_and_falls_twice(step: int, rate: float) -> None:
    trainer = new_trainer(replace(RECIPE, learning_rate=0.01, steps=100, decays=(1 / 3, 2 / 3)))
    trainer.step = step
    steps(trainer, 1)
    rates = [group["lr"] for group in trainer.optimiser.param_groups]
    assert rates == pytest.approx([rate, 2 * rate])  # biases learn twice as fast


def test_frozen_weights_stay() -> None:
    network = tiny_network()
    network.backbone.stem.requires_grad_(False)
    before = {name: weight.clone() for name, weight in network.state_dict().items()}
    steps(TdslTrainer(network, TdslBatches(SOURCE, RECIPE)), 1)
    changed = {name for name, weight in network.state_dict().items() if not torch.equal(weight, before[name])}
    assert changed and not {name for name in changed if name.startswith("backbone.stem")}


def test_halved_precision_stays_close() -> None:
    (exact,), (halved,) = (steps(new_trainer(recipe), 1) for recipe in (RECIPE, replace(RECIPE, precision="bfloat16")))
    assert halved != exact
    assert halved == pytest.approx(exact, rel=0.05)


def test_steps_on_another_device_are_those_on_the_cpu() -> None:
    expected = steps(new_trainer(), 2)
    with pretended_device() as device:
        found = steps(new_trainer(replace(RECIPE, device=str(device))), 2)
    for terms, expected_terms in zip(found, expected, strict=True):
        assert terms == pytest.approx(expected_terms, rel=1e-3)


def test_photos_are_searched_on_another_device_as_on_the_cpu() -> None:
    photo, network, anything = four_photos()[0].image, tiny_network().eval(), BoxOptions(0.0, threshold=0.0)
    expected = TdslEncoder(network, (96,), anything).encode_photo(photo)
    assert len(expected.boxes)
    with pretended_device() as device:
        found = TdslEncoder(network.to(device), (96,), anything).encode_photo(photo)
    np.testing.assert_allclose(found.boxes, expected.boxes, atol=1e-3)
    np.testing.assert_allclose(found.vectors, expected.vectors, atol=1e-4)


def test_a_loss_that_is_not_a_number_stops_the_run() -> None:
    trainer = new_trainer()
    torch.nn.init.constant_(trainer.network.speller.weight, float("nan"))
    with pytest.raises(TextSearchError, match="lower learning rate"):
        steps(trainer, 1)


def test_photos_without_words_are_trained_on() -> None:
    plain = Sample(np.zeros((96, 96, 3), np.uint8), ())
    (terms,) = steps(new_trainer(source=Photos([plain])), 1)
    assert terms["find"] > 0
    assert {terms[name] for name in ("box", "centerness", "word_image", "image_image", "spelling")} == {0.0}


# --- batches


def test_a_batch_of_labels() -> None:
    photo = drawn_photo("Coca-Cola", 2, 40, ("white", "black"))
    outside = np.array([[-10, 5], [20, 5], [20, 15], [-10, 15]], np.float32)
    slanted = np.array([[10, 20], [30, 30], [28, 40], [8, 30]], np.float32)
    words = (WordLabel(outside, "咖啡", True), WordLabel(slanted, "x", False), *photo.words)
    batch = collect([Sample(photo.image, words), Sample(photo.image, ())])
    assert batch.images.shape == (2, 96, 96, 3)
    assert batch.words == [["", "", "cocacola"], []]
    assert [legible.tolist() for legible in batch.legible] == [[False, False, True], []]
    assert batch.boxes[0][:2].tolist() == [[0, 5, 20, 15], [8, 20, 30, 40]]
    assert batch.boxes[1].shape == (0, 4)
