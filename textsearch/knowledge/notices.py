"""What is known about one photo beyond its text, as the index keeps it: only what is sure enough to matter."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Iterable, Sequence
from functools import cached_property
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from textsearch.alphabet import Alphabet
from textsearch.errors import MissingDependencyError
from textsearch.index.records import KnowledgeKind, Notice, PhotoKnowledge
from textsearch.knowledge.decisions import ELSEWHERE, probabilities
from textsearch.knowledge.lexicon import DATA
from textsearch.knowledge.linker import Link
from textsearch.knowledge.spans import Reading
from textsearch.types import ByteArray, FloatArray

if TYPE_CHECKING:
    from textsearch.knowledge.perception import Perception

VERSION = 1
"""Raised whenever a photo would be described otherwise though no file changed; all photos are then described anew."""

_FILES = (
    DATA / "lexicon.json.gz",
    DATA / "package_words.tsv",
    Path(str(files("textsearch.weights"))) / "classifier.safetensors",
)
"""What decides how a photo is described, besides the program and the packages it is pinned to."""

LEAST = 0.05
"""Scores below this are not kept: a photo would have dozens of them, and none would ever count."""

MOST: dict[KnowledgeKind, int] = {"entity": 16, "category": 5, "scene": 8}
"""Notices of each kind that a photo has at most, the surest."""


class PhotoDescriber:
    """Describes photos as the indexer meets them. Threads may share it; one at a time gets its turn.

    torch and the networks are loaded for the first photo.

    Args:
        alphabet: of the lattices.
    """

    def __init__(self, alphabet: Alphabet) -> None:
        self._alphabet = alphabet
        self._turn = threading.Lock()

    @cached_property
    def maker(self) -> str:
        """Return a name that changes whenever photos would be described otherwise."""
        digest = hashlib.sha256()
        for path in _FILES:
            digest.update(path.read_bytes())
        return f"efficientnet-lite0 {VERSION} ({digest.hexdigest()[:12]})"

    def see(self, pixels: ByteArray) -> FloatArray:
        """Return what the visual encoder sees in a picture (H, W, 3) uint8 RGB, (PICTURE_WIDTH,) float32.

        Raises:
            MissingDependencyError: a package is not installed.
        """
        with self._turn:
            return self._perception.see(pixels)

    def describe(self, pixels: ByteArray, readings: Sequence[Reading]) -> PhotoKnowledge:
        """Return what is known about one photo.

        Args:
            pixels: (H, W, 3) uint8 RGB, upright.
            readings: its text regions.

        Raises:
            MissingDependencyError: a package is not installed.
            WeightsError: the classifier's weights are missing.
        """
        with self._turn:
            perceived = self._perception.perceive(pixels, readings)
        notices = [
            *named(perceived.links),
            *classified(perceived.logits, perceived.classes),
            *shown(perceived.scenes, perceived.scene_categories),
        ]
        return PhotoKnowledge(tuple(notices), perceived.picture, self.maker)

    @cached_property
    def _perception(self) -> Perception:
        try:
            from textsearch.knowledge.perception import Perception  # here, because torch takes seconds to import
        except ModuleNotFoundError as error:
            raise MissingDependencyError(
                f"{error.name} is not installed, which finds out what photos show; "
                "pip install --upgrade scene-textsearch, or index with --no-knowledge"
            ) from error
        return Perception(self._alphabet)


def named(links: Sequence[Link]) -> list[Notice]:
    """Return what the words of a photo name, surest first; a name that stands there twice is one notice."""
    scores: dict[str, float] = {}
    regions: dict[str, set[int]] = {}
    for link in links:
        identifier = link.target.identifier
        scores[identifier] = max(scores.get(identifier, 0.0), link.weight)
        regions.setdefault(identifier, set()).update(link.regions)
    return [
        Notice("entity", identifier, score, tuple(sorted(regions[identifier])))
        for identifier, score in _surest("entity", scores.items())
    ]


def classified(logits: FloatArray, classes: Sequence[str | None]) -> list[Notice]:
    """Return what a trained classifier says of a photo, surest first.

    Args:
        logits: (C,) float32.
        classes: their categories; classes without one are left out.
    """
    shares = probabilities(np.append(logits, np.float32(ELSEWHERE)))[:-1]
    return _of_categories("category", shares, classes)


def shown(shares: FloatArray, categories: Sequence[str]) -> list[Notice]:
    """Return which of ImageNet's classes a picture shows, surest first.

    Args:
        shares: (1000,) float32, probabilities.
        categories: of the classes.
    """
    return _of_categories("scene", shares, categories)


def _of_categories(kind: KnowledgeKind, shares: FloatArray, categories: Sequence[str | None]) -> list[Notice]:
    """Return notices of categories, several classes of which may be one."""
    scores: dict[str, float] = {}
    for share, category in zip(shares.tolist(), categories, strict=True):
        if category is not None:
            scores[category] = scores.get(category, 0.0) + share
    return [Notice(kind, category, score) for category, score in _surest(kind, scores.items())]


def _surest(kind: KnowledgeKind, scores: Iterable[tuple[str, float]]) -> list[tuple[str, float]]:
    kept = [(identifier, min(score, 1.0)) for identifier, score in scores if score >= LEAST]
    return sorted(kept, key=lambda each: (-each[1], each[0]))[: MOST[kind]]
