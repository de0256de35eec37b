"""Masked strips: what is hidden, and how a network runs on what is left (RCMSTR's masked branch; SparK).

Convolutions over a picture with holes see the edges of the holes, and the deeper, the more the holes close. So all
hidden places are set to zero again after every convolution and every pooling, which is what a sparse convolution with
the same weights gives. Means, batch statistics and attention are over visible places only.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any

import numpy as np
import torch
import torch.nn.functional as functional
from numpy.random import Generator
from numpy.typing import NDArray
from torch import Tensor, nn

from textsearch.models.backbone import SqueezeExcitation
from textsearch.models.recogniser import SelfAttention

CELL = 4
"""Side of the squares that are hidden or visible as a whole, pixels."""


def draw_visibility(
    count: int, height: int, width: int, hidden: float, band: tuple[int, int], generator: Generator
) -> NDArray[np.bool_]:
    """Choose which cells of strips are visible: random ones are hidden, and a band of the full height.

    The band hides whole letters, which have to be guessed from their neighbours.

    Args:
        count: N, strips.
        height: of a strip, pixels; a multiple of `CELL`, as the width.
        width: of a strip, pixels.
        hidden: part of the cells that are hidden at random.
        band: least and greatest width of the band, pixels; (0, 0) for none.
        generator: source of all randomness.

    Returns:
        (N, height / 4, width / 4) bool.

    Raises:
        ValueError: nothing might be left.
    """
    rows, columns = height // CELL, width // CELL
    scattered = round(hidden * rows * columns)
    if scattered + rows * (band[1] // CELL) >= rows * columns:
        raise ValueError(f"{hidden:.0%} of the cells and a band of {band[1]} pixels may hide everything")
    ranks = generator.random((count, rows * columns)).argsort(axis=1).argsort(axis=1)
    visible = (ranks >= scattered).reshape(count, rows, columns)
    widths = generator.integers(band[0] // CELL, band[1] // CELL + 1, count)
    starts = np.floor(generator.random(count) * (columns - widths + 1)).astype(int)
    places = np.arange(columns)
    banded = (places >= starts[:, None]) & (places < (starts + widths)[:, None])
    return np.asarray(visible & ~banded[:, None, :])


def resize_visibility(visible: Tensor, height: int, width: int) -> Tensor:
    """Return visibility (B, 1, h, w) float at another size; a place that shows any visible cell is visible."""
    rows, columns = visible.shape[2:]
    pooled = functional.adaptive_max_pool2d(visible, (min(height, rows), min(width, columns)))
    return functional.interpolate(pooled, (height, width))


def visible_frames(visible: Tensor, count: int) -> Tensor:
    """Return which of `count` frames show any visible cell, (B, count, 1) float."""
    return resize_visibility(visible, 1, count)[:, 0].transpose(1, 2)


def encode_visible(trunk: nn.Module, crops: Tensor, visible: Tensor, track: bool) -> Tensor:
    """Run a trunk on the visible cells of crops.

    Args:
        trunk: maps crops (B, 3, H, W) to frames (B, T, F), with the layers of `_WAYS` and others that treat each place
            for itself.
        crops: (B, 3, H, W) float; what they hold in hidden cells does not matter.
        visible: (B, 1, H / 4, W / 4) float, 1 where a cell is visible, else 0; some of each crop must be.
        track: whether batch normalisation, in training mode, takes these statistics into its running ones.

    Returns:
        (B, T, F); 0 in frames of which nothing is visible.
    """
    with _visible_only(trunk, visible, track):
        frames: Tensor = trunk(crops * resize_visibility(visible, *crops.shape[2:]))
    return frames * visible_frames(visible, frames.shape[1])


@contextmanager
def _visible_only(network: nn.Module, visible: Tensor, track: bool) -> Iterator[None]:
    """Let the layers that mix places pass over hidden ones while this lasts."""
    ways: dict[type[nn.Module], Callable[..., Any]] = {**_WAYS, nn.BatchNorm2d: partial(_normalised, track=track)}
    changed = [module for module in network.modules() if type(module) in ways]
    for module in changed:
        module.forward = partial(ways[type(module)], module, visible)  # hides the method of the class
    try:
        yield
    finally:
        for module in changed:
            del module.forward


def _mapped(module: nn.Module, visible: Tensor, features: Tensor) -> Tensor:
    """Run a convolution, or a max-pooling: to the latter a hidden place is a 0, as after a ReLU."""
    output: Tensor = type(module).forward(module, features)
    return output * resize_visibility(visible, *output.shape[2:])


def _averaged(module: nn.Module, visible: Tensor, features: Tensor) -> Tensor:
    """Run an average pooling: the means are over the visible places of each window."""
    output: Tensor = type(module).forward(module, features)
    part: Tensor = type(module).forward(module, resize_visibility(visible, *features.shape[2:]))
    return torch.where(part > 0, output / part.clamp_min(1e-6), 0.0)


def _normalised(module: nn.BatchNorm2d, visible: Tensor, features: Tensor, track: bool) -> Tensor:
    """Run batch normalisation; its statistics, where it takes them from the batch, are of the visible places."""
    seen = resize_visibility(visible, *features.shape[2:])
    if not module.training:
        return nn.BatchNorm2d.forward(module, features) * seen
    values = features.float()  # 0 in hidden places
    part = seen.mean()
    mean = values.mean(dim=(0, 2, 3)) / part
    centred = (values - mean[:, None, None]) * seen
    variance = centred.square().mean(dim=(0, 2, 3)) / part
    if track and module.running_mean is not None and module.running_var is not None and module.momentum:
        count = float(seen.sum())
        with torch.no_grad():
            module.running_mean.lerp_(mean, module.momentum)
            module.running_var.lerp_(variance * count / (count - 1), module.momentum)
    scale = module.weight * (variance + module.eps).rsqrt()
    return torch.addcmul(module.bias[:, None, None], centred, scale[:, None, None]) * seen


def _gated(module: SqueezeExcitation, visible: Tensor, features: Tensor) -> Tensor:
    """Run squeeze and excitation; the means are over visible places."""
    part = resize_visibility(visible, *features.shape[2:]).mean(dim=(2, 3), keepdim=True)
    return features * module.gate(features.mean(dim=(2, 3), keepdim=True) / part)


def _attended(module: SelfAttention, visible: Tensor, frames: Tensor) -> Tensor:
    """Run self-attention; hidden frames are attended to by none."""
    return SelfAttention.forward(module, frames, visible_frames(visible, frames.shape[1])[:, :, 0] > 0)


def _recurrent(module: nn.LSTM, visible: Tensor, frames: Tensor) -> tuple[Tensor, tuple[Tensor, Tensor]]:
    """Run an LSTM (batch first); hidden frames are zeros to it."""
    seen = visible_frames(visible, frames.shape[1])
    output, states = nn.LSTM.forward(module, frames * seen)
    return output * seen, states


_WAYS: dict[type[nn.Module], Callable[..., Any]] = {
    nn.Conv2d: _mapped,
    nn.MaxPool2d: _mapped,
    nn.AvgPool2d: _averaged,
    nn.AdaptiveAvgPool2d: _averaged,
    SqueezeExcitation: _gated,
    SelfAttention: _attended,
    nn.LSTM: _recurrent,
}
