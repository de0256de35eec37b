from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import torch
import torch.nn.functional as functional

from tests.fakes import ALPHABET
from tests.tiny_joint import FRAME, MAPS, tiny_joint
from textsearch.errors import WeightsError
from textsearch.features import SEQUENCE_LENGTH, region_features
from textsearch.lattice import Lattice
from textsearch.models.joint import MAP_ROWS, Reading, load_joint, map_features, resample


def reading(seed: int = 0) -> Reading:
    generator = torch.Generator().manual_seed(seed)
    frames = torch.randn((3, 9, FRAME), generator=generator)
    logits = 4 * torch.randn((3, 9, len(ALPHABET.characters)), generator=generator)
    return Reading(frames, functional.log_softmax(logits, dim=2))


def test_it_is_tiny() -> None:
    assert sum(parameter.numel() for parameter in tiny_joint().parameters()) < 100_000


def test_strips_are_described_as_search_describes_them() -> None:
    network, read = tiny_joint(), reading()
    spans = torch.tensor([[0, 9], [2, 7], [4, 5]])
    described = network.strip_features(read, spans)
    for number, (first, stop) in enumerate(spans.tolist()):
        lattice = Lattice.from_probabilities(read.log_probabilities[number, first:stop].exp().numpy())
        frames = read.frames[number, first:stop].numpy()
        expected = region_features(frames, lattice, network.prototypes.numpy(), ALPHABET.folded)
        np.testing.assert_allclose(described[number].numpy(), expected, atol=2e-3)


@pytest.mark.parametrize(("first", "stop"), [(0, 4), (1, 3), (2, 3)])
def test_resampling_keeps_the_ends_of_the_span(first: int, stop: int) -> None:
    sequence = torch.arange(4.0)[None, :, None]
    resampled = resample(sequence, torch.tensor([[first, stop]]))
    assert resampled.shape == (1, SEQUENCE_LENGTH, 1)
    assert (resampled[0, 0].item(), resampled[0, -1].item()) == (first, stop - 1)
    assert (resampled[0, 1:] >= resampled[0, :-1]).all()


def test_maps_are_read_at_the_words_own_places() -> None:
    fused = torch.zeros((2, 1, 8, 10))
    columns = (torch.arange(10.0) + 0.5) * 4  # each place holds the x of its middle, in input pixels
    fused[1, 0] = columns
    word = torch.tensor([[[6.0, 8.0], [30.0, 8.0], [30.0, 24.0], [6.0, 24.0]]])
    described = map_features(fused, word, torch.tensor([1]))
    np.testing.assert_allclose(described[0, :, 0], np.linspace(6, 30, SEQUENCE_LENGTH), atol=1e-4)
    rows = (torch.arange(8.0) + 0.5) * 4
    fused[1, 0] = rows[:, None]
    expected = 8 + 16 * np.mean(MAP_ROWS)
    np.testing.assert_allclose(map_features(fused, word, torch.tensor([1]))[0, :, 0], expected, atol=1e-4)


def test_a_word_of_no_image_has_empty_maps() -> None:
    word = torch.tensor([[[0.0, 0.0], [8.0, 0.0], [8.0, 8.0], [0.0, 8.0]]])
    described = map_features(torch.ones((1, MAPS, 4, 4)), word, torch.tensor([-1]))
    assert described.shape == (1, SEQUENCE_LENGTH, MAPS)
    assert not described.any()


def test_the_similarity_reaches_the_detector() -> None:
    network, read = tiny_joint(), reading()
    output = network.detect(torch.rand((1, 3, 64, 64)))
    words = torch.tensor([[[8.0, 8.0], [40.0, 8.0], [40.0, 24.0], [8.0, 24.0]]]).expand(3, -1, -1)
    maps = map_features(output.fused, words, torch.zeros(3, dtype=torch.long))
    strips = network.strip_features(read, torch.tensor([[0, 9]] * 3))
    vectors = network.regions(torch.cat([strips, maps], dim=2))
    (vectors[0] @ vectors[1]).backward()  # type: ignore[no-untyped-call]
    for part in (network.detector.backbone, network.detector.neck):
        gradients = [parameter.grad for parameter in part.parameters()]
        assert any(gradient is not None and bool(gradient.any()) for gradient in gradients)


def test_the_packaged_network_is_loaded_to_be_used_and_not_trained() -> None:
    import textsearch.weights as package

    network = load_joint(Path(package.__path__[0]))
    assert not any(module.training for module in network.modules())
    assert len(network.folded) == network.recogniser.classifier.out_features


def test_a_folder_without_weights_is_refused(tmp_path: Path) -> None:
    with pytest.raises(WeightsError, match="give the folder of a finished run"):
        load_joint(tmp_path)


def test_other_weights_are_refused(tmp_path: Path) -> None:
    from safetensors.torch import save_file

    save_file({"prototypes": torch.zeros(2, 2)}, tmp_path / "joint.safetensors", metadata={"a": json.dumps(1)})
    with pytest.raises(WeightsError, match="another network"):
        load_joint(tmp_path)
