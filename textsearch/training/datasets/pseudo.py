"""Photos that nobody annotated, read by a network that is already trained."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from textsearch.alphabet import normalise
from textsearch.training.datasets.photos import AnnotatedPhoto, PhotoSet, WordAnnotation, pictures, read_photo
from textsearch.types import Regions, TextModel


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
    else, so training must not learn from them either way. Each pass reads the photos again; `write_words` keeps what
    was read.

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
