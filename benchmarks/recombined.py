"""A large index of made-up regions whose letters, confusions and vectors come from those of a real index.

Words: half are words of the real index, as frequent as they are there; half are new, from a chain of letters that knows
which letter follows three others in the words of the real index.

Lattices: a word is spelt with pieces of real lattices, one a letter: the letter's frames and the blanks after them. A
piece is drawn for a letter as often as the recogniser believed that it is that letter, so a word is misread as often as
the recogniser's own probabilities say, and transcripts are what such a lattice reads.

Vectors: the word branch's vector of the word plus the difference between a real region's vector and that of its
transcript, of a region about as long.
"""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from textsearch.alphabet import NOTHING, Alphabet, normalise
from textsearch.index.folder import IndexFolder
from textsearch.index.records import EncodedImage
from textsearch.lattice import ABSENT, Lattice
from textsearch.types import FloatArray, Regions, TextModel

WORDS_PER_LINE, LINES = 4, 2
"""Layout of a made-up photo."""

_ORDER = 3
"""Letters that decide which one follows."""

_END = "\n"
_LEAST_PROBABILITY = 0.01
"""A letter believed in less than this is no reason to draw a piece for it."""

_BLANK = Lattice.from_probabilities(np.array([[1.0]], np.float32))
"""One frame that is certain to hold no letter: the blank is class 0."""

_PHOTOS_AT_ONCE = 100
_LETTER_WIDTH, _HEIGHT = 16, 30


@dataclass(frozen=True, eq=False)
class Source:
    """What is taken from a real index.

    Attributes:
        words: the normalised transcript of each region that has one.
        pieces: letter -> pieces of lattices that may be this letter.
        weights: letter -> how probably each piece is this letter, (N,) float64, of sum 1.
        residuals: (N, D) float32, vector of each region less that of its transcript.
    """

    words: Sequence[str]
    pieces: dict[str, list[Lattice]]
    weights: dict[str, NDArray[np.float64]]
    residuals: FloatArray

    @classmethod
    def read(cls, location: Path, model: TextModel) -> Source:
        """Read a real index that was made with this model."""
        with IndexFolder.open(location) as folder:
            regions = [
                region
                for image in folder.images().values()
                for region in folder.regions_of(image.path) or ()
                if normalise(region.text)
            ]
            vectors = folder.embeddings([region.region_id for region in regions])
        words: list[str] = [normalise(region.text) for region in regions]
        pieces: dict[str, list[Lattice]] = defaultdict(list)
        believed: dict[str, list[float]] = defaultdict(list)
        for region in regions:
            for piece in cut(region.lattice, model.alphabet):
                for letter, probability in readings(piece, model.alphabet).items():
                    pieces[letter].append(piece)
                    believed[letter].append(probability)
        weights = {letter: np.array(values) / np.sum(values) for letter, values in believed.items()}
        spelt = [place for place, word in enumerate(words) if all(letter in pieces for letter in word)]
        words = [words[place] for place in spelt]
        return cls(words, dict(pieces), weights, vectors[spelt] - encode(words, model))

    def spell(self, word: str, generator: Generator) -> Lattice:
        """Return a lattice of a word whose letters are all among the pieces."""
        chosen = []
        for letter, following in zip(word, f"{word[1:]}{_END}", strict=True):
            pieces = self.pieces[letter]
            chosen.append(pieces[generator.choice(len(pieces), p=self.weights[letter])])
            if letter == following:
                chosen.append(_BLANK)  # without one, CTC reads two equal letters as one
        classes = np.concatenate([piece.classes for piece in chosen])
        return Lattice(classes, np.concatenate([piece.log_probabilities for piece in chosen]))


def cut(lattice: Lattice, alphabet: Alphabet) -> list[Lattice]:
    """Return the pieces of a lattice: each begins where the best path begins a letter and ends before the next one."""
    best = lattice.classes[:, 0]
    begins = [
        frame
        for frame in range(len(best))
        if alphabet.folded[best[frame]] != NOTHING and (frame == 0 or best[frame] != best[frame - 1])
    ]
    return [lattice.slice(begin, end) for begin, end in zip(begins, [*begins[1:], len(best)], strict=True)]


