"""A model that needs no weights: it reads the words that a test hid in a picture's first row.

Its vectors are letter histograms, its lattices are certain, its boxes stand side by side; so index, query and command
line can be tested in milliseconds.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from PIL import Image

from textsearch.alphabet import Alphabet, normalise
from textsearch.index.records import PICTURE_WIDTH, Notice, PhotoKnowledge
from textsearch.knowledge.spans import Reading
from textsearch.lattice import ABSENT, MAXIMUM_CHOICES, Lattice
from textsearch.types import ByteArray, FloatArray, Regions

ALPHABET = Alphabet(("", *"abcdefghijklmnopqrstuvwxyz0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ-é&", " "))
_LETTERS = "abcdefghijklmnopqrstuvwxyz0123456789"
_MARK = 7


def photo_of(*words: str, size: tuple[int, int] = (320, 48)) -> ByteArray:
    """Return a picture (H, W, 3) uint8 in whose first row the words are hidden."""
    width, height = size
    pixels = np.full((height, width, 3), 200, np.uint8)
    hidden = " ".join(words).encode()
    pixels[0, 0] = (_MARK, len(hidden) // 256, len(hidden) % 256)
    pixels[0, 1 : 1 + len(hidden), 0] = np.frombuffer(hidden, np.uint8)
    return pixels


def save_photo(path: Path, *words: str) -> Path:
    """Write `photo_of` the words to a lossless file, making its folder."""
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(photo_of(*words)).save(path)
    return path


def certain_lattice(text: str, alphabet: Alphabet = ALPHABET) -> Lattice:
    """Return a lattice that is certain of the text: a blank frame between any two characters."""
    classes: list[int] = [0]
    for character in text:
        classes += [alphabet.characters.index(character) if character in alphabet.characters else 0, 0]
    best = np.full((len(classes), MAXIMUM_CHOICES), ABSENT, np.int32)
    best[:, 0] = classes
    log_probabilities = np.full(best.shape, -np.inf, np.float32)
    log_probabilities[:, 0] = -0.01
    return Lattice(best, log_probabilities)


class FakeModel:
    """A TextModel of 64 dimensions whose cosine is the overlap of letter histograms."""

    name = "fake"
    fingerprint = "0" * 64
    dimension = 64
    alphabet = ALPHABET

    def __init__(self) -> None:
        self.images_read = 0

    def encode_images(self, images: Sequence[ByteArray]) -> list[Regions]:
        """Return the hidden words of each picture, side by side."""
        self.images_read += len(images)
        return [self._regions(image) for image in images]

    def encode_words(self, words: Sequence[str]) -> FloatArray:
        """Return letter histograms, (W, 64) float32 of unit length."""
        vectors = np.zeros((len(words), self.dimension), np.float32)
        for row, word in enumerate(words):
            for letter in normalise(word):
                if letter in _LETTERS:
                    vectors[row, _LETTERS.index(letter)] += 1
            if not vectors[row].any():
                vectors[row, -1] = 1
        vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
        return vectors

    def _regions(self, image: ByteArray) -> Regions:
        height, width = image.shape[:2]
        mark, high, low = (int(value) for value in image[0, 0])
        count = high * 256 + low if mark == _MARK else 0
        words = bytes(image[0, 1 : 1 + count, 0]).decode().split()
        step = width / max(len(words), 1)
        boxes = tuple(
            np.array([[i * step, 4], [(i + 1) * step - 2, 4], [(i + 1) * step - 2, 40], [i * step, 40]], np.float32)
            for i in range(len(words))
        )
        return Regions(
            width=width,
            height=height,
            polygons=boxes,
            scores=np.full(len(words), 0.9, np.float32),
            texts=tuple(words),
            text_scores=np.full(len(words), 0.95, np.float32),
            lines=np.zeros(len(words), np.int32),
            embeddings=self.encode_words(words) if words else np.zeros((0, self.dimension), np.float32),
            lattices=tuple(certain_lattice(word) for word in words),
        )


class FakeDescriber:
    """A Describer that knows of each word of a photo that it stands there; a picture looks like its brightness."""

    maker = "fake 1"

    def see(self, pixels: ByteArray) -> FloatArray:
        """Return the mean of the pixels, (PICTURE_WIDTH,) float32."""
        return np.full(PICTURE_WIDTH, pixels.mean() / 255, np.float32)

    def describe(self, pixels: ByteArray, readings: Sequence[Reading]) -> PhotoKnowledge:
        """Return a notice for each word, which its region says."""
        notices = {reading.text: Notice("entity", reading.text, 0.5, (n,)) for n, reading in enumerate(readings)}
        return PhotoKnowledge(tuple(notices.values()), self.see(pixels), self.maker)
