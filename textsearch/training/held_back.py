"""How well a joint network in training finds held-back words: crops, so that it costs seconds and not an index."""

from __future__ import annotations

import numpy as np
import torch

from textsearch.alphabet import Alphabet
from textsearch.errors import TextSearchError
from textsearch.features import SEQUENCE_LENGTH, region_features
from textsearch.lines import word_of_strip
from textsearch.models.joint import JointNetwork
from textsearch.runtime.sessions import network_input
from textsearch.training.branches import word_retrieval
from textsearch.training.cache import FeatureCache
from textsearch.training.crops import CropSource
from textsearch.types import ByteArray, FloatArray


class HeldBackWords:
    """Crops of words that only measure progress.

    Args:
        source: the crops.
        alphabet: the recogniser's classes.

    Raises:
        TextSearchError: the source holds no legible word.
    """

    def __init__(self, source: CropSource, alphabet: Alphabet) -> None:
        self._crops = list(source.crops(np.random.default_rng(0)))
        self._alphabet = alphabet
        if not self._crops:
            raise TextSearchError("The held-back annotations hold no legible word; check their file and split.")

    def measure(self, network: JointNetwork) -> dict[str, float]:
        """Return `held_back_map`, see `textsearch.training.branches.word_retrieval`.

        Args:
            network: in evaluation mode, its image branch without the detector's maps, as it is exported; ends on the
                CPU.
        """
        recogniser = _TrainedRecogniser(network)
        prototypes = network.prototypes.cpu().numpy()
        # Described by nothing, a crop on which no letter is seen is hardly ever found; left out, it would cost nothing.
        features = np.zeros((len(self._crops), SEQUENCE_LENGTH, 2 * prototypes.shape[1] + 1), np.float16)
        for row, crop in zip(features, self._crops, strict=True):
            word = word_of_strip(crop.strip, recogniser)
            if word is not None:
                row[:] = region_features(*word, prototypes, self._alphabet.folded)
        cache = FeatureCache(features, tuple(crop.word for crop in self._crops))
        return word_retrieval(network.cpu(), cache, self._alphabet, prototypes)


class _TrainedRecogniser:
    """A network's recogniser as `textsearch.encoder.Recogniser`."""

    def __init__(self, network: JointNetwork) -> None:
        self._network = network
        self._device = network.prototypes.device

    def read(self, strips: ByteArray) -> tuple[FloatArray, FloatArray]:
        """Return frames (B, W / 8, F) and class probabilities (B, W / 8, C), float32, of strips (B, 48, W, 3)."""
        with torch.inference_mode():
            reading = self._network.read(torch.from_numpy(network_input(strips)).to(self._device))
            return reading.frames.cpu().numpy(), reading.log_probabilities.exp().cpu().numpy()
