"""Photos in: any picture file becomes upright 8-bit RGB pixels, or an ImageError with a reason fit for a list.

The plugin classes of Pillow are used directly, not `PIL.Image.open`: a file is known by its first bytes and never by
its name, formats that start other programs (EPS starts Ghostscript) stay out, and the size limit is ours, so that
neither Pillow's global limit has to be changed nor its warnings appear.
"""

from __future__ import annotations

import errno
import importlib
import io
import os
import re
import stat
import struct
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import BinaryIO

import numpy as np
from numpy.typing import NDArray
from PIL import Image, features
from PIL.BmpImagePlugin import BmpImageFile
from PIL.GifImagePlugin import GifImageFile
from PIL.ImageFile import ImageFile
from PIL.JpegImagePlugin import JpegImageFile
from PIL.PngImagePlugin import PngImageFile
from PIL.TiffImagePlugin import TiffImageFile
from PIL.WebPImagePlugin import WebPImageFile

from textsearch.errors import ImageError
from textsearch.types import ByteArray

MAXIMUM_PIXELS = 250_000_000
"""Larger pictures are refused before any pixel is decoded.

The largest camera sensors write 200 megapixels; whatever claims much more is a stitched panorama at best and a
"decompression bomb" at worst: a file of some kilobytes that would fill the memory. At 7 to 17 bytes a pixel while
decoding, one picture at the limit needs some 2 to 4 GB for a moment.
"""

_PROGRESSIVE_PEAK = 10
"""Bytes a pixel that decoding a progressive JPEG needs, where all coefficients are held at once."""

_BAND_PIXELS = 1 << 20
"""Pixels converted at once: small against a photo, so that no second copy of it is ever needed."""

_ORIENTATION_TAG = 0x0112
_HEIF_BRANDS = (b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"heif")
_WHITE = 255

# What Pillow raises for files that are damaged by accident or on purpose, collected from its code and from trying:
# its plugins parse bytes in Python and do not promise one exception.
_DECODING_ERRORS: tuple[type[BaseException], ...] = (
    OSError,  # truncated data, decoder errors, UnidentifiedImageError; and true read errors, told apart by errno
    SyntaxError,  # a header that contradicts itself
    ValueError,  # impossible sizes and modes; text chunks too large; UnicodeDecodeError
    EOFError,  # a header without a first frame
    LookupError,  # IndexError and KeyError: unknown compression, mode or tag
    TypeError,  # a tag of another type than expected
    AttributeError,  # a part that the header announced and the plugin did not find
    ArithmeticError,  # ZeroDivisionError, OverflowError: zero tiles, sizes past 2^63
    AssertionError,  # Pillow states its expectations of a file this way in places
    RuntimeError,  # some codecs' own errors, RecursionError for nested directories
    MemoryError,  # a size that this machine cannot hold
    ImportError,  # a decoder that is installed and cannot be loaded
    BufferError,
    struct.error,
    zlib.error,
    Image.DecompressionBombError,  # where a plugin checks the size itself, before we can
    Warning,  # with `python -W error`, a warning about a damaged header is raised
)


class _Jpeg(JpegImageFile):
    """The first picture of a JPEG file, also of the several in an MPO file."""

    def _read_dpi_from_exif(self) -> None:
        """Read no resolution: it means nothing here, and looking for it in damaged EXIF data makes Pillow warn."""


def _open_avif(stream: BinaryIO) -> ImageFile:
    """Open an AVIF file; Pillow has the plugin since 11.3."""
    opened: ImageFile = importlib.import_module("PIL.AvifImagePlugin").AvifImageFile(stream)
    return opened


def _open_heif(stream: BinaryIO) -> ImageFile:
    """Open an HEIF file, without entering pillow-heif into Pillow's global registry."""
    opened: ImageFile = importlib.import_module("pillow_heif").HeifImageFile(stream)
    return opened


@dataclass(frozen=True)
class _Format:
    """A family of files.

    Attributes:
        name: for people.
        suffixes: lower-case, of files worth trying in a folder.
        starts: what the first bytes match.
        open: reads the header.
        peak: bytes a pixel that decoding and our copy need at the worst moment, measured on 24-megapixel files:
            Pillow's 4 and our 3; WebP holds two more canvases.
        available: whether this installation can decode it.
    """

    name: str
    suffixes: tuple[str, ...]
    starts: re.Pattern[bytes]
    open: Callable[[BinaryIO], ImageFile]
    peak: int
    available: bool


