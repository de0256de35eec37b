"""One adaptation from an index to the next: cut, train, validate, read the gallery again, switch.

index/models/adapted-1/
    recipe.json          what it was begun with: another recipe or another model begins anew
    .strips/             words cut out of the photos             (removed at the end)
    .pretraining/        checkpoint and log of the first stage   (removed at the end)
    .training/           checkpoint and log of the second stage  (removed at the end)
    weights/             the adapted model
    validation.json      how it did on words held back
    index/               the whole gallery, read by it

Every stage leaves its result whole or not at all, so a run that was killed goes on where it stopped. Until the last
moment, when one small file is replaced, the model and the index from before answer.
"""

from __future__ import annotations

import json
import shutil
import time
from collections import Counter
from collections.abc import Callable, Sequence, Set
from dataclasses import asdict
from pathlib import Path
from typing import Any

from textsearch.errors import TextSearchError
from textsearch.index.active import Generation, discard, is_discarded, switch, unfinished
from textsearch.index.folder import IndexFolder
from textsearch.index.records import ModelIdentity
from textsearch.ppocr import DETECTOR_WEIGHTS, RECOGNISER_WEIGHTS, find_weights
from textsearch.runtime.model import OnnxModel, preset_of
from textsearch.training.adaptation.data import LEAST_HELD_BACK, LEAST_WORDS, GalleryStrips, StripCutter, sure_readings
from textsearch.training.adaptation.report import AdaptOptions, AdaptReport, Validation
from textsearch.training.adaptation.stages import train
from textsearch.training.adaptation.switching import carry_over, locked
from textsearch.training.adaptation.validate import validate
from textsearch.types import IndexReport

Reindex = Callable[[Path, OnnxModel, Sequence[Path]], IndexReport]
"""Brings the index in a folder up to date with photos, read by a model and known by the very paths given."""

Progress = Callable[[str], None]

_SCRATCH = (".strips", ".pretraining", ".training")
"""What is of no use once a model answers; hidden, or the pictures in it could be indexed as photos."""


def adapt(
    location: Path, options: AdaptOptions, reindex: Reindex, progress: Progress = lambda line: None
) -> AdaptReport:
    """Adapt the model that answers for an index to its photos, and let the new one answer if it is better.

    Photos are only read. Nobody else can write to the index meanwhile; it can be searched.

    Args:
        location: the index folder.
        options: how.
        reindex: reads photos into an index.
        progress: receives a line of text from time to time.

    Raises:
        IndexNotFoundError: nothing was indexed yet.
        IndexLockedError: somebody else is writing.
        WeightsError: the published graphs, which are needed in the end, are missing.
        TextSearchError: there is too little text to learn from, or photos of the index are not there now.
        KeyboardInterrupt: the run was stopped; the next one goes on where it was.
    """
    for weights in (DETECTOR_WEIGHTS, RECOGNISER_WEIGHTS):
        find_weights(weights)
    with locked(location) as generation, IndexFolder.open(generation.index) as index:
        return _Adaptation(generation, index, options, reindex, progress).run()


