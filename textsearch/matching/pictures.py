"""A picture of a word as a query: how it is read and what its vector is."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from textsearch.alphabet import normalise
from textsearch.errors import ImageError, QueryError
from textsearch.types import ByteArray, FloatArray, TextModel

if TYPE_CHECKING:
    from PIL import Image

_MARGIN = 0.25
"""How much around a box is looked at, too, in its height: detectors want to see where a word ends."""


def pixels_of(image: str | Path | ByteArray | Image.Image) -> ByteArray:
    """Return the pixels (H, W, 3) uint8 RGB, upright, of a file or a Pillow image; an array is taken as it is.

    Raises:
        ImageError: the file is not a picture that can be decoded, or the array has another shape or type.
    """
    if isinstance(image, (str, Path)):
        from textsearch.images import read_image

        try:
            return read_image(Path(image))
        except ImageError as error:
            raise ImageError(f"{image} cannot be read: {error}") from error
    if not isinstance(image, np.ndarray):
        from PIL import ImageOps

        return np.asarray(ImageOps.exif_transpose(image).convert("RGB"))
    if image.ndim != 3 or image.shape[2] != 3 or image.dtype != np.uint8:
        raise ImageError(f"a picture is an array (H, W, 3) of uint8, RGB; this one is {image.shape} of {image.dtype}")
    return image


def word_in(
    model: TextModel, pixels: ByteArray, box: tuple[float, float, float, float] | None
) -> tuple[str, FloatArray]:
    """Return how the largest word of a picture is read, normalised, and its vector (D,) float32.

    Args:
        model: the network.
        pixels: (H, W, 3) uint8 RGB.
        box: left, top, right, bottom of the word; None for the whole picture.

    Raises:
        QueryError: there is no such box, or no text in it.
    """
    if box is not None:
        pixels = _cut(pixels, box)
    regions = model.encode_images([pixels])[0]
    words = [normalise(text) for text in regions.texts]
    areas = [
        float(np.prod(np.ptp(polygon, axis=0))) if word else 0.0
        for polygon, word in zip(regions.polygons, words, strict=True)
    ]
    if not any(areas):
        where = "the box" if box is not None else "the picture"
        raise QueryError(f"No letter can be read in {where}; show a larger or sharper part of it.")
    largest = int(np.argmax(areas))
    return words[largest], regions.embeddings[largest]


def _cut(pixels: ByteArray, box: tuple[float, float, float, float]) -> ByteArray:
    """Return the part of a picture within a box and a little around it."""
    height, width = pixels.shape[:2]
    left, top, right, bottom = box
    if not (0 <= left < right <= width and 0 <= top < bottom <= height):
        shown = ",".join(f"{number:g}" for number in box)
        raise QueryError(
            f"The box {shown} does not lie in the picture, which is {width} x {height} pixels; "
            "give left, top, right, bottom."
        )
    margin = _MARGIN * (bottom - top)
    rows = slice(max(0, int(top - margin)), min(height, int(np.ceil(bottom + margin))))
    columns = slice(max(0, int(left - margin)), min(width, int(np.ceil(right + margin))))
    return np.ascontiguousarray(pixels[rows, columns])
