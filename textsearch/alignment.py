"""How well a word's letters fit a lattice: Viterbi alignment of CTC paths, for many lattices at once.

All scores are relative to each lattice's own best path: 0 where the word is what the recogniser itself would have read,
the more negative the less likely. A letter the lattice does not hold costs `MISSING` a frame, so a misreading lowers a
score and never forbids a match; so does a letter of the word that is not there at all.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from textsearch.alphabet import NOTHING
from textsearch.lattice import ABSENT, Lattice
from textsearch.types import FloatArray

MISSING = -8.0
"""Log-probability, relative to the frame's best, of a letter that the lattice did not keep."""

WORST = -8.0
"""No score is lower, so that one hopeless region does not dwarf the others."""

_IMPOSSIBLE = np.float32(-1e9)


@dataclass(frozen=True, eq=False)
class LatticeBatch:
    """N lattices side by side, folded to letters.

    Attributes:
        letters: (N, T, K) int32, folded ids; ABSENT fills up, also the frames beyond a lattice's end.
        relative: (N, T, K) float32, log-probabilities relative to each frame's best class, at most 0.
        lengths: (N,) int32, frames of each lattice.
    """

    letters: NDArray[np.int32]
    relative: FloatArray
    lengths: NDArray[np.int32]

    @classmethod
    def of(cls, lattices: Sequence[Lattice], folded: NDArray[np.int32]) -> LatticeBatch:
        """Stack lattices; `folded` (C,) int32 maps classes to letters."""
        lengths = np.array([len(lattice) for lattice in lattices], np.int32)
        longest, choices = int(lengths.max(initial=0)), lattices[0].classes.shape[1] if lattices else 0
        classes = np.full((len(lattices), longest, choices), ABSENT, np.int32)
        relative = np.full(classes.shape, _IMPOSSIBLE, np.float32)
        inside = np.arange(longest)[None, :] < lengths[:, None]
        if lattices:
            classes[inside] = np.concatenate([lattice.classes for lattice in lattices])
            flat = np.concatenate([lattice.log_probabilities for lattice in lattices])
            relative[inside] = np.maximum(flat - flat[:, :1], _IMPOSSIBLE)
        letters = np.where(classes == ABSENT, ABSENT, folded[classes]).astype(np.int32)
        return cls(letters, relative, lengths)

    def __len__(self) -> int:
        """Return the number of lattices N."""
        return len(self.lengths)

    def emissions(self, ids: NDArray[np.int32]) -> FloatArray:
        """Return (N, T, L) float32: how likely each of L letters is at each frame, MISSING to 0.

        Frames beyond a lattice's end emit NOTHING for free and no letter.
        """
        inside = np.arange(self.letters.shape[1])[None, :] < self.lengths[:, None]
        letters, probabilities = self.letters[inside], np.exp(self.relative[inside])
        total = np.zeros((len(letters), len(ids)), np.float32)
        for choice in range(letters.shape[1]):
            total += np.where(letters[:, choice, None] == ids, probabilities[:, choice, None], 0)
        emitted = np.empty((*self.letters.shape[:2], len(ids)), np.float32)
        emitted[:] = np.where(ids == NOTHING, 0.0, _IMPOSSIBLE)
        emitted[inside] = np.log(np.clip(total, np.exp(MISSING), 1.0))
        return emitted


@dataclass(frozen=True, eq=False)
class Alignment:
    """How one word of L letters fits N lattices.

    Attributes:
        whole: (N,) float32, log-score of the word being all the text of the region, over L; at most 0.
        part: (N,) float32, the same for the word being some contiguous part of it.
    """

    whole: FloatArray
    part: FloatArray


def align(word: NDArray[np.int32], batch: LatticeBatch) -> Alignment:
    """Align one word with every lattice of a batch.

    Args:
        word: (L,) int32, folded ids of its letters, L >= 1.
        batch: N lattices.
    """
    states = 2 * len(word) + 1
    unique, inverse = np.unique(np.append(word, NOTHING), return_inverse=True)
    emitted = batch.emissions(unique.astype(np.int32))
    # State 2i is the gap before letter i, state 2i + 1 the letter itself, as in CTC.
    letter_of_state = np.full(states, inverse[-1])
    letter_of_state[1::2] = inverse[:-1]
    # A gap may be skipped between two different letters; from gap to gap a letter may be left out, which costs as much
    # as a letter that the lattice does not hold.
    skip = np.full(states, MISSING, np.float32)
    skip[1::2] = _IMPOSSIBLE
    skip[3::2] = np.where(word[1:] != word[:-1], np.float32(0), _IMPOSSIBLE)

    # Two columns of padding stand for "no state", so that moving on by one or two states is a shifted view.
    whole = np.full((len(batch), states + 2), _IMPOSSIBLE, np.float32)
    part = whole.copy()
    best = np.full(len(batch), _IMPOSSIBLE, np.float32)
    for frame in range(emitted.shape[1]):
        emission = emitted[:, frame][:, letter_of_state]
        _move(whole, skip)
        _move(part, skip)
        if frame == 0:
            whole[:, 2:4] = 0.0
            whole[:, 4:6] = MISSING
        # A part may begin anywhere.
        np.maximum(part[:, 3], 0.0, out=part[:, 3])
        whole[:, 2:] += emission
        part[:, 2:] += emission
        np.maximum(best, part[:, -2], out=best)
    ended = np.maximum(whole[:, -2:].max(axis=1), whole[:, -4:-2].max(axis=1) + np.float32(MISSING))
    return Alignment(
        whole=np.maximum(ended / len(word), np.float32(WORST)), part=np.maximum(best / len(word), np.float32(WORST))
    )


def _move(scores: FloatArray, skip: FloatArray) -> None:
    """Move every path (N, 2 + states) one frame on, in place: stay, go on by one state, or skip a gap."""
    moved = np.maximum(scores[:, 2:], scores[:, 1:-1])
    np.maximum(moved, scores[:, :-2] + skip, out=moved)
    scores[:, 2:] = moved
