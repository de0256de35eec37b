"""The sizes of the two PP-OCRv6-small networks. Only the builders read these; modules are handed finished parts."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class BackboneConfig:
    """Sizes of the convolutional family that detector and recogniser share.

    Attributes:
        stem: channels inside the stem, which halves both sides twice.
        widths: channels of each stage; every stage but the first begins with a down-sampling block.
        gates: for each stage, for each of its residual blocks, whether it has a squeeze-and-excitation gate.
        stride: (vertical, horizontal) stride of the down-sampling blocks.
    """

    stem: int
    widths: tuple[int, ...]
    gates: tuple[tuple[bool, ...], ...]
    stride: tuple[int, int]


@dataclass(frozen=True)
class DetectorConfig:
    """Sizes of the text detector.

    Attributes:
        backbone: its stages are at strides 4, 8, 16 and 32.
        neck: channels of the top-down maps, and of the fused map.
        kernel: side of the depthwise convolutions that smooth the top-down maps.
    """

    backbone: BackboneConfig
    neck: int
    kernel: int


@dataclass(frozen=True)
class RecogniserConfig:
    """Sizes of the text recogniser.

    Attributes:
        backbone: takes crops 48 pixels high to maps of 3 rows and a quarter of the width.
        dimension: channels of a frame.
        kernel: frames that the neck's depthwise convolution sees.
        layers: number of transformer layers.
        heads: attention heads of a layer.
        classes: CTC classes: blank, characters, space.
    """

    backbone: BackboneConfig
    dimension: int
    kernel: int
    layers: int
    heads: int
    classes: int


PPOCR_V6_SMALL_DETECTOR = DetectorConfig(
    backbone=BackboneConfig(
        stem=24,
        widths=(48, 96, 192, 384),
        gates=((True, False), (True, False), (True, False, True, False), (True, False)),
        stride=(2, 2),
    ),
    neck=96,
    kernel=7,
)

PPOCR_V6_SMALL_RECOGNISER = RecogniserConfig(
    backbone=BackboneConfig(
        stem=48,
        widths=(96, 192, 384),
        gates=((True, False, False), (True, False, True, False, True, False), (True, False)),
        stride=(2, 1),
    ),
    dimension=120,
    kernel=7,
    layers=2,
    heads=8,
    classes=18_710,
)
