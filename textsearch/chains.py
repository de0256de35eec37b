"""Regions that may be parts of one word: letters set apart, on tiles or below each other, and words the detector broke.

Two regions of like size whose ends lie near each other, each in the direction in which the other ends, are linked; what
is linked is a chain, and the band through a chain's regions may be read as one line.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np

from textsearch.geometry import order_corners, side_lengths, sides
from textsearch.ribbon import Points, Ribbon, evenly
from textsearch.types import FloatArray

_COMPACT = 1.6
"""A region less than this many times longer than high is a letter or two, and may be continued in any direction."""

_BROKEN = 1.0
"""Gaps between parts of a word, in their heights, at most."""

_ALIKE = 1.9
"""Ratio of the sizes of two parts of a word at most: small letters beside capitals."""

_TURN = np.cos(np.deg2rad(65))
"""Cosine of the angle by which text may turn from one part to the next."""

_OPPOSITE = -0.5
"""Cosine of the angle at a letter between those before and after it at most: text goes on, it does not turn back."""

_THICKNESS = 60
"""Percentile of the sizes of a chain's regions that its band is thick: small letters do not thin it."""


@dataclass(frozen=True, eq=False)
class _End:
    """One end of a piece: (2,) where it is, (2,) unit vector outwards, and which one; None if a piece has none."""

    point: Points
    outwards: Points
    number: int | None

    def is_other_than(self, end: _End) -> bool:
        """Return whether text that comes in at one of two ends of a piece may go out at the other."""
        return float(self.outwards @ end.outwards) <= _OPPOSITE if self.number is None else self.number != end.number


class _Piece:
    """A region as a part of a chain: its centre line (K, 2), its size and its ends."""

    def __init__(self, polygon: FloatArray) -> None:
        top, bottom = sides(polygon.astype(np.float64))
        length, height = side_lengths(polygon)
        self.centre: Points = (top + bottom) / 2
        self.middle: Points = self.centre.mean(axis=0)
        self.length, self.height = length, height
        self.is_compact = length < _COMPACT * height
        self.size = max(length, height) if self.is_compact else height
        self.reach = (length + height) / 4 if self.is_compact else 0.0

    def line(self, direction: Points) -> Points:
        """Return the centre line in a direction as points (P, 2), more of them if it is longer."""
        if self.is_compact:
            return self.middle + np.outer([-self.reach, 0.0, self.reach], _unit(direction))
        forwards = (self.centre[-1] - self.centre[0]) @ direction >= 0
        return evenly(self.centre if forwards else self.centre[::-1], max(3, round(2 * self.length / self.size)))

    def end_towards(self, place: Points) -> _End:
        """Return the end nearest to a place; a compact piece ends wherever the place is."""
        if self.is_compact:
            outwards = _unit(place - self.middle)
            return _End(self.middle + self.reach * outwards, outwards, None)
        number = int(np.linalg.norm(self.centre[-1] - place) < np.linalg.norm(self.centre[0] - place))
        line = self.centre if number else self.centre[::-1]
        return _End(line[-1], _unit(line[-1] - line[-2]), number)


def chains(polygons: Sequence[FloatArray], apart: float) -> list[list[int]]:
    """Return which regions may be parts of one word.

    Args:
        polygons: N ordered polygons, (2K, 2) float32 each.
        apart: gaps between letters that stand alone, in their sizes, at most.

    Returns:
        Chains of two or more places, each in order from one end to the other; every place is in one chain at most.
    """
    pieces = [_Piece(polygon) for polygon in polygons]
    links: list[list[tuple[int, _End]]] = [[] for _ in pieces]
    chain_of = np.arange(len(pieces))
    for first, second, end, other in _candidates(pieces, apart):
        free = all(
            len(links[place]) < 2 and all(at.is_other_than(taken) for _, taken in links[place])
            for place, at in ((first, end), (second, other))
        )
        if free and chain_of[first] != chain_of[second]:
            links[first].append((second, end))
            links[second].append((first, other))
            chain_of[chain_of == chain_of[second]] = chain_of[first]
    return _follow([[place for place, _ in linked] for linked in links])


