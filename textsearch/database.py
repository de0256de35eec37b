"""The one object users hold: an index, the network that made it, and what can be asked of both."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from textsearch.adapting import AdaptableIndex
from textsearch.alphabet import Alphabet
from textsearch.categories import own_category, pictures_in, same_name, shown_categories
from textsearch.errors import ImageError, IndexNotFoundError, IndexWriteError, TextSearchError
from textsearch.hits import SearchResult
from textsearch.index.records import Notice, OwnCategory
from textsearch.knowledge.lexicon import default_lexicon
from textsearch.location import locate, locate_gallery
from textsearch.matching.pictures import pixels_of, word_in
from textsearch.matching.plan import readable
from textsearch.query import Searcher, SearchOptions
from textsearch.types import (
    ByteArray,
    FloatArray,
    IndexReport,
    MatchMode,
    Regions,
    Rerank,
    TextModel,
)

if TYPE_CHECKING:
    from PIL import Image

    from textsearch.indexer.describe import Describer
    from textsearch.indexer.options import IndexOptions
    from textsearch.indexer.progress import Progress


def open(  # the name users read: textsearch.open("./gallery")
    path: str | Path | None = None,
    *,
    index: str | Path | None = None,
    model: TextModel | None = None,
    device: str = "cpu",
    preset: str | None = None,
    describer: Describer | None = None,
) -> Database:
    """Open an index; it is made when something is first indexed.

    Args:
        path: a folder of photos that keeps its index in `.textsearch/`, or such an index folder itself.
        index: an index folder; default: see `locate`. Give `path` or `index`, not both.
        model: another network than the packaged one.
        device: where vectors are searched: "cpu", or "cuda" for a copy of the index on the GPU.
        preset: how photos are read, "default" or "fast"; None: as the index was begun.
        describer: what finds out more about photos than their text; None: the packaged one, but for another network
            nothing.

    Raises:
        TextSearchError: both `path` and `index` were given.
    """
    if path is not None and index is not None:
        raise TextSearchError("Give the gallery's path or the index folder, not both.")
    if path is None:
        return Database(locate(index), model, device, preset, describer)
    return Database(locate_gallery(path), model, device, preset, describer)


class Database(AdaptableIndex):
    """An index and its network. Use it as a context manager, or call `close`.

    Searching is safe from several threads, also while this or another process indexes. For the arguments see `open`;
    the index folder need not exist yet.
    """

    def __init__(
        self,
        location: Path,
        model: TextModel | None = None,
        device: str = "cpu",
        preset: str | None = None,
        describer: Describer | None = None,
    ) -> None:
        super().__init__(location, model, device, preset, describer)
        self._searcher: Searcher | None = None

    def __enter__(self) -> Database:
        """Return the database."""
        return self

    def close(self) -> None:
        """Close the index. What is asked next opens it again."""
        with self._lock:
            super().close()
            self._searcher = None

    def index(
        self,
        *sources: str | Path,
        options: IndexOptions | None = None,
        progress: Callable[[Progress], None] | None = None,
    ) -> IndexReport:
        """Bring the index up to date with folders of photos, or single photos.

        Files that did not change are not read again; files that vanished from the folders are forgotten. Where an empty
        folder or a link to nowhere is left of them, their disk may only not be mounted: they are kept and reported, and
        `prune` forgets them. Photos that were indexed before by a version that knew less about them are looked at
        again, but not read again.

        Args:
            sources: folders and files; those that are missing are reported as failures.
            options: how the run is done.
            progress: called after every file.

        Raises:
            TextSearchError: none of the sources exists, another process writes, or the index is another model's.
        """
        from textsearch.indexer.options import IndexOptions as Defaults
        from textsearch.indexer.pipeline import build
        from textsearch.indexer.scan import is_gone

        if not sources:
            raise TextSearchError("Name at least one folder of photos to index.")
        paths = [Path(source) for source in sources]
        # Before an index is made for nothing. Of a long list a file may be gone by now: it is reported at the end.
        if all(is_gone(path) for path in paths):
            raise TextSearchError(f"There is no file or folder {paths[0]}; check the path.")
        folder = self._open(create=True)
        report = build(folder, self.model, paths, options or Defaults(), progress, self.describer)
        # So that the first query need not read all letters anew. It can: what was indexed is not lost with this file.
        with suppress(IndexWriteError):
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
        rerank: Rerank = "auto",
        category: str | None = None,
        scene: str | None = None,
        under: str | Path | None = None,
    ) -> SearchResult:
        """Find the photos that show a text.

        Args:
            query: words, phrases in quotes and more; `textsearch.grammar` tells the language. Blank, together with
                `category` or `scene`: all photos that fulfil these.
            k: hits at most; 0 ranks the whole gallery.
            match: "exact" returns only photos that show the words themselves, "partial" also those that show them as
                parts of longer words, "auto" also similar ones, exact before partial before similar; "similar" returns
                the same photos as "auto" in the order of their scores alone.
            min_score: hits below this score (0 to 100) are left out; None is 2, for what scores less hardly ever holds
                the query, and 0 where k is 0. Unless it is below 2, hits by knowledge alone also need 25.
            exhaustive: score every region of the index, not only the likely ones; slower.
            rerank: "auto": where the whole query is the name of something, such as "pharmacy", photos that are known
                to show it are hits, too (kind "knowledge"), and what is known raises the scores of others; only with
                match="auto" and a query of plain words or phrases. "none": only the text counts.
            category: only photos that are known to show this category, such as "cafe", "amenity/cafe", or one of
                your own.
            scene: only photos whose picture shows this, in your own words.
            under: only photos in this folder, or below it.

        Raises:
            QueryError: the query is empty, malformed, or holds something that cannot be searched; there is no such
                category; nothing that is known about pictures covers the scene; no indexed photo lies under the folder.
            TextSearchError: there is no index, or it cannot be used with this model.
        """
        options = SearchOptions(k, match, min_score, exhaustive, rerank, category, scene, _names(under))
        return self._search().search(query, options)

    def search_many(
        self,
        queries: Iterable[str],
        k: int = 20,
        *,
        match: MatchMode = "auto",
        min_score: float | None = None,
        exhaustive: bool = False,
        rerank: Rerank = "auto",
        category: str | None = None,
        scene: str | None = None,
        under: str | Path | None = None,
    ) -> Iterator[SearchResult]:
        """Answer queries one after the other; arguments and errors as for `search`."""
        searcher = self._search()
        options = SearchOptions(k, match, min_score, exhaustive, rerank, category, scene, _names(under))
        for query in queries:
            yield searcher.search(query, options)

    def search_like(
        self,
        image: str | Path | ByteArray | Image.Image,
        box: tuple[float, float, float, float] | None = None,
        k: int = 20,
        *,
        min_score: float | None = None,
        under: str | Path | None = None,
    ) -> SearchResult:
        """Find the photos that show the same word as a picture does.

        Args:
            image: a file, pixels (H, W, 3) uint8 RGB, or a Pillow image.
            box: left, top, right, bottom of the word, pixels of the upright picture; None: the largest word in it.
            k: hits at most; 0 ranks the whole gallery.
            min_score: as for `search`.
            under: as for `search`.

        Raises:
            ImageError: the file is not a picture that can be decoded.
            QueryError: no text is found in the picture, or none in the box; no indexed photo lies under that folder.
            TextSearchError: there is no index, or it cannot be used with this model.
        """
        word, vector = word_in(self.model, pixels_of(image), box)
        return self._search().search_like(word, vector, SearchOptions(k, "auto", min_score, under=_names(under)))

    def alphabet(self) -> Alphabet:
        """Return the letters that can be searched."""
        return self.model.alphabet

    def show(self, image: str | Path) -> Regions:
        """Return every text found in one photo; it is read now and need not be in the index.

        Raises:
            ImageError: the file is not a picture that can be decoded.
        """
        return self.model.encode_images([pixels_of(Path(image))])[0]

    def is_indexed(self, image: str | Path) -> bool:
        """Return whether a photo is in the index; False also where there is no index."""
        return self.known_path(image) is not None

    def is_current(self, image: str | Path) -> bool:
        """Return whether the index holds what a file holds now, under its name, and as this network reads it.

        Raises:
            ImageError: the file cannot be read.
        """
        from textsearch.indexer.load import identify_file

        path = self.known_path(image)
        if path is None:
            return False
        folder = self._open(check_model=False)
        content = folder.image_of_content(identify_file(Path(image)).sha256)
        return folder.image_at(path) == content and folder.model.fingerprint == self.model.fingerprint

    def known_path(self, image: str | Path) -> Path | None:
        """Return the path under which the index knows a photo, through whatever links and folders it is named.

        None if the photo is not in the index, or there is no index.

        Raises:
            TextSearchError: the links on the way form a circle.
        """
        from textsearch.indexer.scan import possible_names

        try:
            folder = self._open(check_model=False)
        except IndexNotFoundError:
            return None
        return next((path for path in possible_names(Path(image)) if folder.image_at(path) is not None), None)

    def protects(self, file: str | Path) -> bool:
        """Return whether a file is an indexed photo, one that could not be read, or holds what an indexed one holds.

        Such a file must never be overwritten, whatever it is called here.

        Raises:
            TextSearchError: the links on the way form a circle.
        """
        from textsearch.indexer.load import identify_file
        from textsearch.indexer.scan import possible_names

        names = possible_names(Path(file))
        try:
            folder = self._open(check_model=False)
            if any(known.path in names for known in folder.known_files(names)):
                return True
            # A link that was indexed, or another hard link, leads here from a name that cannot be guessed.
            return folder.image_of_content(identify_file(Path(file)).sha256) is not None
        except (IndexNotFoundError, ImageError):
            return False

    def knowledge(self, image: str | Path) -> list[Notice]:
        """Return what is known about an indexed photo beyond its text, surest first; empty if nobody looked.

        Raises:
            TextSearchError: the photo is not in the index.
        """
        folder, path = self._open(check_model=False), self.known_path(image)
        image_id = None if path is None else folder.image_at(path)
        if path is None or image_id is None:
            raise TextSearchError(f"{image} is not in the index; run: textsearch index {image}")
        places = {region.region_id: place for place, region in enumerate(folder.regions_of(path) or ())}
        return [
            Notice(known.kind, known.identifier, known.score, tuple(places[number] for number in known.region_ids))
            for known in folder.knowledge_of([image_id]).get(image_id, [])
        ]

    def shown_categories(self) -> dict[str, int]:
        """Return how many indexed photos surely show each category of the lexicon, by identifier.

        Raises:
            IndexNotFoundError: there is no index yet.
        """
        return shown_categories(self._open(check_model=False), default_lexicon())

    def categories(self) -> list[OwnCategory]:
        """Return the categories that the user added to this index, by name.

        Raises:
            IndexNotFoundError: there is no index yet.
        """
        return self._open(check_model=False).own_categories()

    def add_category(self, name: str, words: Iterable[str] = (), examples: Iterable[str | Path] = ()) -> OwnCategory:
        """Add a category without training, or replace the one of this name; return it.

        Args:
            name: what it is called; queries find it by this name.
            words: what photos of it say.
            examples: pictures of it, files or folders of them.

        Raises:
            TextSearchError: there is no index, nothing that describes the category, or an example cannot be read.
        """
        folder = self._open()
        category = own_category(name, words, pictures_in(examples), self.describer, self.model.alphabet)
        with folder.writer() as writer:
            writer.set_own_category(category)
            # Only now, so that no interruption leaves neither.
            for other in folder.own_categories():
                if same_name(other.name, category.name) and other.name != category.name:
                    writer.remove_own_category(other.name)
        return category

    def remove_category(self, name: str) -> None:
        """Remove a category that the user added.

        Raises:
            TextSearchError: there is none of this name.
        """
        folder = self._open(check_model=False)
        found = [own.name for own in folder.own_categories() if same_name(own.name, name)]
        if not found:
            raise TextSearchError(f"There is no category {name!r} of your own; `textsearch categories` lists them.")
        with folder.writer() as writer:
            writer.remove_own_category(found[0])

    def encode_query(self, words: Iterable[str]) -> FloatArray:
        """Return (W, D) float32 unit vectors of words, or of several as one; nothing in them is an operator.

        Raises:
            QueryError: a word holds nothing that can be searched.
        """
        normalised = [readable(word, self.model.alphabet) for word in words]
        return self.model.encode_words(normalised) if normalised else np.zeros((0, self.model.dimension), np.float32)

    def _search(self) -> Searcher:
        with self._lock:
            folder = self._open()
            if self._searcher is None or self._searcher.index is not folder:
                self._searcher = Searcher(folder, self._loaded())
            return self._searcher


def _names(folder: str | Path | None) -> tuple[Path, ...]:
    """Return all paths under which the index may know a folder; none if none is named."""
    from textsearch.indexer.scan import possible_names

    return () if folder is None else tuple(possible_names(Path(folder)))
