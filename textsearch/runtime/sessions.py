"""ONNX Runtime sessions of the detector and the recogniser."""

from __future__ import annotations

import threading
from contextlib import nullcontext
from pathlib import Path

import numpy as np
import onnxruntime

from textsearch.types import ByteArray, FloatArray

_FRAMES = "p2o.pd_op.transpose.8.0"
"""Name of the tensor of frames, (B, T, F), in the recogniser's graph, one step before its classifier."""

_LARGE_PIXELS = 1_500_000
"""From this size on the detector needs several hundred megabytes for one photo."""


def new_session(graph: Path | bytes, threads: int) -> onnxruntime.InferenceSession:
    """Open a graph on the CPU with a fixed number of threads per call."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    # Photos come in many sizes; an arena would keep the largest buffers of each of them.
    options.enable_cpu_mem_arena = False
    source = graph if isinstance(graph, bytes) else str(graph)
    return onnxruntime.InferenceSession(source, options, providers=["CPUExecutionProvider"])


def with_output(graph: bytes, name: str) -> bytes:
    """Return a serialised ONNX model that also returns one of its inner tensors.

    A serialised protocol buffer that is followed by another one of the same message is, by the format's own rules,
    their merger, with repeated fields joined. So one more output is appended, field by field: model.graph (7)
    .output (12).name (1). This needs no ONNX library and no copy of the weights.

    Raises:
        ValueError: the name is too long for one-byte lengths.
    """
    payload = name.encode()
    if len(payload) > 100:
        raise ValueError(f"the tensor name {name!r} has more than 100 bytes")
    for field in (1, 12, 7):
        payload = bytes([field << 3 | 2, len(payload)]) + payload
    return graph + payload


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
        self._session = new_session(with_output(graph.read_bytes(), _FRAMES), threads)

    def read(self, strips: ByteArray) -> tuple[FloatArray, FloatArray]:
        """Return frames (B, W / 8, F) and class probabilities (B, W / 8, C), float32, of strips (B, 48, W, 3)."""
        probabilities, frames = self._session.run(None, {"x": network_input(strips)})
        return frames, probabilities
