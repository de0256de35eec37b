"""From a photo to its text regions: the one flow that every runtime shares.

The three networks (detector, recogniser, branches) are parts passed in, from ONNX Runtime or from torch; everything
between them, from the probability map to the vectors, is here.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from textsearch.alphabet import Alphabet
from textsearch.detection import decode
from textsearch.geometry import Fit, is_vertical, rectify, side_lengths, slice_along, turned
from textsearch.glance import even_out, unseen
from textsearch.lattice import Lattice
from textsearch.options import EncoderOptions
from textsearch.stacked import letters_side_by_side
from textsearch.types import ByteArray, FloatArray, Regions

STRIP_HEIGHT = 48
"""Height of a strip of text as the recogniser reads it, pixels."""

_STRIP_STEP = 32
"""Strips are padded to a multiple of this many pixels, so that few shapes occur."""

_LETTERS_TO_TURN = 3
"""A line of fewer frames with letters is not read upside down: most are specks, and cost more than they bring."""

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


class Detector(Protocol):
    """Tells where text is."""

    def probabilities(self, photo: ByteArray) -> FloatArray:
        """Return the probability of text, (H, W) float32, of one photo (H, W, 3) uint8 RGB, sides multiples of 32."""
        ...


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


class Embedder(Protocol):
    """Puts regions into the space they share with words."""

    @property
    def dimension(self) -> int: ...  # noqa: D102

    def regions(self, frames: Sequence[FloatArray], lattices: Sequence[Lattice]) -> FloatArray:
        """Return (N, D) float32 unit vectors of N regions from their frames (T, F) and lattices of T frames."""
        ...


@dataclass(frozen=True, eq=False)
class Line:
    """One detected line of text as the recogniser saw it.

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

    @property
    def letters(self) -> int:
        """Return the number of frames that show a letter."""
        return int((self.probabilities.argmax(axis=1) > 0).sum())

    @property
    def confidence(self) -> float:
        """Return the mean probability of the letters on the best path, 0 if there is none."""
        best = self.probabilities.max(axis=1)[self.probabilities.argmax(axis=1) > 0]
        return float(best.mean()) if len(best) else 0.0


@dataclass(frozen=True, eq=False)
class Word:
    """One word of a line: its polygon (2K, 2), frames (T, F), lattice of T frames, line number and confidence."""

    polygon: FloatArray
    frames: FloatArray
    lattice: Lattice
    line: int
    score: float


