"""From a file to its regions: the third stage, done by several threads at once within a bounded memory."""

from __future__ import annotations

import hashlib
import os
import threading
import traceback
from dataclasses import dataclass
from io import BufferedReader
from pathlib import Path

from textsearch.budget import Loan, MemoryBudget
from textsearch.errors import ImageError, TextSearchError
from textsearch.images import decoding_bytes, describe, is_temporary, open_file, read_image
from textsearch.index.folder import EncodedImage, FailedFile, IndexFolder
from textsearch.index.records import PhotoKnowledge
from textsearch.indexer.describe import Described, Describer, Undescribed
from textsearch.indexer.plan import Candidate, Move
from textsearch.indexer.scan import modified
from textsearch.indexer.vanished import is_surely_gone
from textsearch.knowledge.spans import readings_of
from textsearch.machine import usable_memory
from textsearch.types import Regions, TextModel

AHEAD = 2
"""Photos decoded ahead of those being encoded, as far as the memory goes: one ready, one on its way."""

_PART_OF_MEMORY = 8
"""Pixels in flight never take more than one part in so many of the machine's memory."""

PIXEL_BYTES_PER_JOB = 112 * 2**20
"""Memory for pixels, for each job, but for two at least.

A photo of 24 megapixels needs 72 MB while it is encoded and 168 MB while it is decoded. Two jobs with 224 MB can encode
two, or decode one: with what the networks need the whole process peaks at about 2 GB, as benchmarks/retrieval.py
measures it. Small photos are decoded ahead. A photo that needs more than all of it is decoded alone.
"""

_CHUNK = 1 << 20
_REASON_LENGTH = 200


@dataclass(frozen=True)
class Unchanged:
    """A candidate that holds what the index already knows; only its attributes are new."""

    candidate: Candidate
    size: int
    mtime_ns: int


@dataclass(frozen=True)
class Gone:
    """A candidate that was removed since it was found; the next run will not find it."""

    candidate: Candidate


@dataclass(frozen=True)
class Failed:
    """A path that cannot be read.

    Attributes:
        file: what will be recorded.
        sha256: hexadecimal digest of the content, None if not even that could be read.
        temporary: whether the machine is at fault (permission, medium, memory), so that this says nothing of the
            content.
        indexed: whether the index holds a photo for this path.
    """

    file: FailedFile
    sha256: str | None
    temporary: bool
    indexed: bool


@dataclass(frozen=True, eq=False)
class Encoded:
    """A candidate that was read and encoded."""

    candidate: Candidate
    image: EncodedImage


Outcome = Unchanged | Gone | Move | Failed | Encoded | Described


@dataclass(frozen=True)
class Content:
    """What identifies an open file: its digest, and its attributes at that time."""

    sha256: str
    size: int
    mtime_ns: int


def identify(stream: BufferedReader) -> Content:
    """Read an open file once, in small pieces; it is left at its start.

    Raises:
        ImageError: it cannot be read; the message is the reason.
    """
    digest = hashlib.sha256()
    buffer = memoryview(bytearray(_CHUNK))
    try:
        # The attributes come first: if the file is written to meanwhile they are outdated, and the next run reads it
        # again.
        status = os.fstat(stream.fileno())
        while count := stream.readinto(buffer):
            digest.update(buffer[:count])
        stream.seek(0)
    except OSError as error:
        raise ImageError(describe(error)) from error
    return Content(digest.hexdigest(), status.st_size, modified(status))


def identify_file(path: Path) -> Content:
    """Identify a file by its path.

    Raises:
        ImageError: as `identify`.
    """
    with open_file(path) as stream:
        return identify(stream)


