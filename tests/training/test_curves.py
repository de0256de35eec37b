from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from textsearch.training.curves import PANEL, draw_curves, draw_panel, read_courses, ticks


def log(folder: Path, *lines: object) -> Path:
    file = folder / "log.jsonl"
    file.write_text("".join((line if isinstance(line, str) else json.dumps(line)) + "\n" for line in lines))
    return file


def line_of(panel: Image.Image) -> np.ndarray:
    """Return for each column of a panel the middle of what is blue in it; NaN where nothing is."""
    pixels = np.asarray(panel).astype(int)
    blue = pixels[:, :, 2] - pixels[:, :, 0] > 40
    rows = np.where(blue, np.arange(len(pixels))[:, None], 0).sum(axis=0)
    count = blue.sum(axis=0)
    return np.where(count > 0, rows / np.maximum(count, 1), np.nan)


# --- the log


def test_every_term_has_a_course(tmp_path: Path) -> None:
    file = log(tmp_path, {"step": 10, "loss": 3, "find": 1.5}, {"step": 20, "loss": 2.0, "held_back_map": 0.5})
    assert read_courses(file) == {"loss": [(10, 3), (20, 2)], "find": [(10, 1.5)], "held_back_map": [(20, 0.5)]}


def test_a_killed_run_leaves_a_log_that_can_be_read(tmp_path: Path) -> None:
    rows = ({"step": 10, "loss": 3.0}, '{"step": 20, "lo{"step": 20, "loss": 2.5}', {"step": 30, "loss": float("nan")})
    file = log(tmp_path, *rows, {"step": 20, "loss": 2.0}, {"step": 20, "loss": 1.0}, "[1]", {"loss": 1.0})
    assert read_courses(file) == {"loss": [(10, 3.0), (20, 1.0)]}


# --- the picture


@pytest.mark.parametrize(("terms", "columns", "rows"), [(1, 1, 1), (3, 3, 1), (4, 3, 2), (10, 3, 4)])
def test_there_is_a_panel_a_term(tmp_path: Path, terms: int, columns: int, rows: int) -> None:
    row = {"step": 5, **{f"term_{number}": 1.0 for number in range(terms)}}
    draw_curves(log(tmp_path, row), tmp_path / "curves.png")
    with Image.open(tmp_path / "curves.png") as picture:
        assert (picture.format, picture.size) == ("PNG", (columns * PANEL[0], rows * PANEL[1]))
    assert sorted(path.name for path in tmp_path.iterdir()) == ["curves.png", "log.jsonl"]


def test_the_held_back_score_comes_first_and_the_whole_loss_second(tmp_path: Path) -> None:
    draw_curves(log(tmp_path, {"step": 5, "find": 7.0, "loss": 8.0, "held_back_map": 0.9}), tmp_path / "curves.png")
    with Image.open(tmp_path / "curves.png") as picture:
        panels = [picture.crop((n * PANEL[0], 0, (n + 1) * PANEL[0], PANEL[1])) for n in range(3)]
    expected = [draw_panel(*panel) for panel in (("held back map", [(5, 0.9)]), ("loss", [(5, 8)]), ("find", [(5, 7)]))]
    assert [panel.tobytes() for panel in panels] == [panel.tobytes() for panel in expected]


def test_an_empty_log_gives_no_picture(tmp_path: Path) -> None:
    draw_curves(log(tmp_path), tmp_path / "curves.png")
    assert not (tmp_path / "curves.png").exists()


def test_a_line_falls_as_its_values_do() -> None:
    height = line_of(draw_panel("loss", [(0, 4.0), (50, 2.0), (100, 0.0)]))
    drawn = height[~np.isnan(height)]
    assert (np.diff(drawn) > -0.6).all()
    # 4 is the top of the scale and 0 its foot; the steps use the whole width, less the numbers' room.
    assert drawn[-1] - drawn[0] > 0.7 * PANEL[1]
    assert len(drawn) > 0.75 * PANEL[0]
    middle = drawn[len(drawn) // 2]
    assert middle == pytest.approx((drawn[0] + drawn[-1]) / 2, abs=2)


def test_a_single_value_is_a_dot() -> None:
    assert 4 <= np.isfinite(line_of(draw_panel("loss", [(100, 2.0)]))).sum() <= 10


# --- the scales


@pytest.mark.parametrize(
    ("least", "greatest", "expected"),
    [
        (0, 100, [0, 20, 40, 60, 80, 100]),
        (0, 4000, [0, 1000, 2000, 3000, 4000]),
        (0.928, 0.938, [0.928, 0.93, 0.932, 0.934, 0.936, 0.938]),
        (-3, 3, [-4, -2, 0, 2, 4]),
        (0.13, 0.87, [0, 0.2, 0.4, 0.6, 0.8, 1.0]),
        (2.0, 2.0, [1.0, 1.5, 2.0, 2.5, 3.0]),
        (0.0, 0.0, [-1.0, -0.5, 0.0, 0.5, 1.0]),
    ],
)
def test_scales_have_round_numbers(least: float, greatest: float, expected: list[float]) -> None:
    assert ticks(least, greatest, 5) == pytest.approx(expected)


@pytest.mark.parametrize("exponent", range(-12, 13, 3))
def test_scales_reach_around_values_of_any_size(exponent: int) -> None:
    least, greatest = 1.3 * 10.0**exponent, 7.7 * 10.0**exponent
    scale = ticks(least, greatest, 5)
    assert scale[0] <= least and scale[-1] >= greatest
    assert 3 <= len(scale) <= 8
    assert draw_panel("loss", [(0, least), (1, greatest)]).size == PANEL
