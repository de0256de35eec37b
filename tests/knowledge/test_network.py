from __future__ import annotations

from dataclasses import replace

import pytest
import torch

from tests.knowledge.photos import batch
from tests.single_thread import one_torch_thread  # noqa: F401
from textsearch.knowledge.attention import Attention, EntityAttention, VisualKnowledgeAttention
from textsearch.knowledge.network import VARIANTS, KnowledgeClassifier


@pytest.mark.parametrize("name", sorted(VARIANTS))
def test_every_variant_scores_every_class(name: str) -> None:
    judged = KnowledgeClassifier(VARIANTS[name], 5).eval()(batch(3))
    assert judged.logits.shape == (3, 5)
    assert torch.allclose(judged.logits, torch.stack(list(judged.branches.values())).sum(0))


def test_a_variant_has_only_its_branches() -> None:
    judged = KnowledgeClassifier(VARIANTS["text"], 5).eval()(batch(2))
    assert set(judged.branches) == {"spelling", "reading"}


def test_padding_changes_nothing() -> None:
    torch.manual_seed(0)
    network = KnowledgeClassifier(VARIANTS["full"], 5).eval()
    short, padded = batch(2, words=3), batch(2, words=3, padding=4)
    assert torch.allclose(network(short).logits, network(padded).logits, atol=1e-5)


def test_a_photo_without_a_word_is_judged_and_learns() -> None:
    network = KnowledgeClassifier(VARIANTS["full"], 5)
    judged = network(batch(3, words=0, padding=2))
    judged.logits.square().sum().backward()
    assert torch.isfinite(judged.logits).all()
    assert all(torch.isfinite(p.grad).all() for p in network.parameters() if p.grad is not None)


def test_attention_ignores_what_is_not_there() -> None:
    attention = Attention(8, 0.0).eval()
    items = torch.randn(1, 3, 8)
    present = torch.tensor([[True, True, False]])
    first = attention(torch.ones(1, 1, 8), items, present)
    items[0, 2] = 1e3
    assert torch.equal(first, attention(torch.ones(1, 1, 8), items, present))


def test_words_take_up_only_entities_that_are_linked() -> None:
    block = EntityAttention(6, 8, 0.0).eval()
    words, present = torch.randn(1, 2, 6), torch.ones(1, 2, dtype=torch.bool)
    entities, weights = torch.randn(1, 2, 3, 6), torch.tensor([[[0.9, 0.0, 0.0], [0.0, 0.0, 0.0]]])
    first = block(words, present, entities, weights)
    entities[0, 1] = 50.0
    entities[0, 0, 1:] = 50.0
    assert torch.allclose(first, block(words, present, entities, weights))
    entities[0, 0, 0] = 50.0
    assert not torch.allclose(first, block(words, present, entities, weights))


def test_the_picture_finds_its_words() -> None:
    block = VisualKnowledgeAttention(8, 0.0).eval()
    picture, words = torch.randn(2, 8), torch.randn(2, 3, 8)
    everything = block(picture, words, torch.ones(2, 3, dtype=torch.bool))
    nothing = block(picture, words, torch.zeros(2, 3, dtype=torch.bool))
    assert everything.shape == (2, 8)
    assert not torch.allclose(everything, nothing)


def test_what_is_not_named_does_not_matter() -> None:
    """Only places with a weight are entities; whatever stands in the others is not read."""
    torch.manual_seed(0)
    network = KnowledgeClassifier(VARIANTS["full"], 5).eval()
    photos = batch(2)
    weights = photos.weights.clone()
    weights[:, :, 1] = 0
    other = photos.entities.clone()
    other[:, :, 1] += 7
    without = replace(photos, weights=weights)
    assert torch.equal(network(without).logits, network(replace(without, entities=other)).logits)
    assert not torch.allclose(network(without).logits, network(photos).logits)


def test_the_words_do_not_bend_what_the_picture_says() -> None:
    network = KnowledgeClassifier(VARIANTS["full"], 5)
    judged = network(batch(4))
    judged.branches["reading"].square().sum().backward()
    assert network.picture.linear[1].weight.grad is None
    assert network.reading.head.weight.grad is not None


def test_some_words_are_hidden_in_training_only() -> None:
    torch.manual_seed(0)
    network = KnowledgeClassifier(replace(VARIANTS["full"], dropout=0.0), 5)
    network.eval()
    photos = batch(6, words=8)
    assert torch.equal(network(photos).branches["reading"], network(photos).branches["reading"])
    network.train()
    assert not torch.allclose(network(photos).branches["reading"], network(photos).branches["reading"])
    assert torch.allclose(network(photos).branches["spelling"], network(photos).branches["spelling"])
