"""The photos of a classification task, read once into what the network takes, and kept so that a run can go on."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image, ImageEnhance
from torch import Tensor

from textsearch.errors import named
from textsearch.images import read_image
from textsearch.knowledge.classifier import PhotoReader
from textsearch.knowledge.letters import rarities
from textsearch.knowledge.network import PhotoBatch
from textsearch.knowledge.reader import WrittenFeatures, batch_of
from textsearch.knowledge.visual import SIDE, VisualEncoder, VisualFeatures, prepare
from textsearch.lattice import Lattice
from textsearch.training.datasets.labelled import LabelledPhoto
from textsearch.training.datasets.photos import photo_bytes
from textsearch.training.runs import save_checkpoint
from textsearch.types import ByteArray, FloatArray, Regions, TextModel

CUTS = 1
"""Times that a photo is seen cut and in other light, besides as it is."""

_LEAST_AREA = 0.45
"""Share of a photo that a cut keeps at least."""

_STRETCH = 0.25
"""Largest logarithm of what a cut's shape differs by from the photo's."""

_LIGHT = 0.3
"""By how much brightness, contrast and saturation may change."""


@dataclass(frozen=True, eq=False)
class ReadPhotos:
    """P photos as the network takes them, before the n-grams are weighted.

    Attributes:
        seen: the pictures, first as they are, then each of their cuts.
        written: their words.
        texts: what was read, joined by spaces.
    """

    seen: list[VisualFeatures]
    written: list[WrittenFeatures]
    texts: list[str]

    @property
    def rarity(self) -> FloatArray:
        """Return the weight of every n-gram by these photos, (BUCKETS,) float32."""
        return rarities(np.stack([each.letters for each in self.written]))

    def views(self, rarity: FloatArray) -> list[PhotoBatch]:
        """Return the photos as batches of P, one for each time they were seen."""
        first = batch_of(self.seen[0], self.written, rarity)
        return [replace(first, **vars(seen)) for seen in self.seen]


def read_photos(
    photos: Sequence[LabelledPhoto],
    model: TextModel,
    reader: PhotoReader,
    maps: bool = False,
    folder: Path | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> ReadPhotos:
    """Read photos: find and read their text, and look at them.

    Args:
        photos: the files.
        model: finds and reads text.
        reader: for the classes of the task.
        maps: whether the pictures' maps are kept, which only SCRIM reads; 125 kB for each photo and time.
        folder: keeps what was read of each photo, whatever the classes; nothing is kept if None.
        progress: called after each photo with the number done and the number of all.

    Raises:
        TextSearchError: a photo cannot be read.
    """
    rows, written, texts = [], [], []
    for done, photo in enumerate(photos, start=1):
        data = photo_bytes(photo.path)
        with named(photo.path):
            regions = _read_regions(data, model, folder)
            rows.append(_look(data, reader.visual, maps, folder))
        written.append(reader.written(regions))
        texts.append(" ".join(regions.texts))
        if progress:
            progress(done, len(photos))
    return ReadPhotos([_joined(parts) for parts in zip(*rows, strict=True)], written, texts)


def _joined(parts: Sequence[VisualFeatures]) -> VisualFeatures:
    columns = {name: torch.cat([getattr(part, name) for part in parts]) for name in vars(parts[0])}
    return VisualFeatures(**columns)


def _look(data: bytes, visual: VisualEncoder, maps: bool, folder: Path | None) -> list[VisualFeatures]:
    """Return one photo as it is seen at first, and cut."""

    def look() -> list[dict[str, Tensor]]:
        pixels = read_image(data)
        source = np.random.default_rng(list(hashlib.sha256(data).digest()))
        pictures = [prepare(each) for each in (pixels, *(cut(pixels, source) for _ in range(CUTS)))]
        kept = []
        for picture in pictures:
            seen = vars(visual.see(picture[None]))
            kept.append({name: seen[name].half() if maps or name not in _MAPS else torch.zeros(1, 0) for name in seen})
        return kept

    file = _file(folder, data, f"seen {SIDE} {CUTS} {maps}")
    return [
        VisualFeatures(**{name: view[name] if name in _MAPS else view[name].float() for name in view})
        for view in _kept(file, look)
    ]


_MAPS = ("shallow", "deep")
"""Features that stay in half precision: they are many."""


def cut(pixels: ByteArray, source: np.random.Generator) -> ByteArray:
    """Return a random part of a photo (H, W, 3) in other light."""
    height, width = pixels.shape[:2]
    share = np.sqrt(source.uniform(_LEAST_AREA, 1))
    stretch = np.exp(source.uniform(-_STRETCH, _STRETCH) / 2)
    sides = zip((height, width), (1 / stretch, stretch), strict=True)
    tall, wide = (max(1, round(side * min(1.0, share * by))) for side, by in sides)
    top, left = source.integers(height - tall + 1), source.integers(width - wide + 1)
    part = Image.fromarray(pixels[top : top + tall, left : left + wide])
    for change in (ImageEnhance.Brightness, ImageEnhance.Contrast, ImageEnhance.Color):
        part = change(part).enhance(source.uniform(1 - _LIGHT, 1 + _LIGHT))
    return np.asarray(part, np.uint8)


def _read_regions(data: bytes, model: TextModel, folder: Path | None) -> Regions:
    """Return the text regions of one photo."""
    file = _file(folder, data, f"text {model.fingerprint}")
    return _unpacked(_kept(file, lambda: _packed(model.encode_images([read_image(data)])[0])))


def _packed(regions: Regions) -> dict[str, Any]:
    """Return regions as what torch.load takes without running any code."""
    return {
        "size": (regions.width, regions.height),
        "polygons": [torch.from_numpy(np.asarray(each)) for each in regions.polygons],
        "texts": list(regions.texts),
        "arrays": {
            name: torch.from_numpy(np.asarray(getattr(regions, name)))
            for name in ("scores", "text_scores", "lines", "embeddings")
        },
        "lattices": [each.to_bytes() for each in regions.lattices],
    }


def _unpacked(kept: dict[str, Any]) -> Regions:
    width, height = kept["size"]
    arrays = {name: tensor.numpy() for name, tensor in kept["arrays"].items()}
    return Regions(
        width,
        height,
        tuple(each.numpy() for each in kept["polygons"]),
        arrays["scores"],
        tuple(kept["texts"]),
        arrays["text_scores"],
        arrays["lines"],
        arrays["embeddings"],
        tuple(Lattice.from_bytes(each) for each in kept["lattices"]),
    )


def _file(folder: Path | None, data: bytes, what: str) -> Path | None:
    return folder / f"{hashlib.sha256(data + what.encode()).hexdigest()}.pt" if folder else None


def _kept(file: Path | None, make: Callable[[], Any]) -> Any:
    """Return what a file holds; if there is none, make it and write it."""
    if file is not None and file.exists():
        return torch.load(file, weights_only=True)
    made = make()
    if file is not None:
        file.parent.mkdir(parents=True, exist_ok=True)
        save_checkpoint(file, made)
    return made


def numbers_of(photos: Sequence[LabelledPhoto], classes: Sequence[str]) -> Tensor:
    """Return the class of each photo as a number, (P,) int64."""
    places = {label: number for number, label in enumerate(classes)}
    return torch.tensor([places[photo.label] for photo in photos])
