from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import cast

import pytest
import torch

from tests.knowledge.photos import batch
from textsearch.errors import TextSearchError
from textsearch.knowledge.decisions import ELSEWHERE
from textsearch.knowledge.network import VARIANTS, KnowledgeClassifier
from textsearch.training.classifier import ClassifierRecipe, ClassifierTrainer
from textsearch.training.classifier_data import ReadPhotos
from textsearch.training.classifier_losses import classifier_loss, knowledge_distance_loss
from textsearch.training.classifier_run import TrainingData, fit_experts, groups_of, recipe_of, train_classifier
from textsearch.training.datasets.labelled import LabelledPhoto

LABELS = torch.tensor([0, 1, 2, 0, 1, 2, 0, 1])
DISTANCES = 2.0 * (1 - torch.eye(5))
RECIPE = ClassifierRecipe(replace(VARIANTS["full"], width=16), epochs=4, batch=4)


def trainer(recipe: ClassifierRecipe = RECIPE) -> ClassifierTrainer:
    return ClassifierTrainer(recipe, [batch(8), batch(8, seed=1)], LABELS, DISTANCES)


def test_training_learns_the_photos() -> None:
    run = trainer(replace(RECIPE, epochs=25, batch=8))
    first = run.train_epoch()["classes"]
    run.run()
    assert run.train_epoch()["classes"] < 0.5 * first
    run.network.eval()
    assert (run.network(batch(8)).logits.argmax(1) == LABELS).all()


def test_a_stopped_run_goes_on_to_the_same_numbers(tmp_path: Path) -> None:
    whole = trainer()
    whole.run()
    begun = trainer()
    begun.train_epoch()
    begun.train_epoch()
    state = begun.state()
    torch.save(state, tmp_path / "checkpoint.pt")
    resumed = trainer()
    resumed.run(tmp_path)
    for name, tensor in whole.network.state_dict().items():
        assert torch.equal(tensor, resumed.network.state_dict()[name]), name


def test_training_leaves_the_random_state_alone() -> None:
    before = torch.get_rng_state()
    trainer().train_epoch()
    assert torch.equal(before, torch.get_rng_state())


def test_an_unknown_variant_is_refused() -> None:
    with pytest.raises(TextSearchError, match="name one of visual, text"):
        recipe_of("everything", False, 1, 0)


def test_photos_of_anything_else_have_no_place_in_the_tree(tmp_path: Path) -> None:
    data = tmp_path / "labels.jsonl"
    data.write_text('{"image": "a.jpg", "label": "a"}\n{"image": "b.jpg", "label": "b"}\n')
    with pytest.raises(TextSearchError, match="anything else"):
        train_classifier(tmp_path / "run", TrainingData(data, elsewhere=data), recipe_of("full", True, 1, 0))
    assert not (tmp_path / "run").exists()


def test_photos_of_anything_else_teach_parts_and_windows_nothing() -> None:
    judged = KnowledgeClassifier(replace(VARIANTS["scrim"], width=16), 5).eval()(batch(6))
    taught = (judged.parts, judged.region_logits, judged.region_scores)
    for tensor in taught:
        tensor.retain_grad()
    labels = torch.tensor([0, 0, 1, 5, 5, 1])
    classifier_loss(replace(judged, logits=judged.logits.detach(), branches={}), labels, 0.0).backward()  # type: ignore[no-untyped-call]
    for tensor in taught:
        strengths = tensor.grad.flatten(1).abs().sum(1)
        assert (strengths[labels == 5] == 0).all()
        assert (strengths[labels < 5] > 0).any()


def test_groups_share_no_class() -> None:
    photos = [LabelledPhoto(Path(f"{place}.jpg"), label) for place, label in enumerate("abab")]
    grouped = [replace(photo, label="fruit" if photo.label == "a" else "carton") for photo in photos]
    assert groups_of(photos, grouped) == [["b"], ["a"]]
    assert groups_of(photos, []) == [["a", "b"]]
    grouped[0] = replace(grouped[0], label="carton")
    with pytest.raises(TextSearchError, match="two groups"):
        groups_of(photos, grouped)


def test_experts_know_their_own_classes_and_leave_the_others(tmp_path: Path) -> None:
    read = cast(ReadPhotos, SimpleNamespace(views=lambda _: [batch(8)], rarity=None))
    numbers = torch.tensor([0, 1, 2, 3, 4, 0, 3, 5])
    recipe = replace(RECIPE, epochs=30, batch=8)
    experts = fit_experts(recipe, read, (numbers, DISTANCES), [2, 3], tmp_path)
    logits = experts(batch(8)).logits
    assert (logits[:7].argmax(1) == numbers[:7]).all()
    first, second = logits[:, :2].logsumexp(1), logits[:, 2:].logsumexp(1)
    mine = numbers < 2
    assert first[mine].min() > ELSEWHERE > first[~mine].max()
    assert second[7] < ELSEWHERE
    again = fit_experts(replace(recipe, epochs=30), read, (numbers, DISTANCES), [2, 3], tmp_path)
    assert torch.equal(again(batch(8)).logits, logits)


def test_tied_distances_are_a_term_of_their_own() -> None:
    assert set(trainer(replace(RECIPE, tie_distances=True)).train_epoch()) == {"classes", "distances"}


def test_scrim_adds_its_losses() -> None:
    network = KnowledgeClassifier(replace(VARIANTS["scrim"], width=16), 5).eval()
    judged = network(batch(8))
    without = replace(judged, parts=None)
    assert classifier_loss(judged, LABELS, 0.0) > classifier_loss(without, LABELS, 0.0)


def test_photos_of_anything_else_learn_low_scores() -> None:
    labels = torch.tensor([0, 1, 2, 0, 5, 5, 5, 5])
    run = ClassifierTrainer(replace(RECIPE, epochs=30, batch=8), [batch(8)], labels, DISTANCES)
    run.run()
    surest = run.network(batch(8)).logits.logsumexp(1)
    assert surest[4:].max() < ELSEWHERE < surest[:4].min()


def test_the_third_photo_has_its_own_distance() -> None:
    """Latent distances 1 : 3 fit the taxonomy's 1 : 3, and none other."""
    spread = torch.tensor([[-3.0], [3.0]])
    first = spread
    fitting = torch.tensor([1.0, 1.0]), torch.tensor([3.0**1.2, 3.0**1.2])
    second, third = spread + torch.tensor([[1.0], [1.0]]), spread + torch.tensor([[3.0], [3.0]])
    as_is = knowledge_distance_loss(first, second, third, fitting)
    # Standardising takes a common shift out, so both pairs are at no distance at all.
    assert as_is == pytest.approx(0.0, abs=1e-3)
    anchors = torch.tensor([[0.0, 4.0, -4.0, 0.0]])
    near, far = anchors + torch.tensor([[1.0, 0, 0, -1.0]]), anchors + torch.tensor([[3.0, 0, 0, -3.0]])
    one, other = torch.tensor([2.0]), torch.tensor([6.0])
    assert knowledge_distance_loss(anchors, near, far, (one, other)) < knowledge_distance_loss(
        anchors, near, far, (other, one)
    )
