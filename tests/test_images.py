"""Every kind of picture becomes upright RGB; everything else becomes an ImageError with a reason."""

from __future__ import annotations

import errno
import io
import os
import re
import struct
import threading
import warnings
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image, ImageFile

from tests.pictures import drawn, encoded, png_chunk
from textsearch import images
from textsearch.errors import ImageError
from textsearch.images import (
    MAXIMUM_PIXELS,
    SUFFIXES,
    available_formats,
    decoding_bytes,
    is_temporary,
    read_image,
)

RED, GREEN, BLUE, WHITE = (255, 0, 0), (0, 255, 0), (0, 0, 255), (255, 255, 255)


def png_claiming(width: int, height: int) -> bytes:
    """Return the start of a PNG that says it has this size, with no data behind it."""
    header = struct.pack(">LLBBBBB", width, height, 1, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + png_chunk(b"IHDR", header) + png_chunk(b"IDAT", b"") + png_chunk(b"IEND", b"")


def first_pixel(image: Image.Image, kind: str = "PNG", **options: Any) -> tuple[int, ...]:
    return tuple(int(value) for value in read_image(encoded(image, kind, **options))[0, 0])


@pytest.mark.parametrize(
    ("kind", "options", "tolerance"),
    [
        ("JPEG", {"quality": 95}, 12),
        ("JPEG", {"quality": 95, "progressive": True}, 12),
        ("MPO", {"quality": 95}, 12),
        ("PNG", {}, 0),
        ("WEBP", {"lossless": True}, 0),
        ("WEBP", {"quality": 95}, 20),
        ("BMP", {}, 0),
        ("TIFF", {}, 0),
        ("TIFF", {"compression": "tiff_lzw"}, 0),
        ("TIFF", {"compression": "tiff_deflate"}, 0),
        ("GIF", {}, 40),
    ],
)
def test_every_format_gives_the_picture(kind: str, options: dict[str, Any], tolerance: int) -> None:
    picture = drawn()
    pixels = read_image(encoded(picture, kind, **options))
    assert pixels.dtype == np.uint8
    assert pixels.flags.c_contiguous
    assert pixels.shape == (24, 40, 3)
    assert np.abs(pixels.astype(int) - np.asarray(picture).astype(int)).max() <= tolerance


@pytest.mark.skipif(not available_formats()["AVIF"], reason="this Pillow has no AVIF")
@pytest.mark.parametrize("orientation", [1, 6])
def test_avif(orientation: int) -> None:
    exif = Image.Exif()
    exif[0x0112] = orientation
    data = encoded(drawn(), "AVIF", quality=95, exif=exif)
    expected = np.asarray(drawn()) if orientation == 1 else np.asarray(drawn().transpose(Image.Transpose.ROTATE_270))
    assert np.abs(read_image(data).astype(int) - expected.astype(int)).max() <= 20


@pytest.mark.parametrize("orientation", [1, 6])
def test_heic(orientation: int) -> None:
    pillow_heif = pytest.importorskip("pillow_heif")
    stream = io.BytesIO()
    exif = Image.Exif()
    exif[0x0112] = orientation
    pillow_heif.from_pillow(drawn(64, 48)).save(stream, quality=95, exif=exif.tobytes())
    expected = drawn(64, 48) if orientation == 1 else drawn(64, 48).transpose(Image.Transpose.ROTATE_270)
    assert np.abs(read_image(stream.getvalue()).astype(int) - np.asarray(expected).astype(int)).max() <= 25


@pytest.mark.parametrize(
    ("image", "expected"),
    [
        (Image.new("1", (4, 4), 1), WHITE),
        (Image.new("L", (4, 4), 90), (90, 90, 90)),
        (Image.new("LA", (4, 4), (0, 0)), WHITE),
        (Image.new("LA", (4, 4), (0, 255)), (0, 0, 0)),
        (Image.new("RGBA", (4, 4), (255, 0, 0, 0)), WHITE),
        (Image.new("RGBA", (4, 4), (255, 0, 0, 255)), RED),
        (Image.new("RGBA", (4, 4), (255, 0, 0, 51)), (255, 204, 204)),
        (Image.new("RGB", (4, 4), BLUE).convert("P", palette=Image.Palette.ADAPTIVE), BLUE),
        (Image.fromarray(np.full((4, 4), 65535, np.uint16)), WHITE),
        (Image.fromarray(np.full((4, 4), 32768, np.uint16)), (128, 128, 128)),
    ],
    ids=lambda value: value.mode if isinstance(value, Image.Image) else None,
)
def test_modes_of_png(image: Image.Image, expected: tuple[int, int, int]) -> None:
    assert first_pixel(image) == expected


def test_transparent_colours_of_png() -> None:
    palette = Image.new("P", (4, 4), 0)
    palette.putpalette([*RED, *GREEN])
    assert first_pixel(palette, transparency=0) == WHITE
    assert first_pixel(palette, transparency=b"\xff\x00") == RED
    assert first_pixel(Image.new("RGB", (4, 4), RED), transparency=RED) == WHITE
    assert first_pixel(Image.new("L", (4, 4), 7), transparency=7) == WHITE


def test_cmyk_and_wide_numbers() -> None:
    red, green, blue = first_pixel(Image.new("CMYK", (8, 8), (0, 255, 255, 0)), "JPEG", quality=95)
    assert red > 240
    assert green < 15
    assert blue < 15
    assert first_pixel(Image.new("CMYK", (8, 8), (255, 0, 255, 0)), "TIFF") == GREEN


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        (np.array([[0.0, 0.5, 1.0]], np.float32), [0, 128, 255]),
        (np.array([[-10.0, np.nan, 10.0]], np.float32), [0, 0, 255]),
        (np.array([[3.0, 3.0, 3.0]], np.float32), [0, 0, 0]),
        (np.array([[np.nan, np.nan, np.inf]], np.float32), [0, 0, 255]),
        (np.array([[0, 32768, 65535]], np.int32), [0, 128, 255]),
        (np.array([[0, 50_000, 100_000]], np.int32), [0, 128, 255]),
    ],
)
def test_numbers_of_tiff_are_scaled(values: NDArray[Any], expected: list[int]) -> None:
    assert read_image(encoded(Image.fromarray(values), "TIFF"))[0, :, 1].tolist() == expected


