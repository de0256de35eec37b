"""The classifier's file, and how a photo's pixels and text regions become what its network reads."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from importlib.resources import files
from pathlib import Path

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save

from textsearch.alphabet import Alphabet
from textsearch.errors import WeightsError
from textsearch.knowledge.descriptions import default_descriptions
from textsearch.knowledge.evidence import ClassEvidence, ClassProfile
from textsearch.knowledge.language import LanguageModel, MiniLanguageModel
from textsearch.knowledge.lexicon import default_lexicon
from textsearch.knowledge.linker import Linker
from textsearch.knowledge.network import ClassifierConfig, Experts, PhotoBatch
from textsearch.knowledge.reader import TextReader, WrittenFeatures, batch_of
from textsearch.knowledge.spans import readings_of
from textsearch.knowledge.visual import VisualEncoder, prepare
from textsearch.types import ByteArray, FloatArray, Regions

WEIGHTS = "classifier.safetensors"
"""The file beside the other weights of the package."""

_HEADER = "textsearch.classifier"
_RARITY = "rarity"


@dataclass(frozen=True, eq=False)
class TrainedClassifier:
    """What a run leaves behind.

    Attributes:
        network: in evaluation mode; one or several experts.
        labels: its C classes, those of the first expert first.
        dataset: the data set whose classes the lexicon knows under this name, such as "grocery"; empty for another.
        rarity: (BUCKETS,) float32, weights of the letter n-grams.
    """

    network: Experts
    labels: tuple[str, ...]
    dataset: str
    rarity: FloatArray


def save_classifier(trained: TrainedClassifier, path: Path) -> None:
    """Write a classifier, its weights as float16."""
    tensors = {name: _halved(tensor) for name, tensor in trained.network.state_dict().items()}
    tensors[_RARITY] = torch.from_numpy(trained.rarity).half()
    about = {
        "config": asdict(trained.network.config),
        "sizes": trained.network.sizes,
        "labels": trained.labels,
        "dataset": trained.dataset,
    }
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_suffix(".tmp")
    temporary.write_bytes(save(tensors, {_HEADER: json.dumps(about)}))  # save_file would let nobody else read it
    temporary.replace(path)


def load_classifier(path: Path | None = None) -> TrainedClassifier:
    """Read a classifier; the packaged one if no file is named.

    Raises:
        WeightsError: the file is missing or is no classifier of this version.
    """
    path = path or Path(str(files("textsearch.weights"))) / WEIGHTS
    if not path.is_file():
        raise WeightsError(f"{path} is missing; train one with `textsearch train classifier`")
    try:
        with safe_open(path, "pt") as opened:
            header = (opened.metadata() or {}).get(_HEADER)
            if header is None:
                raise WeightsError(f"{path} holds no classifier; train one with `textsearch train classifier`")
            tensors = {name: _widened(opened.get_tensor(name)) for name in opened.keys()}  # noqa: SIM118  (it is no dict)
    except (OSError, SafetensorError) as error:
        raise WeightsError(
            f"Cannot read {path} ({error}); name the classifier.safetensors of a finished `textsearch train classifier`"
        ) from error
    try:
        about = json.loads(header)
        rarity = tensors.pop(_RARITY).numpy()
        network = Experts(ClassifierConfig(**about["config"]), about["sizes"])
        network.load_state_dict(tensors)
        return TrainedClassifier(network.eval(), tuple(about["labels"]), about["dataset"], rarity)
    except (RuntimeError, KeyError, TypeError, ValueError) as error:
        raise WeightsError(f"{path} was trained by another version; train it again") from error


def _halved(tensor: torch.Tensor) -> torch.Tensor:
    return tensor.half() if tensor.is_floating_point() else tensor


def _widened(tensor: torch.Tensor) -> torch.Tensor:
    return tensor.float() if tensor.is_floating_point() else tensor


class PhotoReader:
    """Turns photos and their text regions into what the network reads, for one set of classes.

    Args:
        alphabet: of the regions' lattices.
        classes: what is known about each class.
        language: the sentence encoder; MiniLM if None.
    """

    def __init__(
        self, alphabet: Alphabet, classes: Sequence[ClassProfile], language: LanguageModel | None = None
    ) -> None:
        language = language or MiniLanguageModel()
        self.classes = tuple(classes)
        self.visual = VisualEncoder()
        self._linker = Linker(default_lexicon(), alphabet)
        self._text = TextReader(default_descriptions(), language, ClassEvidence(classes, language))

    def written(self, regions: Regions) -> WrittenFeatures:
        """Return what is written in one photo."""
        readings = readings_of(regions)
        return self._text.read(readings, self._linker.link(readings))

    def read(self, pixels: ByteArray, regions: Regions, rarity: FloatArray) -> PhotoBatch:
        """Return one photo, (H, W, 3) uint8 RGB, and its regions as a batch of one."""
        return batch_of(self.visual.see(prepare(pixels)[None]), [self.written(regions)], rarity)
