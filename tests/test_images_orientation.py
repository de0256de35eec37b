"""Every way in which a file says how it must be turned."""

from __future__ import annotations

import io
import struct
import warnings
from typing import Any

import numpy as np
import pytest
from PIL import Image, ImageOps

from tests.pictures import drawn, encoded, png_chunk
from textsearch import images
from textsearch.images import (
    read_image,
    stored_size,
)


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "TIFF"])
@pytest.mark.parametrize("orientation", range(1, 9))
def test_all_exif_orientations_are_applied(orientation: int, kind: str) -> None:
    exif = Image.Exif()
    exif[0x0112] = orientation
    lossless: dict[str, dict[str, Any]] = {"WEBP": {"lossless": True}}
    data = encoded(drawn(), kind, exif=exif, **lossless.get(kind, {}))
    expected = np.asarray(ImageOps.exif_transpose(Image.open(io.BytesIO(data))))
    assert expected.shape == ((24, 40, 3) if orientation < 5 else (40, 24, 3))
    np.testing.assert_array_equal(read_image(data), expected)


@pytest.mark.parametrize("kind", ["PNG", "TIFF"])
@pytest.mark.parametrize("orientation", [1, 6])
def test_the_stored_size_comes_with_what_read_image_will_turn(kind: str, orientation: int) -> None:
    exif = Image.Exif()
    exif[0x0112] = orientation
    data = encoded(drawn(), kind, exif=exif)
    width, height, left_to_turn = stored_size(data)
    assert read_image(data).shape[:2] == ((width, height) if left_to_turn == 6 else (height, width))
    if kind == "PNG":
        assert (width, height, left_to_turn) == (40, 24, orientation)


def test_turning_works_in_more_than_one_band(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(images, "_BAND_PIXELS", 100)
    exif = Image.Exif()
    exif[0x0112] = 6
    np.testing.assert_array_equal(
        read_image(encoded(drawn(), "PNG", exif=exif)), np.asarray(drawn().transpose(Image.Transpose.ROTATE_270))
    )


def orientation_exif(order: str, *, tag: int = 0x0112, kind: int = 3, value: int = 6, offset: int = 8) -> bytes:
    mark = b"II*\0" if order == "<" else b"MM\0*"
    return mark + struct.pack(order + "LHHHLHH", offset, 1, tag, kind, 1, value, 0)


@pytest.mark.parametrize("order", "<>")
def test_both_byte_orders_of_exif(order: str) -> None:
    assert read_image(encoded(drawn(), "PNG", exif=orientation_exif(order))).shape == (40, 24, 3)


@pytest.mark.parametrize(
    "exif",
    [
        b"",
        b"II*\0",
        b"nonsense that is no EXIF",
        orientation_exif("<", value=0),
        orientation_exif("<", value=9),
        orientation_exif("<", kind=2),
        orientation_exif("<", tag=0x0110),
        orientation_exif("<", offset=4_000_000_000),
        orientation_exif("<")[:-3],
    ],
)
def test_damaged_exif_leaves_the_picture_as_it_is(exif: bytes) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for kind in ("PNG", "JPEG"):
            assert read_image(encoded(drawn(), kind, exif=exif)).shape == (24, 40, 3)


def test_orientation_from_xmp() -> None:
    xmp = b'<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:Description tiff:Orientation="8"/></x:xmpmeta>'
    assert read_image(encoded(drawn(), "JPEG", xmp=xmp)).shape == (40, 24, 3)


def test_orientation_from_an_imagemagick_text_chunk() -> None:
    exif = b"Exif\0\0" + orientation_exif(">")
    text = b"Raw profile type exif\0" + f"\nexif\n{len(exif)}\n{exif.hex()}\n".encode()
    data = encoded(drawn(), "PNG")
    assert read_image(data[:33] + png_chunk(b"tEXt", text) + data[33:]).shape == (40, 24, 3)
