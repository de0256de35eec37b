from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray

from tests.fakes import ALPHABET
from tests.painted import (
    CLASSES,
    OPTIONS,
    SHADES,
    CountingEmbedder,
    PaintedDetector,
    PaintedRecogniser,
    classes_of,
    dark,
    new_encoder,
    paint,
)
from textsearch.encoder import Encoder, Line, cut_off, letter_extent, read_strip, word_of_strip, word_spans
from textsearch.geometry import turned
from textsearch.lattice import Lattice
from textsearch.options import EncoderOptions
from textsearch.types import ByteArray, FloatArray, Regions


def encode(photo: ByteArray, options: EncoderOptions = OPTIONS) -> Regions:
    (regions,) = new_encoder(options).encode_images([photo])
    return regions


def encoder_with(recogniser: PaintedRecogniser, options: EncoderOptions = OPTIONS) -> Encoder:
    return Encoder(PaintedDetector(), recogniser, CountingEmbedder(), ALPHABET, options)


def extent(polygon: FloatArray) -> list[float]:
    """Return left, top, right, bottom."""
    return [*polygon.min(axis=0).tolist(), *polygon.max(axis=0).tolist()]


BOX = np.array([[160, 64], [200, 64], [200, 112], [160, 112]], np.float32)


class HesitantRecogniser(PaintedRecogniser):
    """Reads one strip after the other with the probabilities given."""

    def __init__(self, *sureness: float) -> None:
        super().__init__()
        self.sureness = sureness

    def read(self, strips: ByteArray) -> tuple[FloatArray, FloatArray]:
        probabilities = certain("a_b_c___", self.sureness[len(self.seen)])
        frames, _ = super().read(strips)
        return frames, probabilities[None]


class SidewaysRecogniser(PaintedRecogniser):
    """Doubts letters whose upper half is no brighter than the lower one: they lie on their side."""

    def read(self, strips: ByteArray) -> tuple[FloatArray, FloatArray]:
        frames, probabilities = super().read(strips)
        upper, lower = strips[0, 12, :, 2].mean(), strips[0, 36, :, 2].mean()
        return frames, probabilities if upper > lower + 20 else (probabilities * 0.6).astype(np.float32)


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
    assert isinstance(encoder.recogniser, PaintedRecogniser)
    assert encoder.recogniser.seen == [(1, 48, 320, 3)]


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
    assert isinstance(encoder.recogniser, PaintedRecogniser)
    assert len(encoder.recogniser.seen) == reads


def test_a_line_that_reads_hardly_better_upside_down_stays() -> None:
    photo = dark()
    paint(photo, "a_b_c", 160, 64)
    (line,) = encoder_with(HesitantRecogniser(0.6, 0.65, 0.6)).read_lines(photo, [BOX], np.ones(1, np.float32))
    assert line.confidence == pytest.approx(0.6)
    np.testing.assert_array_equal(line.polygon, BOX)
    (line,) = encoder_with(HesitantRecogniser(0.6, 0.8, 0.8)).read_lines(photo, [BOX], np.ones(1, np.float32))
    assert line.confidence == pytest.approx(0.8)
    np.testing.assert_array_equal(line.polygon, turned(BOX))


@pytest.mark.parametrize(("stretched", "believed"), [(0.7, 0.7), (0.64, 0.6)])
def test_an_unsure_line_is_read_again_stretched(stretched: float, believed: float) -> None:
    wide = BOX * np.array([2, 1], np.float32)
    recogniser = HesitantRecogniser(0.6, 0.5, stretched)
    (line,) = encoder_with(recogniser).read_lines(dark(), [wide], np.ones(1, np.float32))
    assert line.confidence == pytest.approx(believed)
    np.testing.assert_array_equal(line.polygon, wide)
    assert [shape[2] for shape in recogniser.seen] == [96, 96, 128]  # 80 pixels and 120, padded


def test_a_line_with_a_letter_at_its_end_is_read_further() -> None:
    photo = dark()
    paint(photo, "a_b_c", 160, 64)
    begun = np.array([[160, 64], [184, 64], [184, 112], [160, 112]], np.float32)
    encoder = encoder_with(PaintedRecogniser(), replace(OPTIONS, further=0.5))
    (line,) = encoder.read_lines(photo, [begun], np.ones(1, np.float32))
    assert line.letters == 3
    assert extent(line.polygon) == pytest.approx([136, 64, 208, 112])
    (word,) = encoder.split(line, 0)
    assert encoder.transcribe(word.lattice)[0] == "abc"
    (line,) = encoder_with(PaintedRecogniser()).read_lines(photo, [begun], np.ones(1, np.float32))
    assert line.letters == 2


@pytest.mark.parametrize(("margin", "reads"), [(0, 2), (24, 1)])
def test_a_line_with_nothing_behind_its_end_stays_as_it_is(margin: float, reads: int) -> None:
    photo = dark()
    paint(photo, "a_b_c_d_e", 160, 64)
    left, right = 160 - margin, 232 + margin
    polygon = np.array([[left, 64], [right, 64], [right, 112], [left, 112]], np.float32)
    recogniser = PaintedRecogniser()
    encoder = encoder_with(recogniser, replace(OPTIONS, further=0.5))
    (line,) = encoder.read_lines(photo, [polygon], np.ones(1, np.float32))
    assert len(recogniser.seen) == reads
    np.testing.assert_array_equal(line.polygon, polygon)


