"""Annotated photos by the form of their annotation and where they lie, as `icdar2015:DIR:test` names them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from textsearch.errors import TextSearchError
from textsearch.training.datasets.coco_text import CocoText
from textsearch.training.datasets.icdar import Icdar2013, Icdar2015, Mlt
from textsearch.training.datasets.iiit5k import Iiit5k
from textsearch.training.datasets.photos import PhotoSet, one_of
from textsearch.training.datasets.svt import Svt
from textsearch.training.datasets.synthtext import SynthText90k
from textsearch.training.datasets.total_text import TotalText
from textsearch.training.datasets.words import Words, write_words


@dataclass(frozen=True)
class Annotations:
    """Where annotated photos lie.

    Attributes:
        file: a words.jsonl; with a form, the folder of that set as its publisher packed it.
        split: the part to use; None: all of a words.jsonl, the first part of a published set.
        form: a key of FORMS; None: words.jsonl.
    """

    file: Path
    split: str | None
    form: str | None = None

    def photos(self) -> PhotoSet[Any]:
        """Return the photos with their words; nothing is read before it is asked for."""
        if self.form is None:
            return Words(self.file, self.split)
        form = FORMS[self.form]
        return form.reader(self.file, self.split or form.parts[0])

    def as_words(self, file: Path) -> Annotations:
        """Return the same photos as a words.jsonl; those of a published set are written to `file` if it is not there.

        Raises:
            TextSearchError: the set cannot be read, or the file not written.
        """
        if self.form is None:
            return self
        if not file.exists():
            file.parent.mkdir(parents=True, exist_ok=True)
            write_words(self.photos().photos(), file)
        return Annotations(file, None)


@dataclass(frozen=True)
class Form:
    """A form in which annotated photos are published.

    Attributes:
        parts: its parts, the one to train with first.
        reader: returns a part of the set in a folder.
    """

    parts: tuple[str, ...]
    reader: Callable[[Path, str], PhotoSet[Any]]


def data_set(name: str) -> Annotations:
    """Return the set named FORM:DIR or FORM:DIR:PART, FORM being a key of FORMS, or `words` before a words.jsonl.

    Raises:
        TextSearchError: there is no such form, or the form has no such part.
    """
    form, _, place = name.partition(":")
    if not place or (form != "words" and form not in FORMS):
        raise TextSearchError(
            f"{name} names no data set; give FORM:DIR or FORM:DIR:PART, FORM being one of {', '.join(FORMS)}, words."
        )
    file, part = _place(place)
    if form == "words":
        return Annotations(file / "words.jsonl" if file.is_dir() else file, part)
    if part is not None and part not in FORMS[form].parts:
        raise TextSearchError(f"{form} has no part {part!r}; it has {' and '.join(FORMS[form].parts)}.")
    return Annotations(file, part, form)


def words_file(name: str) -> Annotations:
    """Return the words.jsonl named FILE or FILE:SPLIT."""
    return Annotations(*_place(name))


def photo_set(name: str) -> PhotoSet[Any]:
    """Return the photos of a set as `data_set` names it.

    Raises:
        TextSearchError: as `data_set`.
    """
    return data_set(name).photos()


def _place(name: str) -> tuple[Path, str | None]:
    """Part a path from what stands behind its last colon."""
    path, _, split = name.rpartition(":")
    if not path or "/" in split or "\\" in split:  # no split, though a Windows drive may have a colon
        return Path(name), None
    return Path(path), split or None


def _icdar2013(root: Path, part: str) -> Icdar2013:
    title = "Training" if part == "train" else "Test"
    return Icdar2013(root / f"Challenge2_{title}_Task12_Images", root / f"Challenge2_{title}_Task1_GT")


def _icdar2015(root: Path, part: str) -> Icdar2015:
    if part == "train":
        return Icdar2015(root / "ch4_training_images", root / "ch4_training_localization_transcription_gt")
    annotations = one_of(root / "Challenge4_Test_Task4_GT", root / "Challenge4_Test_Task1_GT")
    return Icdar2015(root / "ch4_test_images", annotations)


def _coco_text(root: Path, part: str) -> CocoText:
    return CocoText(root / "cocotext.v2.json", root / "train2014", part)


def _total_text(root: Path, part: str) -> TotalText:
    return TotalText.of(root, part.capitalize())


def _mlt(root: Path, part: str) -> Mlt:
    """Return MLT 2017; or, of which only the training photos are published with their words, MLT 2019."""
    newer = root / "train_gt_t13"
    if part == "train" and newer.is_dir():
        return Mlt(root, newer)  # its photos lie in several folders
    name = "ch8_training" if part == "train" else "ch8_validation"
    return Mlt(root / f"{name}_images", root / f"{name}_localization_transcription_gt_v2")


def _synthtext(root: Path, part: str) -> SynthText90k:
    return SynthText90k(root)


FORMS: Mapping[str, Form] = {
    "icdar2013": Form(("train", "test"), _icdar2013),
    "icdar2015": Form(("train", "test"), _icdar2015),
    "iiit5k": Form(("train", "test"), Iiit5k),
    "svt": Form(("train", "test"), Svt),
    "coco-text": Form(("train", "val"), _coco_text),
    "totaltext": Form(("train", "test"), _total_text),
    "mlt": Form(("train", "validation"), _mlt),
    "synthtext": Form(("train",), _synthtext),
}
"""The published forms that can be read, by the names under which users ask for them."""
