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
from textsearch.geometry import Fit, is_vertical, rectify, slice_along, turned
from textsearch.lattice import Lattice
from textsearch.options import EncoderOptions
from textsearch.types import ByteArray, FloatArray, Regions

STRIP_HEIGHT = 48
"""Height of a strip of text as the recogniser reads it, pixels."""

_STRIP_STEP = 32
"""Strips are padded to a multiple of this many pixels, so that few shapes occur."""


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
        quadrilateral: (4, 2) float32, ordered, photo pixels.
        score: the detector's confidence.
        frames: (T, F) float32, the recogniser's features.
        probabilities: (T, C) float32, class probabilities.
    """

    quadrilateral: FloatArray
    score: float
    frames: FloatArray
    probabilities: FloatArray


@dataclass(frozen=True, eq=False)
class Word:
    """One word of a line: its polygon (4, 2), frames (T, F), lattice of T frames, line number and confidence."""

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
        readings = [self._transcribe(lattice) for lattice in lattices]
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

    def detect(self, image: ByteArray) -> tuple[FloatArray, FloatArray]:
        """Find lines of text.

        Returns:
            Ordered quadrilaterals (N, 4, 2) float32 in photo pixels and scores (N,) float32.
        """
        height, width = image.shape[:2]
        fit = Fit.of(width, height, min(self.options.longer_side, max(width, height)))
        quadrilaterals, scores = decode(self.detector.probabilities(fit.resize(image)), self.options.detection)
        return fit.to_photo(quadrilaterals), scores

    def read_lines(self, image: ByteArray, quadrilaterals: FloatArray, scores: FloatArray) -> list[Line]:
        """Read N quadrilaterals (N, 4, 2) of an image; text that may stand upside down is read both ways."""
        lines = self._read(image, quadrilaterals, scores)
        doubtful = [number for number, line in enumerate(lines) if self._may_be_turned(line)]
        if doubtful:
            other = self._read(image, np.stack([turned(quadrilaterals[i]) for i in doubtful]), scores[doubtful])
            for number, line in zip(doubtful, other, strict=True):
                if self._confidence(line) > self._confidence(lines[number]):
                    lines[number] = line
        return lines

    def _may_be_turned(self, line: Line) -> bool:
        return is_vertical(line.quadrilateral) or self._confidence(line) < self.options.unsure

    def _confidence(self, line: Line) -> float:
        """Return the mean probability of the letters on the best path, 0 if there is none."""
        best = line.probabilities.argmax(axis=1)
        letters = best > 0
        return float(line.probabilities.max(axis=1)[letters].mean()) if letters.any() else 0.0

    def _read(self, image: ByteArray, quadrilaterals: FloatArray, scores: FloatArray) -> list[Line]:
        options = self.options
        lines = []
        for quadrilateral, score in zip(quadrilaterals, scores, strict=True):
            strip = rectify(image, quadrilateral, STRIP_HEIGHT, options.longest_strip)
            frames, probabilities = read_strip(strip, self.recogniser)
            lines.append(Line(quadrilateral, float(score), frames, probabilities))
        return lines

    def split(self, line: Line, number: int) -> list[Word]:
        """Cut a line into its words at the frames that are sure of a space."""
        words = []
        count = len(line.frames)
        for start, stop in word_spans(line.probabilities, self.alphabet.space, self.options.space_threshold):
            frames, probabilities = line.frames[start:stop], line.probabilities[start:stop]
            first, last = letter_extent(probabilities)
            polygon = slice_along(line.quadrilateral, (start + first) / count, (start + last) / count)
            words.append(Word(polygon, *within_letters(frames, probabilities), number, line.score))
        return words

    def _transcribe(self, lattice: Lattice) -> tuple[str, float]:
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
    peaks: NDArray[np.int64] = np.nonzero(probabilities.argmax(axis=1) > 0)[0]
    if not len(peaks):
        return 0.0, float(len(probabilities))
    first, last = int(peaks[0]), int(peaks[-1])
    half = max(1.0, (last - first) / max(len(peaks) - 1, 1) / 2)
    return max(0.0, first + 0.5 - half), min(float(len(probabilities)), last + 0.5 + half)
