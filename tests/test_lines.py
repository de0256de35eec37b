from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from tests.fakes import ALPHABET
from tests.painted import (
    CLASSES,
    OPTIONS,
    SHADES,
    PaintedRecogniser,
    certain,
    classes_of,
    dark,
    extent,
    new_encoder,
    paint,
)
from textsearch.geometry import turned
from textsearch.lines import Line, LineReader, cut_off, letter_extent, read_strip, word_of_strip, word_spans
from textsearch.options import EncoderOptions
from textsearch.types import ByteArray, FloatArray


def reader_with(recogniser: PaintedRecogniser, options: EncoderOptions = OPTIONS) -> LineReader:
    return LineReader(recogniser, ALPHABET.space, options)


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


# --- one line


def test_a_line_that_reads_hardly_better_upside_down_stays() -> None:
    photo = dark()
    paint(photo, "a_b_c", 160, 64)
    (line,) = reader_with(HesitantRecogniser(0.6, 0.65, 0.6)).read(photo, [BOX], np.ones(1, np.float32))
    assert line.confidence == pytest.approx(0.6)
    np.testing.assert_array_equal(line.polygon, BOX)
    (line,) = reader_with(HesitantRecogniser(0.6, 0.8, 0.8)).read(photo, [BOX], np.ones(1, np.float32))
    assert line.confidence == pytest.approx(0.8)
    np.testing.assert_array_equal(line.polygon, turned(BOX))


@pytest.mark.parametrize(("stretched", "believed"), [(0.7, 0.7), (0.64, 0.6)])
def test_an_unsure_line_is_read_again_stretched(stretched: float, believed: float) -> None:
    wide = BOX * np.array([2, 1], np.float32)
    recogniser = HesitantRecogniser(0.6, 0.5, stretched)
    (line,) = reader_with(recogniser).read(dark(), [wide], np.ones(1, np.float32))
    assert line.confidence == pytest.approx(believed)
    np.testing.assert_array_equal(line.polygon, wide)
    assert [shape[2] for shape in recogniser.seen] == [96, 96, 128]  # 80 pixels and 120, padded


def test_a_line_with_a_letter_at_its_end_is_read_further() -> None:
    photo = dark()
    paint(photo, "a_b_c", 160, 64)
    begun = np.array([[160, 64], [184, 64], [184, 112], [160, 112]], np.float32)
    reader = reader_with(PaintedRecogniser(), replace(OPTIONS, further=0.5))
    (line,) = reader.read(photo, [begun], np.ones(1, np.float32))
    assert reader.letters(line) == 3
    assert extent(line.polygon) == pytest.approx([136, 64, 208, 112])
    (word,) = new_encoder().split(line, 0)
    assert new_encoder().transcribe(word.lattice)[0] == "abc"
    (line,) = reader_with(PaintedRecogniser()).read(photo, [begun], np.ones(1, np.float32))
    assert reader.letters(line) == 2


@pytest.mark.parametrize(("margin", "reads"), [(0, 2), (24, 1)])
def test_a_line_with_nothing_behind_its_end_stays_as_it_is(margin: float, reads: int) -> None:
    photo = dark()
    paint(photo, "a_b_c_d_e", 160, 64)
    left, right = 160 - margin, 232 + margin
    polygon = np.array([[left, 64], [right, 64], [right, 112], [left, 112]], np.float32)
    recogniser = PaintedRecogniser()
    reader = reader_with(recogniser, replace(OPTIONS, unsure=0.0, further=0.5))
    (line,) = reader.read(photo, [polygon], np.ones(1, np.float32))
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
    reader = reader_with(DoubtfulRecogniser(), replace(OPTIONS, further=0.5))
    (line,) = reader.read(photo, [begun], np.ones(1, np.float32))
    assert reader.letters(line) == 2


