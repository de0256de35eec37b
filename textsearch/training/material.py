"""What whole networks are trained on: annotated photos, photos that another network annotates, drawn scenes."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple

from textsearch.errors import TextSearchError
from textsearch.options import EncoderOptions
from textsearch.runtime.model import OnnxModel
from textsearch.training.datasets.annotations import Annotations
from textsearch.training.datasets.photos import PhotoSet, legible_texts, pictures
from textsearch.training.datasets.pseudo import PseudoLabelled, write_readings
from textsearch.training.datasets.words import Words
from textsearch.training.inputs import OWN_WORDS, check_apart, check_inputs, lexicon_lines, readable_fonts
from textsearch.training.scenes import DrawnScenes
from textsearch.training.sources import PhotosAtRandom

_ANNOTATED = 10 / 13
"""Part of the photos that are annotated ones, where there are both."""

_SEARCHED_PHOTOS = 20_000
"""Photos of a set whose words scenes are drawn with; sets with more were drawn from a list of words themselves."""


def shares(drawn: float) -> tuple[float, float, float]:
    """Return how often a sample is an annotated photo, one without annotation, a drawn scene, given the last."""
    return (1 - drawn) * _ANNOTATED, (1 - drawn) * (1 - _ANNOTATED), drawn


@dataclass(frozen=True)
class TrainingPhotos:
    """What a network learns from.

    Attributes:
        annotations: photos with their words, drawn equally often; without any the others share the steps.
        start: folder of the weights to begin with; None: published ones.
        lexicon: a file of words, one a line.
        fonts: a folder of .ttf and .otf files.
        backgrounds: a folder of photos to draw on; None: plain and blurred grounds alone.
        unlabelled: a folder of photos that a trained network annotates; None for none.
        shares: how often a sample is an annotated photo, one without annotation, a drawn scene; photos of one kind
            take the place of those of the other where there are none.
        held_back: photos that only measure progress; None for no measurement.
    """

    annotations: tuple[Annotations, ...]
    start: Path | None
    lexicon: Path
    fonts: Path
    backgrounds: Path | None = None
    unlabelled: Path | None = None
    shares: tuple[float, float, float] = (0.5, 0.15, 0.35)
    held_back: Annotations | None = None

    def sets(self) -> list[PhotoSet[Any]]:
        """Return the annotated photos."""
        return [chosen.photos() for chosen in self.annotations]


class Material(NamedTuple):
    """The opened sources of a run, each with its share of the samples.

    Attributes:
        photos: sets of photos.
        scenes: drawn scenes.
    """

    photos: list[tuple[PhotosAtRandom, float]]
    scenes: tuple[DrawnScenes, float]


def check_photos(data: TrainingPhotos) -> None:
    """Look at what a run is told to learn from, see `check_inputs`; the weights to begin with are not looked at.

    Raises:
        TextSearchError: something is not there, is empty, or cannot be read; or held-back photos are trained on.
    """
    held_back = () if data.held_back is None else (data.held_back,)
    check_inputs((*data.annotations, *held_back), data.lexicon, data.fonts, (data.backgrounds, data.unlabelled))
    if data.held_back is not None:
        check_apart(data.annotations, data.unlabelled, data.held_back)


def open_material(run: Path, data: TrainingPhotos, reader: Path | None, progress: Callable[[str], None]) -> Material:
    """Open the sources of a run; photos without annotation are read first, into run/pseudo.jsonl.

    Args:
        run: folder of the run.
        data: where everything lies.
        reader: folder of the weights that read the photos without annotation; None: those of the package.
        progress: receives a line of text before something takes long.

    Raises:
        TextSearchError: something is missing or cannot be read.
    """
    annotated, unlabelled, drawn = data.shares
    sets = data.sets()
    if data.unlabelled is None:
        # So that scenes keep their share: what is left is for the photos that there are.
        annotated += unlabelled
    elif not sets:
        unlabelled += annotated
    shared = [(PhotosAtRandom(photos), annotated / len(sets)) for photos in sets]
    if data.unlabelled is not None:
        read = _pseudo_labelled(run / "pseudo.jsonl", data.unlabelled, reader, progress)
        shared.append((PhotosAtRandom(read), unlabelled))
    if not drawn and not shared:
        raise TextSearchError("Without photos everything has to be drawn; name photos, or let scenes have a share.")
    return Material(shared, (drawn_scenes(sets, data.lexicon, data.fonts, data.backgrounds), drawn))


def drawn_scenes(sets: Iterable[PhotoSet[Any]], lexicon: Path, fonts: Path, backgrounds: Path | None) -> DrawnScenes:
    """Return scenes of the words of a lexicon and of those of some photos.

    Args:
        sets: the photos; their words are drawn more often than those of the lexicon.
        lexicon: a file of words, one a line.
        fonts: a folder of .ttf and .otf files.
        backgrounds: a folder of photos to draw on; None: plain and blurred grounds alone.

    Raises:
        TextSearchError: something is missing or cannot be read.
    """
    own = [text for photos in sets for text in legible_texts(islice(photos.photos(), _SEARCHED_PHOTOS))]
    words = [*lexicon_lines(lexicon), *own * OWN_WORDS]
    return DrawnScenes(words, readable_fonts(fonts), pictures(backgrounds) if backgrounds else [])


def _pseudo_labelled(file: Path, folder: Path, reader: Path | None, progress: Callable[[str], None]) -> Words:
    if not file.exists():
        progress(f"reading the photos of {folder}")
        # Every letter is annotated once: no words that are also read through several regions.
        once = EncoderOptions(apart=0.0)
        write_readings(PseudoLabelled(folder, OnnxModel(once, folder=reader)), file, progress)
    read = Words(file)
    if not read.entries():
        raise TextSearchError(f"The photos of {folder} show no text that could be learnt from; go without them.")
    return read
