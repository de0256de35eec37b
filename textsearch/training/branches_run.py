"""One run of training of the branches, from photos and fonts to packaged files; finished stages are not run again.

run/cache/<source>/    crops through the frozen trunk
run/checkpoint.pt      weights, optimiser and random state
run/log.jsonl          means of the loss terms, and the held-back score
run/curves.png         the log as a picture
run/weights/           what the package needs
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path

import numpy as np

from textsearch.alphabet import Alphabet
from textsearch.encoder import Encoder
from textsearch.models.joint import load_joint
from textsearch.options import EncoderOptions
from textsearch.runtime.embedder import OnnxEmbedder
from textsearch.runtime.sessions import OnnxDetector, OnnxRecogniser
from textsearch.training.branches import Branches, BranchRecipe, BranchTrainer, word_retrieval
from textsearch.training.cache import FeatureCache, write_cache
from textsearch.training.crops import AnnotatedWords, CropSource, DetectedWords
from textsearch.training.datasets.annotations import Annotations
from textsearch.training.datasets.photos import legible_texts, pictures
from textsearch.training.export import export_network
from textsearch.training.inputs import OWN_WORDS, check_apart, check_inputs, read_lexicon, readable_fonts
from textsearch.training.runs import check_arguments, record_arguments
from textsearch.training.start import read_alphabet, write_alphabet, write_published
from textsearch.training.steps import as_lines
from textsearch.training.synth import DrawnWords
from textsearch.types import FloatArray

_DRAWN_SHARE = 0.5
"""Part of a batch that is drawn; the rest is shared out between the photos' words."""


@dataclass(frozen=True)
class BranchTrainingData:
    """What a run learns from.

    Attributes:
        annotations: photos or crops with their words.
        held_back: words that only measure progress.
        lexicon: a file of words, one a line; letters only are used.
        fonts: a folder of .ttf and .otf files.
        backgrounds: a folder of photos to draw on.
        copies: cuts of each annotated word.
        drawn: number of drawn words.
        seed: seeds the cuts and drawings.
        encoder: how the detector's crops are cut.
        start: folder with the weights of the detector and the trunk; None: those that PP-OCRv6 was published with.
    """

    annotations: tuple[Annotations, ...]
    held_back: Annotations
    lexicon: Path
    fonts: Path
    backgrounds: Path | None = None
    copies: int = 3
    drawn: int = 60_000
    seed: int = 0
    encoder: EncoderOptions = field(default_factory=EncoderOptions)
    start: Path | None = None


def train_branches(
    run: Path, data: BranchTrainingData, recipe: BranchRecipe, progress: Callable[[str], None] = lambda line: None
) -> Path:
    """Train the branches over a frozen detector and trunk and export the whole network.

    Args:
        run: folder of the run; started again with the same arguments it goes on where it stopped.
        data: what to learn from.
        recipe: how to learn.
        progress: receives a line of text from time to time.

    Returns:
        The folder with the exported files.

    Raises:
        TextSearchError: the run was begun with other arguments, or data is missing.
    """
    arguments = {"data": asdict(data), "recipe": asdict(recipe)}
    check_arguments(run, arguments)
    check_inputs([*data.annotations, data.held_back], data.lexicon, data.fonts, [data.backgrounds])
    check_apart(data.annotations, None, data.held_back)
    start = data.start or write_published(run / "start")
    network, alphabet = load_joint(start), read_alphabet(start)
    record_arguments(run, arguments)
    data = replace(
        data,
        annotations=tuple(
            chosen.as_words(run / f"annotated-{number}.jsonl") for number, chosen in enumerate(data.annotations)
        ),
        held_back=data.held_back.as_words(run / "held-back.jsonl"),
    )
    prototypes = network.prototypes.numpy()
    lexicon = read_lexicon(data.lexicon)
    caches = _fill_caches(run / "cache", data, start, lexicon, alphabet, prototypes, progress)
    held_back = caches.pop("held-back")
    trainer = BranchTrainer(recipe, list(caches.values()), batch_shares(caches), lexicon, alphabet, prototypes)

    def evaluate(branches: Branches) -> dict[str, float]:
        return word_retrieval(branches, held_back, alphabet, prototypes)

    trainer.run(run, evaluate=evaluate, progress=as_lines(progress, recipe.steps, every=100))
    weights = run / "weights"
    weights.mkdir(exist_ok=True)
    network.image, network.word = trainer.branches.image, trainer.branches.word
    export_network(network, {"recipe": json.dumps(asdict(recipe)), "licence": "Apache-2.0"}, weights)
    write_alphabet(alphabet, weights)
    return weights


def _fill_caches(
    folder: Path,
    data: BranchTrainingData,
    start: Path,
    lexicon: Sequence[str],
    alphabet: Alphabet,
    prototypes: FloatArray,
    progress: Callable[[str], None],
) -> dict[str, FeatureCache]:
    recogniser = OnnxRecogniser(start / "recogniser.onnx", threads=1)
    sources = _sources(data, start, lexicon, recogniser, alphabet)
    for number, (name, source) in enumerate(sources.items()):
        generator = np.random.default_rng([data.seed, number])
        write_cache(
            folder / name,
            source,
            recogniser,
            alphabet,
            prototypes,
            generator,
            lambda count, name=name: progress(f"{name}: {count} crops") if count % 5000 < 256 else None,  # type: ignore[misc]
        )
    return {name: FeatureCache.load(folder / name) for name in sorted(sources)}


def _sources(
    data: BranchTrainingData, start: Path, lexicon: Sequence[str], recogniser: OnnxRecogniser, alphabet: Alphabet
) -> dict[str, CropSource]:
    detector = OnnxDetector(start / "detector.onnx", threads=1)
    unused = OnnxEmbedder(Path(), alphabet, threads=1)
    encoder = Encoder(detector, recogniser, unused, alphabet, data.encoder)
    sources: dict[str, CropSource] = {"held-back": AnnotatedWords(data.held_back.file, data.held_back.split, copies=1)}
    own: list[str] = []
    for number, chosen in enumerate(data.annotations):
        sources[f"annotated-{number}"] = AnnotatedWords(chosen.file, chosen.split, data.copies)
        photos = list(chosen.photos().photos())
        own += legible_texts(photos)
        if any(word.polygon is not None for photo in photos for word in photo.words):
            sources[f"detected-{number}"] = DetectedWords(chosen.file, chosen.split, encoder)
    backgrounds = pictures(data.backgrounds) if data.backgrounds else []
    words = [*lexicon, *own * OWN_WORDS]
    sources["drawn"] = DrawnWords(words, readable_fonts(data.fonts), backgrounds, data.drawn)
    return sources


def batch_shares(caches: dict[str, FeatureCache]) -> list[float]:
    """Share a batch out: a fixed part is drawn, the photos' words share the rest by their number."""
    photos = sum(len(cache.words) for name, cache in caches.items() if name != "drawn")
    if not photos:
        return [1.0]
    return [
        _DRAWN_SHARE if name == "drawn" else (1 - _DRAWN_SHARE) * len(cache.words) / photos
        for name, cache in caches.items()
    ]
