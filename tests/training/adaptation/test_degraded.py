"""Strips as worse photos would give them."""

from __future__ import annotations

import numpy as np
import pytest

from tests.training.adaptation.samples import drawn
from textsearch.training.adaptation.degraded import VIEWS, degraded


@pytest.mark.parametrize("name", VIEWS)
@pytest.mark.parametrize("width", [8, 50, 320])
def test_a_view_is_a_strip_no_wider_than_before(name: str, width: int) -> None:
    strip = drawn("exit", width)
    for seed in range(5):
        view = VIEWS[name](strip, np.random.default_rng(seed))
        assert view.dtype == np.uint8
        assert (view.shape[0], view.shape[2]) == (48, 3)
        assert 8 <= view.shape[1] <= width


@pytest.mark.parametrize("name", ["blurred", "coarse"])
def test_a_view_has_less_contrast(name: str) -> None:
    strip = drawn("exit")
    assert VIEWS[name](strip, np.random.default_rng(0)).std() < 0.9 * strip.std()


def test_the_ends_are_cut_off() -> None:
    strip = np.full((48, 96, 3), 255, np.uint8)
    strip[:, :2] = strip[:, -2:] = 0
    assert VIEWS["cut_off"](strip, np.random.default_rng(1)).min() > 200


def test_training_sees_other_views_each_time_and_leaves_the_strip_as_it_is() -> None:
    strip = drawn("exit")
    before = strip.copy()
    views = [degraded(strip, np.random.default_rng(seed)) for seed in range(6)]
    assert np.array_equal(strip, before)
    assert len({view.tobytes() for view in views}) > 4
    assert np.array_equal(views[0], degraded(strip, np.random.default_rng(0)))
