"""One run of pre-training from photos without labels to packaged files; a stopped run goes on where it stopped.

run/recipe.json        what the run was begun with
run/start/             published weights, where the run begins with those
run/strips/            the text found in the photos
run/checkpoint.pt      the trunk, the momentum encoder, the queues, the optimiser
run/log.jsonl          means of the loss terms
run/curves.png         the log as a picture
run/weights/           the network with the new trunk, as the package wants it
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

import torch

from textsearch.models.joint import load_joint
from textsearch.runtime.model import OnnxModel
from textsearch.training.datasets.photos import some_pictures
from textsearch.training.devices import check_device
from textsearch.training.export import export_network
from textsearch.training.pretraining.pretrain import Pretrainer, PretrainRecipe
from textsearch.training.pretraining.strips import PhotoStrips, StripSource, write_strips
from textsearch.training.runs import check_arguments, record_arguments
from textsearch.training.start import read_alphabet, write_alphabet, write_published
from textsearch.training.steps import as_lines


@dataclass(frozen=True)
class PretrainingData:
    """What a run learns from.

    Attributes:
        photos: folders of photos that show text.
        start: folder of the weights to begin with, which also find the text; None: PP-OCRv6 as published.
    """

    photos: tuple[Path, ...]
    start: Path | None = None


def pretrain(
    run: Path,
    data: PretrainingData,
    recipe: PretrainRecipe,
    progress: Callable[[str], None] = lambda line: None,
    processes: int = 0,
) -> Path:
    """Train the recogniser's trunk on the text of photos, without labels, and export the network with it.

    Args:
        run: folder of the run; started again with the same arguments it goes on where it stopped.
        data: what to learn from.
        recipe: how to learn.
        progress: receives a line of text from time to time.
        processes: how many draw the next steps' data beside this one; the numbers do not depend on it. A script that
            asks for any must be guarded by `if __name__ == "__main__"`.

    Returns:
        The folder with the exported files. Its classifier and branches are those of the start.

    Raises:
        TextSearchError: the run was begun with other arguments, the photos show too little text, or the device; or a
            process that draws data ended.
    """
    check_device(recipe.device)
    arguments = {"data": asdict(data), "recipe": asdict(recipe)}
    check_arguments(run, arguments)
    photos = [some_pictures(folder) for folder in data.photos]
    start = data.start or write_published(run / "start")
    network, alphabet, encoder = load_joint(start), read_alphabet(start), OnnxModel(folder=start).encoder
    record_arguments(run, arguments)
    sources: dict[str, StripSource] = {
        f"photos-{number}": PhotoStrips(inside, encoder) for number, inside in enumerate(photos)
    }
    strips = write_strips(run / "strips", sources, recipe.seed, progress=progress)
    trainer = Pretrainer(network.recogniser.trunk, strips, recipe)
    trainer.run(run, progress=as_lines(progress, recipe.steps), processes=processes)
    folder = run / "weights"
    folder.mkdir(exist_ok=True)
    with torch.no_grad():
        export_network(network.cpu().eval(), {"licence": "Apache-2.0"}, folder)
    write_alphabet(alphabet, folder)
    return folder