@pytest.mark.parametrize("kind", ["GIF", "WEBP", "PNG", "TIFF"])
def test_an_animation_shows_its_first_frame(kind: str) -> None:
    frames = [Image.new("RGB", (8, 8), colour) for colour in (RED, GREEN, BLUE)]
    options: dict[str, Any] = {"lossless": True} if kind == "WEBP" else {}
    assert first_pixel(frames[0], kind, save_all=True, append_images=frames[1:], **options) == RED


def test_path_bytes_and_open_file_give_the_same(tmp_path: Path) -> None:
    path = tmp_path / "named.txt"  # known by content, not by name
    path.write_bytes(encoded(drawn(), "PNG"))
    with path.open("rb") as stream:
        stream.seek(5)
        np.testing.assert_array_equal(read_image(stream), np.asarray(drawn()))
        assert not stream.closed
    np.testing.assert_array_equal(read_image(path), np.asarray(drawn()))


def test_decoding_bytes_come_from_the_header() -> None:
    assert decoding_bytes(png_claiming(6000, 4000)) == 6000 * 4000 * 7
    pixels = 40 * 24
    assert decoding_bytes(encoded(drawn(), "JPEG")) == pixels * 7
    assert decoding_bytes(encoded(drawn(), "JPEG", progressive=True)) == pixels * 10


def test_a_24_megapixel_photo_is_read_and_a_bomb_refused() -> None:
    assert MAXIMUM_PIXELS > 16_320 * 12_240  # the largest cameras
    grey = Image.new("L", (6000, 4000), 200)
    assert read_image(encoded(grey, "PNG")).shape == (4000, 6000, 3)
    with pytest.raises(ImageError, match=r"^has 30000 x 30000 pixels, more than the limit of 250 megapixels$"):
        read_image(png_claiming(30_000, 30_000))


@pytest.mark.parametrize("kind", ["PNG", "TIFF", "BMP", "GIF"])
def test_between_pillows_limits_and_ours_nothing_is_warned_of(kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 100)  # Pillow refuses above twice this number
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert read_image(encoded(drawn(), kind)).shape == (24, 40, 3)


def test_a_large_tiff_is_turned_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 100)
    exif = Image.Exif()
    exif[0x0112] = 6
    for options in ({}, {"compression": "tiff_lzw"}):
        np.testing.assert_array_equal(
            read_image(encoded(drawn(), "TIFF", exif=exif, **options)),
            np.asarray(drawn().transpose(Image.Transpose.ROTATE_270)),
        )


def test_pillows_global_state_is_untouched() -> None:
    before = (Image.MAX_IMAGE_PIXELS, ImageFile.LOAD_TRUNCATED_IMAGES, warnings.filters[:], dict(Image.OPEN))
    read_image(encoded(drawn(), "PNG"))
    with pytest.raises(ImageError):
        read_image(b"nothing")
    assert (Image.MAX_IMAGE_PIXELS, ImageFile.LOAD_TRUNCATED_IMAGES, warnings.filters[:], dict(Image.OPEN)) == before


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", r"^the file is empty$"),
        (b"hello, world", r"^is not a picture in a known format \(JPEG, PNG, WebP, .*\)$"),
        (b"%!PS-Adobe-3.0 EPSF-3.0\n", r"^is not a picture in a known format"),
        (encoded(drawn(400, 300), "JPEG")[:2000], r"^the picture is cut short$"),
        (encoded(drawn(400, 300), "PNG")[:-400], r"^the picture is cut short$"),
        (encoded(drawn(), "PNG")[:20], r"^the picture"),
        (png_claiming(0, 10), r"^the picture's data is damaged$"),
    ],
)
def test_reasons_are_for_people(data: bytes, reason: str) -> None:
    with pytest.raises(ImageError, match=reason) as caught:
        read_image(data)
    assert not is_temporary(caught.value)