class Reader:
    """Reads photos; `read` and `describe` may be called by jobs + AHEAD threads at once.

    Attributes:
        memory: the bytes of pixels that may be in flight.
    """

    def __init__(
        self, index: IndexFolder, model: TextModel, jobs: int, *, force: bool, describer: Describer | None = None
    ) -> None:
        wanted, memory = PIXEL_BYTES_PER_JOB * max(jobs, 2), usable_memory()
        self.memory = MemoryBudget(wanted if memory is None else min(wanted, memory // _PART_OF_MEMORY))
        self._index = index
        self._model = model
        self._describer = describer
        self._force = force
        self._turn = threading.Semaphore(jobs)
        self._stopped = threading.Event()
        self._claimed: set[str] = set()
        self._claiming = threading.Lock()

    def stop(self) -> None:
        """Begin nothing new: what is not being encoded yet is not encoded any more."""
        self._stopped.set()

    def read(self, candidate: Candidate) -> Outcome | None:
        """Find out what a file holds, and encode it if the index does not know that yet.

        Returns:
            The outcome; None if the reader was stopped.

        Raises:
            TextSearchError: nothing can be read at all: weights or packages are missing, or the index is not there.
        """
        if self._stopped.is_set():
            return None
        content: Content | None = None
        try:
            with open_file(candidate.found.path) as stream:
                content = identify(stream)
                return self._outcome(candidate, content, stream)
        except ImageError as error:
            if is_surely_gone(candidate.found.path):
                return Gone(candidate)
            return _failed(candidate, content, str(error), temporary=is_temporary(error))
        except TextSearchError:
            raise
        except Exception as error:  # noqa: BLE001 - one photo must not keep all others from being read
            return _failed(candidate, content, _unforeseen(error), temporary=True)

    def _outcome(self, candidate: Candidate, content: Content, stream: BufferedReader) -> Outcome | None:
        if not self._force and candidate.indexed_content == content.sha256:
            return Unchanged(candidate, content.size, content.mtime_ns)
        if self._is_known(content.sha256):
            return Move(candidate, content.sha256, content.size, content.mtime_ns)
        with self.memory.lend(decoding_bytes(stream)) as loan:
            encoded = self._encode(stream, loan)
        if encoded is None:
            return None
        path = candidate.found.path
        return Encoded(candidate, EncodedImage(path, content.sha256, content.size, content.mtime_ns, *encoded))

    def describe(self, photo: Undescribed) -> Described | None:
        """Find out what is known about a photo whose text is in the index; its text is not read again.

        Returns:
            The outcome; None if the reader was stopped.

        Raises:
            TextSearchError: as `read`.
        """
        if self._stopped.is_set() or self._describer is None:
            return None
        try:
            with open_file(photo.path) as stream:
                readings = self._index.regions_of(photo.path)
                if readings is None or identify(stream).sha256 != photo.sha256:
                    return Described(photo, None)
                with self.memory.lend(decoding_bytes(stream)) as loan:
                    pixels = read_image(stream)
                    loan.shrink(pixels.nbytes)
                    with self._turn:
                        if self._stopped.is_set():
                            return None
                        return Described(photo, self._describer.describe(pixels, readings))
        except ImageError as error:
            return Described(photo, None, None if is_surely_gone(photo.path) else str(error))
        except TextSearchError:
            raise
        except Exception as error:  # noqa: BLE001 - as in `read`
            return Described(photo, None, _unforeseen(error))

    def _is_known(self, sha256: str) -> bool:
        """Return whether this content is in the index, or another thread has begun to read it in this run."""
        if not self._force and self._index.image_of_content(sha256) is not None:
            return True
        with self._claiming:
            if sha256 in self._claimed:
                return True
            self._claimed.add(sha256)
            return False

    def _encode(self, stream: BufferedReader, loan: Loan) -> tuple[Regions, PhotoKnowledge | None] | None:
        """Decode and encode a photo; None if the reader was stopped. The pixels are gone when this returns."""
        pixels = read_image(stream)
        loan.shrink(pixels.nbytes)
        with self._turn:
            if self._stopped.is_set():
                return None
            regions = self._model.encode_images([pixels])[0]
            if self._describer is None:
                return regions, None
            return regions, self._describer.describe(pixels, readings_of(regions))


def _unforeseen(error: Exception) -> str:
    """Return a reason for what a model raised; the next run tries the photo again, perhaps as another version.

    torch raises RuntimeError for a GPU's memory and drivers, and cv2.error and ONNX Runtime's own errors come for want
    of memory, too: that depends on the machine and on what else it does. Anything else is a mistake in the program, of
    which the reason tells what a report of it needs.
    """
    said = (str(error).splitlines() or [""])[0][:_REASON_LENGTH]
    name = type(error).__name__
    mistakes = isinstance(error, (NotImplementedError, RecursionError))  # RuntimeErrors too
    if isinstance(error, (MemoryError, RuntimeError)) and not mistakes:
        return f"this machine could not encode it: {said or name}"
    if type(error).__module__.partition(".")[0] in ("cv2", "onnxruntime"):
        return f"this machine could not encode it: {name}: {said}"
    *_, place = traceback.extract_tb(error.__traceback__)
    return f"a mistake in this program, please report it: {name}: {said} ({Path(place.filename).name}:{place.lineno})"


def _failed(candidate: Candidate, content: Content | None, reason: str, *, temporary: bool) -> Failed:
    path = candidate.found.path
    if content is None or temporary:
        # Without size and time the file never counts as unchanged, so the next run tries it again.
        file = FailedFile(path, None, None, None, reason)
    else:
        file = FailedFile(path, content.sha256, content.size, content.mtime_ns, reason)
    return Failed(file, content.sha256 if content else None, temporary, candidate.indexed_content is not None)
