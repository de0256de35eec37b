from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray

from tests.fakes import ALPHABET
from tests.painted import (
    OPTIONS,
    CountingEmbedder,
    PaintedDetector,
    PaintedRecogniser,
    certain,
    classes_of,
    dark,
    extent,
    new_encoder,
    paint,
)
from textsearch.encoder import Encoder
from textsearch.lattice import Lattice
from textsearch.lines import Line
from textsearch.options import EncoderOptions
from textsearch.types import ByteArray, FloatArray, Regions


def encode(photo: ByteArray, options: EncoderOptions = OPTIONS) -> Regions:
    (regions,) = new_encoder(options).encode_images([photo])
    return regions


# --- whole photos


def test_no_images() -> None:
    assert new_encoder().encode_images([]) == []


def test_a_photo_without_text() -> None:
    encoder = new_encoder()
    (regions,) = encoder.encode_images([dark(123, 77)])
    assert (len(regions), regions.width, regions.height) == (0, 123, 77)
    assert regions.embeddings.shape == (0, 3)
    assert regions.embeddings.dtype == np.float32
    assert regions.lines.dtype == np.int32
    assert regions.scores.dtype == regions.text_scores.dtype == np.float32
    assert isinstance(encoder.embedder, CountingEmbedder)
    assert encoder.embedder.calls == 0


def test_the_smallest_photo() -> None:
    assert len(encode(dark(1, 1))) == 0


def test_one_word() -> None:
    photo = dark()
    paint(photo, "c_a_b", 40, 64)
    regions = encode(photo)
    assert regions.texts == ("cab",)
    assert regions.lines.tolist() == [0]
    assert regions.scores[0] == pytest.approx(0.9, abs=0.1)
    assert regions.text_scores[0] == pytest.approx(1.0 - 0.1, abs=1e-3)
    assert extent(regions.polygons[0]) == pytest.approx([40, 64, 80, 112], abs=2)
    np.testing.assert_array_equal(regions.embeddings, [[5, *classes_of("cb")]])
    assert regions.lattices[0].classes[:, 0].tolist() == classes_of("c_a_b")


def test_a_line_is_cut_at_its_spaces() -> None:
    photo = dark()
    paint(photo, "a_b_ _c_d", 40, 64)
    regions = encode(photo)
    assert regions.texts == ("ab", "cd")
    assert regions.lines.tolist() == [0, 0]
    # Half a letter is kept beyond the middle of the outer letters: frames 0 to 3.5 and 5.5 to 9 of nine.
    assert extent(regions.polygons[0]) == pytest.approx([40, 64, 40 + 28, 112], abs=2)
    assert extent(regions.polygons[1]) == pytest.approx([40 + 44, 64, 40 + 72, 112], abs=2)
    # The frames are those the letters touch, and no more.
    assert regions.lattices[0].classes[:, 0].tolist() == classes_of("a_b_")
    assert regions.lattices[1].classes[:, 0].tolist() == classes_of("_c_d")


def test_blank_margins_belong_to_no_word() -> None:
    photo = dark()
    paint(photo, "____a_b____", 40, 64)
    regions = encode(photo)
    assert extent(regions.polygons[0]) == pytest.approx([40 + 28, 64, 40 + 60, 112], abs=2)
    assert regions.lattices[0].classes[:, 0].tolist() == classes_of("_a_b_")


def test_text_without_letters_is_no_region() -> None:
    photo = dark()
    paint(photo, "_________", 40, 64)
    assert len(encode(photo)) == 0


def test_words_are_numbered_by_line_from_top_to_bottom() -> None:
    photo = dark()
    paint(photo, "e_f_ _g_h", 200, 120)
    paint(photo, "a_b_ _c_d", 40, 20)
    regions = encode(photo)
    assert regions.texts == ("ab", "cd", "ef", "gh")
    assert regions.lines.tolist() == [0, 0, 1, 1]


def test_each_photo_of_a_batch_keeps_its_own_text() -> None:
    first, second = dark(), dark(320, 100)
    paint(first, "a_b_c", 40, 64)
    paint(second, "d_e_f", 40, 20)
    results = new_encoder().encode_images([first, dark(), second])
    assert [regions.texts for regions in results] == [("abc",), (), ("def",)]
    assert [(regions.width, regions.height) for regions in results] == [(400, 200), (400, 200), (320, 100)]


# --- size


def test_polygons_are_in_photo_pixels_also_when_the_photo_was_reduced() -> None:
    photo = dark(1600, 900)
    paint(photo, "aabbccddeeff", 803, 611)
    encoder = new_encoder(replace(OPTIONS, longer_side=512))
    (regions,) = encoder.encode_images([photo])
    assert isinstance(encoder.detector, PaintedDetector)
    assert encoder.detector.seen == [(288, 512, 3)]
    assert regions.texts == ("abcdef",)  # the strip is cut from the full resolution
    assert extent(regions.polygons[0]) == pytest.approx([803, 611, 803 + 96, 611 + 48], abs=5)


def test_rounding_to_whole_multiples_moves_nothing() -> None:
    photo = dark(410, 175)  # fitted to 416 x 160
    paint(photo, "a_b_c_d", 330, 100)
    regions = encode(photo)
    assert extent(regions.polygons[0]) == pytest.approx([330, 100, 386, 148], abs=3)


