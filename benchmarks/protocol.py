"""The retrieval protocols: queries, relevance and scores over annotated photos.

Words: all distinct legible words that, lower-cased, are three or more of a-z and 0-9. A photo is relevant if it holds
exactly that word.

Phrases: all pairs of horizontally adjacent legible words on one line, normalised. Seen along the direction in which the
first word runs (at most 45 degrees from the horizontal), the second word is the annotation nearest to its right end,
the gap between them is at most one text height (and at least minus a half), they overlap across that direction by more
than half of the smaller height, and no height is more than twice the other. An illegible annotation in between parts
two words. Neighbours inside one annotation that holds several words are pairs too. A photo is relevant if it holds
that pair.

Parts: contiguous parts of three to five characters of the normalised legible words of six or more characters, so many
of them drawn at random. A photo is relevant if one of its legible words, of whatever length, contains the part.

Average precision over the whole gallery, ties grouped; mAP is the plain mean, "top-100" the mean over the 100 most
frequent queries.
"""

from __future__ import annotations

import argparse
import re
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from textsearch.alphabet import normalise, words_of
from textsearch.geometry import order_corners, overlap
from textsearch.layout import corners
from textsearch.metrics import average_precision
from textsearch.training.datasets.words import read_annotations
from textsearch.types import FloatArray

_QUERY = re.compile(r"[a-z0-9]{3,}")

_LARGEST_GAP, _SMALLEST_GAP = 1.0, -0.5
"""Gap between the words of a phrase, in text heights."""

_HEIGHT_RATIO = 2.0
"""Heights of the words of a phrase differ by this factor at most."""

_PART_LENGTHS = (3, 4, 5)
_LONG_WORD = 6

_TOUCHED = 0.3
"""Least IoU of a found polygon with a word that may be read there."""

_RESAMPLES = 1000
"""Resamples of the queries behind the interval of a gain."""

Row = dict[str, Any]
"""One photo of a words.jsonl."""

ScoresOf = Mapping[str, NDArray[np.float64]]
"""Query -> score of each photo, (photos,)."""


