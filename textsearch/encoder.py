"""From a photo to its text regions: the one flow that every runtime shares.

The three networks (detector, recogniser, branches) are parts passed in, from ONNX Runtime or from torch; everything
between them, from the probability map to the vectors, is here or in the modules used here.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from textsearch.alphabet import Alphabet
from textsearch.detection import decode
from textsearch.geometry import Fit, slice_along
from textsearch.glance import even_out, unseen
from textsearch.lattice import Lattice
from textsearch.lines import Line, LineReader, Recogniser, letter_extent, within_letters
from textsearch.options import EncoderOptions
from textsearch.types import ByteArray, FloatArray, Regions


class Detector(Protocol):
    """Tells where text is."""

    def probabilities(self, photo: ByteArray) -> FloatArray:
        """Return the probability of text, (H, W) float32, of one photo (H, W, 3) uint8 RGB, sides multiples of 32."""
        ...


class Embedder(Protocol):
    """Puts regions into the space they share with words."""

    @property
    def dimension(self) -> int: ...  # noqa: D102

    def regions(self, frames: Sequence[FloatArray], lattices: Sequence[Lattice]) -> FloatArray:
        """Return (N, D) float32 unit vectors of N regions from their frames (T, F) and lattices of T frames."""
        ...


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
        self.reader = LineReader(recogniser, alphabet.space, options)
        self.embedder = embedder
        self.alphabet = alphabet
        self.options = options

    def encode_images(self, images: Sequence[ByteArray]) -> list[Regions]:
        """Find and encode the text in images, each (H, W, 3) uint8 RGB, upright."""
        return [self._encode_image(image) for image in images]

    def _encode_image(self, image: ByteArray) -> Regions:
        lines = self.reader.read(image, *self.detect(image))
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
        longer_side = self.longer_side(width, height)
        fit = Fit.of(width, height, longer_side)
        polygons, scores = self._find(fit.resize(image), fit)
        if not self.options.glance:
            return polygons, scores
        fit = Fit.of(width, height, round(self.options.glance * longer_side))
        further, further_scores = self._find(even_out(fit.resize(image)), fit)
        new = unseen(further, polygons, width, height)
        return [*polygons, *(further[number] for number in new)], np.concatenate([scores, further_scores[new]])

    def longer_side(self, width: int, height: int) -> int:
        """Return to how many pixels the longer side of a photo is brought for detection."""
        return min(self.options.longer_side, round(self.options.enlarge * max(width, height)))

    def _find(self, resized: ByteArray, fit: Fit) -> tuple[list[FloatArray], FloatArray]:
        """Return the lines of text in a resized photo, as `detect` does."""
        polygons, scores = decode(self.detector.probabilities(resized), self.options.detection)
        return [fit.to_photo(polygon) for polygon in polygons], scores

    def split(self, line: Line, number: int) -> list[Word]:
        """Cut a line into its words at the frames that are sure of a space."""
        words = []
        count = len(line.frames)
        for start, stop in self.reader.spans(line):
            frames, probabilities = line.frames[start:stop], line.probabilities[start:stop]
            first, last = letter_extent(probabilities.argmax(axis=1))
            polygon = slice_along(line.polygon, (start + first) / count, (start + last) / count)
            words.append(Word(polygon, *within_letters(frames, probabilities), number, line.score))
        return words

    def transcribe(self, lattice: Lattice) -> tuple[str, float]:
        """Return what a word's lattice says, and the mean probability of its letters, 0 where there is none."""
        best = lattice.classes[:, 0]
        letters = (best > 0) & (best != self.alphabet.space)
        score = float(np.exp(lattice.log_probabilities[letters, 0]).mean()) if letters.any() else 0.0
        return self.alphabet.decode(best.tolist()).strip(), score