def test_a_stretched_line_is_read_further_stretched() -> None:
    wide = BOX * np.array([2, 1], np.float32)
    recogniser = HesitantRecogniser(0.6, 0.5, 0.7, 0.7)
    options = replace(OPTIONS, further=0.5)
    reader_with(recogniser, options).read(dark(), [wide], np.ones(1, np.float32))
    assert [shape[2] for shape in recogniser.seen] == [
        96,
        96,
        128,
        160,
    ]  # 80 pixels, 120 and, half a height longer, 156


def test_beyond_the_edge_of_the_photo_nothing_is_read() -> None:
    photo = dark()
    paint(photo, "a_b_c_d_e", 0, 64)
    recogniser = PaintedRecogniser()
    at_the_edge = np.array([[0, 64], [96, 64], [96, 112], [0, 112]], np.float32)
    reader = reader_with(recogniser, replace(OPTIONS, unsure=0.0, further=0.5))
    reader.read(photo, [at_the_edge], np.ones(1, np.float32))
    assert len(recogniser.seen) == 1


def test_letters_below_each_other_are_read() -> None:
    photo = dark(200, 300)
    for number, letter in enumerate("abcde"):
        top = 30 + 50 * number
        cell = photo[top : top + 36, 86:122]
        cell[..., 1] = classes_of(letter)[0] * SHADES + 1
        cell[:18, :, 2], cell[18:, :, 2] = 220, 30
    column = np.array([[128, 20], [128, 280], [80, 280], [80, 20]], np.float32)  # read downwards
    reader = reader_with(SidewaysRecogniser())
    (line,) = reader.read(photo, [column], np.ones(1, np.float32))
    (word,) = new_encoder().split(line, 0)
    middles = ((np.arange(5) + 0.5) / 5 * len(line.probabilities)).astype(int)
    assert line.probabilities[middles].argmax(axis=1).tolist() == classes_of("abcde")
    assert extent(word.polygon) == pytest.approx([80, 30, 128, 266], abs=12)
    certain_enough = reader_with(SidewaysRecogniser(), replace(OPTIONS, unsure=0.0))
    (line,) = certain_enough.read(photo, [column], np.ones(1, np.float32))
    assert line.confidence < 0.7


# --- letters set apart, broken words


def read_apart(
    texts: list[str], recogniser: PaintedRecogniser, apart: int = 32, options: EncoderOptions = OPTIONS
) -> list[str]:
    """Paint texts beside each other, read each as a region, and return what all the lines say."""
    photo, polygons, left = dark(640, 240), [], 40
    for text in texts:
        right = left + 8 * len(text)
        paint(photo, text, left, 64)
        polygons.append(np.array([[left, 64], [right, 64], [right, 112], [left, 112]], np.float32))
        left = right + apart
    encoder = new_encoder()
    lines = reader_with(recogniser, replace(options, unsure=0.0)).read(
        photo, polygons, np.full(len(texts), 0.5, np.float32)
    )
    assert all(line.score == 0.5 for line in lines)
    return [encoder.transcribe(word.lattice)[0] for line in lines for word in encoder.split(line, 0)]


def test_letters_set_apart_are_also_read_as_one_word() -> None:
    letters = ["_a__", "_b__", "_c__"]
    assert read_apart(letters, PaintedRecogniser()) == ["a", "b", "c", "abc"]


def test_letters_set_apart_stay_apart_if_nothing_else_is_wanted() -> None:
    letters = ["_a__", "_b__", "_c__"]
    assert read_apart(letters, PaintedRecogniser(), options=replace(OPTIONS, apart=0.0)) == ["a", "b", "c"]


def test_a_broken_word_is_also_read_as_one() -> None:
    assert read_apart(["a_b_c_d_a_b_c_d", "e_f_"], PaintedRecogniser(), apart=8) == ["abcdabcd", "ef", "abcdabcdef"]