def _starts(pattern: bytes) -> re.Pattern[bytes]:
    return re.compile(pattern, re.DOTALL)


_FORMATS = (
    _Format("JPEG", (".jpg", ".jpeg", ".jpe", ".jfif", ".mpo"), _starts(rb"\xff\xd8\xff"), _Jpeg, 7, True),
    _Format("PNG", (".png", ".apng"), _starts(rb"\x89PNG\r\n\x1a\n"), PngImageFile, 7, True),
    _Format("WebP", (".webp",), _starts(rb"RIFF....WEBP"), WebPImageFile, 17, bool(features.check("webp"))),
    _Format("BMP", (".bmp", ".dib"), _starts(rb"BM"), BmpImageFile, 7, True),
    _Format("TIFF", (".tif", ".tiff"), _starts(rb"II[*+]\0|MM\0[*+]"), TiffImageFile, 9, True),
    _Format("GIF", (".gif",), _starts(rb"GIF8[79]a"), GifImageFile, 7, True),
    _Format(
        "AVIF",
        (".avif",),
        # A container of the brand "mif1" names its codec among the compatible brands that follow.
        _starts(rb"....ftyp(?:avi[fs]|(?:mif1|msf1).{4}(?:.{4}){0,8}?avi[fs])"),
        _open_avif,
        11,
        bool(find_spec("PIL.AvifImagePlugin")) and bool(features.check("avif")),
    ),
    _Format(
        "HEIC",
        (".heic", ".heif", ".hif"),
        _starts(rb"....ftyp(?:" + b"|".join((*_HEIF_BRANDS, b"mif1", b"msf1")) + rb")"),
        _open_heif,
        11,
        find_spec("pillow_heif") is not None,
    ),
)

SUFFIXES = frozenset(suffix for known in _FORMATS if known.available for suffix in known.suffixes)
"""Lower-case suffixes worth trying in a folder; HEIC and AVIF only where a decoder is installed."""


def available_formats() -> dict[str, bool]:
    """Return the formats this program knows, and whether this installation can decode each."""
    return {known.name: known.available for known in _FORMATS}


def read_image(source: Path | bytes | BinaryIO) -> ByteArray:
    """Decode a picture at full resolution.

    The EXIF orientation is applied, transparency is laid over white, of an animation the first frame is taken, 16-bit
    values are scaled to 8 bits. Nothing but the pixels is kept; the file is only read. Thread-safe.

    Args:
        source: a file's path, its bytes, or an open binary file, which is read from its start and stays open.

    Returns:
        (H, W, 3) uint8 RGB, contiguous, upright.

    Raises:
        ImageError: anything that is not a whole picture of at most MAXIMUM_PIXELS; the message is the reason.
    """
    with _opened(source) as (image, _), _reasons():
        if isinstance(image, TiffImageFile):
            _make_room(image)
        image.load()
        orientation = 1 if isinstance(image, TiffImageFile) else _orientation(image)  # Pillow turns TIFF by itself
        return _upright_pixels(image, orientation)


def decoding_bytes(source: Path | bytes | BinaryIO) -> int:
    """Return about how much memory `read_image` will need at its peak, from the header alone.

    Raises:
        ImageError: the header alone shows that this is no picture, or one that is too large.
    """
    with _opened(source) as (image, known):
        return image.width * image.height * (_PROGRESSIVE_PEAK if "progressive" in image.info else known.peak)


def stored_size(source: Path | bytes | BinaryIO) -> tuple[int, int, int]:
    """Return width and height of a picture as its pixels are stored, and the EXIF orientation, 1 to 8, from the header.

    Raises:
        ImageError: the header alone shows that this is no picture, or one that is too large.
    """
    with _opened(source) as (image, _):
        orientation = 1 if isinstance(image, TiffImageFile) else _orientation(image)  # Pillow turns TIFF by itself
        return image.width, image.height, orientation


