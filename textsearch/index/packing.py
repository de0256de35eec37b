"""How paths, vectors and regions become the bytes that the catalog keeps, and back."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from textsearch.alphabet import normalise
from textsearch.index.records import StoredRegion
from textsearch.lattice import Lattice
from textsearch.types import FloatArray, IndexedText, Regions


def pack_path(path: Path) -> bytes:
    """Return a path as the file system's own bytes: names need not be valid UTF-8, so text could not hold them all.

    Raises:
        ValueError: the path is not absolute.
    """
    if not path.is_absolute():
        raise ValueError(f"the index holds absolute paths, got {str(path)!r}")
    return os.fsencode(path)


def unpack_path(data: bytes) -> Path:
    """Return the path that `pack_path` packed."""
    return Path(os.fsdecode(data))


def pack_text(text: str) -> str:
    """Return a text that a database can hold: what stands for undecodable bytes of a file name is spelled out."""
    return text.encode("utf-8", "backslashreplace").decode("utf-8")


def unpack_vectors(stored: Sequence[bytes], dimension: int) -> FloatArray:
    """Return embeddings as (N, D) float32 from N times D float16, little-endian."""
    return np.frombuffer(b"".join(stored), "<f2").reshape(-1, dimension).astype(np.float32)


def pack_regions(image_id: int, regions: Regions) -> list[dict[str, Any]]:
    """Return the rows of an image's regions; `unpack_region` reads them, but for the embedding."""
    vectors = regions.embeddings.astype("<f2")
    return [
        {
            "image_id": image_id,
            "polygon": regions.polygons[i].astype("<f4").tobytes(),
            "score": float(regions.scores[i]),
            "text": pack_text(regions.texts[i]),
            "text_score": float(regions.text_scores[i]),
            "line": int(regions.lines[i]),
            "letters": normalise(pack_text(regions.texts[i])),
            "lattice": regions.lattices[i].to_bytes(),
            "embedding": vectors[i].tobytes(),
        }
        for i in range(len(regions))
    ]


def unpack_region(row: Sequence[Any]) -> StoredRegion:
    """Return the region of a row: id, image, polygon, text, text score, score, line, lattice."""
    region_id, image_id, polygon, text, text_score, score, line, lattice = row
    points = np.frombuffer(polygon, "<f4").reshape(-1, 2)
    return StoredRegion(region_id, image_id, points, text, text_score, score, line, Lattice.from_bytes(lattice))


def unpack_text(row: Sequence[Any]) -> IndexedText:
    """Return the text of a row: id, image, polygon, score, text, text score, line."""
    region_id, _, polygon, score, text, text_score, line = row
    points = np.frombuffer(polygon, "<f4").reshape(-1, 2).tolist()
    return IndexedText(region_id, tuple((x, y) for x, y in points), score, text, text_score, line)
