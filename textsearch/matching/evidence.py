"""Where the letters of a query may be: which regions and lines are worth a look, and how well each fits."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from textsearch.alignment import CERTAIN, PART, WHOLE, WORST, Alignment, Ends, LatticeBatch, align_ends
from textsearch.alphabet import Alphabet, Spelling
from textsearch.index.folder import IndexFolder
from textsearch.index.readings import Readings
from textsearch.index.signatures import Signatures, holding, lacking_few, word_bits
from textsearch.matching.found import Found
from textsearch.matching.plan import Target
from textsearch.rerank import Scores, letter_fit, score, score_anchored, score_crossing
from textsearch.types import FloatArray

NEIGHBOURS = 200
"""Regions per word that the vectors propose."""

_MISREAD = 300
"""Regions per word that the letters propose although some are missing."""

_LONG_WORD = 5
"""From so many letters on a misread one leaves enough pairs of letters to be proposed by."""

_PAIRS_OF_A_LETTER = 2
"""Pairs of letters that one misread letter takes away."""

_FEW = 2_000
"""So few regions that fulfil a condition are all scored."""

_PORTION = 50_000
"""Regions or lines aligned at once; bounds the memory."""

_CROSSING_FIT = -0.6
"""Letters that run on into the next region are taken into account from this log-score per letter on."""

_GAIN = 0.05
"""By how much better per letter they must fit than within one region of the line."""


class Evidence:
    """Scores targets against an index as it is now.

    Args:
        index: where to search.
        alphabet: of the network that made it.
        targets: T things to look for.
        vectors: (T, D) float32, unit vectors.
        exhaustive: whether to score every region.
        allowed: ids of the images that matter; None for all.
    """

    def __init__(
        self,
        index: IndexFolder,
        alphabet: Alphabet,
        targets: Sequence[Target],
        vectors: FloatArray,
        exhaustive: bool,
        allowed: Collection[int] | None = None,
    ) -> None:
        self.index = index
        self.alphabet = alphabet
        self.readings: Readings = index.readings(alphabet)
        self.targets = tuple(targets)
        self.vectors = vectors
        self.exhaustive = exhaustive
        self._shapes = alphabet.shapes
        self._allowed = None if allowed is None else np.isin(self.readings.image_ids, list(allowed))
        self._spellings = [alphabet.spellings(target.word, self.readings.present) for target in self.targets]
        if exhaustive:
            everywhere = np.arange(len(self.readings)) if self._allowed is None else np.flatnonzero(self._allowed)
            self._proposed = [everywhere] * len(self.targets)
        else:
            near = self._near()
            self._proposed = [self._proposals(spellings, near) for spellings in self._spellings]

    def found(self, target: Target) -> Found:
        """Return where a target may be, in regions and in lines."""
        number = self.targets.index(target)
        within, fits = self._in_regions(target, number)
        if self._length(number) < 2:
            return within
        crossing = self._in_lines(target, number, fits)
        return Found.merged([within, crossing]) if len(crossing) else within

    def _length(self, number: int) -> int:
        """Return how many letters a target has."""
        return len(self._spellings[number][0].symbols)

    def _near(self) -> NDArray[np.int64]:
        """Return the places of the regions that the vectors propose for any target."""
        count = NEIGHBOURS
        if self._allowed is not None:
            chosen = np.flatnonzero(self._allowed)
            if len(chosen) <= _FEW:
                return chosen
            # So many of all regions that about as many as otherwise are among those that matter.
            count = NEIGHBOURS * len(self.readings) // len(chosen)
        ids, _ = self.index.nearest(self.vectors, count)
        places = self.readings.places(np.unique(ids))
        return self._that_matter(places[places >= 0])

    def _that_matter(self, places: NDArray[np.int64]) -> NDArray[np.int64]:
        return places if self._allowed is None else places[self._allowed[places]]

    def _proposals(self, spellings: Sequence[Spelling], near: NDArray[np.int64]) -> NDArray[np.int64]:
        """Return the places of the regions worth scoring for a word, ascending."""
        bits = [word_bits(self._shapes[spelling.symbols]) for spelling in spellings]
        proposals = [near, *(self._that_matter(holding(self.readings.signatures, own)) for own in bits)]
        if len(spellings[0].symbols) >= _LONG_WORD:
            proposals.append(self._misread(bits[0]))
        return np.unique(np.concatenate(proposals))

    def _misread(self, bits: NDArray[np.int64]) -> NDArray[np.int64]:
        """Return the places of the regions that lack the fewest of a word's bits, but some."""
        places, lacking = lacking_few(self.readings.signatures, bits, _PAIRS_OF_A_LETTER)
        if self._allowed is not None:
            kept = self._allowed[places]
            places, lacking = places[kept], lacking[kept]
        return places[np.argsort(lacking, kind="stable")[:_MISREAD]]

    @cached_property
    def _cosines(self) -> list[FloatArray]:
        """Return the cosines of each target with the regions proposed for it."""
        places = np.unique(np.concatenate(self._proposed))
        # All at once: every vector is read only once.
        cosines = self.index.similarities(self.vectors, self.readings.region_ids[places])
        return [row[np.searchsorted(places, own)] for row, own in zip(cosines, self._proposed, strict=True)]

    def _in_regions(self, target: Target, number: int) -> tuple[Found, FloatArray]:
        """Return the regions in which a target may be, and how well its letters fit each as a part, per letter."""
        spellings, places, cosines = self._spellings[number], self._proposed[number], self._cosines[number]
        ways = (WHOLE, PART) if target.is_plain else (target.ends,)
        fits = self._aligned(spellings, places, ways, self.readings.region_lattices, self.readings.signatures)
        sureness = self.readings.text_scores[places]
        if target.is_plain:
            alignment = Alignment(fits[0], fits[1], self._length(number))
            scores, whole = score(cosines, alignment, sureness), letter_fit(alignment) <= alignment.whole
        else:
            scores, whole = score_anchored(fits[0], self._length(number), sureness), np.zeros(len(places), bool)
        return self._table(target, places, places, scores, cosines, whole), fits[-1]

    def _in_lines(self, target: Target, number: int, fits: FloatArray) -> Found:
        """Return the lines in which a target may run on from one region into the next.

        Lines in which it surely lies within one region are not among them. A row stands for the whole line: where in it
        the letters are is found out for what is shown.
        """
        readings, spellings = self.readings, self._spellings[number]
        certain = CERTAIN / self._length(number)
        within = np.full(len(readings.line_starts) - 1, WORST, np.float32)
        np.maximum.at(within, readings.lines[self._proposed[number]], fits)
        proposed = within < certain
        proposed &= np.diff(readings.line_starts) > 1
        if self._allowed is not None:
            proposed &= self._allowed[readings.line_starts[:-1]]
        if not self.exhaustive:
            holds = np.zeros(len(proposed), bool)
            for spelling in spellings:
                holds[holding(readings.line_signatures, word_bits(self._shapes[spelling.symbols]))] = True
            proposed &= holds
        lines = np.nonzero(proposed)[0]
        way = PART if target.is_plain else target.ends
        (part,) = self._aligned(spellings, lines, (way,), readings.line_lattices, readings.line_signatures)
        runs_on = (part > _CROSSING_FIT) & ((part > within[lines] + _GAIN) | (part >= certain))
        lines, part = lines[runs_on], part[runs_on]
        sureness = self._line_scores[lines]
        if target.is_plain:
            (whole,) = self._aligned(spellings, lines, (WHOLE,), readings.line_lattices, readings.line_signatures)
            scores = score_crossing(Alignment(whole, part, self._length(number)), sureness)
            is_whole = whole >= part
        else:
            scores, is_whole = score_anchored(part, self._length(number), sureness), np.zeros(len(lines), bool)
        first, last = readings.line_starts[lines], readings.line_starts[lines + 1] - 1
        return self._table(target, first, last, scores, np.full(len(lines), np.nan, np.float32), is_whole)

    @cached_property
    def _line_scores(self) -> FloatArray:
        """Return the mean of the regions' text scores for each line, (M,) float32."""
        starts = self.readings.line_starts
        if not len(self.readings):
            return np.zeros(0, np.float32)
        return np.asarray(np.add.reduceat(self.readings.text_scores, starts[:-1]) / np.diff(starts), np.float32)

    def _aligned(
        self,
        spellings: Sequence[Spelling],
        places: NDArray[np.int64],
        ways: Sequence[Ends],
        lattices: Callable[[NDArray[np.int64]], LatticeBatch],
        stored: Signatures,
    ) -> FloatArray:
        """Return the log-scores per letter (E, N) of a word in regions or lines, portion by portion."""
        plain, *others = spellings
        fits = np.empty((len(ways), len(places)), np.float32)
        for start in range(0, len(places), _PORTION):
            portion = slice(start, start + _PORTION)
            fits[:, portion] = align_ends(plain.symbols, lattices(places[portion]), ways)
        for spelling in others:
            # Symbols that stand for several letters are rare: only what holds them is aligned once more.
            rare = np.setdiff1d(spelling.symbols, plain.symbols)
            bits = np.unique(np.concatenate([word_bits(self._shapes[rare[n : n + 1]]) for n in range(len(rare))]))
            rows = holding(stored[:, places], bits)
            admitted = [number for number, way in enumerate(ways) if way.admits(spelling)]
            if len(rows) and admitted:
                again = align_ends(spelling.symbols, lattices(places[rows]), [ways[number] for number in admitted])
                for number, own in zip(admitted, again, strict=True):
                    fits[number, rows] = np.maximum(fits[number, rows], own)
        return np.asarray(np.maximum(fits / len(plain.symbols), WORST), np.float32)

    def _table(
        self,
        target: Target,
        first: NDArray[np.int64],
        last: NDArray[np.int64],
        scores: Scores,
        cosines: FloatArray,
        whole: NDArray[np.bool_],
    ) -> Found:
        count = len(first)
        return Found(
            targets=(target,),
            which=np.zeros(count, np.int64),
            first=first,
            last=last,
            images=self.readings.image_ids[first],
            values=scores.values,
            kinds=scores.kinds,
            whole=whole,
            similarity=cosines,
            fit=scores.lattice,
            extent=np.full((count, 2), np.nan, np.float32),
        )
