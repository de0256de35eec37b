"""Strips of text without labels, brought to one width: what pre-training learns from.

folder/<source>.npy    the strips of one source, kept until all are there
folder/strips.npy      all of them
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import islice
from pathlib import Path
from typing import Protocol

import cv2
import numpy as np
from numpy.random import Generator

from textsearch.encoder import Encoder
from textsearch.errors import ImageError, TextSearchError
from textsearch.geometry import rectify
from textsearch.images import read_image
from textsearch.lines import STRIP_HEIGHT
from textsearch.training.crops import CropSource
from textsearch.types import ByteArray

STRIP_WIDTH = 160
"""Width of every strip, pixels."""

_NARROWEST = 64
"""Narrower strips, pixels, are left out: single letters and specks, of which stretching would leave nothing true."""

_LONGEST_STRIP = 640


class StripSource(Protocol):
    """Anything that yields strips of text; a fresh pass may differ only by the generator given."""

    def strips(self, generator: Generator) -> Iterator[ByteArray]:
        """Yield every strip, (48, W, 3) uint8 RGB, once."""
        ...


class PhotoStrips:
    """The words that an index would hold of photos.

    Args:
        photos: files; those that cannot be read are left out.
        encoder: finds the words; its branches are not used.
    """

    def __init__(self, photos: Sequence[Path], encoder: Encoder) -> None:
        self.photos = photos
        self.encoder = encoder

    def strips(self, generator: Generator) -> Iterator[ByteArray]:
        """Yield every strip once."""
        for path in self.photos:
            try:
                photo = read_image(path)
            except ImageError:
                continue  # an index skips such a file as well
            for line in self.encoder.reader.read(photo, *self.encoder.detect(photo)):
                for word in self.encoder.split(line, number=0):
                    yield rectify(photo, word.polygon, STRIP_HEIGHT, _LONGEST_STRIP)


class UnreadCrops:
    """The crops of a source without what is written on them."""

    def __init__(self, source: CropSource) -> None:
        self.source = source

    def strips(self, generator: Generator) -> Iterator[ByteArray]:
        """Yield every strip once."""
        for crop in self.source.crops(generator):
            yield crop.strip


def fit_strip(strip: ByteArray, width: int = STRIP_WIDTH) -> ByteArray:
    """Stretch or squeeze a strip (48, W, 3) to (48, width, 3) uint8: each half then shows half of the word."""
    method = cv2.INTER_AREA if strip.shape[1] > width else cv2.INTER_LINEAR
    return cv2.resize(strip, (width, STRIP_HEIGHT), interpolation=method).astype(np.uint8)


def write_strips(
    folder: Path,
    sources: Mapping[str, StripSource],
    seed: int = 0,
    most: int | None = None,
    progress: Callable[[str], None] = lambda line: None,
) -> ByteArray:
    """Bring all strips of the sources to one width and keep them in a folder.

    A folder that already holds them is left as it is; a stopped pass goes on with the first unfinished source.

    Args:
        folder: is made if need be.
        sources: by name.
        seed: of everything the sources draw.
        most: strips looked at of each source, None: all.
        progress: receives a line of text after each source.

    Returns:
        (N, 48, STRIP_WIDTH, 3) uint8, memory-mapped.

    Raises:
        TextSearchError: the sources gave no strip.
    """
    whole = folder / "strips.npy"
    if not whole.exists():
        folder.mkdir(parents=True, exist_ok=True)
        parts = []
        for number, (name, source) in enumerate(sources.items()):
            part = folder / f"{name}.npy"
            if not part.exists():
                strips = islice(source.strips(np.random.default_rng([seed, number])), most)
                rows = [fit_strip(strip) for strip in strips if strip.shape[1] >= _NARROWEST]
                _save(part, np.array(rows, np.uint8).reshape(-1, STRIP_HEIGHT, STRIP_WIDTH, 3))
            parts.append(part)
            progress(f"{name}: {len(np.load(part, mmap_mode='r'))} strips")
        _save(whole, np.concatenate([np.load(part, mmap_mode="r") for part in parts]))
        for part in parts:
            part.unlink()
    return load_strips(whole)


def load_strips(file: Path) -> ByteArray:
    """Open a file of strips, (N, 48, W, 3) uint8, memory-mapped.

    Raises:
        TextSearchError: the file is missing, is none of strips, or holds none.
    """
    try:
        strips: ByteArray = np.load(file, mmap_mode="r")
    except (OSError, ValueError) as error:
        raise TextSearchError(f"Cannot read the strips in {file} ({error}); write them anew.") from error
    if strips.ndim != 4 or strips.shape[1] != STRIP_HEIGHT or strips.dtype != np.uint8:
        raise TextSearchError(f"{file} holds no strips of text, {STRIP_HEIGHT} pixels high; write them anew.")
    if not len(strips):
        raise TextSearchError("No text was found to learn from; give photos that show some.")
    return strips


def _save(file: Path, strips: ByteArray) -> None:
    """Write an array that appears whole or not at all."""
    temporary = file.with_suffix(".tmp")
    with temporary.open("wb") as target:
        np.save(target, strips)
    temporary.replace(file)
