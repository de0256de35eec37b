"""A trained `tdsl` network at work: photos and words to vectors, as the paper tests it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from textsearch.geometry import Fit
from textsearch.models.boxes import BoxOptions, decode_boxes
from textsearch.models.sequence import letter_frames
from textsearch.models.tdsl import TdslNetwork
from textsearch.models.vectors import vectors
from textsearch.types import ByteArray, FloatArray

_MULTIPLE = 32
"""The backbone halves an image five times."""


@dataclass(frozen=True, eq=False)
class EncodedWords:
    """The words found in a photo.

    Attributes:
        boxes: (N, 4) float32: left, top, right, bottom, photo pixels.
        scores: (N,) float32, the detector's confidence, 0 to 1.
        vectors: (N, D) float32, unit vectors in the space shared with query words.
    """

    boxes: FloatArray
    scores: FloatArray
    vectors: FloatArray


class TdslEncoder:
    """Encodes photos and words; photos in one or several sizes, whose words are all kept.

    Args:
        network: trained.
        longer_sides: sizes in which a photo is searched, pixels; the paper takes 1280, or 960, 1280 and 1600.
        options: which boxes are kept.
    """

    def __init__(
        self, network: TdslNetwork, longer_sides: Sequence[int] = (1280,), options: BoxOptions | None = None
    ) -> None:
        self.network = network
        self.longer_sides = longer_sides
        self.options = options or BoxOptions()

    def encode_photo(self, photo: ByteArray) -> EncodedWords:
        """Find and encode the words of a photo, (H, W, 3) uint8 RGB, upright."""
        parts = [self._encode(photo, longer_side) for longer_side in self.longer_sides]
        return EncodedWords(
            np.concatenate([part.boxes for part in parts]),
            np.concatenate([part.scores for part in parts]),
            np.concatenate([part.vectors for part in parts]),
        )

    def encode_words(self, words: Sequence[str]) -> FloatArray:
        """Encode W query words into (W, D) float32 unit vectors.

        Raises:
            QueryError: a word has none of the letters a to z and 0 to 9.
        """
        with torch.inference_mode():
            sequences = self.network.encode_words(letter_frames(words).to(self._device()))
            return vectors(sequences.float()).cpu().numpy()

    def _encode(self, photo: ByteArray, longer_side: int) -> EncodedWords:
        fit = _fit(photo, longer_side)
        with torch.inference_mode():
            levels, maps = self.network(network_input(torch.from_numpy(fit.resize(photo)[None]).to(self._device())))
            boxes, scores = decode_boxes(maps, 0, fit.width, fit.height, self.options)
            encoded = vectors(self.network.encode_regions(levels, [boxes]).float())
        corners = fit.to_photo(boxes.cpu().numpy().reshape(-1, 2, 2))
        return EncodedWords(corners.reshape(-1, 4), scores.cpu().numpy(), encoded.cpu().numpy())

    def _device(self) -> torch.device:
        return self.network.speller.weight.device


def network_input(photos: Tensor) -> Tensor:
    """Lay photos (B, H, W, 3) uint8 RGB out as (B, 3, H, W) float32, (value - 127) / 128, on their device."""
    pixels = photos.permute(0, 3, 1, 2)  # channels last in memory, which is faster on CPUs
    return (pixels.float() - 127) / 128


def _fit(photo: ByteArray, longer_side: int) -> Fit:
    """Plan a resize to a longer side; both sides are rounded up to whole multiples, as in the paper's test."""
    height, width = photo.shape[:2]
    scale = longer_side / max(width, height)
    fitted = [math.ceil(side * scale / _MULTIPLE - 1e-6) * _MULTIPLE for side in (width, height)]
    return Fit(fitted[0], fitted[1], fitted[0] / width, fitted[1] / height)
