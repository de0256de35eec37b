"""The configuration `joint`: detector, recogniser and the two branches as one network with two tasks.

A region is described to the image branch by what the recogniser saw on its rectified pixels and by the detector's own
maps, read along the word. So the similarity's gradient reaches the detector, and one backbone serves both tasks.
"""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import torch
import torch.nn.functional as functional
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor, nn

from textsearch.alphabet import NOTHING
from textsearch.errors import WeightsError
from textsearch.features import SEQUENCE_LENGTH
from textsearch.lattice import MAXIMUM_CHOICES, MINIMUM_PROBABILITY
from textsearch.models.branches import ImageBranch, WordBranch
from textsearch.models.config import PPOCR_V6_SMALL_DETECTOR, PPOCR_V6_SMALL_RECOGNISER
from textsearch.models.detector import DetectorOutput, TextDetector, build_detector
from textsearch.models.recogniser import Recogniser, build_recogniser
from textsearch.models.vectors import vectors

MAP_ROWS = (0.25, 0.5, 0.75)
"""Heights within a word at which the detector's maps are read; their mean describes the place along the word."""

MAP_STRIDE = 4
"""Network pixels between two places of the fused map."""


class Reading(NamedTuple):
    """What the recogniser saw on N strips.

    Attributes:
        frames: (N, T, F) float.
        log_probabilities: (N, T, C) float.
    """

    frames: Tensor
    log_probabilities: Tensor


class JointNetwork(nn.Module):
    """One network, two tasks.

    Args:
        detector: finds text.
        recogniser: reads rectified strips.
        image: branch for regions, (N, SEQUENCE_LENGTH, 2F + 1 + M) -> (N, frames, channels).
        word: branch for words, (W, SEQUENCE_LENGTH, F) -> (W, frames, channels).
        prototypes: (letters + 1, F) float.
        folded: (C,) long, the letter of each class.
    """

    prototypes: Tensor
    folded: Tensor

    def __init__(
        self,
        detector: TextDetector,
        recogniser: Recogniser,
        image: ImageBranch,
        word: WordBranch,
        prototypes: Tensor,
        folded: Tensor,
    ) -> None:
        super().__init__()
        self.detector = detector
        self.recogniser = recogniser
        self.image = image
        self.word = word
        self.register_buffer("prototypes", prototypes, persistent=False)
        self.register_buffer("folded", folded, persistent=False)

    def detect(self, images: Tensor) -> DetectorOutput:
        """Run the detector on images (B, 3, H, W) float, as `TextDetector` takes them."""
        output: DetectorOutput = self.detector(images)
        return output

    def read(self, strips: Tensor) -> Reading:
        """Run the recogniser on strips (N, 3, 48, W) float, as `Recogniser` takes them."""
        frames, logits = self.recogniser(strips)
        return Reading(frames, functional.log_softmax(logits, dim=2))

    def regions(self, features: Tensor) -> Tensor:
        """Return (N, D) unit vectors of regions described by (N, SEQUENCE_LENGTH, 2F + 1 + M) float features."""
        return vectors(self.image(features))

    def words(self, features: Tensor) -> Tensor:
        """Return (W, D) unit vectors of words described by (W, SEQUENCE_LENGTH, F) float features."""
        return vectors(self.word(features))

    def strip_features(self, reading: Reading, spans: Tensor) -> Tensor:
        """Describe regions by what was read, as `textsearch.features.region_features` does, but differentiably.

        Args:
            reading: of N strips.
            spans: (N, 2) long, first frame of each region's letters and one past the last.

        Returns:
            (N, SEQUENCE_LENGTH, 2F + 1) float.
        """
        best, classes = reading.log_probabilities.topk(MAXIMUM_CHOICES, dim=2)
        probabilities = best.exp()
        probabilities = probabilities * (probabilities >= MINIMUM_PROBABILITY)
        letters = self.folded[classes]  # (N, T, K)
        expected = (probabilities[..., None] * self.prototypes[letters]).sum(dim=2)
        nothing = (probabilities * (letters == NOTHING)).sum(dim=2, keepdim=True)
        return resample(torch.cat([reading.frames, expected, nothing], dim=2), spans)


