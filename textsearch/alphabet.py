"""What a letter is: the one place where text is normalised and character classes are folded.

Search ignores case, width forms, diacritics and punctuation: "Café", "CAFE" and "ｃａｆé" are one word. A recogniser's
classes are folded the same way, so that a lattice that wavers between "C" and "c" is sure of the letter. Letters that
are typed as two, ß as ss, stay one symbol in a lattice: `Alphabet.spellings` tells how a word may be written with them.
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


_PLAIN = str.maketrans(
    {"ı": "i", "ł": "l", "ø": "o", "đ": "d", "ħ": "h", "ŧ": "t", "œ": "oe", "æ": "ae"},
)
"""How letters are typed, and printed in capitals, that Unicode does not take apart: without their stroke, or as two."""

_SIGNS = frozenset("™℠")
"""What Unicode takes apart into letters that nobody reads as such: LEGO™ is no "legotm"."""

_MANNERS = frozenset(map(chr, (*range(0xFE00, 0xFE10), *range(0xE0100, 0xE01F0), *range(0x20D0, 0x2100))))
"""Variation selectors, and what encloses a character: how it is drawn, as in \u2764\ufe0f and 1\ufe0f\u20e3."""

_MOST_SPELLINGS = 16
"""Ways to write a word that are tried: "mississippi" with two ß has four."""


@lru_cache(maxsize=65536)
def _fold_character(character: str, marks: bool = False) -> str:
    """Return the letters and digits a character stands for when case, width and, without `marks`, diacritics go."""
    decomposed = unicodedata.normalize("NFD", unicodedata.normalize("NFKC", character).casefold())
    kept = "".join(c for c in decomposed if c not in _MANNERS and (marks or ord(c) not in _LATIN_MARKS))
    return "".join(c for c in unicodedata.normalize("NFC", kept) if c.isalnum() or unicodedata.category(c)[0] == "M")


def _spell(character: str) -> str:
    """Return the letters and digits that search compares a character with."""
    return "" if character in _SIGNS else plain(_fold_character(character))


def plain(folded: str) -> str:
    """Return folded text as it is typed where letters have no stroke: "łodz" as "lodz", "bœuf" as "boeuf"."""
    return folded if folded.isascii() else folded.translate(_PLAIN)


def normalise(text: str) -> str:
    """Return the letters and digits of a text as search compares them; spaces and punctuation vanish.

    >>> normalise("Coca-Cola®"), normalise("CAFÉ 62-03"), normalise("Łódź, Straße")
    ('cocacola', 'cafe6203', 'lodzstrasse')
    """
    # Composed in the end, too: in half width, kana and their marks are characters of their own.
    return _composed("".join(_spell(character) for character in _composed(text)))


def marked(text: str) -> str:
    """Return the letters and digits of a text as `normalise` does, but with their diacritics and strokes.

    >>> marked("CAFÉ 62-03")
    'café6203'
    """
    kept = "".join(_fold_character(character, True) for character in _composed(text) if character not in _SIGNS)
    # The capital of a dotless i is an ordinary I: it cannot be told which of them a sign shows.
    return _composed(kept).replace("ı", "i")


def _composed(text: str) -> str:
    return unicodedata.normalize("NFC", text)


def words_of(text: str) -> list[str]:
    """Return the normalised words of a text, split at white space; words without a letter or digit vanish.

    >>> words_of("Coca-Cola & more")
    ['cocacola', 'more']
    """
    return [word for part in text.split() if (word := normalise(part))]


@dataclass(frozen=True, eq=False)
class Spelling:
    """One way in which a lattice may hold a word.

    Attributes:
        symbols: (L,) int32, as in `Alphabet.symbols`.
        cut_start: whether the first symbol stands for letters before the word, too: "sen" in GROẞEN.
        cut_end: whether the last symbol stands for letters after the word, too: "gros" in GROẞEN.
    """

    symbols: NDArray[np.int32]
    cut_start: bool = False
    cut_end: bool = False


_Place = tuple[int, int, int, bool, bool]
"""Where one symbol may stand for several letters of a word: first, one past the last, the symbol, what is cut off."""


@dataclass(frozen=True)
class Alphabet:
    """The character classes of a recogniser and the letters they fold to.

    Attributes:
        characters: the character of each class; class 0 is the blank of CTC and stands for no character.
    """

    characters: Sequence[str]

    @cached_property
    def letters(self) -> dict[str, int]:
        """Return the folded id of each searchable letter; ids start at 1.

        The networks' prototypes are numbered like this: which letters there are must never change.
        """
        folded = {letter for character in self.characters if len(letter := _fold_character(character)) == 1}
        return {letter: number for number, letter in enumerate(sorted(folded), start=1)}

    @cached_property
    def folded(self) -> NDArray[np.int32]:
        """Return the folded id of each class, (C,) int32, as the networks see it; NOTHING for those they ignore."""
        return np.array([self.letters.get(_fold_character(c), NOTHING) for c in self.characters], np.int32)

    @cached_property
    def joined(self) -> dict[str, int]:
        """Return the symbol of each run of letters for which there is a class: of "ss" that of ß."""
        found: dict[str, int] = {}
        for number, letters in self._respelt.items():
            if len(letters) > 1 and letters not in found:
                # œ is a letter of its own to the networks, ß is none.
                found[letters] = int(self.folded[number]) or len(self.letters) + 1 + len(found)
        return found

    @cached_property
    def _respelt(self) -> dict[int, str]:
        """Return, by class, how those are spelt that the networks see otherwise."""
        seen = ((number, _fold_character(character)) for number, character in enumerate(self.characters))
        other = [number for number, folded in seen if len(folded) > 1 or plain(folded) != folded]
        return {number: _spell(self.characters[number]) for number in other}

    @cached_property
    def symbols(self) -> NDArray[np.int32]:
        """Return the symbol of each class in a lattice, (C,) int32: its letter's id, or one for several letters.

        NOTHING for classes that search ignores.
        """
        symbols = self.folded.copy()
        for number, letters in self._respelt.items():
            symbols[number] = self.joined.get(letters, self.letters.get(letters, NOTHING))
        return symbols

    @cached_property
    def look_alikes(self) -> tuple[NDArray[np.int32], ...]:
        """Return the folded ids of each group of `LOOK_ALIKES`, without the letters the recogniser cannot read."""
        return tuple(ids for group in LOOK_ALIKES if len(ids := self.encode(group)) > 1)

    @cached_property
    def shapes(self) -> NDArray[np.int32]:
        """Return for each symbol the one that stands for all of its looks, (highest symbol + 1,) int32."""
        shapes = np.arange(max(len(self.letters), *self.joined.values(), 0) + 1, dtype=np.int32)
        for group in self.look_alikes:
            shapes[group] = group[0]
        return shapes

    @cached_property
    def checksum(self) -> int:
        """Return a number that changes with what symbols are made of the classes, the same in every process."""
        return zlib.crc32(self.shapes.tobytes(), zlib.crc32(self.symbols.tobytes()))

    @cached_property
    def space(self) -> int:
        """Return the class id of the space."""
        return list(self.characters).index(" ")

    def encode(self, word: str) -> NDArray[np.int32]:
        """Return the folded ids of a normalised word, (L,) int32, without the letters the recogniser cannot read."""
        letters = self.letters
        return np.array([letters[letter] for letter in plain(word) if letter in letters], np.int32)

    def spellings(self, word: str, present: NDArray[np.bool_]) -> list[Spelling]:
        """Return the ways in which lattices may hold a word, letter by letter first.

        Args:
            word: normalised, of letters that the recogniser can read.
            present: (65536,) bool, which symbols any of the lattices surely holds.
        """
        joined = [(letters, symbol) for letters, symbol in self.joined.items() if present[symbol]]
        places = sorted(place for letters, symbol in joined for place in _places(word, letters, symbol))
        written: list[tuple[_Place, ...]] = [()]
        for place in places:
            apart = [(*before, place) for before in written if not before or before[-1][1] <= place[0]]
            written += apart[: _MOST_SPELLINGS - len(written)]
        return [self._spelling(word, chosen) for chosen in written]

    def _spelling(self, word: str, places: Sequence[_Place]) -> Spelling:
        """Return a word with symbols that stand for several letters at some places, ascending."""
        symbols: list[NDArray[np.int32]] = []
        end = 0
        for start, stop, symbol, _, _ in places:
            symbols += [self.encode(word[end:start]), np.array([symbol], np.int32)]
            end = stop
        symbols.append(self.encode(word[end:]))
        return Spelling(np.concatenate(symbols), bool(places) and places[0][3], bool(places) and places[-1][4])

    def decode(self, classes: Sequence[int]) -> str:
        """Return the transcript of a CTC path: repeats are collapsed, blanks dropped."""
        characters = []
        previous = 0
        for number in classes:
            if number != previous and number > 0:
                characters.append(self.characters[number])
            previous = number
        return "".join(characters)


def _places(word: str, letters: str, symbol: int) -> list[_Place]:
    """Return where in a word a symbol for several letters may stand, also for the first or last of them only."""
    whole = range(len(word) - len(letters) + 1)
    found = [(start, start + len(letters), symbol, False, False) for start in whole if word.startswith(letters, start)]
    for count in range(1, min(len(letters), len(word) + 1)):
        if word.startswith(letters[-count:]):
            found.append((0, count, symbol, True, False))
        if word.endswith(letters[:count]):
            found.append((len(word) - count, len(word), symbol, False, True))
    return found
