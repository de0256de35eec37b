"""IIIT 5K-Words: crops of single words, listed in MATLAB files."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from textsearch.training.datasets.formats import malformed, read_matlab, strings
from textsearch.training.datasets.photos import AnnotatedPhoto, PhotoSet, WordAnnotation

_TABLES = (("data", "GroundTruth"), ("CharBound", "chars"))
"""Endings of the published tables' names, and the column with the word; both tables list the same crops."""


class Iiit5k(PhotoSet[AnnotatedPhoto]):
    """Crops of single words: each is a photo whose only word fills it.

    Args:
        root: the folder with traindata.mat or trainCharBound.mat (or those of test) and the folder train (test).
        split: "train" or "test".
    """

    def __init__(self, root: Path, split: str = "train") -> None:
        self.root = root
        self.split = split

    def entries(self) -> Sequence[AnnotatedPhoto]:
        """Return the crops in the order of the table.

        Raises:
            TextSearchError: the table cannot be read.
            MissingDependencyError: SciPy is not installed.
        """
        tables = [(f"{self.split}{ending}", column) for ending, column in _TABLES]
        name, column = next((table for table in tables if (self.root / f"{table[0]}.mat").is_file()), tables[0])
        path = self.root / f"{name}.mat"
        rows = read_matlab(path, name).ravel()
        if not {"ImgName", column} <= set(rows.dtype.names or ()):
            raise malformed(path, f"it has no columns ImgName and {column}")
        crops = []
        for row in rows:
            image, text = "".join(strings(row["ImgName"])), "".join(strings(row[column]))
            crops.append(AnnotatedPhoto(self.root / image, (WordAnnotation(None, text, legible=bool(text)),)))
        return crops

    def photo(self, entry: AnnotatedPhoto) -> AnnotatedPhoto:
        """Return a crop; its word fills it."""
        return entry