def load_joint(folder: Path) -> JointNetwork:
    """Return the network whose weights lie in a folder as the package has one, in evaluation mode.

    Raises:
        WeightsError: the store is missing or holds another network.
    """
    try:
        tensors = load_file(folder / "joint.safetensors")
    except (OSError, SafetensorError) as error:
        raise WeightsError(
            f"Cannot read the weights in {folder} ({error}); give the folder of a finished run."
        ) from error
    try:
        prototypes, folded = tensors.pop("prototypes").float(), tensors.pop("folded").long()
        hidden, described = tensors["image.embed.weight"].shape
        channels = len(tensors["image.project.weight"])
        network = JointNetwork(
            build_detector(PPOCR_V6_SMALL_DETECTOR),
            build_recogniser(PPOCR_V6_SMALL_RECOGNISER),
            ImageBranch(described, hidden, channels=channels),
            WordBranch(prototypes.shape[1], hidden, channels=channels),
            prototypes,
            folded,
        )
        counters = {name: value for name, value in network.state_dict().items() if name.endswith("num_batches_tracked")}
        network.load_state_dict({name: tensor.float() for name, tensor in tensors.items()} | counters)
    except (KeyError, RuntimeError) as error:
        raise WeightsError(f"{folder} holds the weights of another network: {error}") from error
    return network.eval()


def resample(sequences: Tensor, spans: Tensor) -> Tensor:
    """Stretch or squeeze a span of each sequence to SEQUENCE_LENGTH by linear interpolation, ends kept.

    Args:
        sequences: (N, T, F) float.
        spans: (N, 2) long, first place and one past the last.

    Returns:
        (N, SEQUENCE_LENGTH, F) float.
    """
    first, last = spans[:, :1], spans[:, 1:] - 1
    steps = torch.linspace(0, 1, SEQUENCE_LENGTH, device=sequences.device)
    places = first + (last - first) * steps  # (N, SEQUENCE_LENGTH)
    before = places.floor().long()
    after = torch.minimum(before + 1, last)
    weight = (places - before)[..., None]
    wide = (-1, -1, sequences.shape[2])
    return (1 - weight) * sequences.gather(1, before[..., None].expand(wide)) + weight * sequences.gather(
        1, after[..., None].expand(wide)
    )


def map_features(fused: Tensor, quadrilaterals: Tensor, owners: Tensor) -> Tensor:
    """Read the detector's fused map along words.

    Args:
        fused: (B, M, H/4, W/4) float.
        quadrilaterals: (N, 4, 2) float, ordered corners of words, pixels of the detector's input.
        owners: (N,) long, the image each word is in.

    Returns:
        (N, SEQUENCE_LENGTH, M) float.
    """
    along = torch.linspace(0, 1, SEQUENCE_LENGTH, device=fused.device)[:, None, None]
    across = torch.tensor(MAP_ROWS, device=fused.device)[None, :, None]
    top_left, top_right, bottom_right, bottom_left = quadrilaterals[:, :, None, None, :].unbind(1)
    top = top_left + along * (top_right - top_left)
    bottom = bottom_left + along * (bottom_right - bottom_left)
    points = top + across * (bottom - top)  # (N, SEQUENCE_LENGTH, rows, 2)
    height, width = fused.shape[2:]
    # grid_sample counts from -1 at the outer edge of the first place to 1 at that of the last.
    scale = torch.tensor([2 / (MAP_STRIDE * width), 2 / (MAP_STRIDE * height)], device=fused.device)
    grids = points * scale - 1
    described = fused.new_zeros((len(quadrilaterals), SEQUENCE_LENGTH, fused.shape[1]))
    for number in range(len(fused)):
        mine = (owners == number).nonzero()[:, 0]
        if not len(mine):
            continue
        grid = grids[mine].flatten(0, 1)[None]  # (1, words * SEQUENCE_LENGTH, rows, 2)
        read = functional.grid_sample(fused[number : number + 1], grid, align_corners=False, padding_mode="border")
        values = read[0].mean(dim=2).T.reshape(len(mine), SEQUENCE_LENGTH, -1)
        described = described.index_copy(0, mine, values)
    return described
