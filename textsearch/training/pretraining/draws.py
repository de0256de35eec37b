"""The batches of pre-training: strips drawn at random, two views of each, and what is hidden.

A step's data depends on the seed and the number of the step alone, so a stopped run goes on with the same data.
"""

from __future__ import annotations

import mmap
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor

from textsearch.training.pretraining.augment import vary_strip
from textsearch.training.pretraining.masking import draw_visibility
from textsearch.training.pretraining.rearrange import BLOCKS
from textsearch.types import ByteArray


class PretrainBatch(NamedTuple):
    """The data of one step.

    Attributes:
        first: (B, H, W, 3) uint8 RGB, the view that queries and masked strips are made of.
        second: (B, H, W, 3) uint8 RGB, another view of the same strips, for the keys.
        order: the permutation of the step, see `textsearch.training.pretraining.rearrange.permute`.
        visible: (B, 1, H / 4, W / 4) float32, 1 where the masked strip is visible, else 0.
    """

    first: Tensor
    second: Tensor
    order: tuple[int, ...]
    visible: Tensor


class StripViews:
    """Draws the batches of a run.

    Args:
        strips: (N, H, W, 3) uint8 RGB, N at least `batch`; may be memory-mapped.
        batch: strips a step.
        hidden: part of the cells hidden at random.
        band: least and greatest width of the hidden band, pixels.
        seed: of everything random.
    """

    def __init__(self, strips: ByteArray, batch: int, hidden: float, band: tuple[int, int], seed: int) -> None:
        self.strips = strips
        self.size = batch
        self.hidden = hidden
        self.band = band
        self.seed = seed

    def batch(self, step: int) -> PretrainBatch:
        """Return the batch of a step."""
        generator = np.random.default_rng([self.seed, step])
        chosen = np.sort(generator.choice(len(self.strips), self.size, replace=False))
        # In the order of the file strips of one photo would be neighbours, and so be mixed with each other.
        strips = np.asarray(self.strips[chosen])[generator.permutation(self.size)]
        first, second = (self._view(strips, generator) for _ in range(2))
        order = tuple(int(place) for place in generator.permutation(BLOCKS))
        height, width = strips.shape[1:3]
        visible = draw_visibility(self.size, height, width, self.hidden, self.band, generator)
        return PretrainBatch(first, second, order, torch.from_numpy(visible[:, None].astype(np.float32)))

    def __reduce__(self) -> tuple[Any, ...]:
        """Let other processes map memory-mapped strips anew, which are too many to be copied into each of them."""
        drawn = (self.size, self.hidden, self.band, self.seed)
        owner: Any = self.strips.base
        # Only the whole of what is mapped knows where in the file it begins.
        if isinstance(self.strips, np.memmap) and isinstance(owner, mmap.mmap):
            return _mapped_views, (self.strips.filename, self.strips.offset, self.strips.shape, *drawn)
        return StripViews, (np.array(self.strips), *drawn)

    def _view(self, strips: ByteArray, generator: np.random.Generator) -> Tensor:
        return torch.from_numpy(np.stack([vary_strip(strip, generator) for strip in strips]))


def _mapped_views(file: Path, offset: int, shape: tuple[int, ...], *drawn: Any) -> StripViews:
    """Return views of the strips that lie in a file from some byte on."""
    return StripViews(np.memmap(file, np.uint8, "r", offset, shape), *drawn)
