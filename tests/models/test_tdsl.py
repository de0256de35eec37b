from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from tests.tiny_tdsl import CONFIG, drawn_photo, tiny_network
from textsearch.errors import QueryError
from textsearch.models.boxes import BoxOptions
from textsearch.models.sequence import LETTERS, letter_frames
from textsearch.models.tdsl_encoder import TdslEncoder, network_input
from textsearch.models.vectors import vectors
from textsearch.training.losses import published_losses

BOXES = [torch.tensor([[10.0, 20.0, 70.0, 40.0], [5.0, 50.0, 60.0, 64.0]]), torch.tensor([[20.0, 20.0, 80.0, 40.0]])]

EVERYTHING = BoxOptions(location_threshold=0.0, threshold=0.0)


def photos() -> Tensor:
    return torch.randn(2, 3, 64, 96, generator=torch.Generator().manual_seed(0))


def gradient(part: nn.Module) -> float:
    return sum(float(weight.grad.abs().sum()) for weight in part.parameters() if weight.grad is not None)


def test_outputs() -> None:
    network = tiny_network()
    levels, maps = network(photos())
    assert [level.shape[1:] for level in levels] == [(24, 16, 24), (24, 8, 12), (24, 4, 6)]
    assert [level.shape[2:] for level in maps.logits] == [(8, 12), (4, 6), (2, 3), (1, 2), (1, 1)]
    regions = network.encode_regions(levels, BOXES)
    assert regions.shape == (3, 15, CONFIG.dimension)
    assert network.spell(regions).shape == (3, 15, len(LETTERS) + 1)
    assert network.encode_words(letter_frames(["cola", "bank7"])).shape == (2, 15, CONFIG.dimension)


def test_the_tiny_network_is_tiny() -> None:
    assert sum(weight.numel() for weight in tiny_network().parameters()) < 100_000


def test_regions_come_in_the_order_of_photos_and_boxes() -> None:
    network = tiny_network()
    levels, _ = network(photos())
    together = network.encode_regions(levels, BOXES)
    second = network.encode_regions([level[1:] for level in levels], BOXES[1:])
    torch.testing.assert_close(together[2:], second)
    turned = network.encode_regions(levels, [BOXES[0].flip(0), BOXES[1]])
    torch.testing.assert_close(turned[:2], together[:2].flip(0))


@pytest.mark.parametrize("term", ["word_image", "image_image"])
def test_the_similarity_shapes_what_the_detector_sees(term: str) -> None:
    network = tiny_network()
    levels, _ = network(photos())
    regions = vectors(network.encode_regions(levels, BOXES))
    words = vectors(network.encode_words(letter_frames(["cola", "cafe", "bank"])))
    published_losses(regions, ["cola", "cafe", "bank"], words, ["cola", "cafe", "bank"])[term].backward()  # type: ignore[no-untyped-call]
    assert gradient(network.backbone) > 0
    assert gradient(network.pyramid) > 0
    assert gradient(network.head) == 0
    assert gradient(network.word_branch) == 0


# --- at work


def test_a_photo_becomes_boxes_and_unit_vectors() -> None:
    encoder = TdslEncoder(tiny_network().eval(), (128,), EVERYTHING)
    words = encoder.encode_photo(np.random.default_rng(0).integers(0, 256, (50, 120, 3), np.uint8))
    count = len(words.boxes)
    assert 0 < count <= 100
    assert words.boxes.shape == (count, 4) and words.scores.shape == (count,)
    assert words.vectors.shape == (count, 15 * CONFIG.dimension)
    np.testing.assert_allclose(np.linalg.norm(words.vectors, axis=1), 1, rtol=1e-5)
    assert words.boxes.min() >= 0 and (words.boxes.max(axis=0) <= [120, 50, 120, 50]).all()


def test_boxes_are_in_photo_pixels() -> None:
    network = tiny_network().eval()
    photo = drawn_photo("Cola", 10, 20, ("white", "black"))
    whole = TdslEncoder(network, (96,), EVERYTHING).encode_photo(photo.image)
    double = np.kron(photo.image, np.ones((2, 2, 1), np.uint8))
    half = TdslEncoder(network, (96,), EVERYTHING).encode_photo(double)
    # Shrunk to the same network input, so what is found lies at twice the coordinates.
    np.testing.assert_allclose(half.boxes, 2 * whole.boxes, atol=1e-3)
    np.testing.assert_allclose(half.vectors, whole.vectors, atol=1e-4)


def test_a_photo_where_nothing_is_found() -> None:
    encoder = TdslEncoder(tiny_network().eval(), (96,), BoxOptions(threshold=1.0))
    words = encoder.encode_photo(np.zeros((40, 40, 3), np.uint8))
    assert words.boxes.shape == (0, 4) and words.vectors.shape == (0, 15 * CONFIG.dimension)


def test_several_sizes_keep_all_their_words() -> None:
    network, photo = tiny_network().eval(), drawn_photo("Cola", 10, 20, ("white", "black")).image
    counts = [len(TdslEncoder(network, (side,), EVERYTHING).encode_photo(photo).boxes) for side in (64, 96)]
    assert len(TdslEncoder(network, (64, 96), EVERYTHING).encode_photo(photo).boxes) == sum(counts)


def test_words_become_unit_vectors_in_the_same_space() -> None:
    encoder = TdslEncoder(tiny_network().eval())
    words = encoder.encode_words(["cola", "Café"])
    assert words.dtype == np.float32 and words.shape == (2, 15 * CONFIG.dimension)
    np.testing.assert_allclose(np.linalg.norm(words, axis=1), 1, rtol=1e-5)
    with pytest.raises(QueryError):
        encoder.encode_words(["咖啡"])


def test_network_input() -> None:
    photo = np.zeros((2, 3, 3), np.uint8)
    photo[1, 2] = (255, 127, 0)
    values = network_input(torch.from_numpy(np.stack([photo, photo])))
    assert values.shape == (2, 3, 2, 3) and values.dtype == torch.float32
    assert values[1, :, 1, 2].tolist() == [1.0, 0.0, -127 / 128]
