from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tests.fakes import FakeModel, photo_of
from textsearch.hits import Fact, Hit, Match
from textsearch.plot import draw_hit, draw_regions
from textsearch.types import MatchKind

GREY = (200, 200, 200)


def a_hit(path: Path, kind: MatchKind, text: str = "EXIT") -> Hit:
    polygon = ((100.0, 100.0), (300.0, 100.0), (300.0, 160.0), (100.0, 160.0))
    match = Match("exit", kind, 88.0, 0.9, 0.9, 1, polygon, text, 0.9)
    return Hit(1, 88.0, kind, path, "00", 400, 300, (match,))


@pytest.fixture
def photo(tmp_path: Path) -> Path:
    path = tmp_path / "photo.png"
    Image.new("RGB", (400, 300), GREY).save(path)
    return path


@pytest.mark.parametrize(("kind", "channel"), [("exact", 1), ("partial", 0), ("similar", 2)])
def test_the_outline_shows_the_kind_of_match(photo: Path, kind: MatchKind, channel: int) -> None:
    pixel = draw_hit(a_hit(photo, kind)).getpixel((300, 130))
    assert isinstance(pixel, tuple)
    assert pixel != GREY
    assert max(pixel) == pixel[channel]


def test_inside_and_outside_of_the_polygon_stay_as_they_were(photo: Path) -> None:
    drawn = draw_hit(a_hit(photo, "exact"))
    assert drawn.size == (400, 300)
    assert drawn.getpixel((200, 130)) == GREY
    assert drawn.getpixel((50, 250)) == GREY


def test_matched_letters_are_marked_inside_the_region(photo: Path) -> None:
    hit = a_hit(photo, "partial", "WHOLESALE")
    letters = ((200.0, 100.0), (300.0, 100.0), (300.0, 160.0), (200.0, 160.0))
    drawn = replace(hit, matches=(replace(hit.matches[0], letters=letters, span=(5, 9)),)).plot()
    assert drawn.getpixel((150, 130)) == GREY
    tinted = drawn.getpixel((250, 130))
    assert isinstance(tinted, tuple)
    assert tinted[0] > GREY[0] > tinted[2]


def test_letters_that_are_the_whole_region_change_nothing(photo: Path) -> None:
    hit = a_hit(photo, "exact")
    whole = replace(hit, matches=(replace(hit.matches[0], letters=hit.matches[0].polygon, span=(0, 4)),))
    assert whole.plot().tobytes() == hit.plot().tobytes()


def test_a_hit_without_match_is_the_photo(photo: Path) -> None:
    hit = Hit(1, 0.0, "similar", photo, "00", 400, 300, ())
    assert hit.plot().tobytes() == Image.open(photo).convert("RGB").tobytes()


def test_a_photo_of_which_something_is_known_is_outlined(photo: Path) -> None:
    fact = Fact("scene", "n1", "anvil", "", (), 61.0)
    drawn = Hit(1, 61.0, "knowledge", photo, "00", 400, 300, (), facts=(fact,)).plot()
    assert drawn.getpixel((200, 150)) == GREY
    assert drawn.getpixel((200, 299)) != GREY


def test_a_turned_photo_is_drawn_upright(tmp_path: Path) -> None:
    path = tmp_path / "turned.jpg"
    exif = Image.Exif()
    exif[0x0112] = 6  # to be shown turned by 90 degrees
    Image.new("RGB", (300, 400), GREY).save(path, exif=exif)
    assert draw_hit(a_hit(path, "exact")).size == (400, 300)


def test_regions_are_drawn_on_a_copy() -> None:
    pixels = photo_of("EXIT", "SALE")
    image = Image.fromarray(pixels)
    (regions,) = FakeModel().encode_images([pixels])
    drawn = draw_regions(image, regions)
    assert np.array_equal(np.asarray(image), pixels)
    assert not np.array_equal(np.asarray(drawn), pixels)


@pytest.mark.parametrize("text", ["", "Café", "漢字", "\U0001f600", "x" * 200])
def test_any_transcript_can_be_a_label(photo: Path, text: str) -> None:
    assert draw_hit(a_hit(photo, "exact", text)).size == (400, 300)


def test_lines_grow_with_the_photo(tmp_path: Path) -> None:
    def line_width(scale: int) -> int:
        path = tmp_path / f"{scale}.png"
        Image.new("RGB", (400 * scale, 300 * scale), GREY).save(path)
        row = np.asarray(draw_hit(a_hit(path, "exact")))[130]
        return int((row[200:] != GREY).any(axis=1).sum())

    assert line_width(8) > line_width(1)