@dataclass(frozen=True)
class Protocol:
    """Queries over annotated photos.

    Attributes:
        photos: absolute paths.
        relevant: query -> places of the photos that hold it.
        frequent: the 100 most frequent queries.
        boxes: for each photo, the legible words' quadrilaterals, (4, 2) float32 each.
        texts: for each photo, the same words, lower-cased.
    """

    photos: tuple[Path, ...]
    relevant: Mapping[str, frozenset[int]]
    frequent: frozenset[str]
    boxes: tuple[tuple[FloatArray, ...], ...]
    texts: tuple[tuple[str, ...], ...]

    @classmethod
    def read(cls, words: Path, images: Path, split: str | None, limit: int | None = None) -> Protocol:
        """Read a words.jsonl and ask for words; images are found by their file name in `images`."""
        rows = read_annotations(words, split)[:limit]
        lowered = [[entry["text"].lower() for entry in _legible(row)] for row in rows]
        return cls._of(rows, images, [[word for word in words if _QUERY.fullmatch(word)] for words in lowered])

    @classmethod
    def read_phrases(cls, words: Path, images: Path, split: str | None, limit: int | None = None) -> Protocol:
        """Read a words.jsonl and ask for phrases of two words."""
        rows = read_annotations(words, split)[:limit]
        return cls._of(rows, images, [phrases_of(row) for row in rows])

    @classmethod
    def read_parts(
        cls, words: Path, images: Path, split: str | None, limit: int | None, count: int, seed: int
    ) -> Protocol:
        """Read a words.jsonl and ask for `count` parts of words, or for all if there are fewer."""
        rows = read_annotations(words, split)[:limit]
        seen = [[normalise(entry["text"]) for entry in _legible(row)] for row in rows]
        parts = sorted({part for words in seen for word in words for part in parts_of(word)})
        chosen = np.random.default_rng(seed).permutation(len(parts))[:count]
        sample = [parts[place] for place in sorted(chosen)]
        return cls._of(rows, images, [[part for word in words for part in sample if part in word] for words in seen])

    @classmethod
    def _of(cls, rows: Sequence[Row], images: Path, held: Sequence[Sequence[str]]) -> Protocol:
        """Return the protocol in which `held` are the queries that each photo answers, as often as it shows them."""
        relevant: dict[str, set[int]] = defaultdict(set)
        for place, queries in enumerate(held):
            for query in queries:
                relevant[query].add(place)
        counts = Counter(query for queries in held for query in queries)
        return cls(
            photos=tuple((images / Path(row["image"]).name).absolute() for row in rows),
            relevant={query: frozenset(places) for query, places in sorted(relevant.items())},
            frequent=frozenset(query for query, _ in counts.most_common(100)),
            boxes=tuple(
                tuple(order_corners(np.array(entry["poly"], np.float32)[:4]) for entry in _legible(row)) for row in rows
            ),
            texts=tuple(tuple(entry["text"].lower() for entry in _legible(row)) for row in rows),
        )

    def groups(self, size: int) -> list[Protocol]:
        """Return the photos in groups, in order, each with the words that are on it and no queries."""
        starts = range(0, len(self.photos), size)
        return [
            Protocol(
                self.photos[start : start + size],
                {},
                frozenset(),
                self.boxes[start : start + size],
                self.texts[start : start + size],
            )
            for start in starts
        ]

    def precisions(self, scores: ScoresOf) -> dict[str, float]:
        """Return the average precision of each query, 0 to 1."""
        everywhere = np.arange(len(self.photos))
        return {
            query: average_precision(np.isin(everywhere, list(places)), scores[query])
            for query, places in self.relevant.items()
        }

    def evaluate(self, scores: ScoresOf) -> dict[str, float]:
        """Return mAP and top-100 mAP, in percent."""
        precisions = self.precisions(scores)
        return {
            "map": 100 * float(np.mean(list(precisions.values()))),
            "top100_map": 100 * float(np.mean([precisions[query] for query in self.frequent])),
            "queries": len(precisions),
        }

    def gain(self, scores: ScoresOf, others: ScoresOf) -> dict[str, float]:
        """Return by how many points of mAP one ranking beats another, with the 95 % interval over resampled queries."""
        own, other = self.precisions(scores), self.precisions(others)
        differences = 100 * np.array([own[query] - other[query] for query in own])
        generator = np.random.default_rng(0)
        means = [generator.choice(differences, len(differences)).mean() for _ in range(_RESAMPLES)]
        low, high = np.percentile(means, [2.5, 97.5])
        return {"map": float(differences.mean()), "low": float(low), "high": float(high)}

    def recall(self, found: Sequence[Sequence[FloatArray]]) -> float:
        """Return the part, in percent, of legible words that some found polygon covers with IoU 0.5 or more."""
        hits = [found for photo in self._covered(found, 0.5) for found in photo]
        return 100 * sum(hits) / max(len(hits), 1)

    def ceiling(self, found: Sequence[Sequence[FloatArray]]) -> dict[str, float]:
        """Return what `evaluate` says of somebody who reads each found polygon right: no reading can do much better.

        A word counts as found where the overlap is so small that a polygon may hold a part of it, or its neighbour as
        well. Where less of it was found, it may still be guessed.
        """
        scores = {query: np.zeros(len(self.photos)) for query in self.relevant}
        for place, (texts, covered) in enumerate(zip(self.texts, self._covered(found, _TOUCHED), strict=True)):
            for text, hit in zip(texts, covered, strict=True):
                if hit and text in scores:
                    scores[text][place] = 1
        return self.evaluate(scores)

    def _covered(self, found: Sequence[Sequence[FloatArray]], least: float) -> list[list[bool]]:
        """Return for each legible word of each photo whether some found polygon covers it with this IoU or more."""
        covered = []
        for wanted, polygons in zip(self.boxes, found, strict=True):
            boxes = [order_corners(corners(polygon)) for polygon in polygons]
            covered.append([any(overlap(target, box) >= least for box in boxes) for target in wanted])
        return covered


