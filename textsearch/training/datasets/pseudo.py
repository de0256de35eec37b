"""Photos that nobody annotated, read by a network that is already trained."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from textsearch.alphabet import normalise
from textsearch.errors import ImageError, TextSearchError
from textsearch.training.datasets.photos import AnnotatedPhoto, PhotoSet, WordAnnotation, pictures, read_photo
from textsearch.training.datasets.words import line_of
from textsearch.types import Regions, TextModel

_AT_A_TIME = 64
"""Photos that are asked for at once, of which finished readings may wait."""


@dataclass(frozen=True)
class Confidence:
    """When a reading is believed.

    Attributes:
        detection: least confidence that there is text, 0 to 1.
        reading: least mean probability of the letters, 0 to 1.
        letters: least number of letters and digits; shorter readings are too often found in patterns.
    """

    detection: float = 0.6
    reading: float = 0.95
    letters: int = 3


class PseudoLabelled(PhotoSet[Path]):
    """The photos of a folder with the words a network reads in them.

    Confident readings are legible words. All the others are not legible: there may be text, and it may say something
    else, so training must not learn from them either way. Each pass reads the photos again; `write_readings` keeps
    what was read.

    Args:
        folder: photos, also in folders within.
        model: reads them.
        confidence: when a reading is believed.
    """

    def __init__(self, folder: Path, model: TextModel, confidence: Confidence | None = None) -> None:
        self.folder = folder
        self.model = model
        self.confidence = confidence or Confidence()

    def entries(self) -> Sequence[Path]:
        """Return the photos, by path.

        Raises:
            TextSearchError: it is no folder.
        """
        return pictures(self.folder)

    def photo(self, entry: Path) -> AnnotatedPhoto:
        """Read a photo.

        Raises:
            TextSearchError: the picture cannot be decoded.
        """
        (regions,) = self.model.encode_images([read_photo(entry)])
        return AnnotatedPhoto(entry, tuple(self._word(regions, place) for place in range(len(regions))))

    def _word(self, regions: Regions, place: int) -> WordAnnotation:
        text, least = regions.texts[place], self.confidence
        legible = (
            len(normalise(text)) >= least.letters
            and float(regions.scores[place]) >= least.detection
            and float(regions.text_scores[place]) >= least.reading
        )
        return WordAnnotation(regions.polygons[place], text if legible else "", legible)


def write_readings(
    photos: PseudoLabelled, annotations: Path, progress: Callable[[str], None] = lambda line: None
) -> None:
    """Read photos, several at a time, and write a words.jsonl; a stopped pass goes on where it stopped.

    Args:
        photos: pictures that cannot be decoded are left out and told of. Their model is asked by several threads.
        annotations: the file; it is complete or not there.
        progress: receives a line of text from time to time.

    Raises:
        TextSearchError: the file cannot be written.
    """
    folder = annotations.parent

    def line(photo: Path) -> str | ImageError:
        try:
            return line_of(photos.photo(photo), folder)
        except ImageError as error:
            return error

    unfinished = annotations.with_name(annotations.name + ".part")
    try:
        done = _finished(unfinished)
        left = [photo for photo in photos.entries() if os.path.relpath(photo, folder) not in done]
        with unfinished.open("a", encoding="utf-8") as lines, ThreadPoolExecutor() as pool:
            for start in range(0, len(left), _AT_A_TIME):
                for found in pool.map(line, left[start : start + _AT_A_TIME]):
                    if isinstance(found, str):
                        lines.write(found)
                    else:
                        progress(f"{found} It is left out.")
                lines.flush()
                if start % (16 * _AT_A_TIME) == 0 and start:
                    progress(f"{len(done) + start:,} photos read, {len(left) - start:,} left")
        unfinished.replace(annotations)
    except OSError as error:
        raise TextSearchError(f"{annotations} cannot be written: {error.strerror or error}.") from error


def _finished(unfinished: Path) -> set[str]:
    """Return the photos that a stopped pass has read; what it wrote of the last line, if not all, is cut off."""
    if not unfinished.exists():
        return set()
    written = unfinished.read_bytes()
    whole = written[: written.rfind(b"\n") + 1]
    if len(whole) < len(written):
        unfinished.write_bytes(whole)
    return {json.loads(line)["image"] for line in whole.decode("utf-8").splitlines()}
