"""What a letter is: the one place where text is normalised and character classes are folded.

Search ignores case, width forms, diacritics and punctuation: "Café", "CAFE" and "ｃａｆé" are one word. A recogniser's
classes are folded the same way, so that a lattice that wavers between "C" and "c" is sure of the letter.
"""

from __future__ import annotations

import unicodedata
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache

import numpy as np
from numpy.typing import NDArray

NOTHING = 0
"""Folded id of every class that search ignores: the blank, the space and punctuation."""

LOOK_ALIKES = ("0o", "1il", "2z", "5s", "8b", "uv")
"""Letters and digits that are taken for each other, in groups: where one is read, the others may stand."""

_LATIN_MARKS = range(0x0300, 0x0370)
"""Combining diacritics of Latin, Greek and Cyrillic; marks of other scripts change the letter and stay."""


@lru_cache(maxsize=65536)
def _fold_character(character: str, marks: bool = False) -> str:
    """Return the letters and digits a character stands for when case, width and, without `marks`, diacritics go."""
    decomposed = unicodedata.normalize("NFD", unicodedata.normalize("NFKC", character).casefold())
    kept = "".join(c for c in decomposed if marks or ord(c) not in _LATIN_MARKS)
    return "".join(c for c in unicodedata.normalize("NFC", kept) if c.isalnum() or unicodedata.category(c)[0] == "M")


def normalise(text: str) -> str:
    """Return the letters and digits of a text as search compares them; spaces and punctuation vanish.

    >>> normalise("Coca-Cola®"), normalise("CAFÉ 62-03")
    ('cocacola', 'cafe6203')
    """
    return "".join(_fold_character(character) for character in unicodedata.normalize("NFC", text))


def marked(text: str) -> str:
    """Return the letters and digits of a text as `normalise` does, but with their diacritics.

    >>> marked("CAFÉ 62-03")
    'café6203'
    """
    return "".join(_fold_character(character, True) for character in unicodedata.normalize("NFC", text))


def words_of(text: str) -> list[str]:
    """Return the normalised words of a text, split at white space; words without a letter or digit vanish.

    >>> words_of("Coca-Cola & more")
    ['cocacola', 'more']
    """
    return [word for part in text.split() if (word := normalise(part))]


@dataclass(frozen=True)
class Alphabet:
    """The character classes of a recogniser and the letters they fold to.

    Attributes:
        characters: the character of each class; class 0 is the blank of CTC and stands for no character.
    """

    characters: Sequence[str]

    @cached_property
    def letters(self) -> dict[str, int]:
        """Return the folded id of each searchable letter; ids start at 1."""
        folded = {letter for character in self.characters if len(letter := _fold_character(character)) == 1}
        return {letter: number for number, letter in enumerate(sorted(folded), start=1)}

    @cached_property
    def folded(self) -> NDArray[np.int32]:
        """Return the folded id of each class, (C,) int32; NOTHING for classes that search ignores."""
        return np.array([self.letters.get(_fold_character(c), NOTHING) for c in self.characters], np.int32)

    @cached_property
    def look_alikes(self) -> tuple[NDArray[np.int32], ...]:
        """Return the folded ids of each group of `LOOK_ALIKES`, without the letters the recogniser cannot read."""
        return tuple(ids for group in LOOK_ALIKES if len(ids := self.encode(group)) > 1)

    @cached_property
    def shapes(self) -> NDArray[np.int32]:
        """Return for each folded id the one that stands for all letters of its looks, (letters + 1,) int32."""
        shapes = np.arange(len(self.letters) + 1, dtype=np.int32)
        for group in self.look_alikes:
            shapes[group] = group[0]
        return shapes

    @cached_property
    def checksum(self) -> int:
        """Return a number that changes with what letters are made of the classes, the same in every process."""
        return zlib.crc32(self.shapes.tobytes(), zlib.crc32(self.folded.tobytes()))

    @cached_property
    def space(self) -> int:
        """Return the class id of the space."""
        return list(self.characters).index(" ")

    def encode(self, word: str) -> NDArray[np.int32]:
        """Return the folded ids of a normalised word, (L,) int32, without the letters the recogniser cannot read."""
        letters = self.letters
        return np.array([letters[letter] for letter in word if letter in letters], np.int32)

    def decode(self, classes: Sequence[int]) -> str:
        """Return the transcript of a CTC path: repeats are collapsed, blanks dropped."""
        characters = []
        previous = 0
        for number in classes:
            if number != previous and number > 0:
                characters.append(self.characters[number])
            previous = number
        return "".join(characters)
