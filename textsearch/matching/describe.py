"""What a hit shows: the regions that answer, the letters in them that match, and how the score came about."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from textsearch.alignment import PART, locate
from textsearch.alphabet import Alphabet, normalise, words_of
from textsearch.hits import Explanation, Fact, Match
from textsearch.index.readings import Readings
from textsearch.index.records import StoredRegion
from textsearch.layout import slice_polygon
from textsearch.matching.found import NO_ROW, Best, Found
from textsearch.matching.plan import Target
from textsearch.rerank import KINDS
from textsearch.types import Points

Piece = tuple[Found, int]
"""A row of a table."""


def pieces(best: Best, place: int) -> list[Piece]:
    """Return the rows that count for one image, in the order of the query."""
    return [
        (found, int(row)) for found, row in zip(best.founds, best.rows[place].tolist(), strict=True) if row != NO_ROW
    ]


def explain(best: Best, place: int, shown: Sequence[Piece]) -> Explanation:
    """Return how the score of one image came about."""
    cosines = [float(found.similarity[row]) for found, row in shown if not np.isnan(found.similarity[row])]
    phrase = float(best.phrase[place])
    return Explanation(
        text=float(best.text[place]),
        similarity=sum(cosines) / len(cosines) if cosines else None,
        lattice=sum(float(found.fit[row]) for found, row in shown) / len(shown) if shown else None,
        phrase=None if np.isnan(phrase) else phrase,
    )


def known_matches(query: str, facts: Sequence[Fact], regions: Mapping[int, StoredRegion]) -> tuple[Match, ...]:
    """Return the regions whose words say what is known about a photo, each once, as matches with the whole query.

    Args:
        query: the query.
        facts: what is known, surest first.
        regions: by region id, all that the facts name; those that were just removed are missing.
    """
    scores: dict[int, float] = {}
    for fact in facts:
        for number in fact.region_ids:
            scores.setdefault(number, fact.score)
    return tuple(
        Match(
            word=" ".join(words_of(query)),
            kind="knowledge",
            score=score,
            similarity=0.0,
            lattice_score=0.0,
            region_id=number,
            polygon=(polygon := _points(region.polygon)),
            text=region.text,
            text_score=region.text_score,
            letters=polygon,
            span=(0, len(region.text)),
        )
        for number, score in scores.items()
        if (region := regions.get(number)) is not None
    )


class Describer:
    """Makes matches out of rows, for all hits of a result at once.

    Args:
        readings: of the index.
        alphabet: of the network.
        shown: the rows of all hits.
        regions: by region id, all that the rows name; those that were just removed are missing.
    """

    def __init__(
        self, readings: Readings, alphabet: Alphabet, shown: Sequence[Piece], regions: Mapping[int, StoredRegion]
    ) -> None:
        self.readings = readings
        self.alphabet = alphabet
        self.regions = regions
        self.frames = self._locate(shown)

    def _locate(self, shown: Sequence[Piece]) -> dict[tuple[int, int], tuple[int, int]]:
        """Return, by table and row, the first and one past the last frame of the letters, from the first region on."""
        frames = {}
        by_target: dict[Target, list[Piece]] = {}
        for found, row in shown:
            target = found.targets[found.which[row]]
            if isinstance(target, Target) and not (found.whole[row] and found.first[row] == found.last[row]):
                by_target.setdefault(target, []).append((found, row))
        for target, rows in by_target.items():
            spellings = self.alphabet.spellings(target.word, self.readings.present)
            for whole in (True, False):
                chosen = [(found, row) for found, row in rows if bool(found.whole[row]) == whole]
                first = np.array([found.first[row] for found, row in chosen], np.int64)
                last = np.array([found.last[row] for found, row in chosen], np.int64)
                way = target.ends if whole or not target.is_plain else PART
                starts, stops = locate(spellings, self.readings.spans(first, last), way)
                for (found, row), start, stop in zip(chosen, starts.tolist(), stops.tolist(), strict=True):
                    frames[id(found), row] = (start, stop)
        return frames

    def matches(self, piece: Piece) -> list[Match]:
        """Return the match of a row, one for each region that its letters run through."""
        found, row = piece
        places = range(int(found.first[row]), int(found.last[row]) + 1)
        matches = []
        for place in places:
            region = self.regions.get(int(self.readings.region_ids[place]))
            if region is None:
                continue
            start, stop, span = self._part(found, row, place, region)
            if stop > start:
                matches.append(self._match(found, row, region, start, stop, span))
        return matches

    def _part(self, found: Found, row: int, place: int, region: StoredRegion) -> tuple[float, float, tuple[int, int]]:
        """Return where in a region the letters are: as fractions of its length, and as places in its text."""
        if not np.isnan(found.extent[row, 0]):
            start, stop = found.extent[row].tolist()
            return start, stop, _characters(region.text, start, stop)
        if (id(found), row) not in self.frames:
            return 0.0, 1.0, (0, len(region.text))
        first, stop = self.frames[id(found), row]
        begin = int(self.readings.starts[place] - self.readings.starts[found.first[row]])
        length = int(self.readings.starts[place + 1] - self.readings.starts[place])
        first, stop = max(first - begin, 0), min(stop - begin, length)
        if first >= stop:
            return 0.0, 0.0, (0, 0)
        return _letters_part(region, self.alphabet, first, stop)

    def _match(
        self, found: Found, row: int, region: StoredRegion, start: float, stop: float, span: tuple[int, int]
    ) -> Match:
        whole = (start, stop) == (0.0, 1.0)
        polygon = _points(region.polygon)
        similarity = float(found.similarity[row])
        return Match(
            word=found.targets[found.which[row]].word,
            kind=KINDS[found.kinds[row]],
            score=100 * float(found.values[row]),
            similarity=0.0 if np.isnan(similarity) else similarity,
            lattice_score=float(found.fit[row]),
            region_id=region.region_id,
            polygon=polygon,
            text=region.text,
            text_score=region.text_score,
            letters=polygon if whole else _points(slice_polygon(region.polygon, start, stop)),
            span=span,
        )


def _letters_part(
    region: StoredRegion, alphabet: Alphabet, first: int, stop: int
) -> tuple[float, float, tuple[int, int]]:
    """Return where frames `first` to `stop` of a region lie: as fractions of its length, and as places in its text."""
    best = region.lattice.classes[:, 0]
    # The letter that it begins with may be wider than one frame, and begin before.
    while 0 < first < len(best) and best[first] > 0 and best[first] == best[first - 1]:
        first -= 1
    peaks = [t for t, number in enumerate(best.tolist()) if number > 0 and (t == 0 or best[t - 1] != number)]
    frames = max(len(best), 1)
    touched = [place for place, frame in enumerate(peaks) if first <= frame < stop]
    # A letter's peak is near its middle: half of it stands before and half after.
    half = frames / max(len(peaks), 1) / 2
    start = 0.0 if first <= (peaks[0] if peaks else 0) else max(first + 0.5 - half, 0.0) / frames
    end = 1.0 if stop > (peaks[-1] if peaks else 0) else min(stop - 0.5 + half, frames) / frames
    if not touched:
        return start, max(end, start), (0, 0)
    decoded = alphabet.decode(best.tolist())
    stripped = len(decoded) - len(decoded.lstrip())
    length = len(region.text)
    span = (min(max(touched[0] - stripped, 0), length), min(max(touched[-1] + 1 - stripped, 0), length))
    return start, max(end, start), span


def _characters(text: str, start: float, stop: float) -> tuple[int, int]:
    """Return the span of a text in which its normalised letters lie between two fractions."""
    letters = [place for place, character in enumerate(text) for _ in normalise(character)]
    if not letters:
        return 0, 0
    first, last = round(start * len(letters)), round(stop * len(letters)) - 1
    return letters[min(first, len(letters) - 1)], letters[max(min(last, len(letters) - 1), 0)] + 1


def _points(polygon: NDArray[np.float32]) -> Points:
    return tuple((x, y) for x, y in polygon.tolist())
