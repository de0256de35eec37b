"""What is known about photos beyond their text: who finds it out, and the stage that catches up on older photos."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from textsearch.index.folder import IndexFolder
from textsearch.index.records import PhotoKnowledge
from textsearch.knowledge.spans import Reading
from textsearch.types import ByteArray, FloatArray


class Describer(Protocol):
    """Describes photos; called by several threads at once.

    Attributes:
        maker: changes whenever photos would be described otherwise; asked before anything is described.
    """

    @property
    def maker(self) -> str: ...  # noqa: D102

    def see(self, pixels: ByteArray) -> FloatArray:
        """Return what a picture (H, W, 3) uint8 RGB looks like, (PICTURE_WIDTH,) float32."""
        ...

    def describe(self, pixels: ByteArray, readings: Sequence[Reading]) -> PhotoKnowledge:
        """Return what is known about a photo, (H, W, 3) uint8 RGB, upright, and its text regions, in their order."""
        ...


@dataclass(frozen=True)
class Undescribed:
    """A photo whose text is in the index, but not what this program knows about it.

    Attributes:
        image_id: of the photo.
        path: a file that should hold it.
        sha256: hexadecimal digest of its content.
    """

    image_id: int
    path: Path
    sha256: str


@dataclass(frozen=True, eq=False)
class Described:
    """A photo that was looked at again.

    Attributes:
        photo: which.
        knowledge: what is known about it; None if the file could not be read or holds something else by now.
        reason: why it could not be read, None if it could.
    """

    photo: Undescribed
    knowledge: PhotoKnowledge | None
    reason: str | None = None


def undescribed(index: IndexFolder, describer: Describer, unchanged: Collection[Path]) -> list[Undescribed]:
    """Return the photos that this describer has not described, as far as a file that did not change holds them."""
    ids = index.undescribed(describer.maker)
    photos = []
    for image in index.images(ids).values() if ids else ():
        path = next((path for path in image.paths if path in unchanged), None)
        if path is not None:
            photos.append(Undescribed(image.image_id, path, image.sha256))
    return sorted(photos, key=lambda photo: photo.path)
