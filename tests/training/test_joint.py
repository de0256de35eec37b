from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from tests.fakes import ALPHABET
from tests.pretended_device import pretended_device
from tests.tiny_joint import tiny_joint
from tests.tiny_tdsl import Photos, four_photos
from textsearch.alphabet import normalise
from textsearch.errors import TextSearchError
from textsearch.models.joint import JointNetwork
from textsearch.training.joint import JointBatches, JointRecipe, JointTrainer
from textsearch.training.start import published_network
from textsearch.training.strips import PlannedStrip, WordStrip
from textsearch.training.views import ViewRecipe

PLAIN = ViewRecipe(side=96, scales=(1.0, 1.0), degrees=0.0, stretch=0.0, contrasts=(0.9, 1.1), blur=0.6)
RECIPE = JointRecipe(
    steps=4, views=2, readings=2, words=8, others=4, warm_up=1, view=PLAIN, hidden_maps=0.3, average=0.9
)
LEXICON = ("cold", "baker", "motel", "banks", "exit", "sale")


def trainer(recipe: JointRecipe) -> JointTrainer:
    batches = JointBatches(Photos(four_photos()), set(ALPHABET.characters) - {""}, recipe)
    return JointTrainer(tiny_joint(), batches, LEXICON, ALPHABET)


def test_a_batch_depends_on_seed_and_step_alone() -> None:
    batches = trainer(RECIPE).batches
    first, second, other = batches.batch(3), batches.batch(3), batches.batch(4)
    assert torch.equal(first.images, second.images)
    assert [strips.texts for strips in first.strips] == [strips.texts for strips in second.strips]
    assert not torch.equal(first.images, other.images)


def test_a_batch_holds_targets_and_words_of_its_views() -> None:
    batch = trainer(RECIPE).batches.batch(0)
    assert batch.images.shape == (2, 96, 96, 3)
    assert batch.cores.shape == batch.counted.shape == (2, 96, 96)
    texts = [text for strips in batch.strips for text in strips.texts]
    assert 1 <= len(texts) <= RECIPE.words
    assert {normalise(text) for text in texts} <= {"cola", "bakery", "hotel", "bank7"}
    owners = {owner for strips in batch.strips for owner in strips.owners.tolist()}
    assert owners <= {-1, 0, 1}


def test_only_the_words_that_are_read_are_cut_out(monkeypatch: pytest.MonkeyPatch) -> None:
    batches = trainer(replace(RECIPE, views=4, words=2)).batches
    widths: list[int] = []
    cut = PlannedStrip.cut

    def counted(planned: PlannedStrip) -> WordStrip:
        strip = cut(planned)
        widths.append(strip.pixels.shape[1])
        return strip

    monkeypatch.setattr(PlannedStrip, "cut", counted)
    assert sum(len(strips.texts) for strips in batches.batch(0).strips) == len(widths) == 2


def test_words_that_cannot_be_read_are_found_but_not_read() -> None:
    recipe = replace(RECIPE, readings=0)
    batches = JointBatches(Photos(four_photos()), set("x"), recipe)
    batch = batches.batch(0)
    assert not batch.strips
    assert batch.cores.any()


def reading_trainer(recipe: JointRecipe) -> JointTrainer:
    """Return a trainer of a fresh network that sees letters: its classifier is told to prefer one."""
    running = trainer(recipe)
    with torch.no_grad():
        running.network.recogniser.classifier.bias[5] = 3.0
    return running


def test_every_task_has_its_terms_and_all_trained_parts_move() -> None:
    running = reading_trainer(RECIPE)
    before = {name: tensor.clone() for name, tensor in running.network.state_dict().items()}
    terms = running.train_step(running.batches.batch(0))
    assert {"cores", "dice", "read", "word_image", "word_word", "image_image"} < set(terms)
    moved = {name for name, tensor in running.network.state_dict().items() if not torch.equal(tensor, before[name])}
    parts = {".".join(name.split(".")[:2]) for name in moved}
    assert {"detector.backbone", "detector.neck", "detector.head", "recogniser.trunk"} < parts
    assert not any(name.startswith("recogniser.classifier") for name in moved)
    assert not any(name.startswith("recogniser.trunk.backbone.stem") for name in moved)


