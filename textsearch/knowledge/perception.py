"""Everything that is known about a photo before anything is chosen from it: one pass of each network."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property

import cv2
import numpy as np
import torch

from textsearch.alphabet import Alphabet
from textsearch.knowledge.classifier import TrainedClassifier, load_classifier
from textsearch.knowledge.descriptions import default_descriptions
from textsearch.knowledge.evidence import ClassEvidence, profiles
from textsearch.knowledge.language import LanguageModel, MiniLanguageModel
from textsearch.knowledge.lexicon import default_lexicon
from textsearch.knowledge.linker import Link, Linker
from textsearch.knowledge.reader import TextReader, batch_of
from textsearch.knowledge.spans import Reading
from textsearch.knowledge.visual import SIDE, VisualEncoder, VisualFeatures, prepare
from textsearch.types import ByteArray, FloatArray


@dataclass(frozen=True, eq=False)
class Perceived:
    """What was perceived of one photo.

    Attributes:
        links: what its words name, heaviest first.
        logits: (C,) float32, of the trained classifier's classes.
        classes: their categories; None where the lexicon has none.
        scenes: (1000,) float32, probabilities of ImageNet's classes.
        scene_categories: their categories.
        picture: (PICTURE_WIDTH,) float32, pooled features.
    """

    links: list[Link]
    logits: FloatArray
    classes: tuple[str | None, ...]
    scenes: FloatArray
    scene_categories: tuple[str, ...]
    picture: FloatArray


class Perception:
    """Sees, reads and classifies photos; for one thread at a time. What a call needs is loaded by the first.

    Args:
        alphabet: of the lattices.
        trained: the packaged classifier if None.
        language: the sentence encoder; MiniLM if None.
    """

    def __init__(
        self, alphabet: Alphabet, trained: TrainedClassifier | None = None, language: LanguageModel | None = None
    ) -> None:
        self._lexicon = default_lexicon()
        self._linker = Linker(self._lexicon, alphabet)
        self._given = trained, language

    def see(self, pixels: ByteArray) -> FloatArray:
        """Return the pooled features of a picture (H, W, 3) uint8 RGB, (PICTURE_WIDTH,) float32."""
        with _one_thread():
            return _array(self._see(pixels).pooled[0])

    def perceive(self, pixels: ByteArray, readings: Sequence[Reading]) -> Perceived:
        """Return what can be perceived of a photo, (H, W, 3) uint8 RGB, upright, and its text regions."""
        links = self._linker.link(readings)
        with _one_thread(), torch.inference_mode():
            seen = self._see(pixels)
            written = self._reader.read(readings, links)
            logits = self._trained.network(batch_of(seen, [written], self._trained.rarity)).logits
            scenes = self._visual.imagenet(seen.pooled)
        classes, scene_categories = self._categories
        picture = _array(seen.pooled[0])
        return Perceived(links, _array(logits[0]), classes, _array(scenes[0]), scene_categories, picture)

    def _see(self, pixels: ByteArray) -> VisualFeatures:
        return self._visual.see(prepare(_shrunk(pixels))[None])

    @cached_property
    def _visual(self) -> VisualEncoder:
        return VisualEncoder()

    @cached_property
    def _trained(self) -> TrainedClassifier:
        return self._given[0] or load_classifier()

    @cached_property
    def _evidence(self) -> ClassEvidence:
        known = self._lexicon.labels(self._trained.dataset)
        return ClassEvidence(profiles(self._trained.labels, self._lexicon, known), self._language)

    @cached_property
    def _language(self) -> LanguageModel:
        return self._given[1] or MiniLanguageModel()

    @cached_property
    def _reader(self) -> TextReader:
        return TextReader(default_descriptions(), self._language, self._evidence)

    @cached_property
    def _categories(self) -> tuple[tuple[str | None, ...], tuple[str, ...]]:
        """Return the categories of the classifier's and of ImageNet's classes."""
        return tuple(each.category for each in self._evidence.classes), self._lexicon.imagenet


@contextmanager
def _one_thread() -> Iterator[None]:
    """Keep torch on one thread: other photos are read by other threads at the same time, one for each core."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(threads)


def _shrunk(pixels: ByteArray) -> ByteArray:
    """Return a large photo in a size from which Pillow needs no copy of hundreds of megabytes to shrink it further."""
    height, width = pixels.shape[:2]
    factor = min(height, width) // (2 * SIDE)
    if factor < 2:
        return pixels
    shrunk = cv2.resize(pixels, (width // factor, height // factor), interpolation=cv2.INTER_AREA)
    return np.asarray(shrunk, np.uint8)


def _array(row: torch.Tensor) -> FloatArray:
    return np.array(row.numpy(), np.float32)