def readings(piece: Lattice, alphabet: Alphabet) -> dict[str, float]:
    """Return the letters that the first frame of a piece may be, with their probabilities."""
    letters: dict[str, float] = defaultdict(float)
    for number, value in zip(piece.classes[0].tolist(), np.exp(piece.log_probabilities[0]).tolist(), strict=True):
        letter = normalise(alphabet.characters[number]) if number != ABSENT else ""
        if len(letter) == 1 and value >= _LEAST_PROBABILITY:
            letters[letter] += value
    return letters


def encode(words: Sequence[str], model: TextModel) -> FloatArray:
    """Return (W, D) float32 vectors of any number of words."""
    unique = sorted(set(words))
    parts = [model.encode_words(unique[start : start + 256]) for start in range(0, len(unique), 256)]
    place = {word: number for number, word in enumerate(unique)}
    return np.concatenate(parts)[[place[word] for word in words]]


class LetterChain:
    """Makes up words in which letters follow each other as they do in the words it learned from."""

    def __init__(self, words: Sequence[str]) -> None:
        self._following: dict[str, list[str]] = defaultdict(list)
        for word in words:
            for place, letter in enumerate(word + _END):
                self._following[word[max(0, place - _ORDER) : place]].append(letter)

    def word(self, generator: Generator) -> str:
        """Return a word of at least one letter."""
        word = ""
        while True:
            following = self._following[word[-_ORDER:] if len(word) > _ORDER else word]
            letter = following[int(generator.integers(len(following)))]
            if letter == _END:
                return word
            word += letter


def made_up_words(source: Source, count: int, generator: Generator) -> list[str]:
    """Return words, half of them of the source and half new, in random order."""
    chain = LetterChain(source.words)
    return [
        source.words[int(generator.integers(len(source.words)))] if generator.random() < 0.5 else chain.word(generator)
        for _ in range(count)
    ]


def made_up_photos(
    source: Source, words: Sequence[str], model: TextModel, generator: Generator
) -> Iterator[list[EncodedImage]]:
    """Yield batches of photos that show the words, WORDS_PER_LINE x LINES of them each, in order."""
    vectors = encode(words, model)
    lengths = np.array([len(word) for word in source.words])
    by_length = {length: np.nonzero(np.abs(lengths - length) <= 1)[0] for length in range(1, 64)}
    for row, word in enumerate(words):
        alike = by_length.get(len(word), by_length[1])
        vectors[row] += source.residuals[int(generator.choice(alike if len(alike) else len(lengths)))]
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    size = WORDS_PER_LINE * LINES
    for first in range(0, len(words), size * _PHOTOS_AT_ONCE):
        last = min(first + size * _PHOTOS_AT_ONCE, len(words))
        yield [
            _photo(start, words[start : start + size], vectors[start : start + size], source, model, generator)
            for start in range(first, last, size)
        ]


def _photo(
    number: int, words: Sequence[str], vectors: FloatArray, source: Source, model: TextModel, generator: Generator
) -> EncodedImage:
    lattices = tuple(source.spell(word, generator) for word in words)
    count = len(words)
    regions = Regions(
        width=1280,
        height=720,
        polygons=_laid_out(words, generator),
        scores=np.full(count, 0.9, np.float32),
        texts=tuple(model.alphabet.decode(lattice.classes[:, 0].tolist()) for lattice in lattices),
        text_scores=np.full(count, 0.9, np.float32),
        lines=(np.arange(count) // WORDS_PER_LINE).astype(np.int32),
        embeddings=vectors.astype(np.float32),
        lattices=lattices,
    )
    return EncodedImage(Path(f"/gallery/{number}.jpg"), hashlib.sha256(str(number).encode()).hexdigest(), 1, 1, regions)


def _laid_out(words: Sequence[str], generator: Generator) -> tuple[FloatArray, ...]:
    """Return the words' boxes: lines one below the other, words beside each other half a height apart."""
    left, top = generator.uniform(0, 200), generator.uniform(0, 500)
    boxes, x = [], left
    for place, word in enumerate(words):
        line, column = divmod(place, WORDS_PER_LINE)
        x = x if column else left
        y, width = top + 1.5 * _HEIGHT * line, _LETTER_WIDTH * len(word)
        boxes.append(np.array([[x, y], [x + width, y], [x + width, y + _HEIGHT], [x, y + _HEIGHT]], np.float32))
        x += width + 0.5 * _HEIGHT
    return tuple(boxes)
