"""The published PP-OCRv6-small weights, moved from their ONNX files into our modules.

Our modules register their parameters in the order in which the ONNX graph uses its constants, so the two lists are
laid side by side; every shape is checked, and nothing may be left over on either side.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

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
from textsearch.types import FloatArray

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
    assign_weights(
        detector, [constant.parameter for constant in learnt_constants(published_graph(DETECTOR_WEIGHTS, path))]
    )
    return detector.eval()


def load_recogniser(path: Path | None = None) -> Recogniser:
    """Return the PP-OCRv6-small recogniser with its published weights, in evaluation mode.

    Args and errors as for `load_detector`.
    """
    recogniser = build_recogniser(PPOCR_V6_SMALL_RECOGNISER)
    assign_weights(
        recogniser, [constant.parameter for constant in learnt_constants(published_graph(RECOGNISER_WEIGHTS, path))]
    )
    return recogniser.eval()


def load_characters(path: Path | None = None) -> tuple[str, ...]:
    """Return the 18,710 characters of the recogniser's classes: class 0 is the blank '', the last one the space.

    Args and errors as for `load_detector`.
    """
    metadata = {entry.key: entry.value for entry in published_graph(RECOGNISER_WEIGHTS, path).metadata_props}
    return character_table(metadata["character"])


@dataclass(frozen=True, eq=False)
class LearntConstant:
    """A learnt constant of an ONNX graph.

    Attributes:
        name: its name in the graph.
        operator: type of the node that uses it.
        array: its value, float32, in the graph's layout.
    """

    name: str
    operator: str
    array: FloatArray

    @property
    def parameter(self) -> Tensor:
        """Return the value in the layout of the torch parameter it becomes."""
        array = self.array
        if self.operator == "MatMul":
            array = array.T  # (in, out) -> (out, in)
        elif self.operator in ("Add", "Mul"):
            array = array.reshape(-1)  # a bias stored as (1, C, 1, 1) -> (C,)
        return torch.tensor(array)


def learnt_constants(model: ModelProto) -> list[LearntConstant]:
    """Return the learnt constants of an ONNX graph in the order of use.

    Raises:
        WeightsError: a learnt constant is used twice, which no module of ours expects.
    """
    from onnx import numpy_helper

    constants = {initialiser.name: initialiser for initialiser in model.graph.initializer}
    used: set[str] = set()
    learnt: list[LearntConstant] = []
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
            learnt.append(LearntConstant(name, node.op_type, array))
    return learnt


def weight_names(network: nn.Module) -> list[str]:
    """Return the names of a network's parameters and statistics in the order of registration."""
    # A counter of training steps, which no ONNX file has.
    return [name for name in network.state_dict() if not name.endswith("num_batches_tracked")]


def assign_weights(network: nn.Module, weights: Sequence[Tensor]) -> None:
    """Copy `weights` into the parameters and statistics of `network`, in the order of registration.

    Raises:
        WeightsError: their number or one of their shapes differs.
    """
    state = network.state_dict()
    names = weight_names(network)
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


def published_graph(weights: PackagedWeights, path: Path | None = None) -> ModelProto:
    """Return a checked ONNX file; args and errors as for `load_detector`."""
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
