"""The project's own format, words.jsonl: one photo a line."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from textsearch.errors import TextSearchError
from textsearch.training.datasets.formats import malformed
from textsearch.training.datasets.photos import AnnotatedPhoto, PhotoSet, WordAnnotation, upright


def read_annotations(path: Path, split: str | None = None) -> list[dict[str, Any]]:
    """Read a words.jsonl: one image a line with `image`, `words` of (`poly`, `text`, `ignore`), maybe `split`.

    Raises:
        TextSearchError: the file cannot be read.
    """
    try:
        with path.open(encoding="utf-8") as lines:
            rows = [_row(line) for line in lines if line.strip()]
    except (OSError, ValueError) as error:
        raise TextSearchError(f"Cannot read the annotations {path} ({error}); give one JSON object a line.") from error
    return [row for row in rows if split is None or row.get("split") == split]


def _row(line: str) -> dict[str, Any]:
    row = json.loads(line)
    if not isinstance(row, dict):
        raise ValueError(f"{line.strip()[:40]} is no object")
    return row


class Words(PhotoSet[Mapping[str, Any]]):
    """The photos of a words.jsonl.

    Args:
        annotations: the file; images are relative to its folder.
        split: only photos of this split, None for all.
    """

    def __init__(self, annotations: Path, split: str | None = None) -> None:
        self.annotations = annotations
        self.split = split

    def entries(self) -> Sequence[Mapping[str, Any]]:
        """Return the rows in the order of the file.

        Raises:
            TextSearchError: the file cannot be read.
        """
        return read_annotations(self.annotations, self.split)

    def path(self, entry: Mapping[str, Any]) -> Path:
        """Return the picture of a row.

        Raises:
            TextSearchError: the row names none.
        """
        try:
            return Path(self.annotations.parent, entry["image"])
        except (KeyError, TypeError) as error:
            raise malformed(self.annotations, f"a row has no image ({error!r})") from error

    def photo(self, entry: Mapping[str, Any]) -> AnnotatedPhoto:
        """Return a photo and its words.

        Raises:
            TextSearchError: the row lacks something.
        """
        try:
            words = tuple(_word(word) for word in entry["words"])
            return AnnotatedPhoto(self.annotations.parent / entry["image"], words)
        except (KeyError, TypeError, ValueError) as error:
            raise malformed(self.annotations, f"the row of {entry.get('image')} cannot be read ({error!r})") from error


def _word(word: Mapping[str, Any]) -> WordAnnotation:
    polygon = None if word["poly"] is None else np.array(word["poly"], np.float32).reshape(-1, 2)
    if polygon is not None and (len(polygon) < 4 or len(polygon) % 2):
        raise ValueError(f"a polygon of {len(polygon)} points has no two edges")
    text = word["text"]
    if not isinstance(text, str):
        raise TypeError(f"the text {text!r} is no string")
    return WordAnnotation(polygon, text, legible=bool(text) and not word["ignore"])


def write_words(photos: Iterable[AnnotatedPhoto], annotations: Path, split: str | None = None) -> int:
    """Write photos of any set as a words.jsonl that `Words` reads back; return how many.

    Args:
        photos: the photos; they stay where they are and are named relative to the file.
        annotations: the file; it is complete or not there.
        split: the split written into each row, None for none.

    Raises:
        TextSearchError: the file cannot be written, or a photo not read.
    """
    count = 0
    unfinished = annotations.with_name(annotations.name + ".part")
    try:
        with unfinished.open("w", encoding="utf-8") as lines:
            for photo in photos:
                lines.write(line_of(photo, annotations.parent, split))
                count += 1
        unfinished.replace(annotations)
    except OSError as error:
        raise TextSearchError(f"{annotations} cannot be written: {error.strerror or error}.") from error
    return count


def line_of(photo: AnnotatedPhoto, folder: Path, split: str | None = None) -> str:
    """Return the line of a words.jsonl in a folder that says what a photo shows.

    Raises:
        TextSearchError: the header of the picture cannot be read.
    """
    row = {"image": os.path.relpath(photo.path, folder), "words": _rows(upright(photo).words)}
    return json.dumps(row if split is None else {**row, "split": split}, ensure_ascii=False) + "\n"


def _rows(words: Iterable[WordAnnotation]) -> list[dict[str, Any]]:
    return [
        {
            "poly": None if word.polygon is None else word.polygon.tolist(),
            "text": word.text,
            "ignore": not word.legible,
        }
        for word in words
    ]
