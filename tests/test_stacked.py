from __future__ import annotations

import numpy as np
import pytest

from textsearch.stacked import letters_side_by_side
from textsearch.types import ByteArray

PITCH = 50
LETTER = 36


def column_of(letters: int, before: int, after: int) -> ByteArray:
    """Return a column on its side, (48, W, 3): squares, the upper half of each darker the further down it stands."""
    upright = np.full((before + PITCH * letters + after, 48, 3), 255, np.uint8)
    for number in range(letters):
        top = before + number * PITCH + (PITCH - LETTER) // 2
        upright[top : top + LETTER // 2, 6:42] = 200 - 20 * number
        upright[top + LETTER // 2 : top + LETTER, 6:42] = 0
    return np.ascontiguousarray(np.rot90(upright))


@pytest.mark.parametrize("letters", [2, 3, 5, 8])
@pytest.mark.parametrize(("before", "after"), [(0, 0), (10, 10), (20, 5)])
def test_letters_are_set_side_by_side(letters: int, before: int, after: int) -> None:
    column = column_of(letters, before, after)
    found = letters_side_by_side(column)
    assert found is not None
    line, start, stop = found
    assert line.dtype == np.uint8
    assert line.shape[0] == 48
    # Each letter stands upright in its part, in the order in which they stood below each other.
    width = line.shape[1] / letters
    middles = [int((number + 0.5) * width) for number in range(letters)]
    uppers = [int(line[16, x, 0]) for x in middles]
    lowers = [int(line[32, x, 0]) for x in middles]
    assert uppers == pytest.approx([200 - 20 * number for number in range(letters)], abs=8)
    assert lowers == pytest.approx([0] * letters, abs=8)
    total = before + PITCH * letters + after
    assert start * total == pytest.approx(before, abs=10)
    assert stop * total == pytest.approx(before + PITCH * letters, abs=10)


def test_no_room_for_two_letters() -> None:
    assert letters_side_by_side(np.zeros((48, 40, 3), np.uint8)) is None


def test_an_empty_column_is_cut_somewhere() -> None:
    found = letters_side_by_side(np.full((48, 200, 3), 90, np.uint8))
    assert found is not None
    assert (found[0] == 90).all()
