"""What is known about a name as a sentence, and what the sentence encoder makes of it.

    python -m textsearch.knowledge.descriptions

writes the vectors of everything that the lexicon knows, so that no photo waits until a gloss is encoded.
"""

from __future__ import annotations

import hashlib
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from textsearch.knowledge.language import WIDTH
from textsearch.knowledge.lexicon import DATA, FILE, Category, Entity, Lexicon, default_lexicon
from textsearch.knowledge.vector_files import read_vectors, write_vectors
from textsearch.types import FloatArray

VECTORS = DATA / "descriptions.npz"

_STEPS = 10
"""Steps of a number on each side of zero: a cosine of 0.996 to the full vector, in 4 MB."""

_ENCODED_AT_ONCE = 64


def describe(target: Entity | Category, lexicon: Lexicon) -> str:
    """Return what is known about a target as a sentence."""
    if isinstance(target, Entity):
        kinds = ", ".join(lexicon.category(kind).name for kind, _ in target.categories[:2])
        return f"{target.name}: {target.gloss or kinds}. {kinds}"
    if target.gloss:
        return f"{target.name}: {target.gloss}"
    return ": ".join(each.name for each in (target, *lexicon.path(target.identifier)[1:2]))


class Descriptions:
    """The vectors of a lexicon's entities and categories.

    Args:
        lexicon: what is described.
        steps: (entities + categories, WIDTH) int8, in the lexicon's order.
        scales: (entities + categories,) float32.
    """

    def __init__(self, lexicon: Lexicon, steps: NDArray[np.int8], scales: FloatArray) -> None:
        identifiers = (*lexicon.entity_identifiers, *lexicon.category_identifiers)
        self._rows = {identifier: row for row, identifier in enumerate(identifiers)}
        self._steps = steps
        self._scales = scales

    def vector(self, target: Entity | Category) -> FloatArray:
        """Return (WIDTH,) float32, about unit length: what the sentence encoder makes of a target's description."""
        row = self._rows[target.identifier]
        return np.asarray(self._steps[row] * self._scales[row], np.float32)


@lru_cache(maxsize=1)
def default_descriptions() -> Descriptions:
    """Return the vectors for the packaged lexicon, read on the first call.

    Raises:
        ValueError: they were written for another lexicon.
    """
    lexicon = default_lexicon()
    return Descriptions(lexicon, *read_vectors(VECTORS, _digest(), "textsearch.knowledge.descriptions"))


def _digest() -> str:
    return hashlib.sha256(FILE.read_bytes()).hexdigest()


def sentences(lexicon: Lexicon) -> list[str]:
    """Return the descriptions of all entities, then of all categories."""
    entities = [describe(lexicon.entity(identifier), lexicon) for identifier in lexicon.entity_identifiers]
    return entities + [describe(lexicon.category(identifier), lexicon) for identifier in lexicon.category_identifiers]


def write() -> None:
    """Write the vectors for the packaged lexicon; takes minutes."""
    from textsearch.knowledge.language import MiniLanguageModel

    lexicon, language = default_lexicon(), MiniLanguageModel()
    described = sentences(lexicon)
    vectors = np.zeros((len(described), WIDTH), np.float32)
    # Like lengths together: what is encoded at once is padded to the longest.
    order = sorted(range(len(described)), key=lambda place: len(described[place]))
    for start in range(0, len(order), _ENCODED_AT_ONCE):
        places = order[start : start + _ENCODED_AT_ONCE]
        vectors[places] = language.sentences([described[place] for place in places])
    write_vectors(VECTORS, vectors, _digest(), _STEPS)


if __name__ == "__main__":
    write()
