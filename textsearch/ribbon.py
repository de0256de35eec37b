"""Bent text: from the outline of a component to the band around its centre line.

An outline is split at its two ends into two sides; the line between them is the centre line, whatever its curve.
Nothing is computed per pixel, so a photo full of bent text costs hardly more than one full of rectangles.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from textsearch.types import FloatArray

_OUTLINE_POINTS = 64
"""Points by which an outline is described while its ends are sought."""

_SIDE_POINTS = 16
"""Points by which each side is described."""

_CENTRE_POINTS = 96
"""Points by which a smooth centre line is described."""

_DEGREE = 3
"""Degree of the polynomials for the centre line: they follow half a circle, and an S, but no single letter."""

_BORDER = 75
"""Percentile of the offsets of a side that is its border: a bump does not thicken the whole band."""

_COLUMN_RATIO = 1.5
"""A centre line whose ends stand this many times further down than across is read from its upper end."""

Points = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Ribbon:
    """A band of constant thickness along a smooth centre line that runs in the reading direction.

    Attributes:
        centre: (P, 2) float64, points of the centre line at equal distances.
        above: thickness of the band on the left hand of the centre line, where the tops of the letters are, pixels.
        below: its thickness on the right hand, pixels.
    """

    centre: Points
    above: float
    below: float

    @classmethod
    def of(cls, outline: FloatArray) -> Ribbon:
        """Find the band that an outline, (V, 2), V >= 3, encloses."""
        first, second = _sides(outline.astype(np.float64))
        # Where an end is cut off straight, its point lies at one of the corners; there both sides are close together.
        widths = np.linalg.norm(first - second, axis=1)
        centre = _in_reading_direction(_smooth((first + second) / 2, widths))
        offsets = sorted((_offsets(side, centre) for side in (first, second)), key=lambda side: float(side.mean()))
        return cls(centre, -float(np.percentile(offsets[0], 100 - _BORDER)), float(np.percentile(offsets[1], _BORDER)))

    @classmethod
    def through(cls, line: Points, thickness: float) -> Ribbon:
        """Return the band of a thickness, pixels, near the points (P, 2) float64 of a line."""
        return cls(_in_reading_direction(_smooth(line, np.ones(len(line)))), thickness / 2, thickness / 2)

    @property
    def thickness(self) -> float:
        """Return the distance from border to border, pixels."""
        return self.above + self.below

    @property
    def length(self) -> float:
        """Return the length of the centre line, pixels."""
        return float(_distances(self.centre)[-1])

    @property
    def bend(self) -> float:
        """Return how far the centre line leaves the straight line between its ends, in thicknesses."""
        chord, away = self.centre[-1] - self.centre[0], self.centre - self.centre[0]
        across = np.abs(chord[0] * away[:, 1] - chord[1] * away[:, 0]) / max(float(np.hypot(*chord)), 1e-6)
        return float(across.max()) / max(self.thickness, 1e-6)

    @property
    def folds(self) -> bool:
        """Return whether the band is too thick for its curve, so that its inner border would run backwards."""
        inner = [self._border(-self.above), self._border(self.below)]
        forwards = np.diff(self.centre, axis=0)
        return any(bool(((np.diff(border, axis=0) * forwards).sum(axis=1) <= 0).any()) for border in inner)

    def grown(self, growth: float) -> Ribbon:
        """Return the band grown by growth x area / perimeter on every side, the ends too."""
        outwards = growth * self.length * self.thickness / max(2 * (self.length + self.thickness), 1e-6)
        directions = _directions(self.centre)
        before, after = self.centre[0] - outwards * directions[0], self.centre[-1] + outwards * directions[-1]
        centre = evenly(np.concatenate([before[None], self.centre, after[None]]), _CENTRE_POINTS)
        return Ribbon(centre, self.above + outwards, self.below + outwards)

    def polygon(self, points: int = 10) -> FloatArray:
        """Return the band as (2 x points, 2) float32: along the top in reading direction, back along the bottom.

        Ten points a side are enough: a chord of half a circle then leaves it by less than 0.02 radii.
        """
        chosen = np.linspace(0, len(self.centre) - 1, points).round().astype(int)
        top, bottom = self._border(-self.above)[chosen], self._border(self.below)[chosen]
        return np.concatenate([top, bottom[::-1]]).astype(np.float32)

    def _border(self, offset: float) -> Points:
        return self.centre + offset * _normals(self.centre)


def _sides(outline: Points) -> tuple[Points, Points]:
    """Split a closed outline at the two points that make its sides run closest beside each other.

    Returns:
        Both sides from the same end to the other, (_SIDE_POINTS, 2) each.
    """
    closed = evenly(np.concatenate([outline, outline[:1]]), _OUTLINE_POINTS + 1)
    twice = np.concatenate([closed[:-1], closed])  # a side may run over the place where the outline is closed
    start, stop = np.triu_indices(_OUTLINE_POINTS, _OUTLINE_POINTS // 4)
    kept = stop - start <= 3 * _OUTLINE_POINTS // 4
    start, stop = start[kept], stop[kept]
    along = np.linspace(0.0, 1.0, _SIDE_POINTS)
    places = np.stack(
        [
            start[:, None] + (stop - start)[:, None] * along,
            start[:, None] + _OUTLINE_POINTS - (_OUTLINE_POINTS - stop + start)[:, None] * along,
        ]
    )
    ticks = np.arange(len(twice))
    sides = np.stack([np.interp(places, ticks, twice[:, axis]) for axis in (0, 1)], axis=-1)  # (2, pairs, points, 2)
    best = int(np.linalg.norm(sides[0] - sides[1], axis=-1).mean(axis=-1).argmin())
    return sides[0, best], sides[1, best]


def _in_reading_direction(line: Points) -> Points:
    """Let a line run to the right as seen from end to end, or down if its ends stand above each other."""
    across, down = line[-1] - line[0]
    backwards = down < 0 if abs(down) >= _COLUMN_RATIO * abs(across) else across < 0
    return line[::-1] if backwards else line


def _smooth(line: Points, weights: Points) -> Points:
    """Return a smooth curve near a line's points, (P, 2) and (P,), as _CENTRE_POINTS points at equal distances."""
    place = _distances(line)
    place = 2 * place / max(float(place[-1]), 1e-6) - 1
    fitted = np.polynomial.polynomial.polyfit(place, line, _DEGREE, w=weights)
    curve = np.polynomial.polynomial.polyval(np.linspace(-1.0, 1.0, _CENTRE_POINTS), fitted)
    return evenly(np.asarray(curve.T, np.float64), _CENTRE_POINTS)


