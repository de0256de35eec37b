"""What a picture alone can be said to show, by name: ImageNet's classes and the kinds of things above them.

    python -m textsearch.knowledge.covered

writes what the sentence encoder makes of the names, so that a condition in other words is compared at once.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from textsearch.knowledge.lexicon import DATA, Lexicon, default_lexicon
from textsearch.knowledge.vector_files import read_vectors, write_vectors
from textsearch.types import FloatArray

VECTORS = DATA / "covered.npz"

WIDEST = 130
"""Classes below a kind of thing at most: what holds more, such as an animal, is told apart by nobody's words. Dogs are
118 of the classes."""

_PHYSICAL = "n00001930"
"""Kinds that are not below this one are abstract, and shown by no picture."""

_NAMES = 2
"""Names of a category that are compared; further ones are rarely English as people speak it."""


@dataclass(frozen=True, eq=False)
class Covered:
    """N names with their vectors.

    Attributes:
        names: lower-case.
        identifiers: of each name, the categories it stands for.
        vectors: (N, WIDTH) float32, about unit length: what the sentence encoder makes of the names.
    """

    names: tuple[str, ...]
    identifiers: tuple[tuple[str, ...], ...]
    vectors: FloatArray


def covered_names(lexicon: Lexicon) -> dict[str, tuple[str, ...]]:
    """Return the names of what ImageNet's classes cover, each with the identifiers of the categories it stands for."""
    classes: dict[str, int] = {}
    for identifier in lexicon.imagenet:
        path = [category.identifier for category in lexicon.path(identifier)]
        for each in path if _PHYSICAL in path else path[:1]:
            classes[each] = classes.get(each, 0) + 1
    names: dict[str, tuple[str, ...]] = {}
    for identifier, count in classes.items():
        if count <= WIDEST:
            for name in lexicon.category(identifier).names[:_NAMES]:
                names[name.casefold()] = (*names.get(name.casefold(), ()), identifier)
    return names


@lru_cache(maxsize=1)
def covered() -> Covered:
    """Return the names that the packaged lexicon covers.

    Raises:
        ValueError: the vectors were written for other names.
    """
    names = covered_names(default_lexicon())
    steps, scales = read_vectors(VECTORS, "\n".join(names), "textsearch.knowledge.covered")
    vectors = steps.astype(np.float32) * scales[:, None]
    return Covered(tuple(names), tuple(names.values()), vectors)


def write() -> None:
    """Write the vectors of the names, a byte a number."""
    from textsearch.knowledge.language import MiniLanguageModel

    names = list(covered_names(default_lexicon()))
    write_vectors(VECTORS, MiniLanguageModel().sentences(names), "\n".join(names), steps=127)


if __name__ == "__main__":
    write()
