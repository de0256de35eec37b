"""Small trunks: one that sees single frames only, and one of each kind that is pre-trained."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from tests.tiny_joint import RECOGNISER
from textsearch.models.crnn import CrnnTrunk
from textsearch.models.recogniser import build_recogniser

KINDS = ("recognition", "crnn")


class LocalTrunk(nn.Module):
    """Describes every eight columns for themselves."""

    features = 6

    def __init__(self) -> None:
        super().__init__()
        self.columns = nn.Conv2d(3, self.features, (48, 8), stride=(48, 8))

    def forward(self, crops: Tensor) -> Tensor:
        """Map (B, 3, 48, W) to (B, W / 8, 6)."""
        frames: Tensor = self.columns(crops).squeeze(2).transpose(1, 2)
        return frames


def trunk_of(kind: str) -> nn.Module:
    """Return a trunk whose weights are the same each time: attention with gates, or batch statistics and an LSTM."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        if kind == "local":
            return LocalTrunk()
        return CrnnTrunk() if kind == "crnn" else build_recogniser(RECOGNISER).trunk
