r"""What the detector's own map adds to the description of a word: one branch, trained jointly, with and without it.

    python -m benchmarks.shared_maps --run RUN --words words.jsonl --images DIR --split dev --output results.json

RUN is a run of `textsearch train joint`. In training its branch saw the map of most words beside what the recogniser
saw, and nothing of it for the others, so that it can do without; what is exported does. Both find and read alike.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from benchmarks.branches import Listener
from benchmarks.protocol import Protocol, annotated_parser, data_name
from benchmarks.rankings import ReadGallery
from benchmarks.record import write
from textsearch.geometry import Fit
from textsearch.images import read_image
from textsearch.layout import corners
from textsearch.models.joint import JointNetwork, load_joint, map_features
from textsearch.runtime.model import OnnxModel
from textsearch.runtime.sessions import network_input
from textsearch.training.joint_run import with_maps
from textsearch.types import FloatArray


def trained_network(run: Path) -> JointNetwork:
    """Return the averaged network of a run, its branch with the weights that it gives to the detector's map."""
    network = with_maps(load_joint(run / "weights"))
    network.load_state_dict(torch.load(run / "checkpoint.pt", map_location="cpu", weights_only=True)["average"])
    return network.eval()


def maps_of(network: JointNetwork, gallery: ReadGallery) -> Iterator[Tensor]:
    """Yield for each photo what the detector's map holds along its words, (N, SEQUENCE_LENGTH, M) float."""
    for photo, polygons in zip(gallery.protocol.photos, gallery.polygons, strict=True):
        pixels = read_image(photo)
        height, width = pixels.shape[:2]
        fit = Fit.of(width, height, gallery.model.encoder.longer_side(width, height))
        fused = network.detect(torch.from_numpy(network_input(fit.resize(pixels)[None]))).fused
        scale = np.array([fit.scale_x, fit.scale_y], np.float32)
        outlines = np.array([corners(polygon) * scale for polygon in polygons], np.float32).reshape(-1, 4, 2)
        yield map_features(fused, torch.from_numpy(outlines), torch.zeros(len(outlines), dtype=torch.long))


def compare(gallery: ReadGallery, heard: FloatArray, network: JointNetwork, words: FloatArray) -> dict[str, object]:
    """Return how the gallery is ranked with the map and without."""
    with torch.inference_mode():
        read = torch.from_numpy(heard)
        maps = torch.cat(list(maps_of(network, gallery)))
        shown = network.regions(torch.cat([read, maps], dim=2)).numpy()
        hidden = network.regions(torch.cat([read, torch.zeros_like(maps)], dim=2)).numpy()
    return {"with_map": gallery.rankings_by(words, shown), "without_map": gallery.rankings_by(words, hidden)}


def main() -> None:
    """Measure and write the JSON."""
    parser = annotated_parser(__doc__)
    parser.add_argument("--run", type=Path, required=True, help="folder of a run of `textsearch train joint`")
    arguments = parser.parse_args()
    protocol = Protocol.read(arguments.words, arguments.images, arguments.split, arguments.limit)
    model = OnnxModel(folder=arguments.run / "weights")
    listener = model.encoder.embedder = Listener(model)
    gallery = ReadGallery.read(protocol, model)
    ranked = compare(
        gallery, np.stack(listener.heard), trained_network(arguments.run), model.encode_words(gallery.queries)
    )
    result = {"benchmark": "shared_maps", "data": data_name(arguments), "photos": len(protocol.photos), **ranked}
    write(result, arguments.output)


if __name__ == "__main__":
    main()
