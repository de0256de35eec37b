from __future__ import annotations

import json
from collections import Counter
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from tests.fakes import ALPHABET
from textsearch.features import word_features
from textsearch.training.branches import Branches, BranchRecipe, BranchTrainer, encode_texts, word_retrieval
from textsearch.training.cache import FeatureCache
from textsearch.types import FloatArray

LETTER = 8
"""Features of a letter."""

FRAME = 2 * LETTER + 1
"""Features of a frame."""

PROTOTYPES: FloatArray = (
    np.random.default_rng(0).normal(size=(int(ALPHABET.folded.max()) + 1, LETTER)).astype(np.float32)
)
WORDS = ("bakery", "bank", "cafe", "cola", "hotel", "market", "open", "pizza")
LEXICON = ["street", "station", "water", "bread", "books"]
RECIPE = BranchRecipe(hidden=8, steps=6, batch=8, others=3, learning_rate=1e-2, seed=1)


def cache_of(words: tuple[str, ...], noise: float = 0.1, seed: int = 0) -> FeatureCache:
    """Return crops that look like their words, with some noise."""
    generator = np.random.default_rng(seed)
    rows = []
    for word in words:
        row = generator.normal(scale=noise, size=(30, FRAME))
        row[:, :LETTER] += word_features(ALPHABET.encode(word), PROTOTYPES)
        rows.append(row.astype(np.float16))
    return FeatureCache(np.stack(rows), words)


def new_trainer(recipe: BranchRecipe = RECIPE, *caches: FeatureCache) -> BranchTrainer:
    chosen = caches or (cache_of(WORDS),)
    return BranchTrainer(recipe, chosen, [1 / len(chosen)] * len(chosen), LEXICON, ALPHABET, PROTOTYPES)


def weights(trainer: BranchTrainer) -> list[torch.Tensor]:
    return [parameter.detach().clone() for parameter in trainer.branches.parameters()]


def same_weights(first: list[torch.Tensor], second: list[torch.Tensor]) -> bool:
    return all(torch.equal(a, b) for a, b in zip(first, second, strict=True))


# --- the same numbers again


def test_a_stopped_run_goes_on_with_the_numbers_of_an_undisturbed_one(tmp_path: Path) -> None:
    whole: dict[int, dict[str, float]] = {}
    undisturbed = new_trainer()
    undisturbed.run(tmp_path / "whole", save_every=2, progress=lambda step, terms: whole.update({step: terms}))

    def stop_at_five(step: int, terms: dict[str, float]) -> None:
        if step == 5:  # the last checkpoint was written at step 4
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        new_trainer().run(tmp_path / "parts", save_every=2, progress=stop_at_five)
    rest: dict[int, dict[str, float]] = {}
    resumed = new_trainer()
    resumed.run(tmp_path / "parts", save_every=2, progress=lambda step, terms: rest.update({step: terms}))

    assert list(whole) == [1, 2, 3, 4, 5, 6]
    assert rest == {5: whole[5], 6: whole[6]}
    assert same_weights(weights(resumed), weights(undisturbed))
    assert (tmp_path / "parts" / "log.jsonl").read_text() == (tmp_path / "whole" / "log.jsonl").read_text()


def test_a_finished_run_takes_no_further_step(tmp_path: Path) -> None:
    new_trainer().run(tmp_path)
    steps: list[int] = []
    again = new_trainer()
    again.run(tmp_path, progress=lambda step, terms: steps.append(step))
    assert (again.step, steps) == (6, [])


def test_everything_random_comes_from_the_seed() -> None:
    first, again, other = (new_trainer(replace(RECIPE, seed=seed)) for seed in (1, 1, 2))
    assert same_weights(weights(first), weights(again))
    assert not same_weights(weights(first), weights(other))
    assert first.train_step() == again.train_step() != other.train_step()


def test_torchs_global_random_state_is_neither_used_nor_changed() -> None:
    torch.manual_seed(1)
    before = torch.get_rng_state()
    first = new_trainer()
    first.train_step()
    assert torch.equal(torch.get_rng_state(), before)
    torch.manual_seed(2)
    again = new_trainer()
    torch.manual_seed(3)
    again.train_step()
    assert same_weights(weights(first), weights(again))


def test_a_checkpoint_is_loaded_without_running_code(tmp_path: Path) -> None:
    new_trainer().run(tmp_path)
    state = torch.load(tmp_path / "checkpoint.pt", weights_only=True)
    assert state["step"] == 6
    assert state["recipe"]["hidden"] == 8
    assert sorted(path.name for path in tmp_path.iterdir()) == ["checkpoint.pt", "curves.png", "log.jsonl"]


# --- what is written


def test_the_log_has_a_line_per_checkpoint_with_the_evaluation(tmp_path: Path) -> None:
    modes: list[bool] = []

    def evaluate(branches: Branches) -> dict[str, float]:
        branches.eval()
        modes.append(branches.training)
        return {"held_back_map": 0.5}

    new_trainer().run(tmp_path, save_every=4, evaluate=evaluate)
    lines = [json.loads(line) for line in (tmp_path / "log.jsonl").read_text().splitlines()]
    assert [line["step"] for line in lines] == [4, 6]
    assert all(line["held_back_map"] == 0.5 for line in lines)
    parts = ["word_image", "word_word", "image_image", "words_of_image", "images_of_word"]
    for line in lines:
        assert line["loss"] == pytest.approx(sum(line[part] for part in parts), rel=1e-5)
    assert modes == [False, False]


def test_training_goes_on_in_training_mode_after_an_evaluation() -> None:
    trainer = new_trainer()
    trainer.branches.eval()
    trainer.train_step()
    assert trainer.branches.training