class _Adaptation:
    """One run: from the generation that answers to the next."""

    def __init__(
        self, generation: Generation, index: IndexFolder, options: AdaptOptions, reindex: Reindex, progress: Progress
    ) -> None:
        self.generation = generation
        self.index = index
        self.options = options
        self.reindex = reindex
        self.progress = progress
        self.old = OnnxModel(folder=generation.weights, preset=preset_of(index.model.name), adapted=generation.name)
        index.check_model(ModelIdentity(self.old.name, self.old.fingerprint, self.old.dimension))

    def run(self) -> AdaptReport:
        """Do everything, and tell what was done."""
        began = time.monotonic()
        photos = self._photos()
        _check_enough(sure_readings(self.index))
        new = self._begin()
        self.progress("cutting words out of the photos")
        strips = self._cut(new)
        model = self._train(new, strips)
        validation = self._validate(new, model, strips)
        after = regions = changed = 0
        adopted = not validation.objections
        if adopted:
            self.progress("the new model is better; reading all photos again")
            after, regions, changed = self._read_again(new, model, photos)
            switch(new)
            _tidy(new)
        else:
            discard(new.folder)
        return AdaptReport(
            adopted=adopted,
            model=model.name if adopted else self.old.name,
            before=self.old.name,
            strips=len(strips.texts),
            words=strips.sure,
            validation=validation,
            photos=after,
            regions_before=self.index.info().regions,
            regions_after=regions,
            readings_changed=changed,
            seconds=time.monotonic() - began,
        )

    def _photos(self) -> list[Path]:
        """Return the files of the index, those included that could not be read.

        Folders that could not be listed are left out: what lies in them is not in the index.

        Raises:
            TextSearchError: photos are not there now; the new index would lack them.
        """
        known = sorted(self.index.known_files(), key=lambda file: file.path)
        gone = [file.path for file in known if not file.failed and not file.path.is_file()]
        if gone:
            raise TextSearchError(
                f"{len(gone):,} of the indexed photos are not there now, such as {gone[0]}; connect their disk, or "
                "forget them with: textsearch prune"
            )
        return [file.path for file in known if file.path.is_file()]

    def _begin(self) -> Generation:
        """Return the next generation: the one that a stopped run began in the same way, else a new one."""
        _tidy(self.generation)
        recipe = {"model": self.old.fingerprint, "options": asdict(self.options) | {"jobs": None}}
        begun: Path | None = None
        for folder in unfinished(self.generation):
            if begun is None and not is_discarded(folder) and _read_json(folder / "recipe.json") == recipe:
                begun = folder
                self.progress(f"going on with {folder.name}, which was stopped")
            else:
                discard(folder)
        if begun is None:
            taken = [int(name.rpartition("-")[2]) for name in self.generation.models]
            begun = self.generation.after(f"adapted-{max(taken, default=0) + 1}").folder
            begun.mkdir(parents=True)
            _write_json(begun / "recipe.json", recipe)
        return self.generation.after(begun.name)

    def _cut(self, new: Generation) -> GalleryStrips:
        cutter = StripCutter(self.index, self.old.encoder.reader.recogniser, self.old.alphabet)
        strips = cutter.cut(new.folder / ".strips", self.options.seed, progress=self.progress)
        try:
            _check_enough(strips.sure)
            _check_held_back(len(strips.places(sure=True, held_back=True)))
        except TextSearchError:
            discard(new.folder)
            raise
        self.progress(f"{len(strips.texts):,} words cut out, {strips.sure:,} of them with a sure reading")
        return strips

    def _train(self, new: Generation, strips: GalleryStrips) -> OnnxModel:
        weights = new.folder / "weights"
        if not weights.is_dir():
            train(new.folder, self.old, strips, self.options, self.progress)
        return OnnxModel(folder=weights, preset=preset_of(self.old.name), adapted=new.name)

    def _validate(self, new: Generation, model: OnnxModel, strips: GalleryStrips) -> Validation:
        file = new.folder / "validation.json"
        written = _read_json(file)
        if written is not None:
            return Validation.from_dict(written)
        self.progress("comparing both models on words that nothing was learnt from")
        validation = validate(self.old, model, strips, self.options.seed)
        _write_json(file, validation.to_dict())
        return validation

    def _read_again(self, new: Generation, model: OnnxModel, photos: Sequence[Path]) -> tuple[int, int, int]:
        """Fill the new index; return its photos, its texts, and how many of these the old one does not hold.

        Raises:
            TextSearchError: a photo that the old index holds could not be read.
        """
        report = self.reindex(new.index, model, photos)
        if report.interrupted:
            raise KeyboardInterrupt
        with IndexFolder.open(new.index) as index:
            held = list(self.index.known_files())
            _forget_others(index, {file.path for file in held})
            read = {file.path for file in index.known_files() if not file.failed or file.sha256 is not None}
            lost = [file.path for file in held if not file.failed and file.path not in read]
            if lost:
                raise TextSearchError(
                    f"{len(lost):,} of the indexed photos could not be read again, such as {lost[0]}; nothing was "
                    "changed, and the same command goes on from here"
                )
            carry_over(self.index, index)
            changed = Counter(index.letters().values()) - Counter(self.index.letters().values())
            return index.info().images, index.info().regions, changed.total()


def _check_enough(words: int) -> None:
    """Make sure that there is enough to learn from.

    Raises:
        TextSearchError: there is not.
    """
    if words < LEAST_WORDS:
        raise TextSearchError(
            f"Only {words:,} words of these photos are read for sure, and at least {LEAST_WORDS} are needed: with "
            "fewer nobody could tell whether the model became better; index more photos with text first."
        )


def _check_held_back(words: int) -> None:
    """Make sure that there is enough to check the result with.

    Raises:
        TextSearchError: there is not.
    """
    if words < LEAST_HELD_BACK:
        raise TextSearchError(
            f"The words stand in too few photos: only {words:,} of them are in photos that can be put aside to check "
            f"the result, and at least {LEAST_HELD_BACK} are needed; index more photos with text first."
        )


def _forget_others(index: IndexFolder, kept: Set[Path]) -> None:
    """Forget the files that are not among those kept: a run that was stopped may have read what was forgotten since."""
    others = sorted({file.path for file in index.known_files()} - kept)
    if others:
        with index.writer() as writer:
            writer.forget(others)


def _tidy(generation: Generation) -> None:
    """Remove what training left in the folder of a model that answers."""
    if generation.name is not None:
        for name in _SCRATCH:
            shutil.rmtree(generation.folder / name, ignore_errors=True)


def _read_json(file: Path) -> dict[str, Any] | None:
    """Return what a file holds, None if there is none."""
    return json.loads(file.read_text(encoding="utf-8")) if file.is_file() else None


def _write_json(file: Path, values: dict[str, Any]) -> None:
    """Write a file that appears whole or not at all."""
    temporary = file.with_suffix(".tmp")
    temporary.write_text(json.dumps(values, indent=2) + "\n", encoding="utf-8")
    temporary.replace(file)
