"""The photos of a classification task, read once into what the network takes, and kept so that a run can go on."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from textsearch.images import read_image
from textsearch.knowledge.classifier import PhotoReader
from textsearch.knowledge.letters import rarities
from textsearch.knowledge.network import PhotoBatch
from textsearch.knowledge.reader import WrittenFeatures, batch_of
from textsearch.knowledge.visual import SIDE, VisualFeatures, prepare
from textsearch.training.datasets.labelled import LabelledPhoto
from textsearch.types import FloatArray, TextModel

VIEW_SIDES = (SIDE, 320)
"""Sides at which every training photo is seen; the first is that of classification."""


@dataclass(frozen=True, eq=False)
class ReadPhotos:
    """P photos as the network takes them, before the n-grams are weighted.

    Attributes:
        seen: the pictures at each side.
        written: their words.
    """

    seen: list[VisualFeatures]
    written: list[WrittenFeatures]

    @property
    def rarity(self) -> FloatArray:
        """Return the weight of every n-gram by these photos, (BUCKETS,) float32."""
        return rarities(np.stack([each.letters for each in self.written]))

    def views(self, rarity: FloatArray) -> list[PhotoBatch]:
        """Return the photos as batches of P, one for each side."""
        return [batch_of(seen, self.written, rarity) for seen in self.seen]


def read_photos(
    photos: Sequence[LabelledPhoto],
    model: TextModel,
    reader: PhotoReader,
    sides: Sequence[int] = VIEW_SIDES,
    folder: Path | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> ReadPhotos:
    """Read photos: find and read their text, and look at them.

    Args:
        photos: the files.
        model: finds and reads text.
        reader: for the classes of the task.
        sides: pixels at which the pictures are seen.
        folder: keeps what was read of each photo; nothing is kept if None.
        progress: called after each photo with the number done and the number of all.

    Raises:
        ImageError: a photo cannot be decoded.
    """
    rows = []
    for done, photo in enumerate(photos, start=1):
        rows.append(_read_photo(photo.path, model, reader, sides, folder))
        if progress:
            progress(done, len(photos))
    seen = []
    for number in range(len(sides)):
        parts = [row[0][number] for row in rows]
        columns = (torch.cat([getattr(part, name) for part in parts]) for name in ("shallow", "deep", "pooled"))
        seen.append(VisualFeatures(*columns))
    return ReadPhotos(seen, [row[1] for row in rows])


def _read_photo(
    path: Path, model: TextModel, reader: PhotoReader, sides: Sequence[int], folder: Path | None
) -> tuple[list[VisualFeatures], WrittenFeatures]:
    data = path.read_bytes()
    labels = "\n".join(each.label for each in reader.classes)
    key = hashlib.sha256(data + f"{sides}{labels}{model.fingerprint}".encode()).hexdigest()
    file = folder / f"{key}.pt" if folder else None
    if file is not None and file.exists():
        kept = torch.load(file, weights_only=True)
        written = WrittenFeatures(**{name: tensor.numpy() for name, tensor in kept["written"].items()})
        return [VisualFeatures(**{n: t.float() for n, t in view.items()}) for view in kept["seen"]], written
    pixels = read_image(data)
    written = reader.written(model.encode_images([pixels])[0])
    seen = [reader.visual.see(prepare(pixels, side)[None]) for side in sides]
    if file is not None:
        file.parent.mkdir(parents=True, exist_ok=True)
        content = {
            "written": {name: torch.from_numpy(np.asarray(array)) for name, array in vars(written).items()},
            "seen": [{name: tensor.half() for name, tensor in vars(view).items()} for view in seen],
        }
        temporary = file.with_suffix(".tmp")
        torch.save(content, temporary)
        temporary.replace(file)
    return seen, written


def numbers_of(photos: Sequence[LabelledPhoto], classes: Sequence[str]) -> Tensor:
    """Return the class of each photo as a number, (P,) int64."""
    places = {label: number for number, label in enumerate(classes)}
    return torch.tensor([places[photo.label] for photo in photos])
