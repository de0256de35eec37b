"""The packaged network on the CPU: ONNX Runtime only, nothing downloaded, no torch."""

from __future__ import annotations

import hashlib
import json
import threading
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from functools import cached_property
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING

from onnxruntime.capi.onnxruntime_pybind11_state import Fail, RuntimeException

from textsearch.alphabet import Alphabet
from textsearch.errors import WeightsError
from textsearch.options import EncoderOptions
from textsearch.ppocr import DETECTOR_WEIGHTS, RECOGNISER_WEIGHTS, find_weights
from textsearch.runtime.embedder import OnnxEmbedder
from textsearch.runtime.sessions import OnnxDetector, OnnxRecogniser
from textsearch.types import ByteArray, FloatArray, Regions

if TYPE_CHECKING:
    from textsearch.encoder import Encoder

BRANCH_FILES = ("joint.safetensors", "image_branch.onnx", "word_branch.onnx", "alphabet.json")
"""What the package carries itself; the detector and the trunk come inside rapidocr's wheel."""


class OnnxModel:
    """The configuration `joint` in ONNX Runtime; fulfils `textsearch.types.TextModel`.

    Query words need only the word branch; the image networks are loaded when the first image comes.

    Args:
        options: the flow between the networks.
        threads: per network call; one per worker is fastest when several images are encoded side by side.
        folder: holds BRANCH_FILES; the packaged ones if None.

    Raises:
        WeightsError: a file is missing.
    """

    name = "joint"

    def __init__(self, options: EncoderOptions | None = None, threads: int = 1, folder: Path | None = None) -> None:
        self.options = options or EncoderOptions()
        self.threads = threads
        self.folder = folder or Path(str(files("textsearch.weights")))
        self._loading = threading.Lock()
        self._encoder: Encoder | None = None
        missing = [name for name in BRANCH_FILES if not (self.folder / name).is_file()]
        if missing:
            raise WeightsError(f"{self.folder} lacks {', '.join(missing)}; reinstall scene-textsearch")

    @cached_property
    def alphabet(self) -> Alphabet:
        """Return the recogniser's character classes."""
        return Alphabet(tuple(json.loads((self.folder / "alphabet.json").read_text(encoding="utf-8"))))

    @cached_property
    def fingerprint(self) -> str:
        """Return a digest of everything that shapes a stored vector or lattice: all weights and the options."""
        digest = hashlib.sha256((self.folder / "joint.safetensors").read_bytes())
        digest.update((DETECTOR_WEIGHTS.sha256 + RECOGNISER_WEIGHTS.sha256).encode())
        digest.update(json.dumps(asdict(self.options), sort_keys=True).encode())
        return digest.hexdigest()

    @property
    def dimension(self) -> int:
        """Return D, the length of every vector."""
        return self._embedder.dimension

    @cached_property
    def _embedder(self) -> OnnxEmbedder:
        return OnnxEmbedder(self.folder, self.alphabet, self.threads)

    @property
    def encoder(self) -> Encoder:
        """Return the whole flow, its networks loaded once and their weights checked.

        Raises:
            WeightsError: the weights inside rapidocr are missing or changed.
        """
        with self._loading:
            if self._encoder is None:
                self._encoder = self._load_encoder()
            return self._encoder

    def _load_encoder(self) -> Encoder:
        from textsearch.encoder import Encoder  # here, because a query needs neither it nor OpenCV

        return Encoder(
            OnnxDetector(find_weights(DETECTOR_WEIGHTS), self.threads),
            OnnxRecogniser(find_weights(RECOGNISER_WEIGHTS), self.threads),
            self._embedder,
            self.alphabet,
            options=self.options,
        )

    def encode_images(self, images: Sequence[ByteArray]) -> list[Regions]:
        """Find and encode the text in images, each (H, W, 3) uint8 RGB, upright.

        Raises:
            RuntimeError: ONNX Runtime or OpenCV gave up on an image, for example for lack of memory.
        """
        import cv2  # here, because a query needs no OpenCV

        try:
            return self.encoder.encode_images(images)
        except (cv2.error, Fail, RuntimeException) as error:
            raise RuntimeError(f"the network failed on a photo: {error}") from error

    def encode_words(self, words: Sequence[str]) -> FloatArray:
        """Encode W normalised words into (W, D) float32 unit vectors."""
        return self._embedder.words(words)


def load_model(options: EncoderOptions | None = None, threads: int = 1) -> OnnxModel:
    """Return the packaged network; nothing is read before it is needed.

    Raises:
        WeightsError: the package lacks its own weights.
    """
    return OnnxModel(options, threads)


@dataclass(frozen=True)
class WeightsCheck:
    """Whether one weights file is there and is the tested one; `problem` says what to do if not."""

    name: str
    path: Path | None
    problem: str | None


def check_weights() -> list[WeightsCheck]:
    """Look at every weights file that indexing needs."""
    checks = []
    for weights in (DETECTOR_WEIGHTS, RECOGNISER_WEIGHTS):
        try:
            checks.append(WeightsCheck(weights.name, find_weights(weights), None))
        except WeightsError as error:
            checks.append(WeightsCheck(weights.name, None, str(error)))
    folder = Path(str(files("textsearch.weights")))
    for name in BRANCH_FILES:
        present = (folder / name).is_file()
        problem = None if present else f"{folder / name} is missing; reinstall scene-textsearch"
        checks.append(WeightsCheck(name, folder / name if present else None, problem))
    return checks