@pytest.mark.parametrize(
    ("enlarge", "longer_side", "seen"),
    [(1.0, 1920, (160, 320, 3)), (2.0, 1920, (320, 640, 3)), (2.0, 480, (256, 480, 3))],
)
def test_small_photos_are_enlarged_up_to_a_factor(enlarge: float, longer_side: int, seen: tuple[int, ...]) -> None:
    photo = dark(320, 160)
    paint(photo, "aabbcc", 103, 61)
    encoder = new_encoder(replace(OPTIONS, enlarge=enlarge, longer_side=longer_side))
    (regions,) = encoder.encode_images([photo])
    assert isinstance(encoder.detector, PaintedDetector)
    assert encoder.detector.seen == [seen]
    assert extent(regions.polygons[0])[:2] == pytest.approx([103, 61], abs=4)  # photo pixels all the same


class FarsightedDetector(PaintedDetector):
    """Sees nothing in photos larger than a third of 960 pixels."""

    def probabilities(self, photo: ByteArray) -> FloatArray:
        probabilities = super().probabilities(photo)
        return probabilities if photo.shape[1] <= 320 else np.zeros_like(probabilities)


def test_a_glance_finds_what_the_first_look_missed() -> None:
    photo = dark(960, 480)
    paint(photo, "a_b_c_d_e_f_", 303, 211)
    encoder = Encoder(
        FarsightedDetector(), PaintedRecogniser(), CountingEmbedder(), ALPHABET, replace(OPTIONS, glance=1 / 3)
    )
    (regions,) = encoder.encode_images([photo])
    assert extent(regions.polygons[0]) == pytest.approx([303, 211, 303 + 96, 211 + 48], abs=6)
    assert isinstance(encoder.detector, FarsightedDetector)
    assert encoder.detector.seen == [(480, 960, 3), (160, 320, 3)]


def test_a_glance_finds_nothing_twice() -> None:
    photo = dark(960, 480)
    paint(photo, "a_b_c_d_e_f_", 303, 211)
    alone, both = encode(photo), encode(photo, replace(OPTIONS, glance=1 / 3))
    assert both.texts == alone.texts
    assert [polygon.tolist() for polygon in both.polygons] == [polygon.tolist() for polygon in alone.polygons]


def test_long_lines_are_squeezed() -> None:
    photo = dark(800, 96)
    paint(photo, "a_" * 40, 40, 20)
    encoder = new_encoder(replace(OPTIONS, longest_strip=320))
    encoder.encode_images([photo])
    assert isinstance(encoder.reader.recogniser, PaintedRecogniser)
    assert encoder.reader.recogniser.seen == [(1, 48, 320, 3)]


# --- direction


@pytest.mark.parametrize("quarter_turns", [0, 1, 3])
def test_columns_are_read_both_ways(quarter_turns: int) -> None:
    photo = dark()
    paint(photo, "a_b_c_ _d_e", 160, 64)
    regions = encode(np.ascontiguousarray(np.rot90(photo, quarter_turns)))
    assert regions.texts == ("abc", "de")
    assert regions.text_scores == pytest.approx([0.9, 0.9], abs=0.01)


def test_a_column_read_upwards_has_its_polygon_turned() -> None:
    photo = dark()
    paint(photo, "a_b_c_d_e_f", 160, 64)
    (polygon,) = encode(np.ascontiguousarray(np.rot90(photo))).polygons  # the text runs upwards now
    first, second = polygon[0], polygon[1]
    assert first[1] > second[1] + 60
    assert first[0] == pytest.approx(second[0], abs=2)


@pytest.mark.parametrize(("unsure", "text"), [(0.0, "cba"), (0.8, "abc")])
def test_upside_down_lines_are_turned_where_the_reading_is_unsure(unsure: float, text: str) -> None:
    photo = dark()
    paint(photo, "a_b_c", 160, 64)
    regions = encode(np.ascontiguousarray(np.rot90(photo, 2)), replace(OPTIONS, unsure=unsure))
    assert regions.texts == (text,)


@pytest.mark.parametrize(("text", "reads"), [("a_b_c", 3), ("_a_b_", 2)])
def test_only_lines_of_some_letters_are_read_upside_down(text: str, reads: int) -> None:
    photo = dark()
    paint(photo, text, 160, 64)
    encoder = new_encoder()
    encoder.encode_images([np.ascontiguousarray(np.rot90(photo, 2))])
    assert isinstance(encoder.reader.recogniser, PaintedRecogniser)
    assert len(encoder.reader.recogniser.seen) == reads


# --- words


def test_split_takes_frames_and_probabilities_from_the_same_place() -> None:
    text = "__a_b_ _c__"
    probabilities = certain(text)
    frames: NDArray[np.float32] = np.arange(len(text), dtype=np.float32)[:, None]
    quadrilateral = np.array([[0, 0], [110, 0], [110, 10], [0, 10]], np.float32)
    first, second = new_encoder().split(Line(quadrilateral, 0.7, frames, probabilities), number=4)
    assert (first.line, second.line, first.score) == (4, 4, 0.7)
    assert first.frames[:, 0].tolist() == [1, 2, 3, 4, 5]
    assert first.lattice == Lattice.from_probabilities(probabilities[1:6])
    assert second.frames[:, 0].tolist() == [7, 8, 9]
    assert extent(first.polygon) == pytest.approx([15, 0, 55, 10])
    assert extent(second.polygon) == pytest.approx([75, 0, 95, 10])