def test_whole_words_are_not_read_as_one() -> None:
    recogniser = PaintedRecogniser()
    assert read_apart(["a_b_c_d_a_b_c_d", "e_f_a_b_"], recogniser, apart=8) == ["abcdabcd", "efab"]
    assert len(recogniser.seen) == 2


def test_what_reads_as_so_many_words_is_no_broken_word() -> None:
    class ParagraphRecogniser(PaintedRecogniser):
        """Sees a space between all letters that are not close to each other."""

        def read(self, strips: ByteArray) -> tuple[FloatArray, FloatArray]:
            frames, probabilities = super().read(strips)
            blank = probabilities[0, :, 0] > 0.5
            gaps = np.convolve(blank, np.ones(3), "same") == 3
            probabilities[0, gaps] = 0.0
            probabilities[0, gaps, ALPHABET.space] = 0.9
            return frames, probabilities

    assert read_apart(["_a__", "_b__", "_c__"], ParagraphRecogniser()) == ["a", "b", "c"]


class NearsightedRecogniser(PaintedRecogniser):
    """Reads narrow and wide strips with probabilities of its own; the first letters of wide ones escape it."""

    def __init__(self, narrow: float, wide: float, missed: int = 0) -> None:
        super().__init__()
        self.narrow, self.wide, self.missed = narrow, wide, missed

    def read(self, strips: ByteArray) -> tuple[FloatArray, FloatArray]:
        frames, probabilities = super().read(strips)
        is_wide = strips.shape[2] > 64
        if is_wide:
            seen = np.nonzero(probabilities[0].argmax(axis=1) > 0)[0][: self.missed]
            probabilities[0, seen] = np.eye(CLASSES, dtype=np.float32)[0]
        return frames, np.asarray(probabilities * (self.wide if is_wide else self.narrow) / 0.9, np.float32)


@pytest.mark.parametrize(
    ("narrow", "wide", "missed", "believed"),
    [
        (0.9, 0.9, 0, True),
        (0.65, 0.65, 0, False),  # unsure itself
        (0.95, 0.75, 0, False),  # much less sure than the letters alone
        (0.85, 0.75, 0, True),
        (0.9, 0.9, 2, False),  # with too few of their letters
    ],
)
def test_a_doubtful_reading_of_several_regions_is_not_believed(
    narrow: float, wide: float, missed: int, believed: bool
) -> None:
    letters = ["_a__", "_b__", "_c__", "_d__"]
    read = read_apart(letters, NearsightedRecogniser(narrow, wide, missed))
    assert read == ["a", "b", "c", "d", "abcd"][: 5 if believed else 4]


def test_a_word_beside_a_speck_is_not_read_twice() -> None:
    assert read_apart(["a_b_c_d_a_b_c_d", "____"], PaintedRecogniser(), apart=8) == ["abcdabcd"]


def test_a_line_of_whole_words_is_not_read_twice_for_one_broken_word() -> None:
    assert read_apart(["a_b_", "c__   _d_e_f"], PaintedRecogniser(), apart=8) == ["ab", "c", "def"]


@pytest.mark.parametrize(("text", "letters"), [("", 0), ("___", 0), ("a_a", 2), ("aaa_b", 2), ("a  __ b", 2)])
def test_letters(text: str, letters: int) -> None:
    probabilities = certain(text)
    line = Line(BOX, 1.0, np.zeros((len(text), 2), np.float32), probabilities)
    assert reader_with(PaintedRecogniser()).letters(line) == letters


def test_no_lines_to_read() -> None:
    assert reader_with(PaintedRecogniser()).read(dark(), [], np.zeros(0, np.float32)) == []


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
    assert letter_extent(certain(text).argmax(axis=1)) == extent_in_frames


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
        ("a_b  ", (True, False)),  # what ends with a space is no word cut off
    ],
)
def test_cut_off(text: str, ends: tuple[bool, bool]) -> None:
    assert cut_off(certain(text).argmax(axis=1), ALPHABET.space) == ends
