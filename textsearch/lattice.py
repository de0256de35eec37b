"""The character lattice: what the recogniser believed at every frame, kept instead of one transcript.

A frame is one step of the recogniser along the text (8 pixels of a crop 48 pixels high). For each frame the lattice
keeps the few most probable classes. A misread letter is still in there, one rank lower, where a transcript loses it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

MAXIMUM_CHOICES = 5
"""Classes kept per frame at most."""

MINIMUM_PROBABILITY = 0.002
"""A class below this probability is not kept."""

STEPS_PER_NAT = 32
"""Resolution of a stored log-probability: 1/32 nat, so 255 steps reach e^-8, below MINIMUM_PROBABILITY."""

ABSENT = -1
"""Class id that fills the places of a frame with fewer than MAXIMUM_CHOICES classes."""


@dataclass(frozen=True, eq=False)
class Lattice:
    """The most probable character classes of each frame of one text region.

    Attributes:
        classes: (T, K) int32, class ids of the recogniser's alphabet, best first; ABSENT fills short frames.
        log_probabilities: (T, K) float32, natural logarithms, -inf where the class is ABSENT.
    """

    classes: NDArray[np.int32]
    log_probabilities: NDArray[np.float32]

    def __len__(self) -> int:
        """Return the number of frames T."""
        return len(self.classes)

    def __eq__(self, other: object) -> bool:
        """Return whether both lattices hold the same classes and probabilities."""
        if not isinstance(other, Lattice):
            return NotImplemented
        return np.array_equal(self.classes, other.classes) and np.array_equal(
            self.log_probabilities, other.log_probabilities
        )

    __hash__ = None  # type: ignore[assignment]

    def slice(self, start: int, stop: int) -> Lattice:
        """Return frames start to stop (exclusive) as a lattice of their own."""
        return Lattice(self.classes[start:stop], self.log_probabilities[start:stop])

    def to_bytes(self) -> bytes:
        """Pack into about 5 bytes a frame: the counts (T,) uint8, then classes uint16, then log-probabilities uint8."""
        present = self.classes != ABSENT
        counts = present.sum(axis=1).astype(np.uint8)
        quantised = np.clip(np.round(-self.log_probabilities[present] * STEPS_PER_NAT), 0, 255).astype(np.uint8)
        header = len(self).to_bytes(2, "little")
        parts = (counts.tobytes(), self.classes[present].astype("<u2").tobytes(), quantised.tobytes())
        return header + b"".join(parts)

    @classmethod
    def from_bytes(cls, data: bytes) -> Lattice:
        """Unpack what `to_bytes` packed; for a single one five times as fast as `unpack_frames`.

        Raises:
            ValueError: the bytes are not a whole lattice.
        """
        if len(data) < 2:
            raise ValueError("a packed lattice has at least 2 bytes")
        frames = int(np.frombuffer(data, "<u2", 1)[0])
        counts = np.frombuffer(data, np.uint8, frames, 2)
        total = int(counts.sum())
        if len(data) != 2 + frames + 3 * total:
            raise ValueError(f"a packed lattice of {frames} frames and {total} classes has another length")
        present = np.arange(MAXIMUM_CHOICES)[None, :] < counts[:, None]
        classes = np.full((frames, MAXIMUM_CHOICES), ABSENT, np.int32)
        log_probabilities = np.full((frames, MAXIMUM_CHOICES), -np.inf, np.float32)
        classes[present] = np.frombuffer(data, "<u2", total, 2 + frames)
        quantised = np.frombuffer(data, np.uint8, total, 2 + frames + 2 * total)
        log_probabilities[present] = quantised.astype(np.float32) / -STEPS_PER_NAT
        return cls(classes, log_probabilities)

    @classmethod
    def from_probabilities(cls, probabilities: NDArray[np.float32]) -> Lattice:
        """Keep the best classes of each frame.

        Args:
            probabilities: (T, C) float32, each row a distribution over the recogniser's C classes.
        """
        frames = len(probabilities)
        classes = np.full((frames, MAXIMUM_CHOICES), ABSENT, np.int32)
        log_probabilities = np.full((frames, MAXIMUM_CHOICES), -np.inf, np.float32)
        # A comparison over all classes is many times faster than a partial sort: few survive it.
        rows, columns = np.nonzero(probabilities >= MINIMUM_PROBABILITY)
        values = probabilities[rows, columns]
        order = np.lexsort((-values, rows))
        rows, columns, values = rows[order], columns[order], values[order]
        rank = np.arange(len(rows)) - np.searchsorted(rows, rows)
        kept = rank < MAXIMUM_CHOICES
        classes[rows[kept], rank[kept]] = columns[kept]
        log_probabilities[rows[kept], rank[kept]] = np.log(np.minimum(values[kept], 1.0))
        return cls(classes, log_probabilities)


def unpack_frames(packed: Sequence[bytes]) -> tuple[NDArray[np.int32], NDArray[np.float32], NDArray[np.int64]]:
    """Unpack many lattices that `Lattice.to_bytes` packed, in one go.

    Returns:
        Classes (F, MAXIMUM_CHOICES) int32 and log-probabilities (F, MAXIMUM_CHOICES) float32 of all their frames, one
        lattice after the other, as in `Lattice`; the number of frames of each, (N,) int64.

    Raises:
        ValueError: the bytes are not whole lattices.
    """
    sizes = np.array([len(data) for data in packed], np.int64)
    if (sizes < 2).any():
        raise ValueError("a packed lattice has at least 2 bytes")
    joined = np.frombuffer(b"".join(packed), np.uint8)
    begins = np.cumsum(sizes) - sizes
    frames = joined[begins].astype(np.int64) + 256 * joined[begins + 1].astype(np.int64)
    if (frames + 2 > sizes).any():
        raise ValueError("a packed lattice has fewer bytes than frames")
    counts = joined[ranges(begins + 2, frames)].astype(np.int64)
    ends = np.concatenate([[0], np.cumsum(counts)])[np.concatenate([[0], np.cumsum(frames)])]
    totals = np.diff(ends)
    if (sizes != 2 + frames + 3 * totals).any() or (counts > MAXIMUM_CHOICES).any():
        raise ValueError("a packed lattice has another length than its counts say")
    low = ranges(begins + 2 + frames, 2 * totals).reshape(-1, 2)[:, 0]
    present = np.arange(MAXIMUM_CHOICES)[None, :] < counts[:, None]
    classes = np.full(present.shape, ABSENT, np.int32)
    log_probabilities = np.full(present.shape, -np.inf, np.float32)
    classes[present] = joined[low] + 256 * joined[low + 1].astype(np.int32)
    quantised = joined[ranges(begins + 2 + frames + 2 * totals, totals)]
    log_probabilities[present] = quantised.astype(np.float32) / -STEPS_PER_NAT
    return classes, log_probabilities, frames


def ranges(begins: NDArray[np.int64], counts: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return begins[0], begins[0] + 1, ..., begins[0] + counts[0] - 1, begins[1], ... of runs one after the other."""
    offsets = np.cumsum(counts) - counts
    return np.asarray(np.arange(int(counts.sum())) + np.repeat(begins - offsets, counts), np.int64)
