"""What stands behind a database: the index folder and the networks, each opened when it is first needed."""

from __future__ import annotations

import threading
from functools import cached_property
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING

from textsearch.errors import IndexNotFoundError
from textsearch.index.active import Generation, active_generation
from textsearch.index.folder import IndexFolder
from textsearch.index.records import ModelIdentity
from textsearch.types import TextModel

if TYPE_CHECKING:
    from textsearch.indexer.describe import Describer


class OpenedIndex:
    """An index folder with the networks that fill it; `textsearch.database.open` tells what the arguments are.

    Attributes:
        location: the index folder; it need not exist yet.
        device: where vectors are searched.
        preset: how photos are read; None: as the index was begun.
    """

    def __init__(
        self, location: Path, model: TextModel | None, device: str, preset: str | None, describer: Describer | None
    ) -> None:
        self.location = location
        self.device = device
        self.preset = preset
        self._given_model = model
        self._given_describer = describer
        self._lock = threading.RLock()
        self._folder: IndexFolder | None = None
        self._network: TextModel | None = model
        self._generation: Generation | None = None

    def __repr__(self) -> str:
        """Return a short description."""
        return f"{type(self).__name__}({str(self.location)!r})"

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close the database."""
        self.close()

    def close(self) -> None:
        """Close the index. What is asked next opens it again."""
        with self._lock:
            if self._folder is not None:
                self._folder.close()
            self._folder = None

    @property
    def active(self) -> Generation:
        """Return which model answers, and where its index is; for a network of one's own there is only one index.

        Raises:
            IndexCorruptError: what says so cannot be read.
        """
        given = self._given_model is not None
        return Generation(self.location.absolute()) if given else active_generation(self.location)

    @property
    def model(self) -> TextModel:
        """Return the network.

        Raises:
            WeightsError: its weights are missing.
            TextSearchError: there is no such preset.
        """
        with self._lock:
            if self._given_model is None:
                self._follow()
            return self._loaded()

    def _follow(self) -> Generation:
        """Return the generation that answers.

        What was opened of one that answered before is closed, and so is an index that was removed or replaced since.
        """
        active = self.active
        replaced = self._folder is not None and not self._folder.in_place()
        if active != self._generation or replaced:
            self.close()
            self._network = self._given_model
            self._generation = active
        return active

    def _loaded(self) -> TextModel:
        """Return the network of the generation that was looked at last, loaded once."""
        if self._network is None:
            self._network = self._load(self._follow())
        return self._network

    def _load(self, generation: Generation) -> TextModel:
        from textsearch.runtime.model import OnnxModel, load_model, preset_of

        preset = self.preset
        if preset is None and self._folder is not None:
            preset = preset_of(self._folder.model.name)
        elif preset is None:
            try:
                with IndexFolder.open(generation.index) as folder:
                    preset = preset_of(folder.model.name)
            except IndexNotFoundError:
                return load_model()
        if generation.weights is None:
            return load_model(preset=preset)
        return OnnxModel(folder=generation.weights, preset=preset, adapted=generation.name)

    @cached_property
    def describer(self) -> Describer | None:
        """Return what finds out more about photos than their text; None for another network than the packaged one."""
        if self._given_describer is not None or self._given_model is not None:
            return self._given_describer
        from textsearch.knowledge.notices import PhotoDescriber

        return PhotoDescriber(self.model.alphabet)

    def _open(self, *, create: bool = False, check_model: bool = True) -> IndexFolder:
        """Return the index folder, opened once for each generation."""
        with self._lock:
            generation = self._follow()
            if self._folder is None and create:
                self._folder = IndexFolder.create_or_open(generation.index, self._identity(), self.device)
            elif self._folder is None:
                self._folder = IndexFolder.open(generation.index, None, self.device)
            if check_model:
                self._folder.check_model(self._identity())
            return self._folder

    def _identity(self) -> ModelIdentity:
        model = self._loaded()
        return ModelIdentity(model.name, model.fingerprint, model.dimension)
