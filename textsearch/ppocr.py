"""The PP-OCRv6-small weights that ship inside the installed `rapidocr` wheel: where they are, and that they are ours.

Torch and ONNX Runtime both start from these two files, so finding and checking them needs neither.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from textsearch.errors import WeightsError

_INSTALL = 'pip install --force-reinstall "rapidocr>=3.10,<3.11"'


@dataclass(frozen=True)
class PackagedWeights:
    """A weights file that another Python package carries.

    Attributes:
        name: what people call the network.
        file_name: name of the file in the package's `models` folder.
        sha256: hex digest of the file this version was tested with.
        licence: SPDX identifier of the licence of the weights.
        origin: who trained them and which package brings them.
    """

    name: str
    file_name: str
    sha256: str
    licence: str
    origin: str


DETECTOR_WEIGHTS = PackagedWeights(
    name="PP-OCRv6-small text detector",
    file_name="PP-OCRv6_det_small.onnx",
    sha256="090f04abcd9d9a7498bc4ebf677e4cb9bdce1fe4197ddb7e529f1ef44e1ff94f",
    licence="Apache-2.0",
    origin="PaddleOCR, converted to ONNX and packaged by rapidocr 3.10",
)

RECOGNISER_WEIGHTS = PackagedWeights(
    name="PP-OCRv6-small text recogniser",
    file_name="PP-OCRv6_rec_small.onnx",
    sha256="6f327246b50388f3c176ae304bd95767ea6dc0c9ae92153ef8cbe210b3c14884",
    licence="Apache-2.0",
    origin="PaddleOCR, converted to ONNX and packaged by rapidocr 3.10",
)


def find_weights(weights: PackagedWeights) -> Path:
    """Return the checked file of `weights` inside the installed package.

    The package is located, not imported: importing it would load OpenCV and its own configuration.

    Raises:
        WeightsError: the package or the file is missing, or the file is not the one this version was tested with.
    """
    spec = find_spec("rapidocr")
    if spec is None or not spec.submodule_search_locations:
        raise WeightsError(f"The {weights.name} comes with rapidocr, which is not installed; run: {_INSTALL}")
    path = Path(spec.submodule_search_locations[0]) / "models" / weights.file_name
    verify_weights(weights, path)
    return path


def verify_weights(weights: PackagedWeights, path: Path) -> None:
    """Check that the file at `path` is, byte for byte, the one this version was tested with.

    Raises:
        WeightsError: the file cannot be read, or its SHA-256 is another.
    """
    try:
        digest = hashlib.sha256(path.read_bytes()).hexdigest()
    except OSError as error:
        reason = error.strerror or type(error).__name__
        raise WeightsError(f"Cannot read the {weights.name} at {path} ({reason}); run: {_INSTALL}") from error
    if digest != weights.sha256:
        raise WeightsError(
            f"{path} is not the {weights.name} this version was tested with "
            f"(SHA-256 {digest[:12]}..., expected {weights.sha256[:12]}...); run: {_INSTALL}"
        )


def character_table(metadata: str) -> tuple[str, ...]:
    r"""Return the character of every class of the recogniser.

    Args:
        metadata: the value of `character` in the ONNX file's metadata: one character a line.

    Returns:
        C strings: class 0 is CTC's blank, here the empty string; then the listed characters; the last class is the
        space. Split at "\n" alone, since other line separators may be characters of the alphabet.
    """
    return ("", *metadata.split("\n"), " ")