def annotated_parser(description: str | None) -> argparse.ArgumentParser:
    """Return a parser for the arguments shared by the programs that measure on annotated photos."""
    parser = argparse.ArgumentParser(description=description, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--words", type=Path, required=True, help="annotations, one image a line")
    parser.add_argument("--images", type=Path, required=True, help="folder of the photos")
    parser.add_argument("--split", help="only rows of this split")
    parser.add_argument("--limit", type=int, help="only so many photos, to try the program out")
    parser.add_argument("--output", type=Path, required=True, help="JSON file to write")
    return parser


def gallery_parser(description: str | None) -> argparse.ArgumentParser:
    """Return a parser for the programs that also keep an index of the photos, and what RapidOCR read in them."""
    parser = annotated_parser(description)
    parser.add_argument("--index", type=Path, help="index folder to fill or go on with; default: a temporary one")
    parser.add_argument("--readings", type=Path, help="JSON file that keeps what RapidOCR read, to read it only once")
    return parser


def data_name(arguments: argparse.Namespace) -> str:
    """Return what a result says of its photos: the data set and the part that `--words` and `--split` name."""
    return f"{arguments.words.parent.name}, split {arguments.split or 'all'}"


def phrases_of(row: Row) -> list[str]:
    """Return the pairs of adjacent words of a photo, "first second" each, normalised; see the module's docstring."""
    entries = [entry for entry in row["words"] if entry["poly"] is not None]
    outlines = [corners(np.array(entry["poly"], np.float32)) for entry in entries]
    phrases = []
    for place, entry in enumerate(entries):
        words = _readable(entry)
        phrases += [f"{first} {second}" for first, second in pairwise(words)]
        gaps = {other: _gap(outlines[place], outlines[other]) for other in range(len(entries)) if other != place}
        reachable = {other: gap for other, gap in gaps.items() if gap is not None}
        if words and reachable:
            following = _readable(entries[min(reachable, key=reachable.__getitem__)])
            phrases += [f"{words[-1]} {following[0]}"] if following else []
    return phrases


def parts_of(word: str) -> set[str]:
    """Return the contiguous parts of three to five characters of a long word; nothing of a short one."""
    if len(word) < _LONG_WORD:
        return set()
    return {word[start : start + size] for size in _PART_LENGTHS for start in range(len(word) - size + 1)}


def _legible(row: Row) -> list[dict[str, Any]]:
    return [entry for entry in row["words"] if entry["text"] and not entry["ignore"]]


def _readable(entry: dict[str, Any]) -> list[str]:
    """Return the normalised words of an annotation; nothing of an illegible one."""
    return [] if entry["ignore"] else words_of(entry["text"])


def _gap(first: FloatArray, second: FloatArray) -> float | None:
    """Return how far the second word stands to the right of the first on its line, in pixels; None if it does not.

    Args:
        first: (4, 2) float32, clockwise from the word's own top left corner.
        second: the same.
    """
    along = first[1] - first[0] + first[2] - first[3]
    along = along / max(float(np.linalg.norm(along)), 1e-6)
    if along[0] < np.cos(np.pi / 4):
        return None
    axes = np.stack([along, [-along[1], along[0]]], axis=1)  # (2, 2): along, across
    (_, top), (right, bottom) = (first @ axes).min(axis=0), (first @ axes).max(axis=0)
    (other_left, other_top), (other_right, other_bottom) = (second @ axes).min(axis=0), (second @ axes).max(axis=0)
    height, other_height = float(bottom - top), float(other_bottom - other_top)
    smaller, larger = sorted((height, other_height))
    gap = float(other_left - right)
    beside = _SMALLEST_GAP * smaller <= gap <= _LARGEST_GAP * (height + other_height) / 2 and other_right > right
    same_line = min(bottom, other_bottom) - max(top, other_top) > 0.5 * smaller and larger <= _HEIGHT_RATIO * smaller
    return gap if beside and same_line else None