def test_a_missing_decoder_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        images,
        "_FORMATS",
        tuple(
            images._Format(known.name, known.suffixes, known.starts, known.open, known.peak, False)
            for known in images._FORMATS
        ),
    )
    assert not any(available_formats().values())
    with pytest.raises(ImageError, match="no decoder for HEIC: pip install pillow-heif"):
        read_image(b"\0\0\0\x18ftypheic" + bytes(16))
    with pytest.raises(ImageError, match="no decoder for AVIF in this installation of Pillow"):
        read_image(b"\0\0\0\x18ftypmif1\0\0\0\0mif1avif" + bytes(16))


def test_a_heif_container_is_told_from_an_avif_one() -> None:
    names = {
        b"\0\0\0\x18ftypmif1\0\0\0\0mif1heic": "HEIC",
        b"\0\0\0\x18ftypmif1\0\0\0\0mif1avif": "AVIF",
        b"\0\0\0\x18ftypavif\0\0\0\0avifmif1": "AVIF",
    }
    for start, name in names.items():
        assert next(known.name for known in images._FORMATS if known.starts.match(start)) == name


def test_suffixes_are_lower_case_and_only_of_decodable_formats() -> None:
    assert {".jpg", ".jpeg", ".png", ".webp", ".bmp", ".tif", ".tiff", ".gif"} <= SUFFIXES
    assert all(re.fullmatch(r"\.[a-z]+", suffix) for suffix in SUFFIXES)
    assert (".heic" in SUFFIXES) == available_formats()["HEIC"]


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "BMP", "TIFF", "GIF"])
def test_damaged_files_give_a_picture_or_a_reason(kind: str) -> None:
    whole = encoded(drawn(64, 48), kind)
    random = np.random.default_rng(0)
    for start in range(0, len(whole), max(1, len(whole) // 25)):
        flipped = bytearray(whole)
        for place in random.integers(0, min(len(whole), start + 60), 4):
            flipped[place] ^= 1 << int(random.integers(8))
        for data in (whole[:start], bytes(flipped)):
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                try:
                    pixels = read_image(data)
                except ImageError as error:
                    assert re.fullmatch(r"[a-zA-Z0-9 ,.:()'-]{10,120}", str(error))
                else:
                    assert pixels.ndim == 3
                    assert pixels.shape[2] == 3


def test_what_is_no_regular_file_is_refused_without_opening_it(tmp_path: Path) -> None:
    (tmp_path / "x.jpg").mkdir()
    os.mkfifo(tmp_path / "pipe.jpg")
    for name, reason in {
        "x.jpg": "is a directory, not a picture",
        "pipe.jpg": "is a device or pipe, not a file",
        "none.jpg": "there is no such file",
    }.items():
        with pytest.raises(ImageError, match=f"^{reason}$"):
            images.open_file(tmp_path / name)
        with pytest.raises(ImageError, match=f"^{reason}$"):
            read_image(tmp_path / name)


def test_the_machines_faults_are_told_from_the_files() -> None:
    class Failing(io.BytesIO):
        def __init__(self, error: BaseException) -> None:
            super().__init__(encoded(drawn(), "PNG"))
            self.error = error

        def read(self, size: int | None = -1, /) -> bytes:
            if self.tell() > 100:
                raise self.error
            return super().read(size)

    for error, reason in (
        (OSError(errno.EIO, "Input/output error"), "cannot be read: input/output error"),
        (MemoryError(), "there is not enough memory to decode it"),
        (ImportError("libheif.so.1 is missing"), r"its decoder cannot be loaded \(libheif.so.1 is missing\)"),
    ):
        with pytest.raises(ImageError, match=f"^{reason}$") as caught:
            read_image(Failing(error))
        assert is_temporary(caught.value)


def test_errors_of_the_system_are_described() -> None:
    assert images.describe(PermissionError(errno.EACCES, "x")) == "no permission to read it"
    assert images.describe(OSError(errno.ELOOP, "x")) == "is a link that leads back to itself"
    assert images.describe(OSError("no number")).startswith("cannot be read: ")


def test_many_threads_at_once() -> None:
    data = [encoded(drawn(40 + i, 24), "PNG") for i in range(8)]
    barrier = threading.Barrier(4)

    def read(i: int) -> tuple[int, ...]:
        if i < 4:
            barrier.wait()
        return read_image(data[i % 8]).shape

    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(read, range(40))) == [(24, 40 + i % 8, 3) for i in range(40)]
