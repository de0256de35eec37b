from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFont
from safetensors import safe_open
from safetensors.numpy import save

from tests.children import PATIENCE
from tests.fakes import ALPHABET
from textsearch.errors import TextSearchError, WeightsError
from textsearch.knowledge.classifier import WEIGHTS as CLASSIFIER
from textsearch.options import PRESETS, DetectionOptions, EncoderOptions
from textsearch.runtime import model as module
from textsearch.runtime.model import WEIGHT_FILES, OnnxModel, check_weights, load_model, preset_of
from textsearch.runtime.store import is_whole
from textsearch.similarity import similarity
from textsearch.training.branches import Branches
from textsearch.training.export import export_branches
from textsearch.types import FloatArray


@pytest.fixture
def folder(weights: Path, tmp_path: Path) -> Path:
    """A copy of the weights that a test may change."""
    return shutil.copytree(weights, tmp_path / "weights")


# --- laziness


def test_words_are_encoded_without_any_image_network(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*arguments: object) -> None:
        raise AssertionError("an image network was loaded")

    for name in ("OnnxDetector", "OnnxRecogniser"):
        monkeypatch.setattr(module, name, refuse)
    model = OnnxModel(folder=folder)
    (folder / "image_branch.onnx").unlink()
    assert model.dimension == 480
    assert model.encode_words(["hello", "world"]).shape == (2, 480)
    assert model.encode_words([]).shape == (0, 480)
    with pytest.raises(AssertionError, match="image network"):
        model.encode_images([])


