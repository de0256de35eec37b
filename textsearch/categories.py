"""The categories of an index: those that its photos show, and the user's own, which no network was trained for."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from textsearch.alphabet import Alphabet, normalise
from textsearch.errors import QueryError, TextSearchError
from textsearch.images import SUFFIXES
from textsearch.index.folder import IndexFolder
from textsearch.index.records import PICTURE_WIDTH, OwnCategory
from textsearch.knowledge.lexicon import Entity, Lexicon
from textsearch.knowledge.relevance import belief
from textsearch.matching.knowledge import plain_words
from textsearch.matching.pictures import pixels_of
from textsearch.matching.plan import Plan

if TYPE_CHECKING:
    from textsearch.indexer.describe import Describer

SURE = 0.5
"""Score from which something known about a photo counts as shown by it."""


def shown_categories(index: IndexFolder, lexicon: Lexicon, least: float = SURE) -> dict[str, int]:
    """Return how many photos show each category, by identifier; a brand counts for what it mainly is.

    Args:
        index: the photos.
        lexicon: what its identifiers mean; those that it does not know are left out.
        least: score from which a photo counts, after what each source is believed.
    """
    entities, categories = set(lexicon.entity_identifiers), set(lexicon.category_identifiers)
    photos: dict[str, set[int]] = {}
    for (source, identifier), scores in index.occurrences(least).items():
        believed = belief(source, identifier)
        image_ids = {image_id for image_id, score in scores.items() if believed * score >= least}
        kinds = main_kinds(lexicon.entity(identifier)) if identifier in entities else [identifier]
        for kind in kinds:
            if image_ids and kind in categories:
                photos.setdefault(kind, set()).update(image_ids)
    return {identifier: len(image_ids) for identifier, image_ids in photos.items()}


def main_kinds(entity: Entity) -> list[str]:
    """Return the categories that an entity mostly belongs to, by identifier: one, or several to the same part."""
    most = max(weight for _, weight in entity.categories)
    return [identifier for identifier, weight in entity.categories if weight == most]


def own_category(
    name: str,
    words: Iterable[str],
    pictures: Sequence[Path],
    describer: Describer | None,
    alphabet: Alphabet,
) -> OwnCategory:
    """Return a category as the user describes it.

    Args:
        name: as the user writes it.
        words: what photos of it say; each may be several words.
        pictures: example pictures.
        describer: looks at the pictures.
        alphabet: the letters that can be searched.

    Raises:
        TextSearchError: the name is empty, there are neither words nor pictures, or nobody to look at pictures.
        QueryError: a word holds nothing that can be searched, or is more than plain words.
        ImageError: a picture cannot be read.
    """
    name = " ".join(name.split())
    if not normalise(name):
        raise TextSearchError("A category needs a name with a letter or a digit in it.")
    kept = tuple(dict.fromkeys(" ".join(word.split()) for word in words if word.strip()))
    for word in kept:
        try:
            plan = Plan.of(word, alphabet)
        except QueryError as error:
            raise QueryError(f"The word {word!r} cannot be searched: {error}") from error
        if not plain_words(plan):
            raise QueryError(f"The words of a category are plain words, and {word!r} is more; separate them by commas.")
    if not kept and not pictures:
        raise TextSearchError(f"Give words or example pictures for the category {name!r}, or both.")
    if pictures and describer is None:
        raise TextSearchError("Nobody looks at example pictures for another network; give words, or a describer too.")
    seen = [describer.see(pixels_of(path)) for path in pictures] if describer is not None else []
    return OwnCategory(name, kept, np.array(seen, np.float32).reshape(-1, PICTURE_WIDTH))


def same_name(first: str, second: str) -> bool:
    """Return whether two names of categories are the same but for case, spaces and punctuation."""
    return normalise(first) == normalise(second)


def pictures_in(sources: Iterable[str | Path]) -> list[Path]:
    """Return picture files: those named, and those that lie directly in the folders named, by name.

    Raises:
        TextSearchError: a source does not exist, or a folder holds no picture.
    """
    found: list[Path] = []
    for source in map(Path, sources):
        if not source.exists():
            raise TextSearchError(f"There is no file or folder {source}; check the path.")
        if not source.is_dir():
            found.append(source)
            continue
        inside = sorted(path for path in source.iterdir() if path.suffix.lower() in SUFFIXES and path.is_file())
        if not inside:
            raise TextSearchError(f"There is no picture in {source}; name a folder of example pictures.")
        found += inside
    return found
