"""Find the photos in which a text can be seen, with the box and the reason.

    import textsearch

    with textsearch.open("./gallery") as database:
        database.index("./gallery")
        for hit in database.search("coca cola"):
            print(hit.score, hit.kind, hit.path, hit.matches[0].xyxy)

Names are loaded when they are first used, so that importing the package costs nothing.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from textsearch.database import Database, open
    from textsearch.errors import (
        ImageError,
        IndexCorruptError,
        IndexLockedError,
        IndexModelError,
        IndexNotFoundError,
        IndexVersionError,
        IndexWriteError,
        MissingDependencyError,
        QueryError,
        TextSearchError,
        WeightsError,
    )
    from textsearch.hits import Fact, Hit, Match, SearchResult
    from textsearch.indexer.options import IndexOptions
    from textsearch.indexer.progress import Progress
    from textsearch.location import Status
    from textsearch.runtime.model import load_model
    from textsearch.training.adaptation.report import AdaptOptions, AdaptReport
    from textsearch.types import Failure, IndexedPhoto, IndexedText, IndexReport, Regions, TextModel

_HOMES = {
    "AdaptOptions": "textsearch.training.adaptation.report",
    "AdaptReport": "textsearch.training.adaptation.report",
    "Database": "textsearch.database",
    "Fact": "textsearch.hits",
    "Failure": "textsearch.types",
    "Hit": "textsearch.hits",
    "ImageError": "textsearch.errors",
    "IndexCorruptError": "textsearch.errors",
    "IndexLockedError": "textsearch.errors",
    "IndexModelError": "textsearch.errors",
    "IndexNotFoundError": "textsearch.errors",
    "IndexOptions": "textsearch.indexer.options",
    "IndexReport": "textsearch.types",
    "IndexVersionError": "textsearch.errors",
    "IndexWriteError": "textsearch.errors",
    "IndexedPhoto": "textsearch.types",
    "IndexedText": "textsearch.types",
    "Match": "textsearch.hits",
    "MissingDependencyError": "textsearch.errors",
    "Progress": "textsearch.indexer.progress",
    "QueryError": "textsearch.errors",
    "Regions": "textsearch.types",
    "SearchResult": "textsearch.hits",
    "Status": "textsearch.location",
    "TextModel": "textsearch.types",
    "TextSearchError": "textsearch.errors",
    "WeightsError": "textsearch.errors",
    "load_model": "textsearch.runtime.model",
    "open": "textsearch.database",
}

__all__ = [
    "AdaptOptions",
    "AdaptReport",
    "Database",
    "Fact",
    "Failure",
    "Hit",
    "ImageError",
    "IndexCorruptError",
    "IndexLockedError",
    "IndexModelError",
    "IndexNotFoundError",
    "IndexOptions",
    "IndexReport",
    "IndexVersionError",
    "IndexWriteError",
    "IndexedPhoto",
    "IndexedText",
    "Match",
    "MissingDependencyError",
    "Progress",
    "QueryError",
    "Regions",
    "SearchResult",
    "Status",
    "TextModel",
    "TextSearchError",
    "WeightsError",
    "load_model",
    "open",
]


def __getattr__(name: str) -> Any:
    """Load a public name on first use."""
    if name not in _HOMES:
        raise AttributeError(f"module 'textsearch' has no attribute {name!r}")
    value = getattr(import_module(_HOMES[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    """List the public names."""
    return __all__
