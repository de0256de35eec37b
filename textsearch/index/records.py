"""What goes into the index and what comes out of it, as plain values."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

from textsearch.copies import present_first
from textsearch.lattice import Lattice
from textsearch.types import FloatArray, Regions


@dataclass(frozen=True)
class ModelIdentity:
    """The network whose vectors an index holds; vectors of another fingerprint cannot be compared with them.

    Attributes:
        name: the configuration's name, for people.
        fingerprint: hexadecimal digest of all weights.
        dimension: D, the length of every vector.
    """

    name: str
    fingerprint: str
    dimension: int


PICTURE_WIDTH = 1280
"""Features of a picture, as the visual encoder pools them."""

KnowledgeKind = Literal["entity", "category", "scene"]
"""Who says so: words that name it, the trained classifier, or ImageNet's classes by the picture alone."""


@dataclass(frozen=True)
class Notice:
    """One thing that is known about a photo.

    Attributes:
        kind: who says so.
        identifier: of an entity or a category in the lexicon; a photo's notices of one kind differ in it.
        score: how sure it is, 0 to 1.
        regions: positions, in the photo's regions, of the words that say it; empty if the picture does.
    """

    kind: KnowledgeKind
    identifier: str
    score: float
    regions: tuple[int, ...] = ()


@dataclass(frozen=True, eq=False)
class PhotoKnowledge:
    """What is known about a photo beyond its text.

    Attributes:
        notices: each thing once for each kind.
        picture: (PICTURE_WIDTH,) float32, what the visual encoder saw, pooled over the picture; kept as float16.
        maker: names what made it; knowledge of another maker is made anew.
    """

    notices: tuple[Notice, ...]
    picture: FloatArray
    maker: str


@dataclass(frozen=True)
class Known:
    """One thing that is known about an indexed photo.

    Attributes:
        image_id: the photo.
        kind: who says so.
        identifier: of an entity or a category in the lexicon.
        score: how sure it is, 0 to 1.
        region_ids: the words that say it; empty if the picture does.
    """

    image_id: int
    kind: KnowledgeKind
    identifier: str
    score: float
    region_ids: tuple[int, ...] = ()


@dataclass(frozen=True, eq=False)
class OwnCategory:
    """A category that the user added to an index.

    Attributes:
        name: as the user writes it.
        words: what photos of it say.
        examples: (E, PICTURE_WIDTH) float32, what the visual encoder saw in example pictures; kept as float16.
    """

    name: str
    words: tuple[str, ...]
    examples: FloatArray


@dataclass(frozen=True, eq=False)
class EncodedImage:
    """One file that was read and encoded, ready to be written.

    Attributes:
        path: absolute.
        sha256: hexadecimal digest of the file's bytes.
        size: bytes.
        mtime_ns: modification time, nanoseconds since the epoch.
        regions: the text found in it, which also says its width and height.
        knowledge: what is known about it beyond the text; None if nobody looked.
    """

    path: Path
    sha256: str
    size: int
    mtime_ns: int
    regions: Regions
    knowledge: PhotoKnowledge | None = None


@dataclass(frozen=True)
class FailedFile:
    """One file that could not be read, with what is known of it; None where not even that could be found out."""

    path: Path
    sha256: str | None
    size: int | None
    mtime_ns: int | None
    reason: str


@dataclass(frozen=True)
class KnownFile:
    """What the catalog knows of a path: the content it held when it was last seen, or why it failed.

    Attributes:
        path: absolute.
        sha256: hexadecimal digest of the content; None for a failure that could not even be read.
        size: bytes; None as above.
        mtime_ns: modification time, nanoseconds since the epoch; None as above.
        failed: whether the path is recorded as a failure.
        reason: why it failed, None if it did not.
    """

    path: Path
    sha256: str | None
    size: int | None
    mtime_ns: int | None
    failed: bool
    reason: str | None


@dataclass(frozen=True, eq=False)
class StoredRegion:
    """One text region as read back for matching.

    Attributes:
        region_id: primary key, also the id of its vector; never used again after a removal.
        image_id: the image it stands in.
        polygon: (V, 2) float32, (x, y), pixels of the upright original, clockwise from the text's top left corner.
        text: transcript.
        text_score: mean probability of the transcript's characters, 0 to 1.
        score: the detector's confidence, 0 to 1.
        line: which detected line of the image the word was cut from.
        lattice: what the recogniser believed at every frame.
    """

    region_id: int
    image_id: int
    polygon: FloatArray
    text: str
    text_score: float
    score: float
    line: int
    lattice: Lattice


@dataclass(frozen=True)
class StoredImage:
    """One picture, however many copies of it lie in the gallery.

    Attributes:
        image_id: primary key, never used again after a removal.
        path: the first of its paths by name.
        sha256: hexadecimal digest of its bytes.
        width: width of the upright image, pixels.
        height: height of the upright image, pixels.
        paths: all files with this content, by path: which was read first may differ from run to run.
    """

    image_id: int
    path: Path
    sha256: str
    width: int
    height: int
    paths: tuple[Path, ...]

    def where_it_is(self, under: Sequence[Path] = ()) -> StoredImage:
        """Return the same picture, of several paths one first at which there is a file now.

        After a gallery or a disk got another path, those from before stay in the index until they are pruned.

        Args:
            under: paths that are or lie below one of these come before all others, even if no file is there: who
                handles the photos of one folder must not be led to another one.
        """
        inside = [path for path in self.paths if any(path == given or given in path.parents for given in under)]
        outside = [path for path in self.paths if path not in inside]
        paths = (*present_first(inside), *present_first(outside))
        return replace(self, path=paths[0], paths=paths)
