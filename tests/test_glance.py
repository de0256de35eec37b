"""What a second look changes in the photo, and which of its finds are new."""

from __future__ import annotations

import numpy as np

from tests.boxes import box
from textsearch.glance import even_out, unseen


def test_pale_letters_stand_out_after_evening() -> None:
    photo = np.full((160, 320, 3), 40, np.uint8)
    photo[:, 160:] = 200  # half of the photo lies in the sun
    for left in range(20, 140, 10):
        photo[50:110, left : left + 5] = 48
        photo[50:110, left + 160 : left + 165] = 192
    evened = even_out(photo).astype(int)
    assert all(abs(evened[80, left + 2, 1] - evened[80, left + 7, 1]) > 1.3 * 8 for left in (60, 80, 220, 240))
    assert photo[80, 62, 1] == 48  # the photo itself stays as it is


def test_evening_keeps_the_hue() -> None:
    photo = np.zeros((64, 64, 3), np.uint8)
    photo[:, :32] = [150, 40, 40]
    red, green, blue = even_out(photo)[32, 16].astype(int)
    assert red > green + 40
    assert red > blue + 40


def test_only_what_lies_mostly_outside_is_new() -> None:
    first = [box(100, 100, 200, 130)]
    found = [box(100, 100, 200, 130), box(100, 200, 200, 230), box(180, 100, 280, 130), box(150, 100, 250, 130)]
    assert unseen(found, first, 640, 480) == [1, 2]
    assert unseen(found, [], 640, 480) == [0, 1, 2, 3]
    assert unseen([], first, 640, 480) == []


def test_a_small_region_inside_a_large_one_was_seen() -> None:
    assert unseen([box(300, 200, 304, 203)], [box(200, 100, 500, 400)], 4000, 3000) == []
    assert unseen([box(300, 2000, 304, 2003)], [box(200, 100, 500, 400)], 4000, 3000) == [0]
