"""Tiny pictures, and what the tests look at in a set."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from PIL import Image

from textsearch.training.datasets.photos import AnnotatedPhoto, PhotoSet, WordAnnotation


def draw(path: Path, size: tuple[int, int] = (16, 8)) -> Path:
    """Write a picture of one colour, (width, height), and the folders above it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new("RGB", size, (200, 30, 30)).save(path)
    return path


def write(path: Path, text: str, encoding: str = "utf-8") -> Path:
    """Write a text file and the folders above it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(text.encode(encoding))
    return path


def said(words: Iterable[WordAnnotation]) -> list[tuple[list[list[float]] | None, str, bool]]:
    """Return words as plain values."""
    return [(None if word.polygon is None else word.polygon.tolist(), word.text, word.legible) for word in words]


def only_photo(dataset: PhotoSet[Any]) -> AnnotatedPhoto:
    """Return the one photo of a set."""
    (photo,) = dataset.photos()
    return photo
