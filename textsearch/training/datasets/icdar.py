"""The sets of the ICDAR Robust Reading competitions with one text file a photo: 2013, 2015, MLT 2017 and 2019."""

from __future__ import annotations

import re
from abc import abstractmethod
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from textsearch.geometry import side_lengths
from textsearch.training.datasets.formats import malformed, read_lines
from textsearch.training.datasets.photos import AnnotatedPhoto, PhotoSet, WordAnnotation, files, pictures
from textsearch.training.datasets.polygons import box, text_corners
from textsearch.types import FloatArray

UNREADABLE = "###"
"""What stands in place of a word that nobody could read."""

_UPRIGHT = 1.5
"""How many times as high as wide a quadrilateral is, in the order of its corners, if its text runs along its height."""

_BOX_LINE = re.compile(r'(-?\d+)[,\s]\s*(-?\d+)[,\s]\s*(-?\d+)[,\s]\s*(-?\d+)[,\s]\s*"(.*)"\s*')
_CORNERS_LINE = re.compile(r"((?:-?\d+(?:\.\d+)?\s*,\s*){8})(.*)")


class IcdarPhotos(PhotoSet[tuple[Path, Path]]):
    """Photos in one folder, and for each a file of lines of the same name, with `gt_` before it or not, in another.

    Args:
        images: the folder of the photos.
        annotations: the folder of the text files.
    """

    def __init__(self, images: Path, annotations: Path) -> None:
        self.images = images
        self.annotations = annotations

    def entries(self) -> Sequence[tuple[Path, Path]]:
        """Return the text file and the photo of each photo that has one, by the text file's path.

        Raises:
            TextSearchError: a folder is missing, or the photo of a text file.
        """
        photos = {path.stem: path for path in pictures(self.images)}
        pairs = []
        for annotation in files(self.annotations, "*.txt"):
            photo = photos.get(annotation.stem.removeprefix("gt_"))
            if photo is None:
                raise malformed(annotation, f"{self.images} holds no photo of that name")
            pairs.append((annotation, photo))
        return pairs

    def photo(self, entry: tuple[Path, Path]) -> AnnotatedPhoto:
        """Return a photo and its words.

        Raises:
            TextSearchError: the text file cannot be read.
        """
        annotation, photo = entry
        words = []
        for line in read_lines(annotation):
            word = self.word(line)
            if word is None:
                raise malformed(annotation, f"no word can be read from {line!r}")
            words.append(word)
        return AnnotatedPhoto(photo, tuple(words), as_stored=True)

    def path(self, entry: tuple[Path, Path]) -> Path:
        """Return the picture of an entry; its text file is not read."""
        return entry[1]

    @abstractmethod
    def word(self, line: str) -> WordAnnotation | None:
        """Return the word of a line; None if the line is not as it should be."""


class Icdar2013(IcdarPhotos):
    """ICDAR 2013, focused scene text: left, top, right, bottom, "text"; spaces or commas between the numbers."""

    def word(self, line: str) -> WordAnnotation | None:
        """Return the word of a line."""
        found = _BOX_LINE.fullmatch(line.strip())
        if found is None:
            return None
        text = re.sub(r'\\(["\\])', r"\1", found[5])
        return word_of(box(*(float(number) for number in found.groups()[:4])), text)


class Icdar2015(IcdarPhotos):
    """ICDAR 2015, incidental scene text: x1,y1,x2,y2,x3,y3,x4,y4,text; the text may hold commas."""

    def word(self, line: str) -> WordAnnotation | None:
        """Return the word of a line."""
        found = _CORNERS_LINE.fullmatch(line.strip())
        return None if found is None else word_of(_corners(found[1], found[2]), found[2])


class Mlt(IcdarPhotos):
    """ICDAR MLT 2017 and 2019, multi-lingual scene text: x1,y1,x2,y2,x3,y3,x4,y4,script,text.

    Args:
        images: the folder of the photos.
        annotations: the folder of the text files.
    """

    def word(self, line: str) -> WordAnnotation | None:
        """Return the word of a line."""
        found = _CORNERS_LINE.fullmatch(line.strip())
        if found is None or "," not in found[2]:
            return None
        script, _, text = found[2].partition(",")
        return replace(word_of(_corners(found[1], text), text), script=script.strip())


def word_of(polygon: FloatArray, text: str) -> WordAnnotation:
    """Return a word; it is not legible if its text is empty or the mark for that."""
    legible = text not in ("", UNREADABLE)
    return WordAnnotation(polygon, text if legible else "", legible)


def _corners(numbers: str, text: str) -> FloatArray:
    """Return the corners (4, 2) float32 of a text from eight numbers, each with a comma behind it.

    The publishers begin at the upper left of the picture. Of text that runs down or up that is no corner of its first
    letter, so there the shape tells.
    """
    corners = np.array(numbers.split(",")[:8], np.float32).reshape(4, 2)
    along, across = side_lengths(corners)
    return text_corners(corners, len(text)) if across > _UPRIGHT * along else corners
