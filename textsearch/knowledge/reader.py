"""From one photo and its text regions to what the network reads: picture, letters, words, entities, evidence."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from textsearch.alphabet import words_of
from textsearch.knowledge.descriptions import Descriptions
from textsearch.knowledge.evidence import ClassEvidence
from textsearch.knowledge.language import WIDTH, LanguageModel
from textsearch.knowledge.letters import count_letters, weigh
from textsearch.knowledge.linker import Link
from textsearch.knowledge.network import PhotoBatch
from textsearch.knowledge.spans import Reading
from textsearch.knowledge.visual import VisualFeatures
from textsearch.types import FloatArray

WORDS = 24
"""Words of a photo at most, the surest."""

ENTITIES = 3
"""Things a word may name at most, the likeliest."""

_LEAST_LINK = 0.05


@dataclass(frozen=True, eq=False)
class WrittenFeatures:
    """What is written in one photo, as the network reads it.

    Attributes:
        letters: (BUCKETS,) float32, counts of n-grams.
        words: (L, 384) float32, L at most WORDS.
        entities: (L, ENTITIES, 384) float32.
        weights: (L, ENTITIES) float32.
        evidence: (C,) float32.
    """

    letters: FloatArray
    words: FloatArray
    entities: FloatArray
    weights: FloatArray
    evidence: FloatArray


class TextReader:
    """Prepares what is written in photos.

    Args:
        descriptions: what is known about what words name.
        language: the sentence encoder.
        evidence: scores the classes of the task.
        wide: whether a name of several words counts for each of them; the paper's spans are one word wide.
    """

    def __init__(
        self, descriptions: Descriptions, language: LanguageModel, evidence: ClassEvidence, wide: bool = True
    ) -> None:
        self._descriptions = descriptions
        self._language = language
        self._evidence = evidence
        self._wide = wide

    def read(self, readings: Sequence[Reading], links: Sequence[Link]) -> WrittenFeatures:
        """Return what the network needs of a photo's readings and of what they name."""
        spelt = [place for place, reading in enumerate(readings) if words_of(reading.text)]
        surest = sorted(sorted(spelt, key=lambda place: -readings[place].text_score)[:WORDS])
        words = self._language.words([readings[place].text for place in surest])
        entities = np.zeros((len(surest), ENTITIES, WIDTH), np.float32)
        weights = np.zeros((len(surest), ENTITIES), np.float32)
        named = [self._named(place, links) for place in surest]
        for word, row in enumerate(named):
            for place, link in enumerate(row):
                entities[word, place], weights[word, place] = self._descriptions.vector(link.target), link.weight
        letters = count_letters([reading.text for reading in readings], [reading.text_score for reading in readings])
        return WrittenFeatures(letters, words, entities, weights, self._evidence.scores(readings, links))

    def _named(self, region: int, links: Sequence[Link]) -> list[Link]:
        """Return the likeliest things that a region names."""
        naming = [
            link
            for link in links
            if region in link.regions and link.weight >= _LEAST_LINK and (self._wide or len(link.regions) == 1)
        ]
        return naming[:ENTITIES]


def batch_of(seen: VisualFeatures, written: Sequence[WrittenFeatures], rarity: FloatArray) -> PhotoBatch:
    """Return B photos as the network takes them.

    Args:
        seen: their pictures.
        written: their words.
        rarity: weight of each n-gram, see `textsearch.knowledge.letters.rarities`.
    """
    length = max(1, *(len(each.words) for each in written))
    words = torch.zeros(len(written), length, WIDTH)
    present = torch.zeros(len(written), length, dtype=torch.bool)
    entities = torch.zeros(len(written), length, ENTITIES, WIDTH)
    weights = torch.zeros(len(written), length, ENTITIES)
    for row, each in enumerate(written):
        count = len(each.words)
        words[row, :count] = torch.from_numpy(each.words)
        present[row, :count] = True
        entities[row, :count] = torch.from_numpy(each.entities)
        weights[row, :count] = torch.from_numpy(each.weights)
    letters = _stack([weigh(each.letters, rarity) for each in written])
    evidence = _stack([each.evidence for each in written])
    pictures = (seen.pooled, seen.texture, seen.shallow, seen.deep)
    return PhotoBatch(*pictures, letters, words, present, entities, weights, evidence)


def _stack(rows: Sequence[FloatArray]) -> Tensor:
    return torch.from_numpy(np.stack(rows).astype(np.float32))
