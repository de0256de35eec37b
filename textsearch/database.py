"""The one object users hold: an index, the network that made it, and what can be asked of both."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any

import numpy as np
import platformdirs

from textsearch.alphabet import Alphabet
from textsearch.errors import ImageError, IndexNotFoundError, TextSearchError
from textsearch.index.folder import IndexFolder
from textsearch.index.records import ModelIdentity
from textsearch.matching.pictures import pixels_of, word_in
from textsearch.matching.plan import Plan
from textsearch.query import Searcher, SearchOptions
from textsearch.types import (
    ByteArray,
    Failure,
    FloatArray,
    IndexInfo,
    IndexReport,
    MatchMode,
    Regions,
    SearchResult,
    TextModel,
)

if TYPE_CHECKING:
    from PIL import Image

    from textsearch.indexer.options import IndexOptions
    from textsearch.indexer.progress import Progress

INDEX_FOLDER = ".textsearch"
"""Name of the folder that holds an index beside the photos."""

INDEX_VARIABLE = "TEXTSEARCH_INDEX"
"""Environment variable that names the index folder."""


@dataclass(frozen=True)
class Status:
    """What is indexed and where.

    Attributes:
        location: the index folder.
        info: counts, model and generation.
        failures: number of files that could not be indexed.
        bytes: size of the index on disk.
    """

    location: Path
    info: IndexInfo
    failures: int
    bytes: int

    def to_dict(self) -> dict[str, Any]:
        """Return the status as JSON types."""
        return {
            "location": str(self.location),
            **self.info.to_dict(),
            "failures": self.failures,
            "bytes": self.bytes,
        }


def locate(index: str | Path | None = None) -> Path:
    """Return the index folder: the one named, else $TEXTSEARCH_INDEX, else the nearest .textsearch/, else the user's.

    The nearest is looked for in the working directory and upward. The folder need not exist yet.
    """
    named = index or os.environ.get(INDEX_VARIABLE)
    if named:
        return Path(named).absolute()
    here = Path.cwd()
    for folder in (here, *here.parents):
        if (folder / INDEX_FOLDER).is_dir():
            return folder / INDEX_FOLDER
    return platformdirs.user_data_path("textsearch") / "index"


def open(  # the name users read: textsearch.open("./gallery")
    path: str | Path | None = None,
    *,
    index: str | Path | None = None,
    model: TextModel | None = None,
    device: str = "cpu",
    preset: str | None = None,
) -> Database:
    """Open an index; it is made when something is first indexed.

    Args:
        path: a folder of photos that keeps its index in `.textsearch/`, or such an index folder itself.
        index: an index folder; default: see `locate`. Give `path` or `index`, not both.
        model: another network than the packaged one.
        device: where vectors are searched: "cpu", or "cuda" for a copy of the index on the GPU.
        preset: how photos are read, "default" or "fast"; None: as the index was begun.

    Raises:
        TextSearchError: both `path` and `index` were given.
    """
    if path is not None and index is not None:
        raise TextSearchError("Give the gallery's path or the index folder, not both.")
    if path is None:
        return Database(locate(index), model, device, preset)
    folder = Path(path).absolute()
    is_index = folder.name == INDEX_FOLDER or (folder / "catalog.sqlite").is_file()
    return Database(folder if is_index else folder / INDEX_FOLDER, model, device, preset)


class Database:
    """An index and its network. Use it as a context manager, or call `close`.

    Searching is safe from several threads, also while this or another process indexes.

    Args:
        location: the index folder; it need not exist yet.
        model: the network; None for the packaged one, loaded when it is first needed.
        device: see `open`.
        preset: see `open`.
    """

    def __init__(
        self, location: Path, model: TextModel | None = None, device: str = "cpu", preset: str | None = None
    ) -> None:
        self.location = location
        self.device = device
        self.preset = preset
        self._given_model = model
        self._lock = threading.Lock()
        self._folder: IndexFolder | None = None
        self._searcher: Searcher | None = None

    def __repr__(self) -> str:
        """Return a short description."""
        return f"Database({str(self.location)!r})"

    def __enter__(self) -> Database:
        """Return the database."""
        return self

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
            self._searcher = None

    @cached_property
    def model(self) -> TextModel:
        """Return the network.

        Raises:
            WeightsError: its weights are missing.
            TextSearchError: there is no such preset.
        """
        if self._given_model is not None:
            return self._given_model
        from textsearch.runtime.model import load_model, preset_of

        if self.preset is not None:
            return load_model(preset=self.preset)
        if self._folder is not None:
            return load_model(preset=preset_of(self._folder.model.name))
        try:
            with IndexFolder.open(self.location) as folder:
                return load_model(preset=preset_of(folder.model.name))
        except IndexNotFoundError:
            return load_model()

    def index(
        self,
        *sources: str | Path,
        options: IndexOptions | None = None,
        progress: Callable[[Progress], None] | None = None,
    ) -> IndexReport:
        """Bring the index up to date with folders of photos, or single photos.

        Files that did not change are not read again; files that vanished from the folders are forgotten.

        Args:
            sources: folders and files.
            options: how the run is done.
            progress: called after every file.

        Raises:
            TextSearchError: a source does not exist, another process writes, or the index is another model's.
        """
        from textsearch.indexer.options import IndexOptions as Defaults
        from textsearch.indexer.pipeline import build

        if not sources:
            raise TextSearchError("Name at least one folder of photos to index.")
        paths = [Path(source) for source in sources]
        missing = [path for path in paths if not os.path.lexists(path)]
        if missing:
            raise TextSearchError(f"There is no file or folder {missing[0]}; check the path.")
        folder = self._open(create=True)
        report = build(folder, self.model, paths, options or Defaults(), progress)
        # So that the first query need not read all letters anew; it could, where this run has been interrupted.
        folder.keep_readings(self.model.alphabet)
        return report

    def search(
        self,
        query: str,
        k: int = 20,
        *,
        match: MatchMode = "auto",
        min_score: float | None = None,
        exhaustive: bool = False,
    ) -> SearchResult:
        """Find the photos that show a text.

        Args:
            query: words, phrases in quotes and more; `textsearch.grammar` tells the language.
            k: hits at most; 0 ranks the whole gallery.
            match: "exact" returns only photos that show the words themselves, "partial" also those that show them as
                parts of longer words, "auto" also similar ones, exact before partial before similar; "similar" returns
                the same photos as "auto" in the order of their scores alone.
            min_score: hits below this score (0 to 100) are left out; None leaves out those that hardly ever hold the
                query (below 2), and nothing where the whole gallery is asked for.
            exhaustive: score every region of the index, not only the likely ones; slower.

        Raises:
            QueryError: the query is empty, malformed, or holds something that cannot be searched.
            TextSearchError: there is no index, or it cannot be used with this model.
        """
        return self._search().search(query, SearchOptions(k, match, min_score, exhaustive))

    def search_many(
        self,
        queries: Iterable[str],
        k: int = 20,
        *,
        match: MatchMode = "auto",
        min_score: float | None = None,
        exhaustive: bool = False,
    ) -> Iterator[SearchResult]:
        """Answer queries one after the other; arguments and errors as for `search`."""
        searcher = self._search()
        for query in queries:
            yield searcher.search(query, SearchOptions(k, match, min_score, exhaustive))

    def search_like(
        self,
        image: str | Path | ByteArray | Image.Image,
        box: tuple[float, float, float, float] | None = None,
        k: int = 20,
        *,
        min_score: float | None = None,
    ) -> SearchResult:
        """Find the photos that show the same word as a picture does.

        Args:
            image: a file, pixels (H, W, 3) uint8 RGB, or a Pillow image.
            box: left, top, right, bottom of the word, pixels of the upright picture; None: the largest word in it.
            k: hits at most; 0 ranks the whole gallery.
            min_score: as for `search`.

        Raises:
            ImageError: the file is not a picture that can be decoded.
            QueryError: no text is found in the picture, or none in the box.
            TextSearchError: there is no index, or it cannot be used with this model.
        """
        word, vector = word_in(self.model, pixels_of(image), box)
        return self._search().search_like(word, vector, SearchOptions(k, "auto", min_score))

    def alphabet(self) -> Alphabet:
        """Return the letters that can be searched."""
        return self.model.alphabet

    def show(self, image: str | Path) -> Regions:
        """Return every text found in one photo; it is read now and need not be in the index.

        Raises:
            ImageError: the file is not a picture that can be decoded.
        """
        from textsearch.images import read_image

        path = Path(image)
        try:
            pixels = read_image(path)
        except ImageError as error:
            raise ImageError(f"{path} cannot be read: {error}") from error
        return self.model.encode_images([pixels])[0]

    def is_indexed(self, image: str | Path) -> bool:
        """Return whether a photo is in the index; False also where there is no index."""
        try:
            return self._open().regions_of(Path(image).absolute()) is not None
        except IndexNotFoundError:
            return False

    def encode_query(self, words: Iterable[str]) -> FloatArray:
        """Return (W, D) float32 unit vectors of words, in the space of the index.

        Raises:
            QueryError: a word holds nothing that can be searched.
        """
        plans = [Plan.of(word, self.model.alphabet) for word in words]
        if not plans:
            return np.zeros((0, self.model.dimension), np.float32)
        return self.model.encode_words(["".join(plan.words) for plan in plans])

    def status(self) -> Status:
        """Return what is indexed and where.

        Raises:
            IndexNotFoundError: there is no index yet.
        """
        folder = self._open(check_model=False)
        return Status(self.location, folder.info(), len(folder.failures()), sum(folder.sizes().values()))

    def failures(self) -> list[Failure]:
        """Return the files that could not be indexed, with the reasons.

        Raises:
            IndexNotFoundError: there is no index yet.
        """
        return self._open(check_model=False).failures()

    def prune(self, *, dry_run: bool = False) -> list[Path]:
        """Forget indexed and failed files that do not exist any more; return them.

        Args:
            dry_run: only return them.

        Raises:
            IndexNotFoundError: there is no index yet.
            IndexLockedError: another process writes.
        """
        folder = self._open()
        gone = [known.path for known in folder.known_files() if not os.path.lexists(known.path)]
        if gone and not dry_run:
            with folder.writer() as writer:
                writer.forget(gone)
        return gone

    def _search(self) -> Searcher:
        folder = self._open()
        with self._lock:
            if self._searcher is None or self._searcher.index is not folder:
                self._searcher = Searcher(folder, self.model)
            return self._searcher

    def _open(self, *, create: bool = False, check_model: bool = True) -> IndexFolder:
        """Return the index folder, opened once."""
        with self._lock:
            if self._folder is None and create:
                self._folder = IndexFolder.create_or_open(self.location, self._identity(), self.device)
            elif self._folder is None:
                self._folder = IndexFolder.open(self.location, None, self.device)
            if check_model:
                self._folder.check_model(self._identity())
            return self._folder

    def _identity(self) -> ModelIdentity:
        return ModelIdentity(self.model.name, self.model.fingerprint, self.model.dimension)