def band(polygons: Sequence[FloatArray], bend: float) -> FloatArray | None:
    """Return the ordered polygon (V, 2) float32 around a chain of regions; None if no band follows it.

    Args:
        polygons: the regions, (2K, 2) float32 each, in order from one end of the chain to the other.
        bend: a band that leaves the straight by no more than this many of its heights becomes a quadrilateral.
    """
    pieces = [_Piece(polygon) for polygon in polygons]
    middles = [pieces[0].middle, *(piece.middle for piece in pieces), pieces[-1].middle]
    lines = [piece.line(after - before) for piece, before, after in zip(pieces, middles[:-2], middles[2:], strict=True)]
    # A letter or two may stand at any angle to their rectangle, so that only longer parts tell their height.
    sizes = [piece.size for piece in pieces if not piece.is_compact] or [piece.size for piece in pieces]
    ribbon = Ribbon.through(np.concatenate(lines), float(np.percentile(sizes, _THICKNESS)))
    around = ribbon.polygon()
    away = np.linalg.norm(np.array([piece.middle for piece in pieces])[:, None] - ribbon.centre, axis=2).min(axis=1)
    if away.max() > ribbon.thickness / 2:
        return None
    if ribbon.bend <= bend:
        return order_corners(cv2.boxPoints(cv2.minAreaRect(around)).astype(np.float32))
    return None if ribbon.folds else around


def _candidates(pieces: Sequence[_Piece], apart: float) -> list[tuple[int, int, _End, _End]]:
    """Return the pairs of pieces of which one may go on where the other ends, with those ends, likeliest first.

    Near ends count, and like sizes: a speck beside a letter is nearer than the next letter.
    """
    if len(pieces) < 2:
        return []
    x, y = np.array([piece.middle for piece in pieces], np.float32).T
    # Whatever the direction, half a region's girth reaches from its middle to beyond its ends.
    sizes, extents = np.array([(piece.size, (piece.length + piece.height) / 2) for piece in pieces], np.float32).T
    smaller = np.minimum(sizes[:, None], sizes)
    ratios = np.maximum(sizes[:, None], sizes) / smaller
    distances = np.hypot(x[:, None] - x, y[:, None] - y)
    near = (distances <= extents[:, None] + extents + apart * smaller) & (ratios <= _ALIKE)
    found = []
    for first, second in np.argwhere(np.triu(near, 1)).tolist():
        one, two = pieces[first], pieces[second]
        end, other = one.end_towards(two.middle), two.end_towards(one.middle)
        gap = float(np.linalg.norm(other.point - end.point)) / smaller[first, second]
        farthest = apart if one.is_compact and two.is_compact else _BROKEN
        ahead = min(end.outwards @ _unit(two.middle - end.point), other.outwards @ _unit(one.middle - other.point))
        turn = 1.0 if one.is_compact or two.is_compact else -float(end.outwards @ other.outwards)
        if gap <= farthest and min(ahead, turn) >= _TURN:
            found.append((gap + np.log(ratios[first, second]), first, second, end, other))
    return [(first, second, end, other) for _, first, second, end, other in sorted(found, key=lambda pair: pair[0])]


def _follow(neighbours: Sequence[Sequence[int]]) -> list[list[int]]:
    """Return the chains of two or more that neighbours make, from the end whose place is lower."""
    found = []
    seen: set[int] = set()
    for start, around in enumerate(neighbours):
        if len(around) != 1 or start in seen:
            continue
        chain = [start]
        while following := [place for place in neighbours[chain[-1]] if place not in chain[-2:]]:
            chain += following
        seen.update(chain)
        found.append(chain)
    return found


def _unit(vector: Points) -> Points:
    return vector / max(float(np.linalg.norm(vector)), 1e-6)
