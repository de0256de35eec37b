"""One run of joint training from photos and fonts to packaged files; a stopped run goes on where it stopped.

run/recipe.json        what the run was begun with
run/pseudo.jsonl       what the starting weights read in the photos without annotation
run/checkpoint.pt      weights, their average, optimiser
run/log.jsonl          means of the loss terms, and the held-back score
run/curves.png         the log as a picture
run/weights/           the averaged weights, as the package wants them
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

import torch
from torch import nn

from textsearch.alphabet import Alphabet
from textsearch.models.branches import ImageBranch
from textsearch.models.joint import JointNetwork, load_joint
from textsearch.training.crops import AnnotatedWords
from textsearch.training.datasets.annotations import Annotations
from textsearch.training.devices import check_device
from textsearch.training.export import export_network
from textsearch.training.held_back import HeldBackWords
from textsearch.training.inputs import read_lexicon
from textsearch.training.joint import JointBatches, JointRecipe, JointTrainer
from textsearch.training.material import TrainingPhotos, check_photos, open_material
from textsearch.training.runs import check_arguments, record_arguments
from textsearch.training.sources import Mixture
from textsearch.training.start import read_alphabet, write_alphabet, write_published
from textsearch.training.steps import as_lines


@dataclass(frozen=True)
class JointTrainingData(TrainingPhotos):
    """What a run learns from; without `start` it begins with PP-OCRv6 as published and untrained branches.

    The starting weights annotate the photos without annotation.
    """


def train_joint(
    run: Path,
    data: JointTrainingData,
    recipe: JointRecipe,
    progress: Callable[[str], None] = lambda line: None,
    processes: int = 0,
) -> Path:
    """Train detector, trunk and branches together and export their averaged weights.

    Args:
        run: folder of the run; started again with the same arguments it goes on where it stopped.
        data: what to learn from.
        recipe: how to learn.
        progress: receives a line of text from time to time.
        processes: how many draw the next steps' data beside this one; the numbers do not depend on it. A script that
            asks for any must be guarded by `if __name__ == "__main__"`.

    Returns:
        The folder with the exported files.

    Raises:
        TextSearchError: the run was begun with other arguments, data is missing, or the device; or a process that
            draws data ended.
    """
    check_device(recipe.device)
    arguments = {"data": asdict(data), "recipe": asdict(recipe)}
    check_arguments(run, arguments)
    check_photos(data)
    start = data.start or write_published(run / "start")
    network, alphabet = with_maps(load_joint(start)), read_alphabet(start)
    record_arguments(run, arguments)
    material = open_material(run, data, start, progress)
    batches = JointBatches(Mixture([*material.photos, material.scenes]), set(alphabet.characters) - {""}, recipe)
    trainer = JointTrainer(network, batches, read_lexicon(data.lexicon), alphabet)
    evaluate = _measurement(run, data.held_back, alphabet) if data.held_back else None
    trainer.run(run, evaluate=evaluate, progress=as_lines(progress, recipe.steps), processes=processes)
    return export_average(trainer, alphabet, {"licence": "Apache-2.0"}, run / "weights")


def with_maps(network: JointNetwork) -> JointNetwork:
    """Let the image branch of a network see the detector's fused map as well; at first it gives nothing on it."""
    branch = network.image
    read, maps = 2 * network.prototypes.shape[1] + 1, network.detector.head.reduce.in_channels
    if branch.embed.in_features == read + maps:
        return network
    widened = ImageBranch(read + maps, branch.embed.out_features, channels=branch.project.out_features)
    state = branch.state_dict()
    state["embed.weight"] = nn.functional.pad(state["embed.weight"], (0, maps))
    widened.load_state_dict(state)
    network.image = widened
    return network


def without_maps(network: JointNetwork) -> JointNetwork:
    """Let the image branch see the strips alone: the weights that it gave to the detector's map are dropped."""
    branch, read = network.image, 2 * network.prototypes.shape[1] + 1
    narrowed = ImageBranch(read, branch.embed.out_features, channels=branch.project.out_features)
    state = branch.state_dict()
    state["embed.weight"] = state["embed.weight"][:, :read].contiguous()
    narrowed.load_state_dict(state)
    network.image = narrowed
    return network


def export_average(trainer: JointTrainer, alphabet: Alphabet, metadata: dict[str, str], folder: Path) -> Path:
    """Write the averaged weights of a run as the package wants them; return the folder."""
    folder.mkdir(exist_ok=True)
    with torch.no_grad():
        export_network(without_maps(trainer.averaged().cpu()), metadata, folder)
    write_alphabet(alphabet, folder)
    return folder


def _measurement(run: Path, held_back: Annotations, alphabet: Alphabet) -> Callable[[JointNetwork], dict[str, float]]:
    """Return a function that measures a network in training."""
    chosen = held_back.as_words(run / "held-back.jsonl")
    words = HeldBackWords(AnnotatedWords(chosen.file, chosen.split, copies=1), alphabet)
    return lambda network: words.measure(without_maps(network))
