"""What can be asked: the options that `query` and `report` share, and the one call that answers them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from textsearch.database import Database
    from textsearch.hits import SearchResult

LANGUAGE = """\b
What TEXT can be, as typed in a shell:
  coca cola                   all the words, in any order
  '"coca cola"'               next to each other, in this order
  'cola -pepsi'               the first, and not the second, not even within a word
  'taxi|cab'                  one or the other
  'star*' '*sale' '*sale*'    a word that begins with it, ends with it, contains it
  '/^re16/'                   a regular expression, on what was read, without its punctuation
  'c\\|o'                      after a backslash, a character stands for itself
  pharmacy                    a name: also photos known to show one, though no text says so
\b
The single quotes keep the shell's hands off " * | and \\. Where a text without quotes begins with a dash, put two
dashes before it: textsearch query -- cola -pepsi"""
"""The query language, for the help."""

_NUMBER = r"\d+(?:\.\d*)?|\.\d+"
_BOX = re.compile(rf"@({_NUMBER}),({_NUMBER}),({_NUMBER}),({_NUMBER})$")


class Kinds(str, Enum):
    """Which kinds of match are wanted."""

    auto = "auto"
    exact = "exact"
    partial = "partial"
    similar = "similar"


class Reranking(str, Enum):
    """Whether what is known about photos counts."""

    auto = "auto"
    none = "none"


@dataclass(frozen=True)
class Picture:
    """A picture of a word to look for.

    Attributes:
        path: the picture.
        box: left, top, right, bottom of the word, pixels of the upright picture; None for the largest word.
    """

    path: Path
    box: tuple[float, float, float, float] | None

    @classmethod
    def parse(cls, value: str) -> Picture:
        """Read IMAGE or IMAGE@x1,y1,x2,y2; a file that has such a name is taken as it is.

        Raises:
            typer.BadParameter: the box has no area.
        """
        found = _BOX.search(value)
        if found is None or Path(value).exists():
            return cls(Path(value), None)
        left, top, right, bottom = (float(number) for number in found.groups())
        if left >= right or top >= bottom:
            raise typer.BadParameter(f"a box is left,top,right,bottom, which {found[0]} is not")
        return cls(Path(value[: found.start()]), (left, top, right, bottom))


TextArgument = Annotated[
    list[str] | None, typer.Argument(metavar="TEXT", help="What to look for; several words need no quotes.")
]
LikeOption = Annotated[
    Picture | None,
    typer.Option(
        "--like",
        parser=Picture.parse,
        metavar="IMAGE[@x1,y1,x2,y2]",
        help="Look for the word in a picture instead of TEXT; the box says which one, in pixels.",
    ),
]
TopOption = Annotated[int, typer.Option("-k", "--top", metavar="N", min=0, help="How many photos; 0 = all that match.")]
KindsOption = Annotated[
    Kinds,
    typer.Option(
        "--match",
        help="exact: only the words themselves. partial: also as a part of longer ones. auto: also similar ones, "
        "better kinds first. similar: as auto, but by score alone.",
    ),
]
ScoreOption = Annotated[
    float | None,
    typer.Option(
        "--min-score",
        metavar="S",
        min=0.0,
        max=100.0,
        help="Leave out photos that score less, 0 to 100; with 0 and -k 0 all photos are ranked.  [default: 2, and 25 "
        "for those found by knowledge alone]",
        show_default=False,
    ),
]
ExhaustiveOption = Annotated[
    bool, typer.Option("--exhaustive", help="Compare with every text of the index, not only the likely ones; slower.")
]


RerankOption = Annotated[
    Reranking,
    typer.Option(
        "--rerank",
        help="auto: where TEXT as a whole is the name of something, such as pharmacy, photos known to show it count, "
        "too; only with --match auto. none: only what is written.",
    ),
]
CategoryOption = Annotated[
    str | None,
    typer.Option(
        "--category",
        metavar="NAME",
        help="Only photos known to show this kind of thing or place, or of a category of your own; without TEXT all "
        "of them.",
    ),
]
SceneOption = Annotated[
    str | None,
    typer.Option(
        "--scene",
        metavar="TEXT",
        help="Only photos whose picture shows this, in your own words; without TEXT all of them.",
    ),
]
UnderOption = Annotated[
    Path | None,
    typer.Option("--under", metavar="DIR", help="Only photos in this folder, or below it.", show_default=False),
]


@dataclass(frozen=True)
class Known:
    """How what is known about photos counts.

    Attributes:
        rerank: whether it finds and orders photos.
        category: only photos of this category are wanted; None for all.
        scene: only photos that show this are wanted; None for all.
    """

    rerank: Reranking
    category: str | None
    scene: str | None

    @property
    def is_condition(self) -> bool:
        """Return whether only some photos are wanted."""
        return self.category is not None or self.scene is not None

    def check(self, like: Picture | None) -> None:
        """Raise typer.BadParameter if this does not go with a picture that is looked for."""
        if like is not None and self.is_condition:
            raise typer.BadParameter("--like does not go with --category or --scene")


@dataclass(frozen=True)
class Search:
    """One thing to look for, and how.

    Attributes:
        words: the words of the command line.
        like: a picture that takes their place.
        top: hits at most; 0 for all.
        kinds: which kinds of match are wanted.
        min_score: hits below this are left out; None for the library's default.
        exhaustive: whether every text of the index is compared.
        known: how what is known about photos counts.
        under: only photos in this folder are wanted, or below it; None for all.
    """

    words: list[str] | None
    like: Picture | None
    top: int
    kinds: Kinds
    min_score: float | None
    exhaustive: bool
    known: Known
    under: Path | None

    def check(self) -> None:
        """Raise typer.BadParameter if it is not clear what to look for."""
        self.known.check(self.like)
        if self.like is not None:
            if self.words:
                raise typer.BadParameter("--like takes the place of TEXT; give one of them")
            if self.kinds is not Kinds.auto or self.exhaustive:
                raise typer.BadParameter("--like does not go with --match or --exhaustive")
        elif not self.words and not self.known.is_condition:
            raise typer.BadParameter(
                "say what to look for: some text, a picture of a word with --like, or what photos show with --category "
                "or --scene"
            )
        elif not self.words and (self.kinds is not Kinds.auto or self.known.rerank is not Reranking.auto):
            raise typer.BadParameter("--match and --rerank need a TEXT")

    @property
    def least(self) -> float | None:
        """Return the lowest score that is wanted: the library ranks all photos if -k 0 is not told otherwise."""
        if self.top or self.min_score is not None:
            return self.min_score
        from textsearch.rerank import MINIMUM_SCORE

        return MINIMUM_SCORE

    def answer(self, database: Database) -> SearchResult:
        """Return the hits."""
        if self.like is not None:
            return database.search_like(self.like.path, self.like.box, self.top, min_score=self.least, under=self.under)
        return self.ask(database, " ".join(word.lstrip() for word in self.words or ()))

    def ask(self, database: Database, text: str) -> SearchResult:
        """Return the hits for a text, in place of the command line's."""
        return database.search(
            text,
            self.top,
            match=self.kinds.value,
            min_score=self.least,
            exhaustive=self.exhaustive,
            rerank=self.known.rerank.value,
            category=self.known.category,
            scene=self.known.scene,
            under=self.under,
        )


def nothing_found(result: SearchResult) -> str:
    """Return what to say where there is no hit: the nearest words that the gallery does hold."""
    words = ", ".join(f'"{word}"' for word in result.nearest)
    return f"Nothing matches {result.query!r}; the nearest words in the gallery: {words}."
