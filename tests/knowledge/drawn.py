"""Readings with lattices in which chosen letters are wrong."""

from __future__ import annotations

import string
from collections.abc import Mapping

import numpy as np

from textsearch.alphabet import Alphabet
from textsearch.knowledge.spans import PlainReading
from textsearch.lattice import Lattice

ALPHABET = Alphabet(("", *string.ascii_letters, *string.digits, " ", "'", "&", "-", ".", "é", "ä"))


def read(
    text: str,
    kept: Mapping[int, str] | None = None,
    *,
    left: float = 0.0,
    top: float = 0.0,
    line: int = 0,
) -> PlainReading:
    """Return a region that was read as `text`.

    Args:
        text: transcript.
        kept: letters that the lattice still holds as second best, by their place in the text.
        left: left edge, pixels; a letter is 10 wide and 20 high.
        top: top edge, pixels.
        line: number of its line.
    """
    probabilities = np.zeros((2 * len(text) + 1, len(ALPHABET.characters)), np.float32)
    probabilities[::2, 0] = 1.0
    for place, character in enumerate(text):
        frame = probabilities[2 * place + 1]
        second = (kept or {}).get(place)
        frame[ALPHABET.characters.index(character)] = 0.6 if second else 0.98
        if second:
            frame[ALPHABET.characters.index(second)] = 0.35
    right, bottom = left + 10 * len(text), top + 20
    box = np.array([[left, top], [right, top], [right, bottom], [left, bottom]], np.float32)
    return PlainReading(box, text, 0.95, line, Lattice.from_probabilities(probabilities))
