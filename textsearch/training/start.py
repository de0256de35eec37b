"""What a training run starts from: the published PP-OCRv6 networks with fresh branches, or a finished run's weights."""

from __future__ import annotations

import json
from pathlib import Path

import torch

from textsearch.alphabet import Alphabet
from textsearch.errors import WeightsError
from textsearch.features import letter_prototypes
from textsearch.models.branches import ImageBranch, WordBranch
from textsearch.models.joint import JointNetwork
from textsearch.models.weights import load_characters, load_detector, load_recogniser
from textsearch.training.export import export_network


def published_network(hidden: int, maps: int, seed: int) -> tuple[JointNetwork, Alphabet]:
    """Return the published detector and recogniser with fresh branches, and the recogniser's classes.

    Args:
        hidden: LSTM units of the branches, per direction.
        maps: channels of the detector's maps that describe a region; 0: none.
        seed: of the branches' weights.
    """
    recogniser = load_recogniser()
    alphabet = Alphabet(load_characters())
    prototypes = letter_prototypes(recogniser.classifier.weight.detach().numpy(), alphabet.folded)
    frame = prototypes.shape[1]
    # Fresh layers draw their weights from torch's global state, which is put back for everybody else.
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        image, word = ImageBranch(2 * frame + 1 + maps, hidden), WordBranch(frame, hidden)
    letters, folded = torch.from_numpy(prototypes), torch.from_numpy(alphabet.folded).long()
    return JointNetwork(load_detector(), recogniser, image, word, letters, folded), alphabet


def write_published(folder: Path) -> Path:
    """Write the published networks to a folder as a finished run has them, unless they are there; return it."""
    if not (folder / "alphabet.json").is_file():
        folder.mkdir(parents=True, exist_ok=True)
        network, alphabet = published_network(hidden=128, maps=0, seed=0)
        export_network(network, {"licence": "Apache-2.0", "branches": "untrained"}, folder)
        write_alphabet(alphabet, folder)
    return folder


def read_alphabet(folder: Path) -> Alphabet:
    """Return the recogniser's classes that lie beside its weights.

    Raises:
        WeightsError: they do not lie there, or cannot be read.
    """
    try:
        return Alphabet(tuple(json.loads((folder / "alphabet.json").read_text(encoding="utf-8"))))
    except (OSError, ValueError) as error:
        raise WeightsError(
            f"Cannot read the classes in {folder} ({error}); give the folder of a finished run."
        ) from error


def write_alphabet(alphabet: Alphabet, folder: Path) -> None:
    """Write the recogniser's classes beside its weights."""
    characters = json.dumps(alphabet.characters, ensure_ascii=False)
    (folder / "alphabet.json").write_text(characters + "\n", encoding="utf-8")
