"""The published PP-OCRv6-small weights, moved from their ONNX files into our modules.

Our modules register their parameters in the order in which the ONNX graph uses its constants, so the two lists are
laid side by side; every shape is checked, and nothing may be left over on either side.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor, nn

from textsearch.errors import MissingDependencyError, WeightsError
from textsearch.models.config import PPOCR_V6_SMALL_DETECTOR, PPOCR_V6_SMALL_RECOGNISER
from textsearch.models.detector import TextDetector, build_detector
from textsearch.models.recogniser import Recogniser, build_recogniser
from textsearch.ppocr import (
    DETECTOR_WEIGHTS,
    RECOGNISER_WEIGHTS,
    PackagedWeights,
    character_table,
    find_weights,
    verify_weights,
)

if TYPE_CHECKING:
    from onnx import ModelProto

_LEARNT_OPERATORS = frozenset({"Add", "BatchNormalization", "Conv", "ConvTranspose", "MatMul", "Mul"})
"""Operators whose constants are weights, biases or statistics; those of Resize, Slice, Pow... are settings."""


def load_detector(path: Path | None = None) -> TextDetector:
    """Return the PP-OCRv6-small detector with its published weights, in evaluation mode.

    Args:
        path: a copy of the ONNX file; by default the one inside the installed rapidocr.

    Raises:
        WeightsError: the file is missing or is not the one this version was tested with.
        MissingDependencyError: the package onnx is not installed.
    """
    detector = build_detector(PPOCR_V6_SMALL_DETECTOR)
    assign_weights(detector, learnt_constants(_read(DETECTOR_WEIGHTS, path)))
    return detector.eval()


def load_recogniser(path: Path | None = None) -> Recogniser:
    """Return the PP-OCRv6-small recogniser with its published weights, in evaluation mode.

    Args and errors as for `load_detector`.
    """
    recogniser = build_recogniser(PPOCR_V6_SMALL_RECOGNISER)
    assign_weights(recogniser, learnt_constants(_read(RECOGNISER_WEIGHTS, path)))
    return recogniser.eval()


def load_characters(path: Path | None = None) -> tuple[str, ...]:
    """Return the 18,710 characters of the recogniser's classes: class 0 is the blank '', the last one the space.

    Args and errors as for `load_detector`.
    """
    metadata = {entry.key: entry.value for entry in _read(RECOGNISER_WEIGHTS, path).metadata_props}
    return character_table(metadata["character"])


def learnt_constants(model: ModelProto) -> list[Tensor]:
    """Return the learnt constants of an ONNX graph in the order of use, in the layout of torch's parameters.

    Raises:
        WeightsError: a learnt constant is used twice, which no module of ours expects.
    """
    from onnx import numpy_helper

    constants = {initialiser.name: initialiser for initialiser in model.graph.initializer}
    used: set[str] = set()
    learnt: list[Tensor] = []
    for node in model.graph.node:
        if node.op_type not in _LEARNT_OPERATORS:
            continue
        for name in node.input:
            if name not in constants:
                continue
            array = numpy_helper.to_array(constants[name])
            if array.shape in ((), (1,)):  # a number of the arithmetic, such as the 1/2 of a GELU
                continue
            if name in used:
                raise WeightsError(f"The constant {name} is used twice in the ONNX graph; its layout is not supported")
            used.add(name)
            learnt.append(_as_parameter(array, node.op_type))
    return learnt


def assign_weights(network: nn.Module, weights: Sequence[Tensor]) -> None:
    """Copy `weights` into the parameters and statistics of `network`, in the order of registration.

    Raises:
        WeightsError: their number or one of their shapes differs.
    """
    state = network.state_dict()
    # A counter of training steps, which no ONNX file has.
    names = [name for name in state if not name.endswith("num_batches_tracked")]
    if len(names) != len(weights):
        raise WeightsError(f"The file holds {len(weights)} weights, the network takes {len(names)}; use another file")
    for name, weight in zip(names, weights, strict=True):
        if weight.shape != state[name].shape:
            raise WeightsError(
                f"The weight for {name} has shape {tuple(weight.shape)}, the network takes "
                f"{tuple(state[name].shape)}; use another file"
            )
        state[name] = weight
    network.load_state_dict(state, strict=True)


def _read(weights: PackagedWeights, path: Path | None) -> ModelProto:
    """Return the checked ONNX file."""
    try:
        import onnx
    except ImportError as error:
        raise MissingDependencyError(
            'Reading the PP-OCRv6 weights into torch needs onnx; run: pip install "scene-textsearch[train]"'
        ) from error
    if path is None:
        path = find_weights(weights)
    else:
        verify_weights(weights, path)
    return onnx.load(path)


def _as_parameter(array: np.ndarray[tuple[int, ...], np.dtype[np.float32]], operator: str) -> Tensor:
    """Turn a constant of an ONNX operator into the layout of the torch parameter it becomes."""
    if operator == "MatMul":
        array = array.T  # (in, out) -> (out, in)
    elif operator in ("Add", "Mul"):
        array = array.reshape(-1)  # a bias stored as (1, C, 1, 1) -> (C,)
    return torch.tensor(array)