def open_file(path: Path) -> io.BufferedReader:
    """Open a file for reading if it is a regular file: opening a named pipe would wait for its writer for ever.

    Raises:
        ImageError: the file cannot be opened; the message is the reason, the cause the OSError if there was one.
    """
    try:
        mode = path.stat().st_mode
        if stat.S_ISDIR(mode):
            raise ImageError("is a directory, not a picture")
        if not stat.S_ISREG(mode):
            raise ImageError("is a device or pipe, not a file")
        return path.open("rb")
    except OSError as error:
        raise ImageError(describe(error)) from error


def describe(error: OSError) -> str:
    """Return why a file or folder cannot be read, as a short reason for people."""
    reasons = {
        errno.EACCES: "no permission to read it",
        errno.EPERM: "no permission to read it",
        errno.ENOENT: "there is no such file",
        errno.ELOOP: "is a link that leads back to itself",
    }
    code = error.errno if error.errno is not None else errno.EIO
    return reasons.get(code, f"cannot be read: {os.strerror(code).lower()}")


def is_temporary(error: ImageError) -> bool:
    """Return whether the machine was at fault (permission, medium, memory, decoder): the next try may go well."""
    cause = error.__cause__
    return isinstance(cause, (MemoryError, ImportError)) or (isinstance(cause, OSError) and cause.errno is not None)


@contextmanager
def _opened(source: Path | bytes | BinaryIO) -> Iterator[tuple[ImageFile, _Format]]:
    """Lend the picture with its header read and its size checked."""
    if isinstance(source, Path):
        with open_file(source) as stream:
            yield _header(stream)
    else:
        yield _header(io.BytesIO(source) if isinstance(source, bytes) else source)


def _header(stream: BinaryIO) -> tuple[ImageFile, _Format]:
    with _reasons():
        stream.seek(0)
        start = stream.read(64)
        stream.seek(0)
    known = _identify(start)
    with _reasons():
        # No file name is handed on: with one, Pillow maps uncompressed files into memory, and a file that shrinks
        # meanwhile would kill the process with SIGBUS.
        image = known.open(stream)
    if image.width * image.height > MAXIMUM_PIXELS:
        raise ImageError(
            f"has {image.width} x {image.height} pixels, more than the limit of {MAXIMUM_PIXELS // 10**6} megapixels"
        )
    return image, known


def _identify(start: bytes) -> _Format:
    if not start:
        raise ImageError("the file is empty")
    for known in _FORMATS:
        if known.starts.match(start):
            if known.available:
                return known
            advice = ": pip install pillow-heif" if known.name == "HEIC" else " in this installation of Pillow"
            raise ImageError(f"no decoder for {known.name}{advice}") from ModuleNotFoundError(known.name)
    raise ImageError(f"is not a picture in a known format ({', '.join(known.name for known in _FORMATS)})")


@contextmanager
def _reasons() -> Iterator[None]:
    """Turn whatever Pillow raises for a bad file into an ImageError with a reason for people."""
    try:
        yield
    except _DECODING_ERRORS as error:
        if isinstance(error, MemoryError):
            reason = "there is not enough memory to decode it"
        elif isinstance(error, ImportError):
            reason = f"its decoder cannot be loaded ({error})"
        elif isinstance(error, OSError) and error.errno is not None:
            reason = describe(error)
        elif isinstance(error, Image.DecompressionBombError):
            reason = "has more pixels than its format's decoder accepts"
        elif isinstance(error, EOFError) or "truncated" in str(error).lower():
            reason = "the picture is cut short"
        else:
            reason = "the picture's data is damaged"
        raise ImageError(reason) from error


def _make_room(image: TiffImageFile) -> None:
    """Give a large TIFF its memory before Pillow does, which would warn of or refuse a size that we allow."""
    width, height = image.tag_v2[256], image.tag_v2[257]  # as stored: `image.size` is already upright
    if Image.MAX_IMAGE_PIXELS is not None and width * height > Image.MAX_IMAGE_PIXELS:
        image.im = Image.new(image.mode, (width, height), None).im


