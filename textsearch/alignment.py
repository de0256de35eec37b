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

from textsearch.alphabet import NOTHING, Alphabet, Spelling
from textsearch.lattice import ABSENT, STEPS_PER_NAT, Lattice, unpack_frames
from textsearch.types import FloatArray

MISSING = -8.0
"""Log-probability, relative to the frame's best, of a letter that the lattice did not keep."""

LOOK_ALIKE = 3.0
"""How much less probable than a letter that is read are those that look like it, natural logarithm. Above `-CERTAIN`:
they make no match exact."""

WORST = -8.0
"""No score is lower, so that one hopeless region does not dwarf the others."""

CERTAIN = -0.5
"""A word whose log-score is above this, not divided by its letters, counts as being there: the lattice holds it at odds
of 3 to 5 or better. Every part of such a word fits at least as well, so whoever types less finds no less.

On the development photos nine of ten photos that hold a word this certainly do show it, and of those between this and
twice as uncertain one in five."""

CHOICES = 5
"""Letters kept per frame, as many as a lattice keeps classes."""

NO_LETTER = np.uint16(0xFFFF)
"""Letter id that fills the places of a frame with fewer than CHOICES letters."""

_NO_COST = 255

_IMPOSSIBLE = np.float32(-1e9)

_SIDE_BY_SIDE = 4096
"""Lattices aligned at once: more of them do not fit into the processor's caches."""

_EMISSION = np.maximum(np.arange(256, dtype=np.float32) / -STEPS_PER_NAT, np.float32(MISSING))
_EMISSION[_NO_COST] = MISSING


_FREE = np.zeros((1, 1), np.float32)


@dataclass(frozen=True)
class Ends:
    """Where a word may begin and end: only with a region (a word of the photo), or anywhere within one."""

    starts_region: bool
    ends_region: bool

    def admits(self, spelling: Spelling) -> bool:
        """Return whether a word spelt like this can begin and end so: not within a symbol that others share."""
        return not (self.starts_region and spelling.cut_start) and not (self.ends_region and spelling.cut_end)


WHOLE, BEGINS, FINISHES, PART = Ends(True, True), Ends(True, False), Ends(False, True), Ends(False, False)


@dataclass(frozen=True, eq=False)
class LatticeBatch:
    """N lattices one after the other, folded to letters.

    Attributes:
        letters: (F, CHOICES) uint16, folded ids of each frame, most probable first; NO_LETTER fills up.
        costs: (F, CHOICES) uint8, how much less probable than the frame's best class, in steps of 1/STEPS_PER_NAT.
        starts: (N + 1,) int64, lattice n holds the frames starts[n] to starts[n + 1].
        region_starts: frames with which regions begin, ascending, at least `starts`: a lattice may stand for a line
            of several regions.
    """

    letters: NDArray[np.uint16]
    costs: NDArray[np.uint8]
    starts: NDArray[np.int64]
    region_starts: NDArray[np.int64]

    @classmethod
    def of(cls, lattices: Sequence[Lattice], alphabet: Alphabet) -> LatticeBatch:
        """Fold lattices of an alphabet's classes."""
        starts = np.cumsum([0, *(len(lattice) for lattice in lattices)], dtype=np.int64)
        if not len(starts[1:]):
            return cls(np.zeros((0, CHOICES), np.uint16), np.zeros((0, CHOICES), np.uint8), starts, starts)
        classes = np.concatenate([lattice.classes for lattice in lattices])
        log_probabilities = np.concatenate([lattice.log_probabilities for lattice in lattices])
        return cls(*fold(classes, log_probabilities, alphabet), starts, starts)

    @classmethod
    def unpack(cls, packed: Sequence[bytes], alphabet: Alphabet) -> LatticeBatch:
        """Unpack and fold lattices that `Lattice.to_bytes` packed."""
        classes, log_probabilities, lengths = unpack_frames(packed)
        starts = np.cumsum([0, *lengths.tolist()], dtype=np.int64)
        return cls(*fold(classes, log_probabilities, alphabet), starts, starts)

    def __len__(self) -> int:
        """Return the number of lattices N."""
        return len(self.starts) - 1

    def emissions(self, ids: NDArray[np.int32]) -> NDArray[np.uint8]:
        """Return (L, F) uint8: what each of L letters costs at each frame, _NO_COST where it is not kept."""
        emitted = np.full((len(ids), len(self.letters)), _NO_COST, np.uint8)
        for choice in range(CHOICES):
            letters, costs = self.letters[:, choice], self.costs[:, choice]
            for row, letter in zip(emitted, ids.tolist(), strict=True):
                np.copyto(row, costs, where=letters == letter)
        return emitted


