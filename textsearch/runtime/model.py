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
from textsearch.errors import TextSearchError, WeightsError
from textsearch.options import DEFAULT_PRESET, PRESETS, EncoderOptions
from textsearch.runtime.embedder import OnnxEmbedder
from textsearch.runtime.sessions import OnnxDetector, OnnxRecogniser
from textsearch.runtime.store import header, is_complete, is_whole
from textsearch.types import ByteArray, FloatArray, Regions

if TYPE_CHECKING:
    from textsearch.encoder import Encoder

NAME = "joint"
"""The configuration; other presets than the default one are added to it, as in joint-fast."""

_ADAPTED = "+"
"""Stands between the configuration's name and that of an adaptation, as in joint-fast+adapted-1."""

WEIGHT_FILES = (
    "joint.safetensors",
    "detector.onnx",
    "recogniser.onnx",
    "image_branch.onnx",
    "word_branch.onnx",
    "alphabet.json",
)
"""What the package carries: every weight in the first, the graphs that read it, and the recogniser's classes."""

_CLASSIFIER = "classifier.safetensors"
"""Weights of what finds out more about photos than their text; `textsearch.knowledge` reads them, but loads torch."""


class OnnxModel:
    """The configuration `joint` in ONNX Runtime; fulfils `textsearch.types.TextModel`.

    Query words need only the word branch; the image networks are loaded when the first image comes.

    Args:
        options: the flow between the networks; overrides those of the preset.
        threads: per network call; one per worker is fastest when several images are encoded side by side.
        folder: holds WEIGHT_FILES; the packaged ones if None.
        preset: how photos are read, one of `textsearch.options.PRESETS`; part of the name.
        adapted: name of the adaptation that made the weights; part of the name, None for none.

    Raises:
        WeightsError: a file is missing.
        TextSearchError: there is no such preset.
    """

    def __init__(
        self,
        options: EncoderOptions | None = None,
        threads: int = 1,
        folder: Path | None = None,
        preset: str = DEFAULT_PRESET,
        adapted: str | None = None,
    ) -> None:
        if preset not in PRESETS:
            raise TextSearchError(f"There is no preset {preset!r}; choose one of {', '.join(PRESETS)}.")
        self.name = NAME if preset == DEFAULT_PRESET else f"{NAME}-{preset}"
        if adapted is not None:
            self.name += f"{_ADAPTED}{adapted}"
        self.options = options or PRESETS[preset]
        self.threads = threads
        self.folder = folder or Path(str(files("textsearch.weights")))
        self._loading = threading.Lock()
        self._encoder: Encoder | None = None
        missing = [name for name in WEIGHT_FILES if not (self.folder / name).is_file()]
        if missing:
            raise WeightsError(f"{self.folder} lacks {', '.join(missing)}; reinstall scene-textsearch")

    @cached_property
    def alphabet(self) -> Alphabet:
        """Return the recogniser's character classes."""
        return Alphabet(tuple(json.loads((self.folder / "alphabet.json").read_text(encoding="utf-8"))))

    @cached_property
    def fingerprint(self) -> str:
        """Return a digest of everything that shapes a stored vector or lattice: all weights and the options.

        The store's header names the digest of its content, so a query need not read all of it.
        """
        digest = hashlib.sha256(header(self.folder / "joint.safetensors"))
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
        """Return the whole flow, its networks loaded once."""
        with self._loading:
            if self._encoder is None:
                self._encoder = self._load_encoder()
            return self._encoder

    def _load_encoder(self) -> Encoder:
        from textsearch.encoder import Encoder  # here, because a query needs neither it nor OpenCV

        return Encoder(
            OnnxDetector(self.folder / "detector.onnx", self.threads),
            OnnxRecogniser(self.folder / "recogniser.onnx", self.threads),
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


def load_model(options: EncoderOptions | None = None, threads: int = 1, preset: str = DEFAULT_PRESET) -> OnnxModel:
    """Return the packaged network; nothing is read before it is needed.

    Args:
        options: the flow between the networks; overrides those of the preset.
        threads: per network call.
        preset: how photos are read, "default" or "fast".

    Raises:
        WeightsError: the package lacks its own weights.
        TextSearchError: there is no such preset.
    """
    return OnnxModel(options, threads, preset=preset)


def preset_of(name: str) -> str:
    """Return the preset that a model's name tells; the default one for a name that tells none."""
    preset = name.partition(_ADAPTED)[0].removeprefix(f"{NAME}-")
    return preset if preset in PRESETS else DEFAULT_PRESET


@dataclass(frozen=True)
class WeightsCheck:
    """Whether one weights file is there and is the tested one; `problem` says what to do if not."""

    name: str
    path: Path | None
    problem: str | None


def check_weights() -> list[WeightsCheck]:
    """Look at every weights file that indexing needs."""
    folder = Path(str(files("textsearch.weights")))
    checks = []
    for name in (*WEIGHT_FILES, _CLASSIFIER):
        path = folder / name
        problem = None if path.is_file() else f"{path} is missing; reinstall scene-textsearch"
        if problem is None and path.suffix == ".safetensors":
            sound = is_complete(path) if name == _CLASSIFIER else is_whole(path)
            problem = None if sound else f"{path} is damaged; reinstall scene-textsearch"
        checks.append(WeightsCheck(name, None if problem else path, problem))
    return checks
