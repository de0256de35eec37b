"""Strips of drawn words, and networks that read them from their brightness."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from textsearch.lines import STRIP_HEIGHT
from textsearch.training.adaptation.data import GalleryStrips
from textsearch.training.adaptation.report import Validation
from textsearch.types import ByteArray

BETTER = Validation(105, 41, 80.0, 84.0, (1.0, 7.0), 100.0, 100.0, 60.0, 66.0, 100.0, 20, 55.0, 56.0)
WORSE = Validation(105, 41, 80.0, 80.1, (-1.0, 1.2), 100.0, 100.0, 60.0, 60.0, 100.0, 20, 55.0, 55.0)


def drawn(word: str, width: int = 96) -> ByteArray:
    """Return a strip (48, W, 3) uint8 with a word in black on white."""
    picture = Image.new("RGB", (width, STRIP_HEIGHT), "white")
    ImageDraw.Draw(picture).text((4, 4), word, "black", ImageFont.load_default(size=30))
    return np.asarray(picture)


def strips_of(words: Sequence[str], held_back: Sequence[bool] | None = None) -> GalleryStrips:
    """Return strips of words, "" being drawn as a word that is not read for sure."""
    pixels = [drawn(word or "blur") for word in words]
    return GalleryStrips(
        np.concatenate([strip.reshape(-1, 3) for strip in pixels]),
        np.array([strip.shape[1] for strip in pixels], np.int64),
        tuple(words),
        np.array(held_back if held_back is not None else [False] * len(words), bool),
    )