def test_steps_on_another_device_are_those_on_the_cpu(tmp_path: Path) -> None:
    def evaluate(network: JointNetwork) -> dict[str, float]:
        assert not any(module.training for module in network.modules())
        return {"held_back_map": 0.5}

    def steps(recipe: JointRecipe) -> dict[int, dict[str, float]]:
        seen: dict[int, dict[str, float]] = {}
        running = reading_trainer(recipe)
        running.run(tmp_path / recipe.device, 3, evaluate, 3, lambda step, terms: seen.update({step: terms}))
        return seen

    expected = steps(RECIPE)
    assert "word_image" in expected[1]
    with pretended_device() as device, pytest.MonkeyPatch.context() as patch:
        patch.setattr(torch, "save", lambda state, file: Path(file).touch())  # which knows no pretended tensors
        found = steps(replace(RECIPE, device=str(device)))
    assert list(found) == [1, 2, 3, 4]
    for step, terms in expected.items():
        assert found[step] == pytest.approx(terms, rel=1e-3), step


def test_without_words_only_the_detector_learns() -> None:
    running = trainer(replace(RECIPE, words=0))
    before = {name: tensor.clone() for name, tensor in running.network.state_dict().items()}
    terms = running.train_step(running.batches.batch(0))
    assert set(terms) == {"loss", "cores", "dice"}
    after = running.network.state_dict()
    moved = {name.split(".")[0] for name in before if not torch.equal(before[name], after[name])}
    assert moved == {"detector"}


def test_the_average_follows_the_weights() -> None:
    running = trainer(RECIPE)
    name = "detector.head.logits.weight"
    start = running.network.state_dict()[name].clone()
    for step in range(3):
        running.train_step(running.batches.batch(step))
    now = running.network.state_dict()[name]
    assert not torch.equal(running.average.weights[name], now)
    assert (running.average.weights[name] - now).abs().sum() < (start - now).abs().sum()


def test_a_stopped_run_goes_on_with_the_same_numbers(tmp_path: Path) -> None:
    whole = trainer(RECIPE)
    whole.run(tmp_path / "whole", save_every=2)
    (tmp_path / "parts").mkdir()
    stopped = trainer(RECIPE)
    for step in range(2):
        stopped.train_step(stopped.batches.batch(step))
    torch.save(stopped.state(), tmp_path / "parts" / "checkpoint.pt")
    resumed = trainer(RECIPE)
    resumed.run(tmp_path / "parts", save_every=2)
    for name, tensor in whole.average.weights.items():
        assert torch.equal(tensor, resumed.average.weights[name]), name
    assert resumed.step == 4


def test_a_loss_that_is_not_a_number_leaves_the_checkpoint_as_it_was(tmp_path: Path) -> None:
    running = trainer(RECIPE)

    def break_at_two(step: int, terms: dict[str, float]) -> None:
        if step == 2:
            torch.nn.init.constant_(running.network.detector.head.logits.weight, float("nan"))

    with pytest.raises(TextSearchError, match="At step 2 the loss is nan"):
        running.run(tmp_path, save_every=2, progress=break_at_two)
    kept = torch.load(tmp_path / "checkpoint.pt", weights_only=True)
    assert kept["step"] == 2
    assert all(bool(torch.isfinite(tensor).all()) for tensor in (*kept["network"].values(), *kept["average"].values()))


def test_four_photos_are_learnt() -> None:
    """The published networks hold no normalisation, so a fresh one of any size learns too slowly; they start trained,
    the branches do not."""
    network, alphabet = published_network(hidden=16, maps=96, seed=0)
    recipe = replace(
        RECIPE, steps=60, readings=4, hidden_maps=0.0, warm_up=5, detector_rate=1e-3, trunk_rate=1e-4, branch_rate=1e-2
    )
    batches = JointBatches(Photos(four_photos()), set(alphabet.characters) - {""}, recipe)
    running = JointTrainer(network, batches, LEXICON, alphabet)
    others = [batches.batch(1000 + number) for number in range(8)]  # other views of the same four photos

    def measured() -> dict[str, float]:
        with torch.no_grad():
            terms = [running.losses(batch, np.random.default_rng(0)) for batch in others]
        return {name: float(np.mean([each[name] for each in terms])) for name in ("cores", "word_image", "word_word")}

    before = measured()
    for step in range(30):
        running.train_step(batches.batch(step))
    after = measured()
    assert after["cores"] < 0.7 * before["cores"]
    assert after["word_image"] < 0.4 * before["word_image"]
    assert after["word_word"] < 0.4 * before["word_word"]
    assert all(bool(torch.isfinite(tensor).all()) for tensor in running.average.weights.values())
