"""The two sequence branches that put text regions and words into one space (TDSL's S2SM; Wang et al., CVPR 2021)."""

from __future__ import annotations

import torch.nn.functional as functional
from torch import Tensor, nn


class SequenceBranch(nn.Module):
    """Linear, ReLU, bidirectional LSTM, Linear, then the average of neighbouring frames.

    Args:
        input_dimension: features of an input frame.
        hidden: LSTM units per direction, and width of the first layer.
        frames_in: frames of an input.
        frames_out: frames of an output; a divisor of `frames_in`.
        channels: features of an output frame.

    Raises:
        ValueError: `frames_out` does not divide `frames_in`.
    """

    def __init__(
        self, input_dimension: int, hidden: int, frames_in: int = 30, frames_out: int = 15, channels: int = 32
    ) -> None:
        super().__init__()
        if frames_in % frames_out:
            raise ValueError(f"frames_out = {frames_out} must divide frames_in = {frames_in}")
        self.frames_out = frames_out
        self.pooling = frames_in // frames_out
        self.embed = nn.Linear(input_dimension, hidden)
        self.recurrent = nn.LSTM(hidden, hidden, batch_first=True, bidirectional=True)
        self.project = nn.Linear(2 * hidden, channels)

    def forward(self, features: Tensor) -> Tensor:
        """Encode sequences.

        Args:
            features: (N, frames_in, input_dimension) float; N may be 0.

        Returns:
            (N, frames_out, channels) float, before the tanh that belongs to the similarity.
        """
        states, _ = self.recurrent(functional.relu(self.embed(features)))  # (N, frames_in, 2 * hidden)
        sequence: Tensor = self.project(states)
        count, _, channels = sequence.shape
        return sequence.reshape(count, self.frames_out, self.pooling, channels).mean(dim=2)


class ImageBranch(SequenceBranch):
    """Encodes text regions: frame features of a region, resampled to `frames_in` frames (the paper's Image-S2SM)."""


class WordBranch(SequenceBranch):
    """Encodes words: the features of a word's characters, resampled to `frames_in` frames (the paper's Text-S2SM)."""
