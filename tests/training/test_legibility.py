from __future__ import annotations

import numpy as np
import pytest

from textsearch.training.legibility import FAINTEST_LEGIBLE, SMALLEST_LEGIBLE, height_of, in_sight, judged
from textsearch.training.samples import WordLabel
from textsearch.training.spoiling import Damage

UNHARMED = Damage(contrast=1.0, resolution=1.0, blur=0.0, noise=0.0)
SIDE = 256


def label(left: float, top: float, width: float = 80, height: float = 20, text: str = "open") -> WordLabel:
    right, bottom = left + width, top + height
    return WordLabel(np.array([[left, top], [right, top], [right, bottom], [left, bottom]], np.float32), text, True)


@pytest.mark.parametrize(
    ("word", "contrast", "damage", "legible"),
    [
        (label(50, 50), 100.0, UNHARMED, True),
        (label(50, 50, height=0.9 * SMALLEST_LEGIBLE), 100.0, UNHARMED, False),
        (label(50, 50), 0.9 * FAINTEST_LEGIBLE, UNHARMED, False),
        (label(50, 50), 100.0, Damage(0.1, 1.0, 0.0, 0.0), False),
        (label(50, 50), 100.0, Damage(1.0, 0.3, 0.0, 0.0), False),
        (label(50, 50), 100.0, Damage(1.0, 1.0, 4.0, 0.0), False),
        (label(50, 50), 30.0, Damage(1.0, 1.0, 0.0, 20.0), False),
        (label(-40, 50), 100.0, UNHARMED, False),
        (label(-4, 50), 100.0, UNHARMED, True),
        (label(SIDE + 5, 50), 100.0, UNHARMED, False),
    ],
)
def test_what_nobody_can_read_is_marked(word: WordLabel, contrast: float, damage: Damage, legible: bool) -> None:
    result = judged(word, contrast, damage, None, SIDE)
    assert result.legible == legible
    assert result.text == word.text
    np.testing.assert_array_equal(result.polygon, word.polygon)


@pytest.mark.parametrize(("covered", "seen"), [(0.0, True), (0.25, True), (0.5, False), (1.0, False)])
def test_hidden_words_are_illegible(covered: float, seen: bool) -> None:
    hidden = np.zeros((SIDE, SIDE), np.uint8)
    hidden[:, 50 : 50 + int(80 * covered)] = 1
    assert in_sight(label(50, 50).polygon, hidden, SIDE) == seen


def test_height_is_measured_across_the_text() -> None:
    turned = np.array([[0, 80], [0, 0], [20, 0], [20, 80]], np.float32)
    assert height_of(label(3, 5).polygon) == height_of(turned) == 20
