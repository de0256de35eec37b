from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import onnx
import pytest
import torch
from onnx import TensorProto, helper
from PIL import Image, ImageDraw, ImageFont

from textsearch.models.weights import load_recogniser
from textsearch.ppocr import DETECTOR_WEIGHTS, RECOGNISER_WEIGHTS, find_weights
from textsearch.runtime.sessions import OnnxDetector, OnnxRecogniser, network_input, new_session, with_output
from textsearch.types import ByteArray


def drawn(text: str, width: int, height: int) -> ByteArray:
    picture = Image.new("RGB", (width, height), "white")
    font = ImageFont.load_default(size=34)
    ImageDraw.Draw(picture).text((width // 2, height // 2), text, fill="navy", font=font, anchor="mm")
    return np.asarray(picture)


@pytest.fixture(scope="module")
def recogniser() -> OnnxRecogniser:
    return OnnxRecogniser(find_weights(RECOGNISER_WEIGHTS), threads=1)


@pytest.fixture
def small_graph() -> Iterator[bytes]:
    """Doubles its input, then adds one."""
    nodes = [helper.make_node("Add", ["x", "x"], ["doubled"]), helper.make_node("Add", ["doubled", "one"], ["y"])]
    graph = helper.make_graph(
        nodes,
        "small",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, [2])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, [2])],
        [helper.make_tensor("one", TensorProto.FLOAT, [1], [1.0])],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    yield model.SerializeToString()


# --- one more output


def test_the_appended_bytes_are_what_the_onnx_library_reads_as_one_more_output(small_graph: bytes) -> None:
    ours = onnx.load_from_string(with_output(small_graph, "doubled"))
    theirs = onnx.load_from_string(small_graph)
    theirs.graph.output.append(helper.make_empty_tensor_value_info("doubled"))
    assert ours == theirs
    assert [output.name for output in ours.graph.output] == ["y", "doubled"]


def test_an_inner_tensor_is_returned(small_graph: bytes) -> None:
    session = new_session(with_output(small_graph, "doubled"), threads=1)
    outer, inner = session.run(None, {"x": np.array([1, 2], np.float32)})
    assert (outer.tolist(), inner.tolist()) == ([3, 5], [2, 4])


def test_names_too_long_for_one_byte_lengths_are_refused(small_graph: bytes) -> None:
    assert with_output(small_graph, "a" * 100).endswith(b"a" * 100)
    with pytest.raises(ValueError, match="more than 100 bytes"):
        with_output(small_graph, "a" * 101)


def test_the_recognisers_own_graph_is_only_extended() -> None:
    graph = find_weights(RECOGNISER_WEIGHTS).read_bytes()
    extended = onnx.load_from_string(with_output(graph, "p2o.pd_op.transpose.8.0"))
    assert extended.graph.output.pop().name == "p2o.pd_op.transpose.8.0"
    assert extended.SerializeToString(deterministic=True) == onnx.load_from_string(graph).SerializeToString(
        deterministic=True
    )


# --- pixels


def test_network_input_is_blue_green_red_from_minus_one_to_one() -> None:
    image = np.zeros((1, 2, 3, 3), np.uint8)
    image[0, 1, 2] = (255, 51, 0)
    planes = network_input(image)
    assert planes.shape == (1, 3, 2, 3)
    assert planes.dtype == np.float32
    np.testing.assert_allclose(planes[0, :, 1, 2], [-1, 51 / 127.5 - 1, 1], atol=1e-6)
    assert (planes[0, :, 0] == -1).all()


# --- the networks


def test_frames_and_probabilities_are_those_of_the_torch_network(recogniser: OnnxRecogniser) -> None:
    strips = np.stack([drawn("OPEN", 96, 48), drawn("x1", 96, 48)])
    frames, probabilities = recogniser.read(strips)
    assert (frames.shape, probabilities.shape) == ((2, 12, 120), (2, 12, 18_710))
    with torch.no_grad():
        expected = load_recogniser()(torch.from_numpy(network_input(strips).copy()))
    scale = expected.frames.abs().max().item()
    np.testing.assert_allclose(frames, expected.frames.numpy(), atol=2e-5 * scale)
    np.testing.assert_allclose(probabilities, expected.logits.softmax(dim=-1).numpy(), atol=1e-4)


def test_probabilities_sum_to_one(recogniser: OnnxRecogniser) -> None:
    _, probabilities = recogniser.read(drawn("a", 32, 48)[None])
    assert probabilities.shape == (1, 4, 18_710)
    np.testing.assert_allclose(probabilities.sum(axis=2), 1, atol=1e-4)


def test_the_detector_marks_text_and_nothing_else() -> None:
    detector = OnnxDetector(find_weights(DETECTOR_WEIGHTS), threads=1)
    photo = np.full((160, 320, 3), 255, np.uint8)
    photo[:64] = drawn("BAKERY", 320, 64)
    probabilities = detector.probabilities(photo)
    assert probabilities.shape == (160, 320)
    assert probabilities.dtype == np.float32
    assert probabilities[32, 130:190].mean() > 0.6
    assert probabilities[96:].max() < 0.1


def test_a_missing_graph_is_not_swallowed() -> None:
    with pytest.raises(Exception, match="not-there"):
        new_session(find_weights(DETECTOR_WEIGHTS).with_name("not-there.onnx"), threads=1)
