"""ONNX Runtime sessions of the detector and the recogniser."""

from __future__ import annotations

import threading
from contextlib import nullcontext
from pathlib import Path

import numpy as np
import onnxruntime

from textsearch.types import ByteArray, FloatArray

FRAMES_OUTPUT = "frames"
"""Name of the recogniser's second output, (B, T, F), one step before its classifier."""

_LARGE_PIXELS = 2_200_000
"""From this size on the detector needs several hundred megabytes for one photo."""


def new_session(graph: Path, threads: int) -> onnxruntime.InferenceSession:
    """Open a graph on the CPU with a fixed number of threads per call; its weights are read from beside it."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    # Photos come in many sizes, and a plan of the memory for each of them would hold its own buffers. One arena for
    # all, without plans, needs less at the peak and a third less time than no arena.
    options.enable_mem_pattern = False
    return onnxruntime.InferenceSession(str(graph), options, providers=["CPUExecutionProvider"])


def network_input(images: ByteArray) -> FloatArray:
    """Return images (B, H, W, 3) uint8 RGB as the networks want them: (B, 3, H, W) float32, BGR, -1 to 1."""
    scaled = images[..., ::-1].transpose(0, 3, 1, 2).astype(np.float32)
    scaled /= 127.5
    scaled -= 1.0
    return scaled


class OnnxDetector:
    """The detector's part of `textsearch.encoder.Encoder`."""

    def __init__(self, graph: Path, threads: int) -> None:
        self._session = new_session(graph, threads)
        self._large = threading.Lock()

    def probabilities(self, photo: ByteArray) -> FloatArray:
        """Return the probability of text, (H, W) float32, of a photo (H, W, 3) uint8 RGB, sides multiples of 32.

        Safe from several threads; large photos are taken one at a time to bound the memory.
        """
        with self._large if photo.shape[0] * photo.shape[1] > _LARGE_PIXELS else nullcontext():
            (maps,) = self._session.run(None, {"x": network_input(photo[None])})
        probabilities: FloatArray = maps[0, 0]
        return probabilities


class OnnxRecogniser:
    """The recogniser's part of `textsearch.encoder.Encoder`."""

    def __init__(self, graph: Path, threads: int) -> None:
        self._session = new_session(graph, threads)

    def read(self, strips: ByteArray) -> tuple[FloatArray, FloatArray]:
        """Return frames (B, W / 8, F) and class probabilities (B, W / 8, C), float32, of strips (B, 48, W, 3)."""
        probabilities, frames = self._session.run(None, {"x": network_input(strips)})
        return frames, probabilities
