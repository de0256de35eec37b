"""A `tdsl` network of less than 100,000 parameters, and drawn photos for it."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
import torch
from numpy.random import Generator
from PIL import Image, ImageDraw, ImageFont
from torch import nn

from textsearch.models.backbone import Backbone
from textsearch.models.tdsl import TdslConfig, TdslNetwork, build_tdsl
from textsearch.training.samples import Sample, WordLabel

CHANNELS = (12, 16, 20, 24)
"""Channels of the tiny backbone's C2 to C5."""

CONFIG = TdslConfig(width=24, groups=4, hidden=24, dimension=8)


def tiny_backbone() -> Backbone:
    """Return plain convolutions that give C2 to C5."""
    stages: list[nn.Module] = [_layer(CHANNELS[0], CHANNELS[0], 3, 1)]
    stages += [_layer(before, after, 3, 2) for before, after in pairwise(CHANNELS)]
    return Backbone(_layer(3, CHANNELS[0], 7, 4), stages)


def _layer(before: int, after: int, kernel: int, stride: int) -> nn.Sequential:
    convolution = nn.Conv2d(before, after, kernel, stride=stride, padding=kernel // 2, bias=False)
    return nn.Sequential(convolution, nn.GroupNorm(4, after), nn.ReLU())


def tiny_network(seed: int = 0) -> TdslNetwork:
    """Return a fresh network whose weights follow from the seed."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return build_tdsl(CONFIG, tiny_backbone(), CHANNELS)


def drawn_photo(text: str, left: int, top: int, colours: tuple[str, str], side: int = 96) -> Sample:
    """Draw one word on a square photo."""
    picture = Image.new("RGB", (side, side), colours[0])
    brush, font = ImageDraw.Draw(picture), ImageFont.load_default(size=26)
    brush.text((left, top), text, fill=colours[1], font=font)
    x, y, right, bottom = brush.textbbox((left, top), text, font=font)
    polygon = np.array([[x, y], [right, y], [right, bottom], [x, bottom]], np.float32)
    return Sample(np.asarray(picture), (WordLabel(polygon, text, legible=True),))


def four_photos() -> tuple[Sample, ...]:
    """Return four photos with a word each."""
    return (
        drawn_photo("Cola", 20, 6, ("white", "black")),
        drawn_photo("bakery", 7, 34, ("black", "yellow")),
        drawn_photo("HOTEL", 5, 62, ("navy", "white")),
        drawn_photo("bank7", 14, 20, ("lightgrey", "darkred")),
    )


class Photos:
    """A source of given samples."""

    def __init__(self, photos: Sequence[Sample]) -> None:
        self.photos = photos

    def draw(self, generator: Generator) -> Sample:
        """Return one of them."""
        return self.photos[int(generator.integers(len(self.photos)))]
