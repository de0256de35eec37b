from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from textsearch.alphabet import NOTHING
from textsearch.features import SEQUENCE_LENGTH, letter_prototypes, region_features, resample, word_features
from textsearch.lattice import ABSENT, Lattice
from textsearch.types import FloatArray

# Classes: blank, "a", "A", "b", "&", space.
FOLDED = np.array([0, 1, 1, 2, 0, 0], np.int32)
PROTOTYPES = np.array([[0, 0], [1, 2], [3, -1]], np.float32)


def lattice_of(*frames: dict[int, float]) -> Lattice:
    """Return a lattice with the given probability of each class, frame by frame."""
    classes = np.full((len(frames), 5), ABSENT, np.int32)
    log_probabilities = np.full((len(frames), 5), -np.inf, np.float32)
    for row, frame in enumerate(frames):
        for column, (number, probability) in enumerate(frame.items()):
            classes[row, column], log_probabilities[row, column] = number, math.log(probability)
    return Lattice(classes, log_probabilities)


# --- prototypes


def test_prototypes_are_the_mean_rows_of_each_letter() -> None:
    classifier = np.array([[9, 9], [1, 2], [3, 4], [-5, 6], [7, 7], [8, 8]], np.float32)
    prototypes = letter_prototypes(classifier, FOLDED)
    expected = np.array([[2, 3], [-5, 6]])
    scale = math.sqrt((expected**2).mean())
    assert prototypes.dtype == np.float32
    np.testing.assert_array_equal(prototypes[NOTHING], [0, 0])
    np.testing.assert_allclose(prototypes[1:], expected / scale, rtol=1e-6)


def test_prototypes_have_a_root_mean_square_of_one() -> None:
    classifier = np.random.default_rng(0).normal(scale=7, size=(6, 50)).astype(np.float32)
    assert (letter_prototypes(classifier, FOLDED)[1:] ** 2).mean() == pytest.approx(1, rel=1e-5)


# --- resampling


@given(st.integers(1, 80))
def test_resample_keeps_ends_and_straight_lines(count: int) -> None:
    ramp: FloatArray = np.stack([np.arange(count), 5 - 2 * np.arange(count)], axis=1).astype(np.float32)
    stretched = resample(ramp)
    assert stretched.shape == (SEQUENCE_LENGTH, 2)
    assert stretched.dtype == np.float32
    expected = np.linspace(0, count - 1, SEQUENCE_LENGTH)
    np.testing.assert_allclose(stretched, np.stack([expected, 5 - 2 * expected], axis=1), atol=1e-4)
    np.testing.assert_array_equal(stretched[[0, -1]], ramp[[0, -1]])


def test_resample_of_the_same_length_changes_nothing() -> None:
    sequence = np.random.default_rng(0).normal(size=(SEQUENCE_LENGTH, 3)).astype(np.float32)
    np.testing.assert_allclose(resample(sequence), sequence, atol=1e-5)


# --- regions


def test_region_features_frame_by_frame() -> None:
    frames = np.array([[10, 20], [30, 40], [50, 60]], np.float32)
    lattice = lattice_of({1: 0.7, 2: 0.2, 3: 0.1}, {0: 0.6, 3: 0.25, 5: 0.1}, {4: 1.0})
    features = region_features(frames, lattice, PROTOTYPES, FOLDED)
    by_hand = [
        # both cases of "a" count together
        [10, 20, 0.9 * 1 + 0.1 * 3, 0.9 * 2 - 0.1, 0.0],
        # blank and space are no letter; what the lattice does not hold counts nowhere
        [30, 40, 0.25 * 3, -0.25, 0.7],
        # punctuation is no letter either
        [50, 60, 0, 0, 1.0],
    ]
    assert features.dtype == np.float32
    np.testing.assert_allclose(features, resample(np.array(by_hand, np.float32)), atol=1e-5)


def test_one_frame_is_enough() -> None:
    features = region_features(np.array([[1, 2]], np.float32), lattice_of({3: 1.0}), PROTOTYPES, FOLDED)
    np.testing.assert_allclose(features, np.tile([1, 2, 3, -1, 0], (SEQUENCE_LENGTH, 1)))


def test_absent_classes_do_not_name_the_last_class() -> None:
    # Class -1 would be the last one; here that is a letter.
    folded = np.array([0, 1, 2], np.int32)
    features = region_features(np.zeros((1, 2), np.float32), lattice_of({0: 1.0}), PROTOTYPES, folded)
    np.testing.assert_array_equal(features[0], [0, 0, 0, 0, 1])


# --- words


@pytest.mark.parametrize("letters", [[1], [2, 1], [1, 2, 2, 1] * 10])
def test_word_features_are_the_letters_resampled(letters: list[int]) -> None:
    features = word_features(np.array(letters, np.int32), PROTOTYPES)
    np.testing.assert_array_equal(features, resample(PROTOTYPES[letters]))
    np.testing.assert_array_equal(features[0], PROTOTYPES[letters[0]])
    np.testing.assert_array_equal(features[-1], PROTOTYPES[letters[-1]])


def test_a_word_without_a_known_letter_is_zero() -> None:
    features = word_features(np.zeros(0, np.int32), PROTOTYPES)
    np.testing.assert_array_equal(features, np.zeros((SEQUENCE_LENGTH, 2), np.float32))


def test_a_certain_region_looks_like_its_word() -> None:
    letters = np.array([1, 2, 1, 1], np.int32)
    certain = lattice_of({1: 1.0}, {3: 1.0}, {2: 1.0}, {1: 1.0})
    features = region_features(np.zeros((4, 2), np.float32), certain, PROTOTYPES, FOLDED)
    np.testing.assert_allclose(features[:, 2:4], word_features(letters, PROTOTYPES), atol=1e-6)
