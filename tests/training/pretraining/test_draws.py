from __future__ import annotations

import pickle
from pathlib import Path

import numpy as np
import torch

from textsearch.training.pretraining.draws import StripViews
from textsearch.types import ByteArray


def strips(count: int = 10) -> ByteArray:
    return np.random.default_rng(0).integers(0, 256, (count, 48, 64, 3)).astype(np.uint8)


def views(seed: int = 0) -> StripViews:
    return StripViews(strips(), 4, 0.5, (8, 12), seed)


def test_a_batch_depends_on_seed_and_step_alone() -> None:
    first, again, later, other = views().batch(3), views().batch(3), views().batch(4), views(1).batch(3)
    assert torch.equal(first.first, again.first) and torch.equal(first.visible, again.visible)
    assert first.order == again.order
    assert not torch.equal(first.first, later.first) and not torch.equal(first.first, other.first)


def test_a_batch_holds_two_views_of_the_same_strips() -> None:
    batch = views().batch(0)
    assert batch.first.shape == batch.second.shape == (4, 48, 64, 3)
    assert batch.first.dtype == torch.uint8 and batch.first.min() < 12 and batch.first.max() > 243
    assert not torch.equal(batch.first, batch.second)
    assert sorted(batch.order) == [0, 1, 2, 3]
    assert batch.visible.shape == (4, 1, 12, 16) and set(batch.visible.flatten().tolist()) == {0, 1}


def test_memory_mapped_strips_are_mapped_again_elsewhere(tmp_path: Path) -> None:
    file = tmp_path / "strips.npy"
    np.save(file, strips(1000))
    mapped = StripViews(np.load(file, mmap_mode="r"), 4, 0.5, (8, 12), 0)
    packed = pickle.dumps(mapped)
    assert len(packed) < 1000
    assert torch.equal(pickle.loads(packed).batch(3).first, mapped.batch(3).first)
    part = StripViews(np.load(file, mmap_mode="r")[500:], 4, 0.5, (8, 12), 0)
    assert torch.equal(pickle.loads(pickle.dumps(part)).batch(3).first, part.batch(3).first)
    assert torch.equal(pickle.loads(pickle.dumps(views())).batch(3).second, views().batch(3).second)