def fold(
    classes: NDArray[np.int32], log_probabilities: FloatArray, alphabet: Alphabet
) -> tuple[NDArray[np.uint16], NDArray[np.uint8]]:
    """Return letters and costs (F, CHOICES), as in LatticeBatch, of frames.

    Args:
        classes: (F, K) int32, best first, ABSENT fills up.
        log_probabilities: (F, K) float32.
        alphabet: the classes.
    """
    absent = classes == ABSENT
    letters = np.where(absent, np.int32(NO_LETTER), alphabet.symbols[classes])
    probabilities = np.exp(log_probabilities - log_probabilities[:, :1])
    probabilities[absent] = 0.0
    for later in range(1, letters.shape[1]):
        for earlier in range(later):
            same = letters[:, earlier] == letters[:, later]
            probabilities[:, earlier] += np.where(same, probabilities[:, later], 0)
            probabilities[same, later] = 0.0
    letters[probabilities <= 0] = np.int32(NO_LETTER)
    order = np.argsort(-probabilities, axis=1, kind="stable")[:, :CHOICES]
    kept = np.take_along_axis(np.maximum(probabilities, np.float32(1e-9)), order, axis=1)
    costs = np.clip(np.round(np.log(np.minimum(kept, 1.0)) * -STEPS_PER_NAT), 0, _NO_COST - 1)
    return _with_look_alikes(np.take_along_axis(letters, order, axis=1), costs.astype(np.int32), alphabet)


def _with_look_alikes(
    letters: NDArray[np.int32], costs: NDArray[np.int32], alphabet: Alphabet
) -> tuple[NDArray[np.uint16], NDArray[np.uint8]]:
    """Give every frame, where it has room, the letters that look like those it holds.

    Args:
        letters: (F, CHOICES) int32, NO_LETTER fills up.
        costs: (F, CHOICES) int32.
        alphabet: whose letters look alike.
    """
    penalty = round(LOOK_ALIKE * STEPS_PER_NAT)
    costs[letters == NO_LETTER] = _NO_COST
    for group in alphabet.look_alikes:
        frames = np.nonzero(np.isin(letters, group).any(axis=1))[0]
        mine, my_costs = letters[frames], costs[frames]
        read = np.stack([np.where(mine == letter, my_costs, _NO_COST).min(axis=1) for letter in group], axis=1)
        likely = np.minimum(read, read.min(axis=1, keepdims=True) + penalty)
        others = np.where(np.isin(mine, group), _NO_COST, my_costs)
        all_costs = np.concatenate([others, likely], axis=1)
        all_letters = np.concatenate([mine, np.broadcast_to(group, likely.shape)], axis=1)
        order = np.argsort(all_costs, axis=1, kind="stable")[:, :CHOICES]
        costs[frames] = np.take_along_axis(all_costs, order, axis=1)
        letters[frames] = np.take_along_axis(all_letters, order, axis=1)
    letters[costs >= _NO_COST] = np.int32(NO_LETTER)
    return letters.astype(np.uint16), costs.astype(np.uint8)


@dataclass(frozen=True, eq=False)
class Alignment:
    """How one word of L letters fits N lattices.

    Attributes:
        whole: (N,) float32, log-score of the word being all the text of the region, over L; at most 0.
        part: (N,) float32, the same for the word being some contiguous part of it.
        letters: L.
    """

    whole: FloatArray
    part: FloatArray
    letters: int = 1


def align(word: NDArray[np.int32], batch: LatticeBatch) -> Alignment:
    """Align one word with every lattice of a batch, as a whole and as a part.

    Args:
        word: (L,) int32, folded ids of its letters, L >= 1.
        batch: N lattices.
    """
    whole, part = np.maximum(align_ends(word, batch, (WHOLE, PART)) / len(word), np.float32(WORST))
    return Alignment(whole, part, len(word))


