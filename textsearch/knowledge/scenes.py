"""Conditions on what a picture shows, in the user's words: which categories they mean, or that nobody can tell.

A name of a category is understood literally. Other words are compared by the sentence encoder with the names of what
ImageNet's classes cover; where none is near enough, the condition is not covered.
"""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterable, Sequence
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np

from textsearch.errors import QueryError
from textsearch.index.records import KnowledgeKind, OwnCategory
from textsearch.knowledge.covered import covered
from textsearch.knowledge.lexicon import Category, Entity, Lexicon
from textsearch.knowledge.question import FULL_NAME, Question, ask_category

if TYPE_CHECKING:
    from textsearch.knowledge.language import LanguageModel

NEAR = 0.7
"""Cosine of a condition and a name from which on they mean the same; `benchmarks/scene_conditions.py` measures it."""

_AS_NEAR = 0.03
"""Names that are less near by no more than this are meant, too."""

_NAMED = 3
"""Covered names that are told where a condition is not covered."""

_ALIKE = 0.7
"""How much a name must look like what was typed to be told."""

_WORDS_TELL = ("n03953020", "n00021265", "n07555863")
"""Places of business and food: signs and labels say what they are. The word "tiger" on a sign is none."""

Language = Callable[[], "LanguageModel"]
"""Loads the sentence encoder."""


def condition(
    text: str, lexicon: Lexicon, own: Iterable[OwnCategory] = (), language: Language | None = None
) -> Question:
    """Return the categories that a condition on the picture means.

    Args:
        text: the condition, such as "restaurant" or "a big dog".
        lexicon: what is known.
        own: categories that the user added.
        language: MiniLM if None; called only if the condition is no known name.

    Raises:
        QueryError: the condition is not covered.
        MissingDependencyError: the sentence encoder is needed and not installed.
    """
    literal = ask_category(_without_article(text), lexicon, own, FULL_NAME)
    if literal is not None:
        return literal
    near = nearest(text, language)
    meant = [name for name, cosine in near if cosine >= max(NEAR, near[0][1] - _AS_NEAR)]
    if not meant:
        raise QueryError(not_covered("scene", text, [name for name, _ in near[:_NAMED]]))
    known = covered()
    identifiers = {each for name in meant for each in known.identifiers[known.names.index(name)]}
    asked = (ask_category(identifier, lexicon) for identifier in sorted(identifiers))
    return Question(text, tuple(sense for question in asked if question is not None for sense in question.senses))


def nearest(text: str, language: Language | None = None, count: int = 10) -> list[tuple[str, float]]:
    """Return the covered names nearest in meaning to a text with their cosines, nearest first.

    Raises:
        MissingDependencyError: the sentence encoder is not installed.
    """
    known = covered()
    cosines = known.vectors @ (language or _mini)().sentences([text])[0]
    return [(known.names[place], float(cosines[place])) for place in np.argsort(-cosines, kind="stable")[:count]]


def kinds_that_tell(target: Entity | Category | OwnCategory, lexicon: Lexicon) -> tuple[KnowledgeKind, ...]:
    """Return who can tell that a picture shows something: words only where they stand on what they name."""
    if not isinstance(target, Category) or "/" in target.identifier:
        return ("entity", "category", "scene")
    above = {each.identifier for each in lexicon.path(target.identifier)}
    return ("category", "scene") if above.isdisjoint(_WORDS_TELL) else ("entity", "category", "scene")


def category_names(lexicon: Lexicon, own: Iterable[OwnCategory]) -> list[str]:
    """Return what all categories are called."""
    return [*(each.name for each in own), *(lexicon.category(each).name for each in lexicon.category_identifiers)]


def similar_names(text: str, names: Sequence[str]) -> list[str]:
    """Return the names that are spelt most like a text, the most similar first."""
    spelt = {name.casefold(): name for name in reversed(names)}
    return [spelt[name] for name in difflib.get_close_matches(text.casefold(), spelt, _NAMED, _ALIKE)]


def not_covered(option: str, text: str, near: Sequence[str]) -> str:
    """Return what to say about a category that there is not, or a scene that nothing covers."""
    what = f"There is no category {text!r}" if option == "category" else f"{text!r} is not covered by --scene"
    nearest_names = f"; the nearest that are known: {', '.join(near)}" if near else ""
    return f"{what}{nearest_names}. All categories: textsearch categories; your own: textsearch categories add."


def _without_article(text: str) -> str:
    words = text.split()
    return " ".join(words[1:] if len(words) > 1 and words[0].casefold() in ("a", "an", "the") else words)


@lru_cache(maxsize=1)
def _mini() -> LanguageModel:
    # It brings torch, which no other query needs.
    from textsearch.knowledge.language import MiniLanguageModel

    return MiniLanguageModel()
