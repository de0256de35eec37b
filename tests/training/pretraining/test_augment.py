from __future__ import annotations

import numpy as np
import pytest

from textsearch.training.pretraining import augment
from textsearch.training.pretraining.augment import vary_strip
from textsearch.types import ByteArray


def bars() -> ByteArray:
    """A strip whose brightness tells the place along it."""
    return np.repeat(np.repeat(np.linspace(0, 255, 160).astype(np.uint8)[None, :, None], 48, 0), 3, 2)


def test_a_view_has_the_form_of_the_strip_which_stays_as_it_is() -> None:
    strip = np.random.default_rng(0).integers(0, 255, (48, 160, 3)).astype(np.uint8)
    before = strip.copy()
    views = [vary_strip(strip, np.random.default_rng(seed)) for seed in range(40)]
    assert {(view.shape, view.dtype) for view in views} == {((48, 160, 3), np.dtype(np.uint8))}
    assert np.array_equal(strip, before)
    assert all((view != strip).mean() > 0.01 for view in views)
    assert np.array_equal(views[3], vary_strip(strip, np.random.default_rng(3)))


@pytest.mark.parametrize("change", augment._PLACEMENTS)
def test_a_letter_stays_within_about_a_frame_of_its_place(change: augment.Placement) -> None:
    grid = augment._grid(48, 160)
    moves = np.concatenate([change(grid, np.random.default_rng(seed)) - grid for seed in range(50)])[..., 0] * 160
    assert np.abs(moves).mean() < 4 and np.quantile(np.abs(moves), 0.95) < 10
    assert np.abs(moves).max() > 0.5


def test_most_of_the_height_stays() -> None:
    kept = [np.ptp(augment._crop(augment._grid(48, 160), np.random.default_rng(seed))[..., 1]) for seed in range(200)]
    assert 0.58 < min(kept) < 0.65 and max(kept) > 0.95


@pytest.mark.parametrize("change", [augment._recolour, *augment._LOOKS])
def test_looks_change_no_place(change: augment.Look) -> None:
    for seed in range(20):
        changed = change(bars(), np.random.default_rng(seed))
        assert changed.shape == (48, 160, 3)
        assert abs(np.corrcoef(changed[24].mean(axis=1), np.arange(160))[0, 1]) > 0.97
