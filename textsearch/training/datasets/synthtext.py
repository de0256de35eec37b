"""SynthText with a dictionary of 90,000 words, as drawn by Gomez, Mafla and others."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from xml.etree.ElementTree import Element

from textsearch.training.datasets.formats import malformed, read_xml
from textsearch.training.datasets.photos import AnnotatedPhoto, PhotoSet, WordAnnotation, files
from textsearch.training.datasets.polygons import box


class SynthText90k(PhotoSet[Path]):
    """About a million drawn photos, each with an XML file in the form of Pascal VOC; upright boxes.

    Args:
        root: the folder with images and annotations; both may have folders within, of the same names.
    """

    def __init__(self, root: Path) -> None:
        self.root = root

    def entries(self) -> Sequence[Path]:
        """Return the XML files, by path.

        Raises:
            TextSearchError: the folder of annotations is missing.
        """
        return files(self.root / "annotations", "*.xml")

    def photo(self, entry: Path) -> AnnotatedPhoto:
        """Return a photo and its words.

        Raises:
            TextSearchError: the XML file cannot be read.
        """
        try:
            words = tuple(_word(drawn) for drawn in read_xml(entry).iterfind("object"))
        except ValueError as error:
            raise malformed(entry, f"a box lacks a number ({error})") from error
        return AnnotatedPhoto(self.path(entry), words, as_stored=True)

    def path(self, entry: Path) -> Path:
        """Return the picture that belongs to an XML file, which is not read."""
        return self.root / "images" / entry.relative_to(self.root / "annotations").with_suffix(".jpg")


def _word(drawn: Element) -> WordAnnotation:
    sides = (float(drawn.findtext(f"bndbox/{side}", "")) for side in ("xmin", "ymin", "xmax", "ymax"))
    text = drawn.findtext("name", "")
    return WordAnnotation(box(*sides), text, legible=bool(text))
