"""Masked image modelling: the hidden pixels of a strip are guessed from the frames of its visible ones (RCMSTR).

Neither the decoder nor the weight of this task is published; both are kept small.
"""

from __future__ import annotations

import torch
import torch.nn.functional as functional
from torch import Tensor, nn

FLATTEST = 0.02
"""Least standard deviation that a patch is divided by: in flat patches noise would be the target."""


class Decoder(nn.Module):
    """Frames of a masked strip to pixels: two convolutions along the text, then a linear layer for each column.

    Args:
        features: F, features of a frame.
        height: of a strip, pixels.
        stride: pixels between two frames.
        hidden: channels of the convolutions.
    """

    def __init__(self, features: int, height: int, stride: int, hidden: int = 256) -> None:
        super().__init__()
        self.height, self.stride = height, stride
        self.token = nn.Parameter(torch.zeros(features))
        self.neighbours = nn.Sequential(
            nn.Conv1d(features, hidden, 5, padding=2),
            nn.GELU(),
            nn.Conv1d(hidden, hidden, 5, padding=2),
            nn.GELU(),
        )
        self.pixels = nn.Linear(hidden, 3 * height * stride)

    def forward(self, frames: Tensor, seen: Tensor) -> Tensor:
        """Guess patches, one a frame.

        Args:
            frames: (B, T, F).
            seen: (B, T, 1) float, 1 for frames of which anything is visible; the others are filled with a token.

        Returns:
            (B, T, 3 * height * stride), in the order of `patches`.
        """
        filled = frames * seen + self.token * (1 - seen)
        patches: Tensor = self.pixels(self.neighbours(filled.transpose(1, 2)).transpose(1, 2))
        return patches


def patches(images: Tensor, stride: int) -> Tensor:
    """Cut images (B, C, H, W) into columns (B, W / stride, C * H * stride)."""
    return images.unfold(3, stride, stride).movedim(3, 1).flatten(2)


def reconstruction_loss(guessed: Tensor, crops: Tensor, visible: Tensor) -> Tensor:
    """Return the mean squared error over hidden pixels; each patch of the target has mean 0 and deviation 1.

    Args:
        guessed: (B, T, P), as `Decoder` gives it.
        crops: (B, C, H, W) float, the strips without the mask.
        visible: (B, 1, H, W) float, 0 where a pixel was hidden.
    """
    stride = crops.shape[3] // guessed.shape[1]
    targets = patches(crops, stride)
    deviations, means = torch.std_mean(targets, dim=2, keepdim=True)
    hidden = 1 - patches(visible.expand_as(crops), stride)
    errors = functional.mse_loss(guessed, (targets - means) / deviations.clamp_min(FLATTEST), reduction="none")
    return (errors * hidden).sum() / hidden.sum()
