"""The configuration `tdsl`: one network that finds words and compares them with queries (Wang et al., CVPR 2021)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from torch import Tensor, nn

from textsearch.models.fcos import DetectionHead, DetectionMaps
from textsearch.models.pyramid import SixLevelPyramid
from textsearch.models.roi import REGION_STRIDES, pool_regions
from textsearch.models.sequence import LETTERS, LetterFrames, RegionSequence, WordSequence


@dataclass(frozen=True)
class TdslConfig:
    """Sizes of the network; the defaults are the paper's.

    Attributes:
        width: channels of the pyramid, the detection head and the region features, and features of a letter.
        groups: groups of every group normalisation; a divisor of `width`.
        hidden: LSTM units per direction of both branches.
        dimension: features of an encoded frame; a vector has 15 times as many.
    """

    width: int = 256
    groups: int = 32
    hidden: int = 256
    dimension: int = 128


class TdslNetwork(nn.Module):
    """Joins the parts; every output is raw.

    Training encodes the annotated boxes, search the decoded ones, so the network is run in steps: `forward` on images,
    `encode_regions` on boxes in the levels that it returned, `encode_words` on words.

    Args:
        backbone: images (B, 3, H, W) to C2, C3, C4, C5.
        pyramid: C2 to C5 to P2 to P7.
        head: P3 to P7 to detection maps.
        region_branch: region features to sequences.
        word_branch: letters to sequences.
        speller: a linear layer from a region's frames to the letters and CTC's blank, which is the last class.
    """

    def __init__(
        self,
        backbone: nn.Module,
        pyramid: SixLevelPyramid,
        head: DetectionHead,
        region_branch: RegionSequence,
        word_branch: WordSequence,
        speller: nn.Linear,
    ) -> None:
        super().__init__()
        self.backbone = backbone
        self.pyramid = pyramid
        self.head = head
        self.region_branch = region_branch
        self.word_branch = word_branch
        self.speller = speller

    def forward(self, images: Tensor) -> tuple[tuple[Tensor, ...], DetectionMaps]:
        """Run everything that needs no boxes.

        Args:
            images: (B, 3, H, W) float, RGB, scaled as the backbone wants it; H and W multiples of 32.

        Returns:
            The levels P2, P3, P4 that regions are cut from, (B, width, H/stride, W/stride) float, and the detection
            maps of P3 to P7.
        """
        return self.find(self.backbone(images))

    def find(self, features: Sequence[Tensor]) -> tuple[tuple[Tensor, ...], DetectionMaps]:
        """Do what `forward` does from the backbone's maps on."""
        levels = self.pyramid(features)
        return levels[: len(REGION_STRIDES)], self.head(levels[1:])

    def encode_regions(self, levels: Sequence[Tensor], boxes: Sequence[Tensor]) -> Tensor:
        """Encode the boxes of each image, (N_i, 4) float in input pixels, into (sum of N_i, 15, dimension) float."""
        encoded: Tensor = self.region_branch(pool_regions(levels, boxes))
        return encoded

    def encode_words(self, frames: LetterFrames) -> Tensor:
        """Encode W words into (W, 15, dimension) float."""
        encoded: Tensor = self.word_branch(frames)
        return encoded

    def spell(self, regions: Tensor) -> Tensor:
        """Map encoded regions (N, 15, dimension) to logits of CTC, (N, 15, letters + 1) float."""
        logits: Tensor = self.speller(regions)
        return logits


def build_tdsl(config: TdslConfig, backbone: nn.Module, channels: Sequence[int]) -> TdslNetwork:
    """Return a network with fresh parts on top of a backbone.

    Args:
        config: sizes of the parts.
        backbone: images to C2, C3, C4, C5.
        channels: channels of those four maps.
    """
    return TdslNetwork(
        backbone,
        SixLevelPyramid(channels, config.width),
        DetectionHead(config.width, config.groups),
        RegionSequence(config.width, config.groups, config.hidden, config.dimension),
        WordSequence(config.width, config.hidden, config.dimension),
        nn.Linear(config.dimension, len(LETTERS) + 1),
    )
