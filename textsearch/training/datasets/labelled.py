"""Photos with a class each: a list of them, folders named after classes, or a data set as it was published."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from textsearch.errors import TextSearchError
from textsearch.training.datasets.formats import malformed, read_json

_SUFFIXES = frozenset({".jpg", ".jpeg", ".png", ".webp", ".bmp", ".gif", ".tif", ".tiff", ".avif", ".heic"})
_LABEL = "label"
_PICTURE_FOLDERS = ("JPEGImages", "data/JPEGImages", "images", "")


@dataclass(frozen=True)
class LabelledPhoto:
    """One photo and its class.

    Attributes:
        path: the file.
        label: its class.
        split: which part of the data it belongs to; empty if the data has no parts.
    """

    path: Path
    label: str
    split: str = ""


def read_labelled(source: Path, split: str | None = None, label: str = _LABEL) -> list[LabelledPhoto]:
    """Return photos with their classes.

    Args:
        source: a file of JSON lines with `image` (relative to the file), `label` and perhaps `split`; a folder that
            holds such a labels.jsonl; a folder with split_0.json beside JPEGImages, as Con-Text, Drink Bottle and
            Crowd Activity are published; or a folder with one folder of photos for each class.
        split: only photos of this part.
        label: the name in a JSON line that holds the class; the other forms have but one class for each photo.

    Raises:
        TextSearchError: nothing of that kind is there, the part is empty, or the form has no such names.
    """
    if not source.exists():
        raise TextSearchError(f"{source} does not exist; name a labels.jsonl or a folder of photos with --data")
    lines = source / "labels.jsonl" if source.is_dir() else source
    if lines.is_file():
        photos = _read_lines(lines, label)
    elif label != _LABEL:
        raise TextSearchError(f"{source} has no labels.jsonl, and only its lines can name {label!r}; leave that out.")
    elif splits := sorted(source.glob("split_*.json")):
        photos = _read_published(splits[0])
    else:
        photos = _read_folders(source)
    chosen = [photo for photo in photos if split is None or photo.split == split]
    if not chosen:
        parts = sorted({photo.split for photo in photos if photo.split})
        there = f"its parts are {', '.join(parts)}" if parts else "it has no parts" if photos else "it has no photos"
        raise TextSearchError(f"{source} has no photo{f' of the part {split}' if split else ''}: {there}.")
    return chosen


def classes_of(photos: Sequence[LabelledPhoto]) -> list[str]:
    """Return the classes that occur, sorted."""
    return sorted({photo.label for photo in photos})


def _read_lines(file: Path, label: str) -> list[LabelledPhoto]:
    example = f'{{"image": "a.jpg", "{label}": "cafe"}}'
    try:
        lines = file.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise TextSearchError(
            f"Cannot read the labels {file} ({error}); give a text file with lines such as {example}."
        ) from error
    photos = []
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        try:
            row: dict[str, Any] = json.loads(line)
            photos.append(LabelledPhoto(file.parent / row["image"], str(row[label]), str(row.get("split", ""))))
        except (json.JSONDecodeError, KeyError, TypeError, AttributeError) as error:
            raise TextSearchError(f"Line {number} of {file} is no {example}; correct it or leave it out.") from error
    return photos


def _read_published(file: Path) -> list[LabelledPhoto]:
    """Read {"train": {"1.jpg": 3, ...}, "test": {...}}; photos lie in JPEGImages, classes keep their numbers."""
    try:
        parts = read_json(file).items()
        rows = [(name.strip(), str(label), part) for part, photos in parts for name, label in photos.items()]
    except AttributeError as error:
        raise malformed(file, 'it must be like {"train": {"1.jpg": 3}, "test": {"2.jpg": 3}}') from error
    first = rows[0][0] if rows else ""
    folders = [file.parent / folder for folder in _PICTURE_FOLDERS]
    folder = next((folder for folder in folders if first and (folder / first).is_file()), None)
    if folder is None:
        raise TextSearchError(f"{file} names photos that are not in {file.parent / 'JPEGImages'}; put them there.")
    return [LabelledPhoto(folder / name, label, part) for name, label, part in rows]


def _read_folders(folder: Path) -> list[LabelledPhoto]:
    files = sorted(path for path in folder.glob("*/**/*") if path.suffix.lower() in _SUFFIXES)
    return [LabelledPhoto(path, path.relative_to(folder).parts[0]) for path in files]
