"""How English words are spelt in the plural: one rule for queries, for photos and for the names of the lexicon."""

from __future__ import annotations

INFLECTED = 0.95
"""What is left of the strength of a name that is known without its plural ending."""

_PLURALS = (("s", ""), ("ies", "y"), ("es", ""), ("zzes", "z"), ("ves", "f"), ("ves", "fe"))
"""Plural endings and what stands in their place in the singular, the least change first: "shoes" is "shoe" before it is
"sho"."""


def singulars(word: str) -> list[str]:
    """Return what a word may be the plural of, likeliest first; it may be none, and not all of them are words.

    Args:
        word: lower-case.
    """
    if word.endswith("ss"):
        return []
    return [
        word.removesuffix(ending) + singular
        for ending, singular in _PLURALS
        if word.endswith(ending) and len(word) > len(ending) + 2
    ]
