"""From polygons to lines of text: the ways in which a line is read, and which of them is believed."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from textsearch.chains import band, chains
from textsearch.geometry import is_vertical, rectify, side_lengths, slice_along, turned
from textsearch.lattice import Lattice
from textsearch.options import EncoderOptions
from textsearch.stacked import letters_side_by_side
from textsearch.types import ByteArray, FloatArray

STRIP_HEIGHT = 48
"""Height of a strip of text as the recogniser reads it, pixels."""

_STRIP_STEP = 32
"""Strips are padded to a multiple of this many pixels, so that few shapes occur."""

_LETTERS_TO_TURN = 3
"""A line of fewer letters is not read upside down: most are specks, and cost more than they bring."""

_CLEARLY = 0.1
"""Least gain in mean probability for an unlikely direction to be believed: text stands upright more often than not."""

_STRETCH = 1.5
"""How much wider an unsure line is read again: letters that are narrow, or seen from the side, else share frames."""

_STRETCHED_SURER = 0.05
"""Least gain in mean probability for the stretched line to be taken."""

_AT_THE_END = 0.8
"""A letter this near to the end of a line, in distances between letters, may have another one behind it."""

_LESS_SURE = 0.05
"""Greatest loss in mean probability for the line with more letters to be taken."""

_FRAGMENT = 2
"""A chain without a part of so few letters is not read: whole words stand beside each other everywhere."""

_KEPT_LETTERS = 0.7
"""Parts that are read as one have at least this part of their letters together."""

_SURELY_ONE, _LESS_SURE_AS_ONE = 0.7, 0.15
"""Least mean probability of what is read as one, and its greatest loss against the parts."""


class Recogniser(Protocol):
    """Reads strips of text."""

    def read(self, strips: ByteArray) -> tuple[FloatArray, FloatArray]:
        """Read B strips of one width.

        Args:
            strips: (B, 48, W, 3) uint8 RGB, W a multiple of 8.

        Returns:
            Frames (B, W / 8, F) float32 and the class probabilities of each frame, (B, W / 8, C) float32.
        """
        ...


@dataclass(frozen=True, eq=False)
class Line:
    """One line of text as the recogniser saw it.

    Attributes:
        polygon: (2K, 2) float32, ordered, photo pixels: K points along the top of the text, K back along its bottom.
        score: the detector's confidence.
        frames: (T, F) float32, the recogniser's features.
        probabilities: (T, C) float32, class probabilities.
    """

    polygon: FloatArray
    score: float
    frames: FloatArray
    probabilities: FloatArray

    @cached_property
    def best(self) -> NDArray[np.int64]:
        """Return the best path: the likeliest class of each frame, (T,) int64."""
        return np.asarray(self.probabilities.argmax(axis=1), np.int64)

    @cached_property
    def confidence(self) -> float:
        """Return the mean probability of the letters on the best path, 0 if there is none."""
        sure = self.probabilities.max(axis=1)[self.best > 0]
        return float(sure.mean()) if len(sure) else 0.0


class LineReader:
    """Reads lines of text.

    Args:
        recogniser: reads strips.
        space: class id of the space.
        options: see `EncoderOptions`.
    """

    def __init__(self, recogniser: Recogniser, space: int, options: EncoderOptions) -> None:
        self.recogniser = recogniser
        self.space = space
        self.options = options

    def read(self, image: ByteArray, polygons: Sequence[FloatArray], scores: FloatArray) -> list[Line]:
        """Read N ordered polygons of an image, each in the direction in which it reads best.

        Returns:
            N lines, then those that were read through several polygons as one.
        """
        lines = [self._read_line(image, polygon, float(score)) for polygon, score in zip(polygons, scores, strict=True)]
        return lines + self._read_chains(image, lines) if self.options.apart else lines

    def _read_chains(self, image: ByteArray, lines: Sequence[Line]) -> list[Line]:
        """Read regions that may be parts of one word as one line; return what is believed."""
        read = []
        for chain in chains([line.polygon for line in lines], self.options.apart):
            parts = [lines[place] for place in chain]
            if min(self.letters(part) for part in parts) > _FRAGMENT:
                continue
            polygon = band([part.polygon for part in parts], self.options.detection.bend)
            if polygon is None:
                continue
            line = self._read_line(image, polygon, float(np.mean([part.score for part in parts])))
            if self._is_one(parts, line):
                read.append(line)
        return read

    def _is_one(self, parts: Sequence[Line], line: Line) -> bool:
        """Return whether a line that was read through some parts is believed rather than that they are apart.

        Each of its words is made of two parts, on the average, and it has more letters than any of them alone.
        """
        letters = [self.letters(part) for part in parts]
        together = sum(letters)
        sure = sum(part.confidence * count for part, count in zip(parts, letters, strict=True)) / max(together, 1)
        words = sum(len(self.spans(part)) for part in parts)
        return (
            0 < 2 * len(self.spans(line)) <= words
            and self.letters(line) > max(letters)
            and self.letters(line) >= _KEPT_LETTERS * together
            and line.confidence >= max(_SURELY_ONE, sure - _LESS_SURE_AS_ONE)
        )

    def _read_line(self, image: ByteArray, polygon: FloatArray, score: float) -> Line:
        line = self._read_strip(image, polygon, score)
        vertical = is_vertical(polygon)
        if vertical:
            line = max(line, self._read_strip(image, turned(polygon), score), key=lambda line: line.confidence)
        if line.confidence >= self.options.unsure:
            return self._read_on(image, line)
        if vertical:
            stacked = self._read_stacked(image, polygon, score)
            if stacked is not None and stacked.confidence > line.confidence + _CLEARLY:
                return stacked
        elif self.letters(line) >= _LETTERS_TO_TURN:
            other = self._read_strip(image, turned(polygon), score)
            line = other if other.confidence > line.confidence + _CLEARLY else line
        stretched = self._read_strip(image, line.polygon, score, _STRETCH) if self.letters(line) else line
        if stretched.confidence > line.confidence + _STRETCHED_SURER:
            return self._read_on(image, stretched, _STRETCH)
        return self._read_on(image, line)

    def _read_on(self, image: ByteArray, line: Line, stretch: float = 1.0) -> Line:
        """Read a line again, lengthened where it seems cut off; return that if it has more letters, else the line."""
        cut = cut_off(line.best, self.space)
        if not self.options.further or not any(cut):
            return line
        along, across = side_lengths(line.polygon)
        by = self.options.further * across / max(along, 1.0)
        longer = slice_along(line.polygon, -by, 1 + by)
        ends = longer[[0, -1]].mean(axis=0), longer[[len(longer) // 2 - 1, len(longer) // 2]].mean(axis=0)
        # Beyond the edge of the photo there is nothing to read.
        size = image.shape[1::-1]
        before, after = (
            by if off and (end >= 0).all() and (end < size).all() else 0.0 for off, end in zip(cut, ends, strict=True)
        )
        if not (before or after):
            return line
        read = self._read_strip(image, slice_along(line.polygon, -before, 1 + after), line.score, stretch)
        more = self.letters(read) > self.letters(line)
        return read if more and read.confidence >= line.confidence - _LESS_SURE else line

    def _read_strip(self, image: ByteArray, polygon: FloatArray, score: float, stretch: float = 1.0) -> Line:
        strip = rectify(image, polygon, STRIP_HEIGHT, self.options.longest_strip, stretch)
        return Line(polygon, score, *read_strip(strip, self.recogniser))

    def _read_stacked(self, image: ByteArray, polygon: FloatArray, score: float) -> Line | None:
        """Read a column as upright letters below each other."""
        column = rectify(image, polygon, STRIP_HEIGHT, self.options.longest_strip)
        found = letters_side_by_side(column)
        if found is None:
            return None
        strip, start, stop = found
        return Line(slice_along(polygon, start, stop), score, *read_strip(strip, self.recogniser))

    def letters(self, line: Line) -> int:
        """Return the number of letters on the best path of a line."""
        begins = np.append(True, line.best[1:] != line.best[:-1])
        return int((begins & (line.best > 0) & (line.best != self.space)).sum())

    def spans(self, line: Line) -> list[tuple[int, int]]:
        """Return the frame spans (start, stop) of the words of a line."""
        return word_spans(line.probabilities, self.space, self.options.space_threshold)


def read_strip(strip: ByteArray, recogniser: Recogniser) -> tuple[FloatArray, FloatArray]:
    """Read one strip (48, W, 3) uint8 of any width.

    Returns:
        Frames (T, F) and class probabilities (T, C), float32; the T frames lie on the strip, none on its padding.
    """
    height, width = strip.shape[:2]
    padded = -(-width // _STRIP_STEP) * _STRIP_STEP
    batch = np.full((1, height, padded, 3), 127, np.uint8)
    batch[0, :, :width] = strip
    frames, probabilities = recogniser.read(batch)
    used = max(1, round(frames.shape[1] * width / padded))
    return frames[0, :used], probabilities[0, :used]


def word_of_strip(strip: ByteArray, recogniser: Recogniser) -> tuple[FloatArray, Lattice] | None:
    """Read a strip that shows one word, as training crops do.

    Returns:
        The frames (T, F) that its letters touch and their lattice; None if no letter was seen.
    """
    frames, probabilities = read_strip(strip, recogniser)
    if not (probabilities.argmax(axis=1) > 0).any():
        return None
    return within_letters(frames, probabilities)


def within_letters(frames: FloatArray, probabilities: FloatArray) -> tuple[FloatArray, Lattice]:
    """Return the frames (T, F) of one word that its letters touch, and their lattice.

    Blank margins would blur where in the word a letter stands.
    """
    first, last = letter_extent(probabilities.argmax(axis=1))
    inside = slice(int(first), math.ceil(last))
    return frames[inside], Lattice.from_probabilities(probabilities[inside])


def word_spans(probabilities: FloatArray, space: int, threshold: float) -> list[tuple[int, int]]:
    """Return the frame spans (start, stop) between spaces that hold at least one letter.

    Args:
        probabilities: (T, C) float32.
        space: class id of the space.
        threshold: a frame this sure of a space parts two words.
    """
    best = probabilities.argmax(axis=1)
    parting = probabilities[:, space] > threshold
    letters = (best > 0) & (best != space) & ~parting
    bounds = [-1, *np.nonzero(parting)[0].tolist(), len(parting)]
    return [(start + 1, stop) for start, stop in pairwise(bounds) if letters[start + 1 : stop].any()]


def letter_extent(best: NDArray[np.int64]) -> tuple[float, float]:
    """Return where the letters of a word begin and end, in frames, half a letter beyond the outer peaks.

    Args:
        best: (T,) int64, the best path of one word, 0 the blank; CTC puts a letter's peak near its middle.
    """
    peaks = np.nonzero(best)[0]
    if not len(peaks):
        return 0.0, float(len(best))
    half = max(1.0, _pitch(peaks) / 2)
    return max(0.0, peaks[0] + 0.5 - half), min(float(len(best)), peaks[-1] + 0.5 + half)


def cut_off(best: NDArray[np.int64], space: int) -> tuple[bool, bool]:
    """Return whether a line seems cut off at its start and at its end: a letter stands at the edge.

    Args:
        best: (T,) int64, its best path.
        space: class id of the space.
    """
    peaks = np.nonzero((best > 0) & (best != space))[0]
    if not len(peaks):
        return False, False
    near = _AT_THE_END * max(1.0, _pitch(peaks))
    return bool(peaks[0] < near), bool(len(best) - 1 - peaks[-1] < near)


def _pitch(peaks: NDArray[np.int64]) -> float:
    """Return the mean distance between letters, frames; 0 if there is but one."""
    return float(peaks[-1] - peaks[0]) / max(len(peaks) - 1, 1)
