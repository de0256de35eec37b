"""What every data source gives: photos with their words."""

from __future__ import annotations

from dataclasses import dataclass

from textsearch.types import ByteArray, FloatArray


@dataclass(frozen=True, eq=False)
class WordLabel:
    """One word of a photo.

    Attributes:
        polygon: (2K, 2) float32, K >= 2, photo pixels: K points along the top edge in reading direction, then K back
            along the bottom edge, so that point i and point 2K - 1 - i face each other.
        text: as it is written; "" if nobody could read it.
        legible: False for words that training and evaluation must neither reward nor punish.
    """

    polygon: FloatArray
    text: str
    legible: bool


@dataclass(frozen=True, eq=False)
class Sample:
    """A photo (H, W, 3) uint8 RGB with its words, in the order of the annotation."""

    image: ByteArray
    words: tuple[WordLabel, ...]
