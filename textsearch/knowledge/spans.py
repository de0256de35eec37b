"""Which neighbouring words of a photo may belong to one name: runs along a line, and short lines under each other."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from textsearch.alphabet import words_of
from textsearch.lattice import Lattice
from textsearch.types import FloatArray, Regions

LONGEST = 4
"""Words of a name at most."""


class Reading(Protocol):
    """One text region as it was read; a stored region is one."""

    @property
    def polygon(self) -> FloatArray: ...  # noqa: D102

    @property
    def text(self) -> str: ...  # noqa: D102

    @property
    def text_score(self) -> float: ...  # noqa: D102

    @property
    def line(self) -> int: ...  # noqa: D102

    @property
    def lattice(self) -> Lattice: ...  # noqa: D102


@dataclass(frozen=True, eq=False)
class PlainReading:
    """One text region of an image that is being encoded.

    Attributes:
        polygon: (V, 2) float32, (x, y), pixels.
        text: transcript.
        text_score: mean probability of the transcript's characters, 0 to 1.
        line: which line it was cut from, as it was read; regions of a line follow in reading order.
        lattice: what the recogniser believed at every frame.
    """

    polygon: FloatArray
    text: str
    text_score: float
    line: int
    lattice: Lattice


def readings_of(regions: Regions) -> list[PlainReading]:
    """Return the regions of one image as readings, in their order."""
    columns = zip(regions.polygons, regions.texts, regions.text_scores, regions.lines, regions.lattices, strict=True)
    return [
        PlainReading(polygon, text, float(score), int(line), lattice) for polygon, text, score, line, lattice in columns
    ]


@dataclass(frozen=True)
class Token:
    """One word that was read.

    Attributes:
        word: normalised.
        region: position of its reading.
        whole: whether it is all the text of the reading.
    """

    word: str
    region: int
    whole: bool


Span = tuple[Token, ...]


def spans_of(readings: Sequence[Reading]) -> list[Span]:
    """Return every run of at most LONGEST words that may be a name, single words included."""
    lines: dict[int, list[Token]] = {}
    for region, reading in enumerate(readings):
        words = words_of(reading.text)
        tokens = [Token(word, region, len(words) == 1) for word in words]
        if tokens:
            lines.setdefault(reading.line, []).extend(tokens)
    rows = list(lines.values())
    found: list[Span] = []
    for row in rows:
        for start in range(len(row)):
            found += [tuple(row[start:end]) for end in range(start + 1, min(start + LONGEST, len(row)) + 1)]
    found += [(*rows[above], *rows[below]) for above, below in _stacked(rows, readings)]
    return found


def _stacked(rows: Sequence[Sequence[Token]], readings: Sequence[Reading]) -> list[tuple[int, int]]:
    """Return which short lines stand directly above which others, as pairs of their numbers."""
    short = [number for number, row in enumerate(rows) if len(row) < LONGEST]
    if len(short) < 2:
        return []
    corners = [np.concatenate([readings[token.region].polygon for token in rows[number]]) for number in short]
    left, top = np.array([points.min(axis=0) for points in corners]).T
    right, bottom = np.array([points.max(axis=0) for points in corners]).T
    height = np.minimum(bottom - top, (bottom - top)[:, None])
    gap = top[None, :] - bottom[:, None]
    overlap = np.minimum(right, right[:, None]) - np.maximum(left, left[:, None])
    narrower = np.minimum(right - left, (right - left)[:, None])
    below = (gap > -0.5 * height) & (gap < height) & (overlap > 0.5 * narrower) & (top[None, :] > top[:, None])
    pairs = [(short[above], short[under]) for above, under in np.argwhere(below)]
    return [(above, under) for above, under in pairs if len(rows[above]) + len(rows[under]) <= LONGEST]
