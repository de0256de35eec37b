"""Street View Text: photos of business signs with the words of a lexicon."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from xml.etree.ElementTree import Element

from textsearch.training.datasets.formats import malformed, read_xml
from textsearch.training.datasets.photos import AnnotatedPhoto, PhotoSet, WordAnnotation
from textsearch.training.datasets.polygons import box


class Svt(PhotoSet[Element]):
    """Street View Text: upright boxes; text that is not in a photo's lexicon is not annotated at all.

    Args:
        root: the folder with train.xml, test.xml and img.
        split: "train" or "test".
    """

    def __init__(self, root: Path, split: str = "train") -> None:
        self.root = root
        self.split = split

    @property
    def annotations(self) -> Path:
        """Return the XML file."""
        return self.root / f"{self.split}.xml"

    def entries(self) -> Sequence[Element]:
        """Return the photos' elements in the order of the file.

        Raises:
            TextSearchError: it cannot be read, or names no photo.
        """
        images = read_xml(self.annotations).findall("image")
        if not images:
            raise malformed(self.annotations, "it names no image")
        return images

    def photo(self, entry: Element) -> AnnotatedPhoto:
        """Return a photo and its words.

        Raises:
            TextSearchError: the element lacks a name, a word or a number.
        """
        try:
            name = entry.findtext("imageName", "").strip()
            words = tuple(_word(tagged) for tagged in entry.iterfind("taggedRectangles/taggedRectangle"))
        except (KeyError, ValueError) as error:
            raise malformed(self.annotations, f"a rectangle lacks a number ({error})") from error
        if not name:
            raise malformed(self.annotations, "an image has no name")
        return AnnotatedPhoto(self.root / name, words, as_stored=True)


def _word(tagged: Element) -> WordAnnotation:
    left, top, width, height = (float(tagged.attrib[name]) for name in ("x", "y", "width", "height"))
    text = tagged.findtext("tag", "")
    return WordAnnotation(box(left, top, left + width, top + height), text, legible=bool(text))
