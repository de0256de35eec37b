"""What the two sequence branches see: letters and frames as sequences of one fixed length.

Both branches share one dictionary, a prototype per letter: the mean of the recogniser's own classifier rows over the
classes that fold to it. A region that was read with certainty therefore looks, letter by letter, like the word itself,
and every letter of the alphabet can be searched though only few occur in the training data.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from textsearch.alphabet import NOTHING
from textsearch.lattice import ABSENT, Lattice
from textsearch.types import FloatArray

SEQUENCE_LENGTH = 30
"""Frames of every sequence that a branch sees."""


def letter_prototypes(classifier: FloatArray, folded: NDArray[np.int32]) -> FloatArray:
    """Average the classifier's rows over the classes of each letter.

    Args:
        classifier: (C, F) float32, one row a class.
        folded: (C,) int32, the letter each class folds to.

    Returns:
        (number of letters + 1, F) float32; row NOTHING is zero. Rows have a root mean square of about 1.
    """
    letters = int(folded.max()) + 1
    totals = np.zeros((letters, classifier.shape[1]), np.float64)
    np.add.at(totals, folded, classifier)
    counts = np.bincount(folded, minlength=letters)
    prototypes = totals / np.maximum(counts, 1)[:, None]
    prototypes[NOTHING] = 0.0
    scale = np.sqrt((prototypes[1:] ** 2).mean()) if letters > 1 else 1.0
    return (prototypes / scale).astype(np.float32)


def resample(sequence: FloatArray) -> FloatArray:
    """Stretch or squeeze a sequence (T, F), T >= 1, to (SEQUENCE_LENGTH, F) by linear interpolation, ends kept."""
    places = np.linspace(0.0, len(sequence) - 1, SEQUENCE_LENGTH, dtype=np.float32)
    before = places.astype(np.int64)
    after = np.minimum(before + 1, len(sequence) - 1)
    weight = (places - before)[:, None]
    return ((1 - weight) * sequence[before] + weight * sequence[after]).astype(np.float32)


def region_features(
    frames: FloatArray, lattice: Lattice, prototypes: FloatArray, folded: NDArray[np.int32]
) -> FloatArray:
    """Describe a region for the image branch.

    Args:
        frames: (T, F) float32, the recogniser's frames of the region.
        lattice: T frames.
        prototypes: (letters + 1, F) float32.
        folded: (C,) int32.

    Returns:
        (SEQUENCE_LENGTH, 2F + 1) float32: the frame, the expected letter prototype, the probability of no letter.
    """
    probabilities = np.exp(lattice.log_probabilities)
    letters = np.where(lattice.classes == ABSENT, NOTHING, folded[lattice.classes])
    expected = np.einsum("tk,tkf->tf", probabilities, prototypes[letters])
    nothing = np.where((letters == NOTHING) & (lattice.classes != ABSENT), probabilities, 0.0).sum(axis=1)
    return resample(np.concatenate([frames, expected, nothing[:, None]], axis=1).astype(np.float32))


def word_features(letters: NDArray[np.int32], prototypes: FloatArray) -> FloatArray:
    """Describe a word for the word branch: its letters' prototypes, (SEQUENCE_LENGTH, F) float32.

    Args:
        letters: (L,) int32 folded ids; an empty word is described by zeros.
        prototypes: (letters + 1, F) float32.
    """
    if not len(letters):
        return np.zeros((SEQUENCE_LENGTH, prototypes.shape[1]), np.float32)
    return resample(prototypes[letters])