def test_a_longer_reading_that_is_less_sure_is_not_believed() -> None:
    class DoubtfulRecogniser(PaintedRecogniser):
        def read(self, strips: ByteArray) -> tuple[FloatArray, FloatArray]:
            frames, probabilities = super().read(strips)
            return frames, (probabilities * (0.9 if len(self.seen) > 1 else 1.0)).astype(np.float32)

    photo = dark()
    paint(photo, "a_b_c", 160, 64)
    begun = np.array([[160, 64], [184, 64], [184, 112], [160, 112]], np.float32)
    encoder = encoder_with(DoubtfulRecogniser(), replace(OPTIONS, further=0.5))
    (line,) = encoder.read_lines(photo, [begun], np.ones(1, np.float32))
    assert line.letters == 2


def test_letters_below_each_other_are_read() -> None:
    photo = dark(200, 300)
    for number, letter in enumerate("abcde"):
        top = 30 + 50 * number
        cell = photo[top : top + 36, 86:122]
        cell[..., 1] = classes_of(letter)[0] * SHADES + 1
        cell[:18, :, 2], cell[18:, :, 2] = 220, 30
    column = np.array([[128, 20], [128, 280], [80, 280], [80, 20]], np.float32)  # read downwards
    encoder = encoder_with(SidewaysRecogniser())
    (line,) = encoder.read_lines(photo, [column], np.ones(1, np.float32))
    (word,) = encoder.split(line, 0)
    middles = ((np.arange(5) + 0.5) / 5 * len(line.probabilities)).astype(int)
    assert line.probabilities[middles].argmax(axis=1).tolist() == classes_of("abcde")
    assert extent(word.polygon) == pytest.approx([80, 30, 128, 266], abs=12)
    certain_enough = encoder_with(SidewaysRecogniser(), replace(OPTIONS, unsure=0.0))
    (line,) = certain_enough.read_lines(photo, [column], np.ones(1, np.float32))
    assert line.confidence < 0.7


def test_no_lines_to_read() -> None:
    assert new_encoder().read_lines(dark(), [], np.zeros(0, np.float32)) == []


# --- strips


@pytest.mark.parametrize(
    ("width", "padded", "frames"), [(8, 32, 1), (40, 64, 5), (64, 64, 8), (90, 96, 11), (9, 32, 1)]
)
def test_frames_on_the_padding_are_not_used(width: int, padded: int, frames: int) -> None:
    recogniser = PaintedRecogniser()
    strip = np.full((48, width, 3), SHADES + 1, np.uint8)
    features, probabilities = read_strip(strip, recogniser)
    assert recogniser.seen == [(1, 48, padded, 3)]
    assert features[:, 0].tolist() == [1.0] * frames  # the grey of the padding would name another class
    assert probabilities.shape == (frames, CLASSES)


def test_word_of_strip() -> None:
    strip = dark(88, 48)
    paint(strip, "___a_b_____", 0, 0)
    found = word_of_strip(strip, PaintedRecogniser())
    assert found is not None
    frames, lattice = found
    assert frames[:, 0].tolist() == classes_of("_a_b_")
    assert lattice.classes[:, 0].tolist() == classes_of("_a_b_")


def test_word_of_strip_without_letters() -> None:
    assert word_of_strip(dark(64, 48), PaintedRecogniser()) is None


# --- spans and extents


def certain(text: str, sureness: float = 0.9) -> FloatArray:
    probabilities = np.zeros((len(text), CLASSES), np.float32)
    probabilities[:, 0] = 1 - sureness
    probabilities[np.arange(len(text)), classes_of(text)] += sureness
    return probabilities


@pytest.mark.parametrize(
    ("text", "spans"),
    [
        ("", []),
        ("___", []),
        (" ", []),
        ("a", [(0, 1)]),
        ("_a_b_", [(0, 5)]),
        ("a b", [(0, 1), (2, 3)]),
        ("a  _ b", [(0, 1), (5, 6)]),
        (" a ", [(1, 2)]),
        ("__ a_ __", [(3, 5)]),
    ],
)
def test_word_spans(text: str, spans: list[tuple[int, int]]) -> None:
    assert word_spans(certain(text), ALPHABET.space, 0.3) == spans


def test_a_space_parts_words_before_it_is_the_best_class() -> None:
    probabilities = certain("a_b")
    probabilities[1, [0, ALPHABET.space]] = 0.6, 0.4
    assert word_spans(probabilities, ALPHABET.space, 0.3) == [(0, 1), (2, 3)]
    assert word_spans(probabilities, ALPHABET.space, 0.5) == [(0, 3)]


@pytest.mark.parametrize(
    ("text", "extent_in_frames"),
    [
        ("a", (0.0, 1.0)),  # never beyond the ends
        ("__a__", (1.5, 3.5)),  # a single letter is taken to be two frames wide
        ("__a_b__", (1.5, 5.5)),
        ("__aa__", (1.5, 4.5)),  # one letter that lasts two frames
        ("__a___b__", (0.5, 8.5)),  # wide letters
        ("a___b", (0.0, 5.0)),
        ("____", (0.0, 4.0)),  # no letter: everything
    ],
)
def test_letter_extent(text: str, extent_in_frames: tuple[float, float]) -> None:
    assert letter_extent(certain(text)) == extent_in_frames


@pytest.mark.parametrize(
    ("text", "ends"),
    [
        ("", (False, False)),
        ("____", (False, False)),
        ("a", (True, True)),
        ("_a_", (False, False)),
        ("a_b__", (True, False)),
        ("__a_b", (False, True)),
        ("__a_b__", (False, False)),
        ("___a_____b___", (True, True)),  # in a wide hand the margins are wide as well
    ],
)
def test_cut_off(text: str, ends: tuple[bool, bool]) -> None:
    assert cut_off(certain(text)) == ends


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