def align_ends(word: NDArray[np.int32], batch: LatticeBatch, ends: Sequence[Ends]) -> FloatArray:
    """Return (E, N) float32: the log-score, not divided by L, of a word for each of E ways to begin and end.

    Args:
        word: (L,) int32, folded ids of its letters, L >= 1.
        batch: N lattices.
        ends: E ways.
    """
    totals = np.empty((len(ends), len(batch)), np.float32)
    emitted = _emitted(word, batch)
    # The longest first: those that still go on at a frame are then the first so many.
    order = np.argsort(-np.diff(batch.starts), kind="stable")
    for start in range(0, len(order), _SIDE_BY_SIDE):
        chosen = order[start : start + _SIDE_BY_SIDE]
        course = _Course(emitted, batch, chosen)
        for row, way in zip(totals, ends, strict=True):
            row[chosen] = _Paths(word, course, way).run()
    return totals


def locate(
    spellings: Sequence[Spelling], batch: LatticeBatch, way: Ends
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return the first and one past the last frame (N,) int64, within each lattice, of a word's best alignment.

    Args:
        spellings: how it may be written, one at least that the way admits.
        batch: N lattices, each of one frame at least.
        way: where it begins and ends.
    """
    order = np.argsort(-np.diff(batch.starts), kind="stable")
    first, stop = np.zeros(len(order), np.int64), np.zeros(len(order), np.int64)
    best = np.full(len(order), -np.inf, np.float32)
    for word in (spelling.symbols for spelling in spellings if way.admits(spelling)):
        paths = _TracedPaths(word, _Course(_emitted(word, batch), batch, order), way)
        better = paths.run() > best[order]
        chosen = order[better]
        first[chosen], stop[chosen], best[chosen] = paths.first[better], paths.stop[better], paths.best[better]
    return first, stop


def _emitted(word: NDArray[np.int32], batch: LatticeBatch) -> NDArray[np.uint8]:
    """Return (L + 1, F) uint8: what each letter and, last, no letter costs at each frame."""
    letters, inverse = np.unique(np.append(word, NOTHING), return_inverse=True)
    return batch.emissions(letters.astype(np.int32))[inverse]


class _Course:
    """The frames of M lattices, the longest first, in the order in which they are gone through: side by side.

    Args:
        emitted: (L + 1, F) uint8, costs of a word's letters at all frames of the batch.
        batch: lattices.
        order: (M,) int64, which of them, the longest first.
    """

    def __init__(self, emitted: NDArray[np.uint8], batch: LatticeBatch, order: NDArray[np.int64]) -> None:
        starts = batch.starts[order]
        lengths = batch.starts[order + 1] - starts
        self.count = len(order)
        self.several = len(batch.region_starts) > len(batch.starts)
        steps = np.arange(int(lengths.max(initial=0)))
        # How many lattices go on at each frame.
        self.going = len(order) - np.searchsorted(lengths[::-1], steps, side="right")
        frames = (starts[None, :] + steps[:, None])[steps[:, None] < lengths[None, :]]
        self.emission = _EMISSION[emitted[:, frames]]
        is_start = np.zeros(len(batch.letters) + 1, bool)
        is_start[batch.region_starts] = True
        is_start[batch.starts] = True
        self.starts_region = np.where(is_start[frames], np.float32(0), _IMPOSSIBLE)
        self.ends_region = np.where(is_start[frames + 1], np.float32(0), _IMPOSSIBLE)


class _Paths:
    """The best paths of one word through M lattices.

    As in CTC, gap i stands before letter i and the last gap after all of them. A gap may be skipped between two
    different letters; from gap to gap a letter may be left out, which costs as much as one that the lattice does not
    hold.

    Args:
        word: (L,) int32.
        course: of the lattices.
        way: where the word begins and ends.
    """

    def __init__(self, word: NDArray[np.int32], course: _Course, way: Ends) -> None:
        self.course = course
        self.way = way
        self.letter_skip = np.where(word[1:] != word[:-1], np.float32(0), _IMPOSSIBLE)[:, None]
        # What it costs to leave out so many letters at the beginning; backwards, at the end.
        self.left_out = np.float32(MISSING) * np.arange(len(word) + 1, dtype=np.float32)[:, None]
        self.letters = np.full((len(word), course.count), _IMPOSSIBLE, np.float32)
        self.gaps = np.full((len(word) + 1, course.count), _IMPOSSIBLE, np.float32)
        self.best = np.full(course.count, _IMPOSSIBLE, np.float32)

    def run(self) -> FloatArray:
        """Go through all frames; return the best log-score (M,) float32."""
        course = self.course
        going = [*course.going.tolist(), 0]
        start = 0
        for frame, count in enumerate(going[:-1]):
            now = slice(start, start + count)
            start += count
            self.letters, self.gaps = self._step(count)
            if not self.way.starts_region:
                self._begin(self.letters[:1], 0, _FREE, frame)
            elif frame == 0 or course.several:
                self._begin(self.letters, 0, self.left_out[:-1] + course.starts_region[now], frame)
                self._begin(self.gaps, 1, self.left_out + course.starts_region[now], frame)
            self.letters += course.emission[:-1, now]
            self.gaps += course.emission[-1, now]
            if not self.way.ends_region:
                self._end(slice(0, count), self.letters[-1:], 0, frame)
                continue
            # A lattice of one region ends with its last frame; in a line, regions may end at any.
            ending = slice(0 if course.several else going[frame + 1], count)
            if ending.start < ending.stop:
                barred = course.ends_region[now][ending]
                self._end(ending, self.letters[:, ending] + self.left_out[-2::-1] + barred, 0, frame)
                self._end(ending, self.gaps[:, ending] + self.left_out[::-1] + barred, 1, frame)
        return self.best

    def _step(self, count: int) -> tuple[FloatArray, FloatArray]:
        """Return the letters and gaps of the first `count` lattices one frame on: every path stays or goes on."""
        letters, gaps = self.letters[:, :count], self.gaps[:, :count]
        new_letters = np.maximum(letters, gaps[:-1])
        np.maximum(new_letters[1:], letters[:-1] + self.letter_skip, out=new_letters[1:])
        new_gaps = gaps.copy()
        np.maximum(new_gaps[1:], letters, out=new_gaps[1:])
        np.maximum(new_gaps[1:], gaps[:-1] + np.float32(MISSING), out=new_gaps[1:])
        return new_letters, new_gaps

    def _begin(self, states: FloatArray, kind: int, begin: FloatArray, frame: int) -> None:
        """Let paths begin in the first states, letters (kind 0) or gaps (1), where that is better than going on."""
        np.maximum(states, begin, out=states)

    def _end(self, lattices: slice, ended: FloatArray, kind: int, frame: int) -> None:
        """Let paths of some lattices end in the last states, letters (kind 0) or gaps (1), and keep the best."""
        best = self.best[lattices]
        np.maximum(best, ended[0] if len(ended) == 1 else ended.max(axis=0), out=best)


class _TracedPaths(_Paths):
    """Paths that remember where they begin and end.

    Attributes:
        first: (M,) int64, the frame with which the best path begins.
        stop: (M,) int64, one past the frame with which it ends.
    """

    def __init__(self, word: NDArray[np.int32], course: _Course, way: Ends) -> None:
        super().__init__(word, course, way)
        self.first = np.zeros(course.count, np.int64)
        self.stop = np.zeros(course.count, np.int64)
        self.origins = [np.zeros(self.letters.shape, np.int64), np.zeros(self.gaps.shape, np.int64)]

    def _step(self, count: int) -> tuple[FloatArray, FloatArray]:
        letters, gaps = self.letters[:, :count], self.gaps[:, :count]
        from_letter, from_gap = (origin[:, :count] for origin in self.origins)
        new_letters, new_gaps = letters.copy(), gaps.copy()
        self.origins = [from_letter.copy(), from_gap.copy()]
        moves = (
            (new_letters, self.origins[0], gaps[:-1], from_gap[:-1]),
            (new_letters[1:], self.origins[0][1:], letters[:-1] + self.letter_skip, from_letter[:-1]),
            (new_gaps[1:], self.origins[1][1:], letters, from_letter),
            (new_gaps[1:], self.origins[1][1:], gaps[:-1] + np.float32(MISSING), from_gap[:-1]),
        )
        for scores, origins, others, other_origins in moves:
            np.copyto(origins, other_origins, where=others > scores)
            np.maximum(scores, others, out=scores)
        return new_letters, new_gaps

    def _begin(self, states: FloatArray, kind: int, begin: FloatArray, frame: int) -> None:
        self.origins[kind][: len(states)][begin > states] = frame
        super()._begin(states, kind, begin, frame)

    def _end(self, lattices: slice, ended: FloatArray, kind: int, frame: int) -> None:
        better = np.nonzero(ended.max(axis=0) > self.best[lattices])[0]
        states = ended.argmax(axis=0)[better] + len(self.origins[kind]) - len(ended)
        places = better + lattices.start
        self.first[places] = self.origins[kind][states, places]
        self.stop[places] = frame + 1
        super()._end(lattices, ended, kind, frame)
