"""What a database offers to make its model fit its photos."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from textsearch.contents import IndexContents
from textsearch.errors import IndexWriteError, MissingDependencyError, TextSearchError
from textsearch.index.folder import IndexFolder
from textsearch.index.records import ModelIdentity
from textsearch.training.adaptation.report import AdaptOptions, AdaptReport

if TYPE_CHECKING:
    from textsearch.indexer.progress import Progress
    from textsearch.types import IndexReport, TextModel

_PHOTOS_PER_LINE = 50


class AdaptableIndex(IndexContents):
    """An index whose model can be adapted to its photos, and back."""

    def adapt(self, options: AdaptOptions | None = None, progress: Callable[[str], None] | None = None) -> AdaptReport:
        """Adapt the model to the photos of the index, without any label.

        The new model answers from then on, with an index of its own, if it is better on words of these photos that it
        has not seen; else nothing changes. Photos are only read, and the index can be searched meanwhile. A stopped run
        goes on where it stopped when it is begun again with the same options.

        Args:
            options: how.
            progress: receives a line of text from time to time.

        Raises:
            IndexNotFoundError: there is no index yet.
            IndexLockedError: another process writes.
            MissingDependencyError: a package that training needs is missing.
            TextSearchError: there is too little text to learn from, photos of the index are not there now, or the
                database was opened with a network of one's own.
        """
        self._check_packaged()
        chosen, tell = options or AdaptOptions(), progress or (lambda line: None)
        try:
            from textsearch.training.adaptation.run import adapt
        except ModuleNotFoundError as error:
            package = str(error.name).partition(".")[0]
            raise MissingDependencyError(
                f'Adapting needs {package}, which is not installed; run: pip install "scene-textsearch[train]"'
            ) from error

        def reindex(folder: Path, model: TextModel, photos: Sequence[Path]) -> IndexReport:
            return self._read_into(folder, model, photos, chosen.jobs, tell)

        return adapt(self.location, chosen, reindex, tell)

    def undo_adapt(self) -> str:
        """Let the model answer from which the present one was adapted, and remove the present one with its index.

        Photos that were indexed since are not in the index from before; `index` adds them.

        Returns:
            The name of the model that answers now.

        Raises:
            IndexNotFoundError: there is no index yet.
            IndexLockedError: another process writes.
            TextSearchError: the packaged model answers already.
        """
        from textsearch.training.adaptation.switching import undo

        self._check_packaged()
        return undo(self.location)

    def holds(self, folder: Path) -> bool:
        """Return whether a folder is the index itself, or one below which it holds photos.

        Raises:
            IndexNotFoundError: there is no index yet.
        """
        from textsearch.indexer.scan import absolute

        place = absolute(folder)
        index = self._open(check_model=False)
        return place == absolute(self.location) or any(index.known_files([place]))

    def _check_packaged(self) -> None:
        if self._given_model is not None:
            raise TextSearchError(
                "Only the packaged model can be adapted, and this database was opened with another one; open it "
                "without naming a model."
            )

    def _read_into(
        self, folder: Path, model: TextModel, photos: Sequence[Path], jobs: int | None, tell: Callable[[str], None]
    ) -> IndexReport:
        """Bring an index up to date with photos under the paths by which the index that answers knows them."""
        from textsearch.indexer.options import IndexOptions
        from textsearch.indexer.pipeline import build

        def listen(progress: Progress) -> None:
            if progress.done % _PHOTOS_PER_LINE == 0:
                tell(f"{progress.done:,} of {progress.total:,} photos read again")

        identity = ModelIdentity(model.name, model.fingerprint, model.dimension)
        with IndexFolder.create_or_open(folder, identity) as index:
            report = build(index, model, photos, IndexOptions(jobs=jobs, as_named=True), listen, self.describer)
            with suppress(IndexWriteError):  # the first query can do without
                index.keep_readings(model.alphabet)
        return report