def _offsets(side: Points, centre: Points) -> Points:
    """Return how far each point of a side lies to the right of its nearest point of the centre line, (S,)."""
    away = side[:, None] - centre[None]
    nearest = np.hypot(away[..., 0], away[..., 1]).argmin(axis=1)
    found: Points = (away[np.arange(len(side)), nearest] * _normals(centre)[nearest]).sum(axis=1)
    return found


def _directions(line: Points) -> Points:
    """Return the unit vector along a line at each of its points."""
    steps = np.gradient(line, axis=0)
    return np.asarray(steps / np.maximum(np.linalg.norm(steps, axis=1, keepdims=True), 1e-6))


def _normals(line: Points) -> Points:
    """Return the unit vector to the right hand of a line at each of its points: down where it runs to the right."""
    return _directions(line)[:, ::-1] * [-1, 1]


def _distances(line: Points) -> Points:
    """Return how far along a line each of its points lies."""
    return np.concatenate([[0.0], np.linalg.norm(np.diff(line, axis=0), axis=1).cumsum()])


def evenly(line: Points, count: int) -> Points:
    """Return `count` points (count, 2) at equal distances along a line (P, 2)."""
    place = _distances(line)
    wanted = np.linspace(0.0, place[-1], count)
    return np.stack([np.interp(wanted, place, line[:, axis]) for axis in (0, 1)], axis=-1)
