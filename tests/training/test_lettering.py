from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from textsearch.training.lettering import Lettering, Paint, Setting, Typefaces, board, draw_lines, paint

WHITE = np.full(3, 255, np.float32)
RED = np.array([255, 0, 0], np.float32)
BLUE = np.array([0, 0, 255], np.float32)


@pytest.fixture
def font(fonts: Path) -> Path:
    return next(fonts.iterdir())


def drawn(font: Path, lines: list[list[str]], setting: Setting | None = None) -> Lettering:
    lettering = draw_lines(lines, font, 40, setting or Setting())
    assert lettering is not None
    return lettering


def test_boxes_hug_the_ink_of_their_words(font: Path) -> None:
    lettering = drawn(font, [["open", "Tag"], ["JUMP"]])
    assert lettering.texts == ("open", "Tag", "JUMP")
    outside = lettering.ink.copy()
    for left, top, right, bottom in lettering.boxes.astype(int):
        inside = lettering.ink[top:bottom, left:right] > 0.25
        assert inside[0].any() and inside[-1].any() and inside[:, 0].any() and inside[:, -1].any()
        outside[top:bottom, left:right] = 0
    assert outside.max() == 0


def test_height_of_a_box_is_that_of_the_letters(font: Path) -> None:
    small, capital, deep = (drawn(font, [[text]]).boxes[0] for text in ("xz", "XZ", "Xp"))
    heights = [float(box[3] - box[1]) for box in (small, capital, deep)]
    assert heights[0] < heights[1] < heights[2]
    assert heights[1] == pytest.approx(0.72 * 40, abs=4)


def test_lines_and_words_stand_in_reading_order(font: Path) -> None:
    boxes = drawn(font, [["one", "two"], ["three"]]).boxes
    assert boxes[0, 2] < boxes[1, 0]
    assert boxes[0, 3] < boxes[2, 1]


def test_tracking_spreads_letters(font: Path) -> None:
    tight, wide = (drawn(font, [["spread"]], Setting(tracking=t)).boxes[0] for t in (0.0, 0.3))
    assert wide[2] - wide[0] == pytest.approx(tight[2] - tight[0] + 5 * 0.3 * 40, abs=4)


@pytest.mark.parametrize(("alignment", "edge"), [(0.0, 0), (1.0, 2)])
def test_alignment(font: Path, alignment: float, edge: int) -> None:
    boxes = drawn(font, [["HHH"], ["HHHHHH"]], Setting(alignment=alignment)).boxes
    assert boxes[0, edge] == pytest.approx(boxes[1, edge], abs=1)


def test_spaces_alone_leave_no_ink(font: Path) -> None:
    assert draw_lines([["  "]], font, 40, Setting()) is None


def test_a_font_is_chosen_only_if_it_has_every_letter(font: Path) -> None:
    typefaces, generator = Typefaces([font]), np.random.default_rng(0)
    assert typefaces.choose("Bakery 5%", generator) == font
    assert typefaces.choose("文", generator) is None
    assert typefaces.choose("Bakery文", generator) is None


def test_symbol_fonts_are_passed_over(font: Path) -> None:
    assert Typefaces([font, Path("StandardSymbolsPS.otf")]).files == [font]


def layer_of(font: Path, chosen: Paint) -> tuple[Lettering, np.ndarray]:
    lettering = drawn(font, [["HH"]])
    return lettering, paint(lettering, chosen)


def test_plain_paint_has_the_ink_as_its_alpha(font: Path) -> None:
    lettering, layer = layer_of(font, Paint(RED, RED))
    np.testing.assert_allclose(layer[:, :, 3], lettering.ink, atol=1e-6)
    np.testing.assert_allclose(layer[:, :, 0], 255 * lettering.ink, atol=1e-3)
    assert layer[:, :, 1:3].max() == 0


def test_a_gradient_runs_from_top_to_bottom(font: Path) -> None:
    lettering, layer = layer_of(font, Paint(RED, BLUE))
    left, top, _, bottom = lettering.boxes[0].astype(int)
    assert layer[top + 2, left + 2, 0] > 200 > layer[top + 2, left + 2, 2]
    assert layer[bottom - 2, left + 2, 2] > 200 > layer[bottom - 2, left + 2, 0]


def test_outline_shadow_opacity_hollow_and_emboss(font: Path) -> None:
    lettering, plain = layer_of(font, Paint(RED, RED))
    covered = plain[:, :, 3].sum()
    solid = lettering.ink > 0.99
    outlined = layer_of(font, Paint(RED, RED, outline=BLUE, outline_width=2))[1]
    assert outlined[:, :, 3].sum() > 1.1 * covered
    hollow = layer_of(font, Paint(RED, RED, outline=BLUE, outline_width=2, hollow=True))[1]
    assert hollow[:, :, 0].max() == 0
    assert hollow[solid, 3].max() < 0.02
    shadowed = layer_of(font, Paint(WHITE, WHITE, shadow=(4, 4)))[1]
    assert shadowed[:, :, 3].sum() > 1.1 * covered
    np.testing.assert_allclose(shadowed[solid], np.tile([255.0, 255.0, 255.0, 1.0], (solid.sum(), 1)), rtol=1e-2)
    faint = layer_of(font, Paint(RED, RED, opacity=0.5))[1]
    np.testing.assert_allclose(faint, 0.5 * plain, atol=1e-3)
    embossed = layer_of(font, Paint(RED, RED, embossed=True))[1]
    assert embossed[:, :, 3].max() > 0.6
    assert embossed[solid, 3].min() < 0.5


def test_texture_shows_inside_of_the_ink(font: Path) -> None:
    green = np.zeros((5, 5, 3), np.uint8)
    green[:, :, 1] = 200
    lettering, layer = layer_of(font, Paint(RED, RED, texture=green))
    np.testing.assert_allclose(layer[:, :, 1], 200 * lettering.ink, atol=0.1)
    assert layer[:, :, 0].max() == 0


def test_a_board_lies_under_all_words(font: Path) -> None:
    lettering = drawn(font, [["one", "two"], ["three"]])
    layer = board(lettering, 12.0, 0.5, np.stack([RED, RED, BLUE]))
    left, top, right, bottom = lettering.extent.astype(int)
    assert layer[top:bottom, left:right, 3].min() == 1
    assert layer[0, 0, 3] == 0
    assert layer[(top + bottom) // 2, left - 11, 2] == 255
    assert layer[(top + bottom) // 2, left + 2, 0] == 255
