from __future__ import annotations

import hashlib
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

import textsearch.ppocr
from tests.children import PATIENCE
from textsearch.errors import WeightsError
from textsearch.ppocr import (
    DETECTOR_WEIGHTS,
    RECOGNISER_WEIGHTS,
    PackagedWeights,
    character_table,
    find_weights,
    verify_weights,
)


@pytest.mark.parametrize("weights", [DETECTOR_WEIGHTS, RECOGNISER_WEIGHTS])
def test_the_installed_files_are_the_ones_tested_with(weights: PackagedWeights) -> None:
    path = find_weights(weights)
    assert path.name == weights.file_name
    assert hashlib.sha256(path.read_bytes()).hexdigest() == weights.sha256


def test_finding_imports_no_framework() -> None:
    program = (
        "import sys; from textsearch.ppocr import DETECTOR_WEIGHTS, find_weights; find_weights(DETECTOR_WEIGHTS);"
        "print(sorted({'rapidocr', 'torch', 'onnx', 'onnxruntime', 'cv2', 'numpy'} & set(sys.modules)))"
    )
    result = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True, timeout=PATIENCE
    )
    assert result.stdout.strip() == "[]"


def test_without_the_package_the_message_names_the_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(textsearch.ppocr, "find_spec", lambda name: None)
    with pytest.raises(WeightsError, match=r"comes with rapidocr.*pip install"):
        find_weights(DETECTOR_WEIGHTS)


def test_another_release_without_the_file_is_refused() -> None:
    with pytest.raises(WeightsError, match=r"Cannot read .*absent\.onnx.*pip install"):
        find_weights(replace(DETECTOR_WEIGHTS, file_name="absent.onnx"))


def test_a_folder_in_place_of_the_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(WeightsError, match="Cannot read"):
        verify_weights(DETECTOR_WEIGHTS, tmp_path)


@pytest.mark.parametrize("content", [b"", b"weights, altered"])
def test_another_content_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "weights.onnx"
    path.write_bytes(content)
    weights = replace(DETECTOR_WEIGHTS, sha256=hashlib.sha256(b"weights").hexdigest())
    with pytest.raises(WeightsError, match=r"not the PP-OCRv6-small text detector.*pip install"):
        verify_weights(weights, path)


@pytest.mark.parametrize(
    ("metadata", "expected"),
    [
        ("a\nb", ("", "a", "b", " ")),
        ("a\n\u3000\nb", ("", "a", "\u3000", "b", " ")),
        ("a\n\u2028\nb", ("", "a", "\u2028", "b", " ")),
    ],
)
def test_character_table(metadata: str, expected: tuple[str, ...]) -> None:
    assert character_table(metadata) == expected