class Encoder:
    """Finds and encodes the text of photos.

    Args:
        detector: tells where text is.
        recogniser: reads strips.
        embedder: makes vectors.
        alphabet: the recogniser's classes.
        options: see `EncoderOptions`.
    """

    def __init__(
        self,
        detector: Detector,
        recogniser: Recogniser,
        embedder: Embedder,
        alphabet: Alphabet,
        options: EncoderOptions,
    ) -> None:
        self.detector = detector
        self.recogniser = recogniser
        self.embedder = embedder
        self.alphabet = alphabet
        self.options = options

    def encode_images(self, images: Sequence[ByteArray]) -> list[Regions]:
        """Find and encode the text in images, each (H, W, 3) uint8 RGB, upright."""
        return [self._encode_image(image) for image in images]

    def _encode_image(self, image: ByteArray) -> Regions:
        lines = self.read_lines(image, *self.detect(image))
        words = [word for number, line in enumerate(lines) for word in self.split(line, number)]
        lattices = tuple(word.lattice for word in words)
        height, width = image.shape[:2]
        readings = [self.transcribe(lattice) for lattice in lattices]
        embeddings = (
            self.embedder.regions([word.frames for word in words], lattices)
            if words
            else np.zeros((0, self.embedder.dimension), np.float32)
        )
        return Regions(
            width=width,
            height=height,
            polygons=tuple(word.polygon for word in words),
            scores=np.array([word.score for word in words], np.float32),
            texts=tuple(text for text, _ in readings),
            text_scores=np.array([score for _, score in readings], np.float32),
            lines=np.array([word.line for word in words], np.int32),
            embeddings=embeddings,
            lattices=lattices,
        )

    def detect(self, image: ByteArray) -> tuple[list[FloatArray], FloatArray]:
        """Find lines of text.

        Returns:
            N ordered polygons (2K, 2) float32 in photo pixels, and their scores (N,) float32.
        """
        height, width = image.shape[:2]
        longer_side = min(self.options.longer_side, round(self.options.enlarge * max(width, height)))
        fit = Fit.of(width, height, longer_side)
        polygons, scores = self._find(fit.resize(image), fit)
        if not self.options.glance:
            return polygons, scores
        fit = Fit.of(width, height, round(self.options.glance * longer_side))
        further, further_scores = self._find(even_out(fit.resize(image)), fit)
        new = unseen(further, polygons, width, height)
        return [*polygons, *(further[number] for number in new)], np.concatenate([scores, further_scores[new]])

    def _find(self, resized: ByteArray, fit: Fit) -> tuple[list[FloatArray], FloatArray]:
        """Return the lines of text in a resized photo, as `detect` does."""
        polygons, scores = decode(self.detector.probabilities(resized), self.options.detection)
        return [fit.to_photo(polygon) for polygon in polygons], scores

    def read_lines(self, image: ByteArray, polygons: Sequence[FloatArray], scores: FloatArray) -> list[Line]:
        """Read N ordered polygons of an image, each in the direction in which it reads best."""
        lines = [self._read_line(image, polygon, float(score)) for polygon, score in zip(polygons, scores, strict=True)]
        return [self._read_on(image, line) for line in lines] if self.options.further else lines

    def _read_line(self, image: ByteArray, polygon: FloatArray, score: float) -> Line:
        line = self._read(image, polygon, score)
        vertical = is_vertical(polygon)
        if vertical:
            line = max(line, self._read(image, turned(polygon), score), key=lambda line: line.confidence)
        if line.confidence >= self.options.unsure:
            return line
        other: Line | None = None
        if vertical:
            other = self._read_stacked(image, polygon, score)
        elif line.letters >= _LETTERS_TO_TURN:
            other = self._read(image, turned(polygon), score)
        if other is not None and other.confidence > line.confidence + _CLEARLY:
            line = other
        if not line.letters:
            return line
        stretched = self._read(image, line.polygon, score, _STRETCH)
        return stretched if stretched.confidence > line.confidence + _STRETCHED_SURER else line

    def _read_on(self, image: ByteArray, line: Line) -> Line:
        """Read a line again, lengthened where it seems cut off; return that if it has more letters, else the line."""
        before, after = cut_off(line.probabilities)
        if not (before or after):
            return line
        along, across = side_lengths(line.polygon)
        by = self.options.further * across / max(along, 1.0)
        polygon = slice_along(line.polygon, -by if before else 0.0, 1 + by if after else 1.0)
        longer = self._read(image, polygon, line.score)
        return longer if longer.letters > line.letters and longer.confidence >= line.confidence - _LESS_SURE else line

    def _read(self, image: ByteArray, polygon: FloatArray, score: float, stretch: float = 1.0) -> Line:
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

    def split(self, line: Line, number: int) -> list[Word]:
        """Cut a line into its words at the frames that are sure of a space."""
        words = []
        count = len(line.frames)
        for start, stop in word_spans(line.probabilities, self.alphabet.space, self.options.space_threshold):
            frames, probabilities = line.frames[start:stop], line.probabilities[start:stop]
            first, last = letter_extent(probabilities)
            polygon = slice_along(line.polygon, (start + first) / count, (start + last) / count)
            words.append(Word(polygon, *within_letters(frames, probabilities), number, line.score))
        return words

    def transcribe(self, lattice: Lattice) -> tuple[str, float]:
        """Return what a word's lattice says, and the mean probability of its letters, 0 where there is none."""
        best = lattice.classes[:, 0]
        letters = (best > 0) & (best != self.alphabet.space)
        score = float(np.exp(lattice.log_probabilities[letters, 0]).mean()) if letters.any() else 0.0
        return self.alphabet.decode(best.tolist()).strip(), score


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
    first, last = letter_extent(probabilities)
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


def letter_extent(probabilities: FloatArray) -> tuple[float, float]:
    """Return where the letters of a word begin and end, in frames, half a letter beyond the outer peaks.

    Args:
        probabilities: (T, C) float32, one word; CTC puts a letter's peak near its middle.
    """
    peaks = _peaks(probabilities)
    if not len(peaks):
        return 0.0, float(len(probabilities))
    half = max(1.0, _pitch(peaks) / 2)
    return max(0.0, peaks[0] + 0.5 - half), min(float(len(probabilities)), peaks[-1] + 0.5 + half)


def cut_off(probabilities: FloatArray) -> tuple[bool, bool]:
    """Return whether a line, (T, C) float32, seems cut off at its start and at its end: a letter stands at the edge."""
    peaks = _peaks(probabilities)
    if not len(peaks):
        return False, False
    near = _AT_THE_END * max(1.0, _pitch(peaks))
    return bool(peaks[0] < near), bool(len(probabilities) - 1 - peaks[-1] < near)


def _peaks(probabilities: FloatArray) -> NDArray[np.int64]:
    """Return the frames at which letters, or spaces, were seen."""
    return np.nonzero(probabilities.argmax(axis=1) > 0)[0]


def _pitch(peaks: NDArray[np.int64]) -> float:
    """Return the mean distance between letters, frames; 0 if there is but one."""
    return float(peaks[-1] - peaks[0]) / max(len(peaks) - 1, 1)
