"""What a gallery teaches: strips of the text that its index holds, with what was read where the reading is sure.

folder/pixels.npy    all strips, one after the other
folder/strips.json   their widths, readings and photos; its presence says that both files are finished
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cached_property
from itertools import islice
from pathlib import Path
from zlib import crc32

import numpy as np
from numpy.typing import NDArray

from textsearch.alphabet import Alphabet, normalise
from textsearch.errors import ImageError
from textsearch.geometry import rectify
from textsearch.images import read_image
from textsearch.index.folder import IndexFolder, StoredImage, StoredRegion
from textsearch.lines import STRIP_HEIGHT, Recogniser, read_strip
from textsearch.training.datasets.pseudo import Confidence
from textsearch.training.strips import WIDTHS
from textsearch.types import ByteArray

LEAST_WORDS = 500
"""Sure readings without which nothing is learnt: a fifth of them checks the result, and with fewer than a hundred
words a change for the better cannot be told from chance."""

LEAST_HELD_BACK = 50
"""Held-back words without which nothing is learnt, where few photos hold most of the text."""

MOST_STRIPS = 12_000
"""More strips are not cut: a run does not see them all."""

CONFIDENCE = Confidence()
"""When a reading is sure."""

_HELD_BACK = 5
"""Of so many photos one only checks the result, and so does one of so many words, wherever it stands: a network that
has learnt some words by heart may take others for them."""

_LONGEST_WORD = 25
"""Longer readings are not learnt from: a strip of 40 frames cannot spell much more."""

_TOGETHER = 1000
"""Regions read from the index at a time."""

_PHOTOS_AT_A_TIME = 8
_PHOTOS_PER_LINE = 100


@dataclass(frozen=True, eq=False)
class GalleryStrips:
    """Strips of N regions.

    Attributes:
        pixels: (P, 3) uint8, memory-mapped: the strips' pixels one strip after the other, each (48, W, 3).
        widths: (N,) int64, W of each.
        texts: what each says; "" where the reading is not sure.
        held_back: (N,) bool, whether a strip only checks the result.
    """

    pixels: ByteArray
    widths: NDArray[np.int64]
    texts: tuple[str, ...]
    held_back: NDArray[np.bool_]

    @classmethod
    def load(cls, folder: Path) -> GalleryStrips:
        """Open what `cut_strips` completed."""
        rows = json.loads((folder / "strips.json").read_text(encoding="utf-8"))
        photos = np.array(rows["photos"], np.int64)
        words = np.array([_is_held_back(text) for text in rows["texts"]], bool)
        return cls(
            np.load(folder / "pixels.npy", mmap_mode="r"),
            np.array(rows["widths"], np.int64),
            tuple(rows["texts"]),
            (photos % _HELD_BACK == _HELD_BACK - 1) | words,
        )

    @property
    def sure(self) -> int:
        """Return the number of strips with a sure reading."""
        return sum(bool(text) for text in self.texts)

    def strip(self, place: int) -> ByteArray:
        """Return one strip, (48, W, 3) uint8 RGB."""
        width, end = int(self.widths[place]), STRIP_HEIGHT * int(self._ends[place])
        return np.asarray(self.pixels[end - STRIP_HEIGHT * width : end]).reshape(STRIP_HEIGHT, width, 3)

    def places(self, *, sure: bool, held_back: bool) -> NDArray[np.int64]:
        """Return the places of the strips that teach, or of those held back; with `sure` only those with a reading."""
        read = np.array([bool(text) for text in self.texts], bool)
        return np.flatnonzero((read | (not sure)) & (self.held_back == held_back))

    @cached_property
    def _ends(self) -> NDArray[np.int64]:
        return np.asarray(np.cumsum(self.widths), np.int64)


def sure_readings(index: IndexFolder, most: int = LEAST_WORDS) -> int:
    """Return how many regions of an index have a sure reading; the count ends at `most`."""
    ids = sorted(index.letters())
    regions = (
        region for start in range(0, len(ids), _TOGETHER) for region in index.regions(ids[start : start + _TOGETHER])
    )
    return sum(1 for _ in islice((region for region in regions if is_sure(region)), most))


def is_sure(region: StoredRegion) -> bool:
    """Return whether the reading of a region is believed."""
    return (
        len(normalise(region.text)) >= CONFIDENCE.letters
        and len(region.text) <= _LONGEST_WORD
        and region.score >= CONFIDENCE.detection
        and region.text_score >= CONFIDENCE.reading
    )


def _is_held_back(text: str) -> bool:
    """Return whether nothing is learnt from a word; the same in every run."""
    return bool(text) and crc32(normalise(text).encode()) % _HELD_BACK == 0


class StripCutter:
    """Cuts the regions of an index out of their photos, which are only read.

    Args:
        index: names photos and regions.
        recogniser: the one that filled the index.
        alphabet: its classes.
    """

    def __init__(self, index: IndexFolder, recogniser: Recogniser, alphabet: Alphabet) -> None:
        self.index = index
        self.recogniser = recogniser
        self.alphabet = alphabet

    def cut(
        self, folder: Path, seed: int, most: int = MOST_STRIPS, progress: Callable[[str], None] = lambda line: None
    ) -> GalleryStrips:
        """Cut the strips into a folder, or open those that are there.

        Args:
            folder: is made if need be.
            seed: of the order in which photos are taken until there are enough.
            most: strips after which no further photo is taken.
            progress: receives a line of text from time to time.
        """
        if not (folder / "strips.json").exists():
            folder.mkdir(parents=True, exist_ok=True)
            strips: list[ByteArray] = []
            rows: list[tuple[int, str, int]] = []
            for number, found in enumerate(self._photos(seed)):
                strips += [strip for strip, _ in found]
                rows += [(strip.shape[1], text, number) for strip, text in found]
                if (number + 1) % _PHOTOS_PER_LINE == 0:
                    progress(f"{len(strips):,} strips of {number + 1:,} photos")
                if len(strips) >= most:
                    break
            _save(folder, strips, rows)
        return GalleryStrips.load(folder)

    def _photos(self, seed: int) -> Iterator[list[tuple[ByteArray, str]]]:
        """Yield strips and readings of photo after photo, by several threads."""
        images = [image for _, image in sorted(self.index.images().items())]
        order = np.random.default_rng(seed).permutation(len(images))
        with ThreadPoolExecutor() as pool:
            for start in range(0, len(order), _PHOTOS_AT_A_TIME):
                yield from pool.map(self._photo, [images[i] for i in order[start : start + _PHOTOS_AT_A_TIME]])

    def _photo(self, image: StoredImage) -> list[tuple[ByteArray, str]]:
        """Return the strips of a photo with their readings; a photo that cannot be read now has none."""
        try:
            photo = read_image(image.path)
        except ImageError:
            return []
        regions = self.index.regions_of(image.path) or []
        # Where the file was replaced since, its regions lie anywhere.
        if photo.shape[:2] != (image.height, image.width):
            return []
        strips = [rectify(photo, region.polygon, STRIP_HEIGHT, WIDTHS[-1]) for region in regions]
        return [(strip, self._reading(region, strip)) for region, strip in zip(regions, strips, strict=True)]

    def _reading(self, region: StoredRegion, strip: ByteArray) -> str:
        """Return what a strip says if that is sure, and read alike without the line it was found in; "" otherwise."""
        if not is_sure(region):
            return ""
        text = self.alphabet.decode(read_strip(strip, self.recogniser)[1].argmax(axis=1).tolist()).strip()
        return text if normalise(text) == normalise(region.text) else ""


def _save(folder: Path, strips: Sequence[ByteArray], rows: Sequence[tuple[int, str, int]]) -> None:
    pixels = [strip.reshape(-1, 3) for strip in strips]
    np.save(folder / "pixels.npy", np.concatenate([np.zeros((0, 3), np.uint8), *pixels]))
    widths, texts, photos = zip(*rows, strict=True) if rows else ((), (), ())
    # Its presence says that all is there, so it appears whole or not at all.
    temporary = folder / "strips.tmp"
    temporary.write_text(json.dumps({"widths": widths, "texts": texts, "photos": photos}), encoding="utf-8")
    temporary.replace(folder / "strips.json")
