"""Total-Text: photos with curved text, annotated by polygons."""

from __future__ import annotations

import ast
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from textsearch.training.datasets.formats import malformed, read_matlab, read_text, strings
from textsearch.training.datasets.photos import AnnotatedPhoto, PhotoSet, WordAnnotation, files, one_of, pictures
from textsearch.training.datasets.polygons import along_text, box
from textsearch.types import FloatArray

_UNREADABLE = "#"

# NumPy breaks long rows of coordinates, so that a word may take several lines.
_WORD = re.compile(
    r"x:\s*\[\[(?P<x>[^\]]*)\]\],\s*y:\s*\[\[(?P<y>[^\]]*)\]\],\s*ornt:\s*(?P<orientation>\[.*?\]),"
    r"\s*transcriptions:\s*(?P<text>\[.*\])"
)


class TotalText(PhotoSet[tuple[Path, Path]]):
    """Total-Text: polygons of four points or more, in the MATLAB files or the text files of its publisher.

    Args:
        images: the folder of the photos of one part.
        annotations: the folder of that part's files: poly_gt_img1.mat, or poly_gt_img1.txt.
    """

    def __init__(self, images: Path, annotations: Path) -> None:
        self.images = images
        self.annotations = annotations

    @classmethod
    def of(cls, root: Path, part: str) -> TotalText:
        """Return one part, "Train" or "Test", of the set as it is unpacked: Images beside its annotations."""
        annotations = (root / "Groundtruth" / "Polygon" / part, root / "txt_format" / part)
        return cls(root / "Images" / part, one_of(*annotations))

    def entries(self) -> Sequence[tuple[Path, Path]]:
        """Return the annotation and the photo of each photo, by the annotation's path.

        Raises:
            TextSearchError: a folder is missing, or the photo of an annotation.
        """
        photos = {path.stem: path for path in pictures(self.images)}
        pairs = []
        for annotation in files(self.annotations):
            if annotation.suffix in (".mat", ".txt"):
                name = re.sub("^(poly_)?gt_", "", annotation.stem)
                if name not in photos:
                    raise malformed(annotation, f"{self.images} holds no photo of that name")
                pairs.append((annotation, photos[name]))
        return pairs

    def photo(self, entry: tuple[Path, Path]) -> AnnotatedPhoto:
        """Return a photo and its words.

        Raises:
            TextSearchError: the annotation cannot be read.
            MissingDependencyError: it is a MATLAB file and SciPy is not installed.
        """
        annotation, photo = entry
        try:
            words = _matlab_words(annotation) if annotation.suffix == ".mat" else _text_words(annotation)
        except (ValueError, IndexError, SyntaxError) as error:
            raise malformed(annotation, f"a word cannot be read ({error})") from error
        return AnnotatedPhoto(photo, words, as_stored=True)


def _matlab_words(path: Path) -> tuple[WordAnnotation, ...]:
    """Read rows of six cells: "x:", the x, "y:", the y, the text, the orientation."""
    return tuple(
        _word(_numbers(row[1]), _numbers(row[3]), "".join(strings(row[4])), "".join(strings(row[5])))
        for row in read_matlab(path, "polygt")
    )


def _text_words(path: Path) -> tuple[WordAnnotation, ...]:
    content = read_text(path)
    found = list(_WORD.finditer(content))
    if len(found) != content.count("transcriptions:"):
        raise ValueError(f"{content.count('transcriptions:')} words are named and {len(found)} can be understood")
    return tuple(
        _word(
            _numbers(match["x"].split()),
            _numbers(match["y"].split()),
            "".join(ast.literal_eval(match["text"])),
            "".join(ast.literal_eval(match["orientation"])),
        )
        for match in found
    )


def _numbers(values: Any) -> FloatArray:
    return np.asarray(values).astype(np.float32).ravel()


def _word(x: FloatArray, y: FloatArray, text: str, orientation: str) -> WordAnnotation:
    outline = np.stack([x, y], axis=1)
    # A few outlines have lost points; what is left says no more than where the word lies.
    polygon = along_text(outline) if len(outline) >= 4 else box(x.min(), y.min(), x.max(), y.max())
    legible = orientation != _UNREADABLE and text not in ("", _UNREADABLE)
    return WordAnnotation(polygon, text if legible else "", legible)
