"""TDSL's two sequence branches as published: Image-S2SM and Text-S2SM (Wang et al., CVPR 2021, section 3.2).

`textsearch.models.branches` has the smaller pair of the default configuration.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import torch
import torch.nn.functional as functional
from torch import Tensor, nn

from textsearch.alphabet import normalise
from textsearch.errors import QueryError
from textsearch.models.recurrent import read_across

LETTERS = "abcdefghijklmnopqrstuvwxyz0123456789"
"""What the words of this configuration are spelt with; accents are folded and every other character is dropped."""

FRAMES = 15
"""Steps of every encoded sequence."""


class LetterFrames(NamedTuple):
    """Words stretched to `FRAMES` frames, each of which lies between two neighbouring letters.

    Attributes:
        before: (W, FRAMES) int64, the letter at or before the frame.
        after: (W, FRAMES) int64, the letter after it.
        weight: (W, FRAMES) float32, the part of `after`, 0 to 1.
    """

    before: Tensor
    after: Tensor
    weight: Tensor

    def to(self, device: torch.device) -> LetterFrames:
        """Return the same frames on a device."""
        return LetterFrames(*(value.to(device) for value in self))


def spelling(text: str) -> str:
    """Return what is left of a text once it is spelt with `LETTERS` alone; may be empty."""
    return "".join(letter for letter in normalise(text) if letter in LETTERS)


def letter_frames(words: Sequence[str]) -> LetterFrames:
    """Stretch words linearly to `FRAMES` frames, so that the first and the last letter are the outer frames.

    Raises:
        QueryError: a word has none of the letters.
    """
    before = np.zeros((len(words), FRAMES), np.int64)
    after = np.zeros_like(before)
    weight = np.zeros(before.shape, np.float32)
    for row, word in enumerate(words):
        letters = np.array([LETTERS.index(letter) for letter in spelling(word)], np.int64)
        if not len(letters):
            raise QueryError(f"{word!r} has none of the letters a to z and 0 to 9; search for a word that has.")
        position = np.linspace(0, len(letters) - 1, FRAMES)
        low = np.minimum(position.astype(np.int64), max(len(letters) - 2, 0))
        before[row] = letters[low]
        after[row] = letters[np.minimum(low + 1, len(letters) - 1)]
        weight[row] = position - low
    return LetterFrames(torch.from_numpy(before), torch.from_numpy(after), torch.from_numpy(weight))


class RegionSequence(nn.Module):
    """Image-S2SM: two convolutions halve the height, the rows left are averaged, a bidirectional LSTM reads across.

    Args:
        width: channels of a region's features.
        groups: groups of the group normalisation; a divisor of `width`.
        hidden: LSTM units per direction.
        dimension: features of an encoded frame.
    """

    def __init__(self, width: int, groups: int, hidden: int, dimension: int) -> None:
        super().__init__()
        self.squeeze = nn.Sequential(
            nn.Conv2d(width, width, 3, stride=(2, 1), padding=1),
            nn.GroupNorm(groups, width),
            nn.ReLU(),
            nn.Conv2d(width, width, 3, stride=(2, 1), padding=1),
            nn.GroupNorm(groups, width),
            nn.ReLU(),
        )
        self.recurrent = nn.LSTM(width, hidden, batch_first=True, bidirectional=True)
        self.project = nn.Linear(2 * hidden, dimension)

    def forward(self, regions: Tensor) -> Tensor:
        """Encode regions (N, width, 4, FRAMES) float into (N, FRAMES, dimension) float; N may be 0."""
        if not len(regions):
            return regions.new_zeros((0, FRAMES, self.project.out_features))
        frames = self.squeeze(regions).mean(dim=2).transpose(1, 2)  # (N, FRAMES, width)
        encoded: Tensor = self.project(read_across(self.recurrent, frames))
        return encoded


class WordSequence(nn.Module):
    """Text-S2SM: embedded letters stretched to the length of a region, one layer, a bidirectional LSTM.

    Args:
        width: features of a letter and of the first layer.
        hidden: LSTM units per direction.
        dimension: features of an encoded frame.
    """

    def __init__(self, width: int, hidden: int, dimension: int) -> None:
        super().__init__()
        self.letters = nn.Embedding(len(LETTERS), width)
        self.embed = nn.Linear(width, width)
        self.recurrent = nn.LSTM(width, hidden, batch_first=True, bidirectional=True)
        self.project = nn.Linear(2 * hidden, dimension)

    def forward(self, frames: LetterFrames) -> Tensor:
        """Encode W words into (W, FRAMES, dimension) float; W may be 0."""
        if not len(frames.before):
            return self.project.weight.new_zeros((0, FRAMES, self.project.out_features))
        stretched = torch.lerp(self.letters(frames.before), self.letters(frames.after), frames.weight[..., None])
        encoded: Tensor = self.project(read_across(self.recurrent, functional.relu(self.embed(stretched))))
        return encoded
