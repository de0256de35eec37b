"""A gallery with its index, and a model that remembers what it was shown."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from tests.fakes import FakeModel
from textsearch.index.folder import IndexFolder
from textsearch.indexer.describe import Describer
from textsearch.indexer.options import IndexOptions
from textsearch.indexer.pipeline import build
from textsearch.indexer.progress import Progress
from textsearch.types import ByteArray, IndexReport, Regions


class RememberingModel(FakeModel):
    """Remembers the words of each photo it encoded, and can be told what to do with some words."""

    def __init__(self) -> None:
        super().__init__()
        self.read: list[str] = []
        self.errors: dict[str, BaseException] = {}
        self.before: Callable[[], None] = lambda: None
        self._lock = threading.Lock()

    def encode_images(self, images: Sequence[ByteArray]) -> list[Regions]:
        regions = super().encode_images(images)
        self.before()
        for found in regions:
            words = " ".join(found.texts)
            if words in self.errors:
                raise self.errors[words]
            with self._lock:
                self.read.append(words)
        return regions


@dataclass
class Bench:
    """A folder of photos with its index."""

    gallery: Path
    index: IndexFolder
    model: RememberingModel
    describer: Describer | None = None
    news: list[Progress] = field(default_factory=list)

    def build(
        self, *sources: Path, progress: Callable[[Progress], None] | None = None, **options: object
    ) -> IndexReport:
        """Index the gallery, or the sources given, with one job unless told otherwise."""
        chosen = IndexOptions(**{"jobs": 1, **options})  # type: ignore[arg-type]
        self.news.clear()
        told = progress or self.news.append
        return build(self.index, self.model, sources or (self.gallery,), chosen, told, self.describer)

    def newly_read(self) -> list[str]:
        """Return what was encoded since this was last asked, sorted."""
        read, self.model.read = sorted(self.model.read), []
        return read

    def contents(self) -> dict[str, list[str]]:
        """Return the words found at each path, which is relative to the gallery."""
        return {
            path.relative_to(self.gallery).as_posix(): [region.text for region in self.index.regions_of(path) or ()]
            for image in self.index.images().values()
            for path in image.paths
        }

    def failures(self) -> dict[str, str]:
        """Return the recorded failures by relative path."""
        return {failure.path.relative_to(self.gallery).as_posix(): failure.reason for failure in self.index.failures()}


def numbers(report: IndexReport) -> tuple[int, int, int, int, int, int]:
    """Return added, updated, moved, removed, unchanged, number of failures."""
    return (report.added, report.updated, report.moved, report.removed, report.unchanged, len(report.failures))


def forbid_listing(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    """Refuse to list folders of a name, as without permission, which root always has."""
    real = os.scandir

    def forbidding(folder: Path) -> object:
        if folder.name == name:
            raise PermissionError(13, "Permission denied")
        return real(folder)

    monkeypatch.setattr("textsearch.indexer.scan.os.scandir", forbidding)
