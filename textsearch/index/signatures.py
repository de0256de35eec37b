"""Which pairs of letters a region or line can be read to hold, as a few bits: what rules out most regions at once.

A word that fits a lattice as well as `CERTAIN` says has each of its letters, and each pair of neighbouring letters, on
a path of which every frame costs no more than that. All such pairs are hashed into a region's signature, so a word
whose bits are not all there cannot be there; nothing that is there is lost. A letter alone is hashed as the pair with
no letter. Letters that look alike are hashed as one, so that words with one read for the other are proposed, too.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from textsearch.alignment import CERTAIN, NO_LETTER, LatticeBatch
from textsearch.alphabet import NOTHING
from textsearch.lattice import STEPS_PER_NAT

PLANES = 8
"""A signature is so many times 64 bits: a region holds about 15 pairs, a line a few times as many."""

_HIGHEST_COST = round(-CERTAIN * STEPS_PER_NAT)

_BITS = 64 * PLANES

Signatures = NDArray[np.uint64]
"""(PLANES, N) uint64: plane by plane, because a search reads only those in which the word has a bit."""


def signatures(batch: LatticeBatch, shapes: NDArray[np.int32]) -> Signatures:
    """Return the signatures of N lattices; `shapes` as in `Alphabet.shapes`."""
    runs = _Runs(batch, shapes)
    bits = [(_hash(runs.letters, np.full(len(runs.letters), NOTHING)), runs.owners)]
    # A letter can stand twice in one run where the run has room for a gap.
    roomy = runs.stops - runs.starts >= 2
    bits.append((_hash(runs.letters[roomy], runs.letters[roomy]), runs.owners[roomy]))
    for ahead in range(1, len(runs.letters)):
        near = runs.reach(ahead)
        if not near.any():
            break
        first, second = np.nonzero(near)[0], np.nonzero(near)[0] + ahead
        for before, after in ((first, second), (second, first)):
            # Runs may overlap: either letter can then come first.
            follows = runs.stops[after] > runs.starts[before]
            bits.append(
                (_hash(runs.letters[before[follows]], runs.letters[after[follows]]), runs.owners[before[follows]])
            )
    return _planes(np.concatenate([bit for bit, _ in bits]), np.concatenate([owner for _, owner in bits]), len(batch))


def word_bits(word: NDArray[np.int32]) -> NDArray[np.int64]:
    """Return the bits, each once, that the signature of any region holding a word has; (L,) int32 shapes, L >= 1."""
    if len(word) == 1:
        return _hash(word, np.full(1, NOTHING))
    return np.unique(_hash(word[:-1], word[1:]))


def holding(stored: Signatures, bits: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return the places (N,) int64 of signatures that have all bits."""
    kept = np.ones(stored.shape[1], bool)
    for plane in np.unique(bits // 64).tolist():
        mask = np.bitwise_or.reduce(np.uint64(1) << (bits[bits // 64 == plane] % 64).astype(np.uint64))
        kept &= (stored[plane] & mask) == mask
    return np.nonzero(kept)[0]


def lacking_few(stored: Signatures, bits: NDArray[np.int64], most: int) -> tuple[NDArray[np.int64], NDArray[np.uint16]]:
    """Return the places (N,) int64 of signatures that lack one bit at least and `most` at most, and how many (N,)."""
    lacking = np.full(stored.shape[1], len(bits), np.uint16)
    for bit in bits.tolist():
        lacking -= (stored[bit // 64] >> np.uint64(bit % 64)).astype(np.uint16) & np.uint16(1)
    places = np.nonzero((lacking > 0) & (lacking <= most))[0]
    return places, lacking[places]


class _Runs:
    """Stretches of frames in which one letter can be read, by their first frame.

    Attributes:
        owners: (R,) the lattice of each.
        letters: (R,) its letter, or the one that stands for all of its looks.
        starts: (R,) its first frame.
        stops: (R,) its last frame.
    """

    def __init__(self, batch: LatticeBatch, shapes: NDArray[np.int32]) -> None:
        possible = (batch.costs <= _HIGHEST_COST) & (batch.letters != NO_LETTER)
        silent = (possible & (batch.letters == NOTHING)).any(axis=1)
        # Frames before each frame that hold a letter for sure, so that no path can pass them without one.
        self._sure = np.concatenate([[0], np.cumsum(~silent)])
        frames, choices = np.nonzero(possible & (batch.letters != NOTHING))
        letters = batch.letters[frames, choices].astype(np.int64)
        owners = np.searchsorted(batch.starts, frames, side="right") - 1
        order = np.lexsort((frames, letters))
        frames, letters, owners = frames[order], letters[order], owners[order]
        new = np.ones(len(frames), bool)
        new[1:] = (np.diff(frames) != 1) | (np.diff(letters) != 0) | (np.diff(owners) != 0)
        heads = np.nonzero(new)[0]
        tails = np.append(heads[1:], len(frames))[: len(heads)] - 1
        by_start = np.argsort(frames[heads], kind="stable")
        self.owners, self.letters = owners[heads][by_start], shapes[letters[heads]][by_start]
        self.starts, self.stops = frames[heads][by_start], frames[tails][by_start]

    def reach(self, ahead: int) -> NDArray[np.bool_]:
        """Return (R - ahead,) whether a path can go from each run to the one so many places on, with none between."""
        first, second = slice(None, len(self.letters) - ahead), slice(ahead, None)
        between = self._sure[self.starts[second]] - self._sure[np.minimum(self.stops[first] + 1, self.starts[second])]
        return np.asarray((self.owners[first] == self.owners[second]) & (between == 0))


def _hash(first: NDArray[np.generic], second: NDArray[np.generic]) -> NDArray[np.int64]:
    """Return a bit for each pair of letters, 0 to _BITS - 1."""
    mixed = first.astype(np.uint64) * np.uint64(0x9E3779B97F4A7C15) + second.astype(np.uint64) * np.uint64(
        0xC2B2AE3D27D4EB4F
    )
    mixed ^= mixed >> np.uint64(29)
    mixed *= np.uint64(0xBF58476D1CE4E5B9)
    return (mixed >> np.uint64(40)).astype(np.int64) % _BITS


def _planes(bits: NDArray[np.int64], owners: NDArray[np.int64], count: int) -> Signatures:
    """Return signatures in which bit bits[i] of lattice owners[i] is set."""
    keys = np.unique(owners * _BITS + bits)
    owner, bit = keys // _BITS, keys % _BITS
    found = np.zeros((PLANES, count), np.uint64)
    for plane in range(PLANES):
        chosen = bit // 64 == plane
        np.bitwise_or.at(found[plane], owner[chosen], np.uint64(1) << (bit[chosen] % 64).astype(np.uint64))
    return found