def test_the_packaged_model_answers_a_query_without_torch() -> None:
    program = (
        "import sys; from textsearch.runtime.model import load_model; "
        "vectors = load_model().encode_words(['hello']); assert vectors.shape == (1, 480); "
        "print(sorted({'torch', 'onnx', 'transformers'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, timeout=PATIENCE)
    assert done.stdout == "[]\n"


# --- what it is made of


@pytest.mark.parametrize("name", WEIGHT_FILES)
def test_a_missing_file_is_named(folder: Path, name: str) -> None:
    (folder / name).unlink()
    with pytest.raises(WeightsError, match=f"lacks {name}; reinstall"):
        OnnxModel(folder=folder)


def test_the_alphabet_is_the_stored_one(folder: Path) -> None:
    assert OnnxModel(folder=folder).alphabet == ALPHABET


# --- fingerprint


def test_the_fingerprint_is_stable(folder: Path) -> None:
    first, second = OnnxModel(folder=folder), OnnxModel(EncoderOptions(), threads=4, folder=folder)
    assert first.fingerprint == second.fingerprint
    assert len(first.fingerprint) == 64


@pytest.mark.parametrize(
    "options",
    [
        EncoderOptions(longer_side=1280),
        EncoderOptions(space_threshold=0.4),
        EncoderOptions(detection=DetectionOptions(growth=1.7)),
    ],
)
def test_the_fingerprint_changes_with_the_options(folder: Path, options: EncoderOptions) -> None:
    assert OnnxModel(options, folder=folder).fingerprint != OnnxModel(folder=folder).fingerprint


def test_the_fingerprint_changes_with_the_weights(folder: Path, branches: Branches, prototypes: FloatArray) -> None:
    before = OnnxModel(folder=folder).fingerprint
    export_branches(branches, prototypes + 1, ALPHABET.folded, {"licence": "none"}, folder)
    assert OnnxModel(folder=folder).fingerprint != before


def test_damage_to_the_store_is_noticed(folder: Path) -> None:
    store = folder / "joint.safetensors"
    assert is_whole(store)
    content = bytearray(store.read_bytes())
    content[-1] ^= 1
    store.write_bytes(content)
    assert not is_whole(store)


# --- presets


def test_a_preset_is_part_of_the_name_and_shapes_the_fingerprint(folder: Path) -> None:
    default, fast = OnnxModel(folder=folder), OnnxModel(folder=folder, preset="fast")
    assert (default.name, fast.name) == ("joint", "joint-fast")
    assert (preset_of(default.name), preset_of(fast.name)) == ("default", "fast")
    assert fast.options == PRESETS["fast"]
    assert fast.fingerprint != default.fingerprint


def test_an_unknown_preset_is_named(folder: Path) -> None:
    with pytest.raises(TextSearchError, match="no preset 'slow'; choose one of default, fast"):
        OnnxModel(folder=folder, preset="slow")


# --- the packaged weights


def test_all_weights_are_there() -> None:
    checks = check_weights()
    assert [check.name for check in checks] == [*WEIGHT_FILES, CLASSIFIER]
    assert [check.problem for check in checks] == [None] * 7
    assert all(check.path is not None and check.path.is_file() for check in checks)


def test_check_weights_says_what_to_do(monkeypatch: pytest.MonkeyPatch, folder: Path) -> None:
    store = folder / "joint.safetensors"
    content = bytearray(store.read_bytes())
    content[-1] ^= 1
    store.write_bytes(content)
    (folder / "detector.onnx").unlink()
    monkeypatch.setattr(module, "files", lambda package: folder)
    problems = {check.name: check.problem for check in check_weights()}
    assert problems["joint.safetensors"] == f"{store} is damaged; reinstall scene-textsearch"
    assert problems["detector.onnx"] == f"{folder / 'detector.onnx'} is missing; reinstall scene-textsearch"
    assert problems["alphabet.json"] is None
    assert problems[CLASSIFIER] == f"{folder / CLASSIFIER} is missing; reinstall scene-textsearch"


@pytest.mark.parametrize("name", ["joint.safetensors", CLASSIFIER])
@pytest.mark.parametrize("kept", [0, 4, 60, -1])
def test_weights_that_were_cut_off_are_damaged(
    monkeypatch: pytest.MonkeyPatch, folder: Path, name: str, kept: int
) -> None:
    content = save({"x": np.arange(100.0)}, {"textsearch": '{"digest": ""}'})
    (folder / name).write_bytes(content[:kept])
    monkeypatch.setattr(module, "files", lambda package: folder)
    problems = {check.name: check.problem for check in check_weights()}
    assert problems[name] == f"{folder / name} is damaged; reinstall scene-textsearch"


def test_this_python_folds_letters_as_the_prototypes_were_made() -> None:
    # The folding follows Python's Unicode tables; a letter more or less would move all prototypes after it.
    model = load_model()
    with safe_open(model.folder / "joint.safetensors", "numpy") as store:
        np.testing.assert_array_equal(store.get_tensor("folded"), model.alphabet.folded)
        assert len(store.get_tensor("prototypes")) == len(model.alphabet.letters) + 1


def test_a_drawn_photo_is_found_by_its_words() -> None:
    picture = Image.new("RGB", (480, 200), "white")
    brush, font = ImageDraw.Draw(picture), ImageFont.load_default(size=40)
    brush.text((40, 30), "OPEN DAILY", fill="black", font=font)
    brush.text((200, 120), "Bakery", fill="darkred", font=font)
    model = load_model()
    (regions,) = model.encode_images([np.asarray(picture)])
    assert regions.texts == ("OPEN", "DAILY", "Bakery")
    assert regions.lines.tolist() == [0, 0, 1]
    assert (regions.text_scores > 0.9).all()
    np.testing.assert_allclose(np.linalg.norm(regions.embeddings, axis=1), 1, atol=1e-4)
    cosines = similarity(model.encode_words(["open", "daily", "bakery"]), regions.embeddings)
    assert cosines.argmax(axis=1).tolist() == [0, 1, 2]
    # The boxes stand where the words were drawn.
    found = [*regions.polygons[2].min(axis=0).tolist(), *regions.polygons[2].max(axis=0).tolist()]
    drawn = brush.textbbox((200, 120), "Bakery", font=font)
    np.testing.assert_allclose(found, np.array(drawn), atol=16)


def test_a_library_that_gives_up_on_a_photo_is_a_runtime_error(monkeypatch: pytest.MonkeyPatch) -> None:
    model = OnnxModel()

    def give_up(*_: object) -> None:
        raise cv2.error("out of memory")

    monkeypatch.setattr(model.encoder, "detect", give_up)
    with pytest.raises(RuntimeError, match="failed on a photo: out of memory"):
        model.encode_images([np.zeros((32, 32, 3), np.uint8)])


def test_encoding_words_loads_neither_opencv_nor_torch() -> None:
    program = (
        "import sys; from textsearch.database import open; from textsearch.runtime.model import load_model; "
        "load_model().encode_words(['exit']); print(sorted({'cv2', 'torch'} & set(sys.modules)))"
    )
    result = subprocess.run(
        [sys.executable, "-c", program], check=True, capture_output=True, text=True, timeout=PATIENCE
    )
    assert result.stdout.strip() == "[]"
