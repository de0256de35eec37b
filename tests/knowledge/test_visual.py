from __future__ import annotations

import numpy as np
import pytest
import torch

from tests.single_thread import one_torch_thread  # noqa: F401
from textsearch.knowledge.network import POOLED
from textsearch.knowledge.visual import TEXTURE, VisualEncoder, VisualFeatures, prepare


@pytest.fixture(scope="module")
def seen() -> VisualFeatures:
    """A picture of noise, the same mirrored, and the same in another colour."""
    pixels = np.random.default_rng(0).integers(0, 256, (64, 64, 3), np.uint8)
    reddened = pixels * np.array([1, 0, 0], np.uint8)
    return VisualEncoder().see(torch.stack([prepare(each, 64) for each in (pixels, pixels[:, ::-1], reddened)]))


def test_shapes(seen: VisualFeatures) -> None:
    assert seen.pooled.shape == (3, POOLED)
    assert seen.texture.shape == (3, TEXTURE)
    assert seen.shallow.shape == (3, 112, 4, 4)
    assert seen.deep.shape == (3, 320, 2, 2)


def test_texture_is_mean_deviation_and_maximum_of_every_channel(seen: VisualFeatures) -> None:
    flat = seen.deep.flatten(2)
    expected = torch.cat([flat.mean(2), flat.std(2), flat.amax(2)], dim=1)
    assert torch.allclose(seen.texture[:, -3 * 320 :], expected, atol=1e-5)


def test_texture_tells_colours_apart_rather_than_sides(seen: VisualFeatures) -> None:
    stem = seen.texture[:, :96]
    mirrored, reddened = (stem[0] - stem[1]).norm(), (stem[0] - stem[2]).norm()
    assert mirrored < 0.2 * reddened
