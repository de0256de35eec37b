"""The lattice keeps the best classes of each frame and packs into few bytes."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from textsearch.lattice import ABSENT, MAXIMUM_CHOICES, Lattice, unpack_frames


def random_probabilities(frames: int, classes: int, seed: int) -> NDArray[np.float32]:
    logits = np.random.default_rng(seed).normal(0, 3, (frames, classes))
    exponent = np.exp(logits)
    probabilities: NDArray[np.float32] = (exponent / exponent.sum(axis=1, keepdims=True)).astype(np.float32)
    return probabilities


def test_the_best_classes_come_first() -> None:
    lattice = Lattice.from_probabilities(np.array([[0.1, 0.2, 0.7], [0.9985, 0.001, 0.0005]], np.float32))
    assert lattice.classes[0, :4].tolist() == [2, 1, 0, ABSENT]
    assert lattice.classes[1, :2].tolist() == [0, ABSENT]
    np.testing.assert_allclose(np.exp(lattice.log_probabilities[0, :3]), [0.7, 0.2, 0.1], rtol=1e-5)


def test_no_frame_keeps_more_than_the_maximum() -> None:
    lattice = Lattice.from_probabilities(np.full((2, 50), 0.02, np.float32))
    assert lattice.classes.shape == (2, MAXIMUM_CHOICES)
    assert (lattice.classes != ABSENT).all()


@given(st.integers(0, 40), st.integers(1, 60), st.integers(0, 1000))
def test_packing_loses_at_most_a_64th_of_a_nat(frames: int, classes: int, seed: int) -> None:
    lattice = Lattice.from_probabilities(random_probabilities(frames, classes, seed))
    packed = lattice.to_bytes()
    unpacked = Lattice.from_bytes(packed)
    assert len(packed) <= 2 + frames * (1 + 3 * MAXIMUM_CHOICES)
    np.testing.assert_array_equal(unpacked.classes, lattice.classes)
    present = lattice.classes != ABSENT
    np.testing.assert_allclose(unpacked.log_probabilities[present], lattice.log_probabilities[present], atol=1 / 63)


@pytest.mark.parametrize("data", [b"", b"\x05", b"\x02\x00\x01\x01\x00"])
def test_damaged_bytes_are_refused(data: bytes) -> None:
    with pytest.raises(ValueError, match="packed lattice"):
        Lattice.from_bytes(data)


@given(st.lists(st.integers(0, 12), max_size=5), st.integers(0, 1000))
def test_many_unpacked_at_once_are_the_same(frames: list[int], seed: int) -> None:
    packed = [Lattice.from_probabilities(random_probabilities(count, 300, seed)).to_bytes() for count in frames]
    classes, log_probabilities, lengths = unpack_frames(packed)
    assert lengths.tolist() == frames
    for data, stop in zip(packed, np.cumsum(lengths), strict=True):
        alone = Lattice.from_bytes(data)
        np.testing.assert_array_equal(classes[stop - len(alone) : stop], alone.classes)
        np.testing.assert_array_equal(log_probabilities[stop - len(alone) : stop], alone.log_probabilities)


@pytest.mark.parametrize("data", [b"\x05", b"\x02\x00\x01", b"\x02\x00\x01\x01\x00", b"\x01\x00\x09" + 27 * b"\x00"])
def test_one_damaged_among_many_is_refused(data: bytes) -> None:
    with pytest.raises(ValueError, match="packed lattice"):
        unpack_frames([certain.to_bytes(), data])


certain = Lattice.from_probabilities(np.array([[0.1, 0.9]], np.float32))
