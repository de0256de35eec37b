"""The course of a training run as a picture: one panel for each loss term and each measurement."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont

PANEL = (420, 260)
"""Width and height of a panel, pixels."""

_COLUMNS = 3
_LEFT, _TOP, _RIGHT, _BOTTOM = 64, 34, 18, 34
"""Room around a panel's plot for its numbers and its title, pixels."""

_INK, _GRID, _LINE = (40, 40, 40), (226, 226, 226), (31, 100, 180)
_FINER = 2
"""Lines are drawn this much larger and scaled down, since Pillow draws them with steps."""

Course = Sequence[tuple[int, float]]
"""The values of one term: pairs of step and value."""


def draw_curves(log: Path, picture: Path) -> None:
    """Draw a run's log.jsonl as a PNG; without any number in the log nothing is drawn.

    Raises:
        OSError: the log cannot be read, or the picture not written.
    """
    courses = read_courses(log)
    if not courses:
        return
    names = sorted(courses, key=_order)
    columns = min(_COLUMNS, len(names))
    rows = math.ceil(len(names) / columns)
    sheet = Image.new("RGB", (columns * PANEL[0], rows * PANEL[1]), "white")
    for number, name in enumerate(names):
        corner = (number % columns * PANEL[0], number // columns * PANEL[1])
        sheet.paste(draw_panel(name.replace("_", " "), courses[name]), corner)
    unfinished = picture.with_name(picture.name + ".part")
    sheet.save(unfinished, format="PNG")
    unfinished.replace(picture)


def read_courses(log: Path) -> dict[str, list[tuple[int, float]]]:
    """Return the course of each term in a log.jsonl, by its name, in the order of the log.

    Lines that are no JSON object with a step are left out, because a run that is killed may leave half a line; so are
    values that are no finite numbers. Of a step that was logged twice, the later line counts.
    """
    courses: dict[str, dict[int, float]] = {}
    for row in _rows(log):
        for name, value in row.items():
            if name != "step" and isinstance(value, (int, float)) and math.isfinite(value):
                courses.setdefault(name, {})[int(row["step"])] = float(value)
    return {name: sorted(course.items()) for name, course in courses.items()}


def _rows(log: Path) -> Iterator[Mapping[str, float]]:
    for line in log.read_text(encoding="utf-8").splitlines():
        try:
            row = json.loads(line)
        except ValueError:
            continue
        if isinstance(row, dict) and isinstance(row.get("step"), int):
            yield row


def _order(name: str) -> int:
    """Put the held-back score first and the whole loss second; the others stay as they are."""
    return ("held_back_map", "loss").index(name) if name in ("held_back_map", "loss") else 2


def draw_panel(title: str, course: Course) -> Image.Image:
    """Draw one course over the steps, with a scale on either axis and its last value in the title."""
    steps, values = [step for step, _ in course], [value for _, value in course]
    across, up = ticks(min(0, *steps), max(steps), 5), ticks(min(values), max(values), 5)
    panel = Image.new("RGB", PANEL, "white")
    pen = ImageDraw.Draw(panel)
    for value in up:
        y = _vertical(value, up)
        pen.line((_LEFT, y, PANEL[0] - _RIGHT, y), _GRID)
        pen.text((_LEFT - 6, y), _number(value, up), _INK, ImageFont.load_default(12), anchor="rm")
    for step in across:
        x = _horizontal(step, across)
        pen.line((x, PANEL[1] - _BOTTOM, x, PANEL[1] - _BOTTOM + 4), _INK)
        pen.text((x, PANEL[1] - _BOTTOM + 7), _number(step, across), _INK, ImageFont.load_default(12), anchor="mt")
    pen.line((_LEFT, PANEL[1] - _BOTTOM, PANEL[0] - _RIGHT, PANEL[1] - _BOTTOM), _INK)
    pen.text((_LEFT, 10), f"{title}: {values[-1]:.4g} at step {steps[-1]}", _INK, ImageFont.load_default(14))
    places = [(_horizontal(step, across), _vertical(value, up)) for step, value in course]
    panel.paste(_LINE, mask=_trace(places))
    return panel


def _trace(places: Sequence[tuple[float, float]]) -> Image.Image:
    """Return a mask of the panel with a line through some places, or a dot for a single one."""
    finer = [(x * _FINER, y * _FINER) for x, y in places]
    mask = Image.new("L", (PANEL[0] * _FINER, PANEL[1] * _FINER))
    pen = ImageDraw.Draw(mask)
    pen.line(finer, 255, 2 * _FINER, joint="curve")
    if len(finer) == 1:
        (x, y), radius = finer[0], 3 * _FINER
        pen.ellipse((x - radius, y - radius, x + radius, y + radius), 255)
    return mask.resize(PANEL, Image.Resampling.BOX)


def _horizontal(step: float, scale: Sequence[float]) -> float:
    return _LEFT + (step - scale[0]) / (scale[-1] - scale[0]) * (PANEL[0] - _LEFT - _RIGHT)


def _vertical(value: float, scale: Sequence[float]) -> float:
    return PANEL[1] - _BOTTOM - (value - scale[0]) / (scale[-1] - scale[0]) * (PANEL[1] - _TOP - _BOTTOM)


def ticks(least: float, greatest: float, parts: int) -> list[float]:
    """Return round numbers at equal distances from at most `least` to at least `greatest`, about `parts` + 1 of them.

    Their distance is 1, 2 or 5 times a power of ten. Of a scale without extent, one value stands in the middle.
    """
    extent = greatest - least
    # Values that differ by less than floats can tell count as one.
    if extent <= 1e-9 * max(abs(least), abs(greatest)):
        half = abs(least) / 2 or 1.0
        least, greatest = least - half, least + half
        extent = greatest - least
    power = 10.0 ** math.floor(math.log10(extent / parts))
    distance = next(factor * power for factor in (1, 2, 5, 10) if factor * power * parts >= extent * (1 - 1e-9))
    first, last = math.floor(least / distance + 1e-9), math.ceil(greatest / distance - 1e-9)
    return [number * distance for number in range(first, last + 1)]


def _number(value: float, scale: Sequence[float]) -> str:
    """Return a value of a scale with as many decimals as the scale needs."""
    distance = scale[1] - scale[0]
    if distance >= 1000:
        return f"{value / 1000:g}k" if value else "0"
    decimals = max(0, -math.floor(math.log10(distance) + 1e-9))
    return f"{value:.{decimals}f}" if decimals <= 5 else f"{value:.1e}"
