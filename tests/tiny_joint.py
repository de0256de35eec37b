"""A `joint` network of less than 100,000 parameters that reads the fake alphabet."""

from __future__ import annotations

import numpy as np
import torch

from tests.fakes import ALPHABET
from textsearch.features import letter_prototypes
from textsearch.models.branches import ImageBranch, WordBranch
from textsearch.models.config import BackboneConfig, DetectorConfig, RecogniserConfig
from textsearch.models.detector import build_detector
from textsearch.models.joint import JointNetwork
from textsearch.models.recogniser import build_recogniser

MAPS, FRAME = 12, 16
"""Channels of the detector's fused map, features of a frame."""

DETECTOR = DetectorConfig(
    BackboneConfig(stem=8, widths=(8, 12, 16), gates=((False,), (False,), (True,)), stride=(2, 2)), MAPS, kernel=3
)
RECOGNISER = RecogniserConfig(
    BackboneConfig(stem=8, widths=(12, 16, 24), gates=((False,), (False,), (True,)), stride=(2, 1)),
    dimension=FRAME,
    kernel=3,
    layers=1,
    heads=2,
    classes=len(ALPHABET.characters),
)


def tiny_joint(seed: int = 0) -> JointNetwork:
    """Return a fresh network whose weights follow from the seed."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        detector, recogniser = build_detector(DETECTOR), build_recogniser(RECOGNISER)
        classifier = recogniser.classifier.weight.detach().numpy().astype(np.float32)
        prototypes = torch.from_numpy(letter_prototypes(classifier, ALPHABET.folded))
        return JointNetwork(
            detector,
            recogniser,
            ImageBranch(2 * FRAME + 1 + MAPS, 32),
            WordBranch(FRAME, 32),
            prototypes,
            torch.from_numpy(ALPHABET.folded).long(),
        ).eval()
