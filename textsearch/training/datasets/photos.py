"""What all sets share: photos with their words as they lie on the disk, and the way from there to samples."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Generic, TypeVar

from textsearch.alphabet import normalise
from textsearch.errors import ImageError, TextSearchError, named
from textsearch.images import SUFFIXES, describe, open_file, read_image, stored_size
from textsearch.training.datasets.formats import missing
from textsearch.training.datasets.polygons import box, turned_upright
from textsearch.training.samples import Sample, WordLabel
from textsearch.types import ByteArray, FloatArray

Entry = TypeVar("Entry")


@dataclass(frozen=True, eq=False)
class WordAnnotation:
    """One word as it was annotated.

    Attributes:
        polygon: (2K, 2) float32 as in `WordLabel`; None: the word fills its picture.
        text: as it is written; "" if nobody could read it.
        legible: False for words that count neither way.
        script: what it is written in, as its set names it; "" where the set does not say.
    """

    polygon: FloatArray | None
    text: str
    legible: bool
    script: str = ""


@dataclass(frozen=True, eq=False)
class AnnotatedPhoto:
    """A picture file with its words, in the order of the annotation.

    Attributes:
        path: the file.
        words: its words.
        as_stored: whether the polygons count the pixels as the file stores them, before the EXIF orientation turns
            the picture upright. The published sets do: they were annotated with tools that did not know EXIF.
    """

    path: Path
    words: tuple[WordAnnotation, ...]
    as_stored: bool = False


class PhotoSet(ABC, Generic[Entry]):
    """A set of annotated photos.

    An entry is whatever the set keeps for one photo: a row of its list, or the name of an annotation file, so that a
    million files need not be read before the first sample.
    """

    @abstractmethod
    def entries(self) -> Sequence[Entry]:
        """Return an entry for each photo, always in the same order.

        Raises:
            TextSearchError: the set does not lie where it was said to, or cannot be read.
        """

    @abstractmethod
    def photo(self, entry: Entry) -> AnnotatedPhoto:
        """Return the photo an entry stands for; the picture itself is not opened.

        Raises:
            TextSearchError: the annotation cannot be read, or its photo is missing.
        """

    def path(self, entry: Entry) -> Path:
        """Return the picture of the photo an entry stands for.

        Raises:
            TextSearchError: as `photo`.
        """
        return self.photo(entry).path

    def photos(self) -> Iterator[AnnotatedPhoto]:
        """Yield every photo once, always in the same order."""
        for entry in self.entries():
            yield self.photo(entry)

    def samples(self) -> Iterator[Sample]:
        """Yield every photo once with its pixels, always in the same order.

        Raises:
            TextSearchError: as `entries` and `photo`, or a picture cannot be decoded.
        """
        return map(sample_of, self.photos())


def sample_of(photo: AnnotatedPhoto) -> Sample:
    """Decode a photo and give its words their places.

    Raises:
        TextSearchError: the picture cannot be decoded.
    """
    pixels = read_photo(photo.path)
    height, width = pixels.shape[:2]
    words = (
        WordLabel(box(0, 0, width, height) if word.polygon is None else word.polygon, word.text, word.legible)
        for word in upright(photo).words
    )
    return Sample(pixels, tuple(words))


def upright(photo: AnnotatedPhoto) -> AnnotatedPhoto:
    """Return a photo whose polygons lie in the upright picture.

    Raises:
        TextSearchError: the header of the picture cannot be read.
    """
    if not photo.as_stored:
        return photo
    with named(photo.path):
        width, height, orientation = stored_size(photo.path)
    words = (
        word
        if word.polygon is None
        else replace(word, polygon=turned_upright(word.polygon, width, height, orientation))
        for word in photo.words
    )
    return AnnotatedPhoto(photo.path, tuple(words))


def read_photo(path: Path) -> ByteArray:
    """Return the pixels (H, W, 3) uint8 RGB of a photo.

    Raises:
        TextSearchError: it cannot be decoded.
    """
    with named(path):
        return read_image(path)


def photo_bytes(path: Path) -> bytes:
    """Return the content of a photo's file.

    Raises:
        TextSearchError: it cannot be read.
    """
    with named(path), open_file(path) as stream:
        try:
            return stream.read()
        except OSError as error:
            raise ImageError(describe(error)) from error


def legible_texts(photos: Iterable[AnnotatedPhoto]) -> list[str]:
    """Return the legible words of photos, as they are written and as often as they occur."""
    return [word.text for photo in photos for word in photo.words if word.legible and normalise(word.text)]


def pictures(folder: Path) -> list[Path]:
    """Return the picture files of a folder and of the folders below it, by path.

    Raises:
        TextSearchError: it is no folder.
    """
    return [path for path in files(folder) if path.suffix.lower() in SUFFIXES]


def some_pictures(folder: Path) -> list[Path]:
    """Return the same as `pictures`, but never nothing.

    Raises:
        TextSearchError: it is no folder, or holds no picture.
    """
    found = pictures(folder)
    if not found:
        raise TextSearchError(f"{folder} holds no picture; name a folder of photos.")
    return found


def files(folder: Path, pattern: str = "*") -> list[Path]:
    """Return the files of a folder and of the folders below it that match a pattern, by path, without hidden ones.

    Raises:
        TextSearchError: it is no folder.
    """
    if not folder.is_dir():
        raise missing(folder)
    return sorted(path for path in folder.rglob(pattern) if path.is_file() and not path.name.startswith("."))


def one_of(*folders: Path) -> Path:
    """Return the first of some folders that exists; the last one if none does, to be complained of by its reader."""
    return next((folder for folder in folders if folder.is_dir()), folders[-1])
