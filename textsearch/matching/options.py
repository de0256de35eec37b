"""What a search is told besides its text: how many hits, of what kinds, above what score, under what conditions."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import get_args

from textsearch.errors import QueryError
from textsearch.matching.knowledge import LEAST_KNOWN
from textsearch.rerank import EXACT, KIND_MARGIN, MINIMUM_SCORE, PARTIAL, SIMILAR
from textsearch.types import MatchMode, Rerank


@dataclass(frozen=True)
class SearchOptions:
    """What a search returns; see `textsearch.database.Database.search`."""

    k: int = 20
    match: MatchMode = "auto"
    min_score: float | None = None
    exhaustive: bool = False
    rerank: Rerank = "auto"
    category: str | None = None
    scene: str | None = None
    under: tuple[Path, ...] = ()
    """All the names that one folder may have in the index; empty for the whole gallery."""

    def __post_init__(self) -> None:
        """Refuse what makes no sense."""
        if self.k < 0:
            raise ValueError(f"k must be 0 (the whole gallery) or positive, not {self.k}")
        if self.match not in get_args(MatchMode):
            raise QueryError(f"There is no match mode {self.match!r}; choose one of {', '.join(get_args(MatchMode))}.")
        if self.rerank not in get_args(Rerank):
            raise QueryError(f"There is no reranking {self.rerank!r}; choose one of {', '.join(get_args(Rerank))}.")

    @property
    def least(self) -> float:
        """Return the lowest score, 0 to 100, of a hit."""
        if self.min_score is not None:
            return self.min_score
        return MINIMUM_SCORE if self.k else 0.0

    @property
    def least_known(self) -> float:
        """Return the lowest score, 0 to 100, of a hit that only knowledge speaks for.

        Asking for higher scores never adds hits: only who asks for lower ones than the text needs sees all of them.
        """
        return self.least if self.least < MINIMUM_SCORE else max(LEAST_KNOWN, self.least)

    @property
    def conditions(self) -> str:
        """Return the conditions on what photos show, for a person; empty if there is none."""
        named = {"category": self.category, "scene": self.scene}
        return ", ".join(f"{name} {value}" for name, value in named.items() if value is not None)

    @property
    def uses_knowledge(self) -> bool:
        """Return whether what is known about photos may order and add hits; the other modes ask about text alone."""
        return self.rerank == "auto" and self.match == "auto"

    @property
    def worst(self) -> int:
        """Return the worst kind of a hit, a place in `rerank.KINDS`."""
        return {"exact": EXACT, "partial": PARTIAL}.get(self.match, SIMILAR)

    @property
    def margin(self) -> float:
        """Return the points by which a photo must score more to come before one of the next better kind."""
        return 0.0 if self.match == "similar" else KIND_MARGIN

    @property
    def everything(self) -> bool:
        """Return whether photos without any match are hits, too."""
        return self.k == 0 and self.least <= 0 and self.match in ("auto", "similar")
