from __future__ import annotations

import torch
import torch.nn.functional as functional

from textsearch.models.pyramid import PYRAMID_STRIDES, SixLevelPyramid


def maps(height: int, width: int) -> list[torch.Tensor]:
    generator = torch.Generator().manual_seed(0)
    sizes = zip((3, 4, 5, 6), (4, 8, 16, 32), strict=True)
    return [
        torch.randn(2, channels, height // stride, width // stride, generator=generator) for channels, stride in sizes
    ]


def test_the_sizes_of_the_levels() -> None:
    levels = SixLevelPyramid((3, 4, 5, 6), 8)(maps(64, 96))
    assert [tuple(level.shape) for level in levels] == [
        (2, 8, -(-64 // stride), -(-96 // stride)) for stride in PYRAMID_STRIDES
    ]


def test_levels_by_hand() -> None:
    pyramid = SixLevelPyramid((3, 4, 5, 6), 8)
    features = maps(64, 96)
    lateral = [layer(feature) for layer, feature in zip(pyramid.laterals, features, strict=True)]
    fifth = lateral[3]
    fourth = lateral[2] + functional.interpolate(fifth, scale_factor=2, mode="bilinear", align_corners=False)
    levels = pyramid(features)
    torch.testing.assert_close(levels[3], pyramid.smoothers[3](fifth))
    torch.testing.assert_close(levels[2], pyramid.smoothers[2](fourth))
    torch.testing.assert_close(levels[4], pyramid.sixth(levels[3]))
    torch.testing.assert_close(levels[5], pyramid.seventh(levels[4].relu()))


def test_the_coarsest_map_reaches_the_finest_level() -> None:
    features = [feature.requires_grad_() for feature in maps(32, 32)]
    SixLevelPyramid((3, 4, 5, 6), 8)(features)[0].sum().backward()
    assert all(feature.grad is not None and feature.grad.any() for feature in features)
