from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import torch

from benchmarks.pretraining import SEEDS, SHARES, VARIANTS, Material, cell_file, recipe_of, spread_of, summary
from textsearch.training.pretraining.finetune import LabelledStrips

MATERIAL = Material(
    np.zeros((0, 48, 160, 3), np.uint8),
    LabelledStrips(np.zeros((200, 48, 160, 3), np.uint8), tuple(f"word{number}" for number in range(200))),
    LabelledStrips(np.zeros((0, 48, 160, 3), np.uint8), ()),
    (),
)


def test_shares_are_nested_and_differ_by_seed() -> None:
    tiny, small, whole = (MATERIAL.subset(share, seed=1).words for share in (0.01, 0.1, 1.0))
    assert (len(tiny), len(small), len(whole)) == (2, 20, 200)
    assert set(tiny) < set(small) < set(whole)
    assert set(MATERIAL.subset(0.1, seed=2).words) != set(small)


def test_mean_and_spread() -> None:
    found = spread_of([{"map": value, "labels": 47} for value in (10.0, 14.0, 12.0)])
    assert (found["map"], found["lowest"], found["highest"]) == (12.0, 10.0, 14.0)
    assert found["deviation"] == pytest.approx(2.0)
    assert found["labels"] == 47


def test_there_is_no_result_before_the_last_cell(tmp_path: Path) -> None:
    files = [cell_file(tmp_path, name, share, seed) for name in VARIANTS for share in SHARES for seed in SEEDS]
    assert len(set(files)) == len(files)
    files[0].parent.mkdir()
    for number, file in enumerate(files):
        assert summary(tmp_path) is None
        file.write_text(json.dumps({"map": float(number), "labels": 1}), encoding="utf-8")
    assert list(summary(tmp_path) or {}) == list(VARIANTS)


def test_variants_of_one_start_differ_in_their_tasks_alone() -> None:
    random, masked = VARIANTS["random"], VARIANTS["mask"]
    assert random.start is masked.start
    assert random.tasks == () and recipe_of(masked).tasks == ("mask",)
    first, again, other = (random.start.trunk(seed).state_dict() for seed in (0, 0, 1))
    assert all(torch.equal(first[name], again[name]) for name in first)
    assert not all(torch.equal(first[name], other[name]) for name in first)