def _orientation(image: ImageFile) -> int:
    """Return the EXIF orientation, 1 to 8; 1 where there is none or it is damaged.

    Read by hand, because Pillow's reader warns about damaged EXIF data, which does not matter here.
    """
    exif = image.info.get("exif") or b""  # pillow-heif says None
    if not exif and isinstance(profile := image.info.get("Raw profile type exif"), str):
        # ImageMagick's way in PNG: a name, a length, then hexadecimal digits.
        digits = "".join(profile.split("\n")[3:])
        exif = bytes.fromhex(digits) if re.fullmatch(r"(?:[0-9a-fA-F]{2})+", digits) else b""
    value = _orientation_tag(bytes(exif).removeprefix(b"Exif\0\0"))
    if value is None:
        xmp = image.info.get("xmp") or image.info.get("XML:com.adobe.xmp") or b""
        text = xmp.encode() if isinstance(xmp, str) else bytes(xmp)
        found = re.search(rb"tiff:Orientation(?:=\"|>)([1-8])", text)
        value = int(found[1]) if found else 1
    return value if 1 <= value <= 8 else 1


def _orientation_tag(exif: bytes) -> int | None:
    """Return the orientation from a TIFF structure: header, offset of a directory, entries of 12 bytes."""
    order = {b"II*\0": "<", b"MM\0*": ">"}.get(exif[:4])
    if order is None or len(exif) < 8:
        return None
    (directory,) = struct.unpack_from(order + "L", exif, 4)
    if directory + 2 > len(exif):
        return None
    (entries,) = struct.unpack_from(order + "H", exif, directory)
    for start in range(directory + 2, min(directory + 2 + 12 * entries, len(exif) - 11), 12):
        tag, kind, _, value = struct.unpack_from(order + "HHLH", exif, start)
        if tag == _ORIENTATION_TAG:
            return int(value) if kind == 3 else None
    return None


def _upright_pixels(image: ImageFile, orientation: int) -> ByteArray:
    """Copy a loaded picture band by band into (H, W, 3) uint8, turning it on the way."""
    width, height = image.size
    shape = (width, height) if orientation >= 5 else (height, width)
    upright = np.empty((*shape, 3), np.uint8)
    stored = _as_stored(upright, orientation)
    convert = _conversion(image)
    rows = max(1, _BAND_PIXELS // width)
    for top in range(0, height, rows):
        bottom = min(top + rows, height)
        stored[top:bottom] = convert(image.crop((0, top, width, bottom)))
    return upright


def _as_stored(upright: ByteArray, orientation: int) -> ByteArray:
    """Return a view of the upright pixels (H, W, 3) with rows and columns as the file stores them."""
    if orientation >= 5:
        upright = upright.swapaxes(0, 1)
    flip_rows = orientation in (3, 4, 6, 7)
    flip_columns = orientation in (2, 3, 7, 8)
    return upright[:: -1 if flip_rows else 1, :: -1 if flip_columns else 1]


def _conversion(image: ImageFile) -> Callable[[Image.Image], NDArray[np.generic]]:
    """Return what turns a band of this picture into RGB: values that broadcast to (h, w, 3) uint8."""
    if image.mode.startswith("I;16"):
        return lambda band: _grey(np.asarray(band), 0.0, 65535.0)
    if image.mode in ("I", "F"):
        low, high = _extremes(image)
        return lambda band: _grey(np.asarray(band), low, high)
    if image.mode in ("LA", "La", "PA", "RGBA", "RGBa") or "transparency" in image.info:
        return _over_white
    return lambda band: np.asarray(band if band.mode == "RGB" else band.convert("RGB"))


def _extremes(image: ImageFile) -> tuple[float, float]:
    """Return which values become black and white: 16 bits if they fit, else the range in use, as no other is agreed."""
    values = np.asarray(image)
    finite = values[np.isfinite(values)]
    low, high = (float(finite.min()), float(finite.max())) if finite.size else (0.0, 1.0)
    if image.mode == "I" and low >= 0 and 255 < high <= 65535:
        return 0.0, 65535.0
    return low, high if high > low else low + 1


def _grey(values: NDArray[np.generic], low: float, high: float) -> ByteArray:
    """Scale (h, w) numbers from low..high to (h, w, 1) uint8; what is not a number becomes black."""
    scaled = np.nan_to_num((values.astype(np.float32) - low) * (_WHITE / (high - low)), nan=0.0)
    grey: ByteArray = np.clip(np.round(scaled), 0, _WHITE).astype(np.uint8)
    return grey[:, :, None]


def _over_white(band: Image.Image) -> ByteArray:
    """Lay a band with transparency over white; return (h, w, 3) uint8."""
    layers = band.convert("RGBA")
    background = Image.new("RGB", band.size, "white")
    background.paste(layers, mask=layers.getchannel("A"))
    return np.asarray(background)
