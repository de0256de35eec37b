"""ONNX Runtime sessions of the detector and the recogniser."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnxruntime

from textsearch.budget import MemoryBudget
from textsearch.machine import usable_cores, usable_memory
from textsearch.types import ByteArray, FloatArray

FRAMES_OUTPUT = "frames"
"""Name of the recogniser's second output, (B, T, F), one step before its classifier."""

_BYTES_PER_PIXEL = 192
"""Memory that the detector needs for each pixel of its input, measured on photos of 1920 x 1088 pixels."""

_BYTES_PER_CORE = 470_000_000
"""Memory for detections, for each core: with two cores two photos of 16:9 are looked at side by side, of 4:3 one."""

_SHARE_OF_MEMORY = 4
"""No more than one part in so many of the machine's memory is for detections."""


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


def detection_memory() -> MemoryBudget:
    """Return the memory that detections may use together on this machine."""
    by_cores = _BYTES_PER_CORE * usable_cores()
    memory = usable_memory()
    return MemoryBudget(by_cores if memory is None else min(by_cores, memory // _SHARE_OF_MEMORY))


class OnnxDetector:
    """The detector's part of `textsearch.encoder.Encoder`.

    Args:
        graph: the network.
        threads: per call.
        memory: what detections may use together; None: what suits this machine.
    """

    def __init__(self, graph: Path, threads: int, memory: MemoryBudget | None = None) -> None:
        self._session = new_session(graph, threads)
        self._memory = memory or detection_memory()

    def probabilities(self, photo: ByteArray) -> FloatArray:
        """Return the probability of text, (H, W) float32, of a photo (H, W, 3) uint8 RGB, sides multiples of 32.

        Safe from several threads; as many photos are taken at a time as the memory allows, and one at least.
        """
        with self._memory.lend(_BYTES_PER_PIXEL * photo.shape[0] * photo.shape[1]):
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
