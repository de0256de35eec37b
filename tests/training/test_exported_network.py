"""The exported graphs compute what the network does in torch: as it is packaged, and moved as training moves it."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path

import numpy as np
import pytest
import torch

from textsearch.features import SEQUENCE_LENGTH
from textsearch.models.joint import JointNetwork, load_joint
from textsearch.runtime.sessions import OnnxDetector, OnnxRecogniser, network_input, new_session
from textsearch.training.export import DETECTOR_GRAPH, IMAGE_GRAPH, RECOGNISER_GRAPH, STORE, WORD_GRAPH, export_network
from textsearch.types import ByteArray, FloatArray

PACKAGED = Path(str(files("textsearch.weights")))

CLOSE = 5e-4
"""How far both may be apart; the moved network is further from the packaged one in each of its four parts."""


def moved(network: JointNetwork) -> JointNetwork:
    """Change every weight by some percent, the statistics of normalisation included, to what float16 can hold."""
    generator = torch.Generator().manual_seed(0)
    with torch.no_grad():
        for name, tensor in network.state_dict().items():
            if not name.endswith("num_batches_tracked"):
                noise = torch.randn(tensor.shape, generator=generator)
                tensor.mul_(1 + 0.03 * noise.clamp(-2, 2)).copy_(tensor.half().float())
    return network


@pytest.fixture(scope="module", params=["packaged", "moved"])
def both(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> tuple[JointNetwork, Path]:
    """Return a network, and the folder of the graphs that should compute the same."""
    network = load_joint(PACKAGED)
    if request.param == "packaged":
        return network, PACKAGED
    folder = tmp_path_factory.mktemp("exported")
    export_network(moved(network), {"licence": "Apache-2.0"}, folder)
    assert sorted(path.name for path in folder.iterdir()) == sorted(
        [STORE, DETECTOR_GRAPH, RECOGNISER_GRAPH, IMAGE_GRAPH, WORD_GRAPH]
    )
    return network, folder


@pytest.fixture(scope="module")
def packaged() -> JointNetwork:
    return load_joint(PACKAGED)


def picture(height: int, width: int) -> ByteArray:
    """Return dark bars on light ground with some noise, (H, W, 3) uint8."""
    generator = np.random.default_rng(0)
    pixels = generator.integers(180, 255, (height, width, 3))
    for left in range(8, width - 8, 12):
        pixels[height // 4 : -height // 4, left : left + 5] = generator.integers(0, 60, 3)
    return pixels.astype(np.uint8)


def features(width: int) -> FloatArray:
    return np.random.default_rng(1).normal(size=(3, SEQUENCE_LENGTH, width)).astype(np.float32)


def check(found: FloatArray, expected: torch.Tensor, original: torch.Tensor, folder: Path) -> None:
    """Compare what a graph computes with torch, and make sure that the packaged weights would be noticed."""
    np.testing.assert_allclose(found, expected.numpy(), atol=CLOSE)
    assert (folder == PACKAGED) == bool((expected - original).abs().max() < 5 * CLOSE)


@torch.no_grad()
def test_the_detector(both: tuple[JointNetwork, Path], packaged: JointNetwork) -> None:
    network, folder = both
    photo = picture(64, 96)
    images = torch.from_numpy(network_input(photo[None]))
    found = OnnxDetector(folder / DETECTOR_GRAPH, threads=1).probabilities(photo)
    expected, original = (each.detect(images).logits.sigmoid()[0].reshape(64, 96) for each in (network, packaged))
    check(found, expected, original, folder)


@torch.no_grad()
def test_the_recogniser(both: tuple[JointNetwork, Path], packaged: JointNetwork) -> None:
    network, folder = both
    strips = picture(48, 64)[None]
    frames, probabilities = OnnxRecogniser(folder / RECOGNISER_GRAPH, threads=1).read(strips)
    images = torch.from_numpy(network_input(strips))
    expected, original = network.read(images), packaged.read(images)
    check(probabilities, expected.log_probabilities.exp(), original.log_probabilities.exp(), folder)
    scale = float(expected.frames.abs().max())  # frames are not bounded
    check(frames / scale, expected.frames / scale, original.frames / scale, folder)


@torch.no_grad()
@pytest.mark.parametrize("branch", ["image", "word"])
def test_the_branches(both: tuple[JointNetwork, Path], packaged: JointNetwork, branch: str) -> None:
    network, folder = both
    described = features(getattr(network, branch).embed.in_features)
    graph = IMAGE_GRAPH if branch == "image" else WORD_GRAPH
    (found,) = new_session(folder / graph, 1).run(None, {"features": described})
    rows = torch.from_numpy(described)
    expected, original = (each.regions(rows) if branch == "image" else each.words(rows) for each in (network, packaged))
    check(found, expected, original, folder)