# --- the batch


def test_each_source_gives_its_share() -> None:
    first, second = cache_of(WORDS), cache_of(tuple(f"{word}s" for word in WORDS))
    trainer = BranchTrainer(RECIPE, [first, second], [0.75, 0.25], LEXICON, ALPHABET, PROTOTYPES)
    features, words = trainer._sample()
    assert Counter(word in WORDS for word in words) == {True: 6, False: 2}
    assert features.shape == (8, 30, FRAME)
    for row, word in zip(features, words, strict=True):
        source = first if word in WORDS else second
        np.testing.assert_array_equal(row, source.features[source.words.index(word)])


def test_a_source_smaller_than_its_share_gives_what_it_has() -> None:
    trainer = new_trainer(RECIPE, cache_of(WORDS[:2]), cache_of(WORDS[2:]))
    _, words = trainer._sample()
    assert len(words) == 2 + 4
    assert set(WORDS[:2]) < set(words)


def test_the_rate_rises_for_200_steps_and_falls_to_zero() -> None:
    trainer = new_trainer(replace(RECIPE, steps=1000, learning_rate=1.0))
    rates = []
    for step in (0, 99, 199, 500, 1000):
        trainer.step = step
        trainer.train_step()
        rates.append(trainer.optimiser.param_groups[0]["lr"])
    falling = [0.5 * (1 + np.cos(np.pi * step / 1000)) for step in (0, 99, 199, 500, 1000)]
    assert rates == pytest.approx([1 / 200, 0.5 * falling[1], falling[2], 0.5, 0.0])


def test_hidden_features_are_scaled_up() -> None:
    trainer = new_trainer(replace(RECIPE, dropout=0.25))
    hidden = trainer._hide(torch.ones(100, 100))
    assert sorted(set(hidden.flatten().tolist())) == pytest.approx([0.0, 1 / 0.75])
    assert (hidden == 0).float().mean().item() == pytest.approx(0.25, abs=0.02)
    assert torch.equal(new_trainer(replace(RECIPE, dropout=0.0))._hide(torch.ones(3)), torch.ones(3))


# --- does it learn?


def test_a_tiny_network_learns_a_handful_of_words(tmp_path: Path) -> None:
    crops = cache_of(WORDS * 3, noise=0.3)
    recipe = BranchRecipe(hidden=16, steps=150, batch=24, others=5, learning_rate=2e-2, dropout=0.0, seed=1)
    trainer = new_trainer(recipe, crops)
    assert sum(parameter.numel() for parameter in trainer.branches.parameters()) < 100_000
    held_back = cache_of(WORDS * 2, noise=0.3, seed=9)
    before = word_retrieval(trainer.branches, held_back, ALPHABET, PROTOTYPES)["held_back_map"]
    losses: list[float] = []
    trainer.run(tmp_path, progress=lambda step, terms: losses.append(terms["loss"]))
    after = word_retrieval(trainer.branches, held_back, ALPHABET, PROTOTYPES)["held_back_map"]
    assert before < 0.8
    assert after > 0.99
    assert np.mean(losses[-10:]) < np.mean(losses[:10]) / 3


def test_every_parameter_is_trained() -> None:
    trainer = new_trainer()
    before = weights(trainer)
    trainer.train_step()
    names = [name for name, _ in trainer.branches.named_parameters()]
    idle = [n for n, old, new in zip(names, before, weights(trainer), strict=True) if torch.equal(old, new)]
    assert idle == []


# --- the score


class Listed(Branches):
    """Branches whose vectors are given."""

    def __init__(self, regions: list[list[float]], words: list[list[float]]) -> None:
        super().__init__(FRAME, LETTER, 2)
        self.given = torch.tensor(regions), torch.tensor(words)

    def regions(self, features: torch.Tensor) -> torch.Tensor:
        return self.given[0]

    def words(self, features: torch.Tensor) -> torch.Tensor:
        assert len(features) == len(self.given[1])
        return self.given[1]


def test_word_retrieval_is_the_mean_over_words_of_three_letters_and_more() -> None:
    cache = cache_of(("open", "bank", "at", "open"))
    # "bank" is asked first. Its own crop comes third; those of "open" come first and second.
    listed = Listed([[0.9], [0.5], [0.4], [0.8]], [[1.0], [1.0]])
    score = word_retrieval(listed, cache, ALPHABET, PROTOTYPES)
    assert score == {"held_back_map": pytest.approx((1 / 3 + 1) / 2)}
    assert not listed.training


def test_encode_texts() -> None:
    features = encode_texts(["cola", "a"], ALPHABET, PROTOTYPES)
    assert features.shape == (2, 30, LETTER)
    assert features.dtype == torch.float32
    np.testing.assert_array_equal(features[0], word_features(ALPHABET.encode("cola"), PROTOTYPES))


def test_terms_that_are_left_out_train_nothing() -> None:
    trainer = new_trainer(replace(RECIPE, terms=("word_word",), weight_decay=0.0))
    before = {name: tensor.clone() for name, tensor in trainer.branches.state_dict().items()}
    terms = trainer.train_step()
    after = trainer.branches.state_dict()
    moved = {name.split(".")[0] for name, tensor in after.items() if not torch.equal(tensor, before[name])}
    assert moved == {"word"}
    assert "image_image" in terms  # still measured


def test_channels_decide_the_dimension() -> None:
    trainer = new_trainer(replace(RECIPE, channels=4))
    assert trainer.branches.words(encode_texts(["open"], ALPHABET, PROTOTYPES)).shape == (1, 60)
