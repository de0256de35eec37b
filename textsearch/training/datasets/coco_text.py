"""COCO-Text 2: photos of everyday scenes, few of them taken for their text."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from textsearch.training.datasets.formats import malformed, read_json
from textsearch.training.datasets.photos import AnnotatedPhoto, PhotoSet, WordAnnotation
from textsearch.training.datasets.polygons import along_text, box, text_corners
from textsearch.types import FloatArray

_Row = tuple[str, tuple[Mapping[str, Any], ...]]


class CocoText(PhotoSet[_Row]):
    """The photos of one part of COCO-Text that have text; words nobody could read are kept as not legible.

    Args:
        annotations: cocotext.v2.json.
        images: the folder of the photos, train2014 of COCO for both parts.
        split: "train" or "val".
        languages: words in other languages than these ("english", "not english") are not legible; None keeps all.
    """

    def __init__(
        self, annotations: Path, images: Path, split: str = "train", languages: frozenset[str] | None = None
    ) -> None:
        self.annotations = annotations
        self.images = images
        self.split = split
        self.languages = languages

    def entries(self) -> Sequence[_Row]:
        """Return file name and annotations of each photo, in the order of the file.

        Raises:
            TextSearchError: the file cannot be read.
        """
        content = read_json(self.annotations)
        try:
            return [
                (image["file_name"], tuple(content["anns"][str(number)] for number in numbers))
                for key, image in content["imgs"].items()
                if image["set"] == self.split and (numbers := content["imgToAnns"].get(key))
            ]
        except (KeyError, TypeError, AttributeError) as error:
            raise malformed(self.annotations, f"{error!r} is missing from imgs, anns or imgToAnns") from error

    def photo(self, entry: _Row) -> AnnotatedPhoto:
        """Return a photo and its words.

        Raises:
            TextSearchError: a word lacks its outline.
        """
        name, annotations = entry
        try:
            words = tuple(self._word(annotation) for annotation in annotations)
        except (KeyError, TypeError, ValueError) as error:
            raise malformed(self.annotations, f"a word of {name} has no proper outline ({error!r})") from error
        return AnnotatedPhoto(self.images / name, words, as_stored=True)

    def _word(self, annotation: Mapping[str, Any]) -> WordAnnotation:
        text = annotation.get("utf8_string", "")
        wanted = self.languages is None or annotation.get("language") in self.languages
        legible = wanted and annotation["legibility"] == "legible" and bool(text)
        return WordAnnotation(_polygon(annotation, len(text)), text if legible else "", legible)


def _polygon(annotation: Mapping[str, Any], letters: int) -> FloatArray:
    """Return the polygon of a word: from its mask, or its box where the mask has fewer than four points."""
    mask = annotation.get("mask", ())
    outline = np.array(mask[: len(mask) // 2 * 2], np.float32).reshape(-1, 2)
    if len(outline) < 4:
        left, top, width, height = annotation["bbox"]
        return box(left, top, left + width, top + height)
    return text_corners(outline, letters) if len(outline) == 4 else along_text(outline)
