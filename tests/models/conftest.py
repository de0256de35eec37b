"""The two published networks, loaded once, and ONNX Runtime sessions on the same files to compare them with."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeAlias

import numpy as np
import onnx
import onnxruntime
import pytest
import torch
from PIL import Image, ImageDraw, ImageFont
from torch import Tensor

from tests.single_thread import one_torch_thread  # noqa: F401
from textsearch.models.detector import TextDetector
from textsearch.models.recogniser import Recogniser
from textsearch.models.weights import load_detector, load_recogniser
from textsearch.ppocr import PackagedWeights, find_weights

TOLERANCE = 1e-4
"""Largest difference allowed in an output, a probability."""

INNER_TOLERANCE = 2e-5
"""The same inside the network, relative to the largest value there (20 to 70), where float32 itself is that coarse:
against float64 both programs are off by up to 1e-4 in the frames, ONNX Runtime by up to 1e-3 in the detector's maps."""

Reference: TypeAlias = Callable[[Tensor], list[Tensor]]
"""Runs the ONNX file on images (B, 3, H, W) and returns its tapped values, then its output."""


@pytest.fixture(scope="session")
def detector() -> TextDetector:
    return load_detector()


@pytest.fixture(scope="session")
def recogniser() -> Recogniser:
    return load_recogniser()


@pytest.fixture(scope="session")
def open_reference() -> Callable[[PackagedWeights, Callable[[onnx.GraphProto], list[str]]], Reference]:
    """Return a function that opens a weights file with some inner values of its graph as further outputs."""

    def open_reference(weights: PackagedWeights, choose_taps: Callable[[onnx.GraphProto], list[str]]) -> Reference:
        model = onnx.load(find_weights(weights))
        names = [*choose_taps(model.graph), model.graph.output[0].name]
        for name in names[:-1]:
            model.graph.output.append(onnx.helper.make_empty_tensor_value_info(name))
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1  # idle threads that spin would slow torch down
        session = onnxruntime.InferenceSession(model.SerializeToString(), options, providers=["CPUExecutionProvider"])

        def run(images: Tensor) -> list[Tensor]:
            return [torch.from_numpy(value) for value in session.run(names, {"x": images.numpy()})]

        return run

    return open_reference


@pytest.fixture(scope="session")
def assert_equal() -> Callable[[Sequence[Tensor], Sequence[Tensor]], None]:
    """Return a function that compares inner values, then the probabilities that stand last."""

    def assert_equal(ours: Sequence[Tensor], theirs: Sequence[Tensor]) -> None:
        *inner, probabilities = zip(ours, theirs, strict=True)
        for value, expected in inner:
            tolerance = INNER_TOLERANCE * expected.abs().max().item()
            torch.testing.assert_close(value, expected, rtol=0, atol=tolerance)
        torch.testing.assert_close(*probabilities, rtol=0, atol=TOLERANCE)

    return assert_equal


@pytest.fixture(scope="session")
def draw() -> Callable[[str, int, int], Tensor]:
    """Return a function that draws black text on white: (1, 3, height, width) float in [-1, 1]."""

    def draw(text: str, height: int, width: int) -> Tensor:
        picture = Image.new("RGB", (width, height), "white")
        font = ImageFont.load_default(size=34)
        ImageDraw.Draw(picture).text((8, height // 2), text, fill="black", font=font, anchor="lm")
        pixels = np.asarray(picture, np.float32) / 127.5 - 1
        return torch.from_numpy(pixels.transpose(2, 0, 1)[None].copy())

    return draw
