"""What other people's programs see: the public names, a cheap import, and what the wheel puts into their folders."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path, PurePosixPath
from zipfile import ZipFile

import pytest

import textsearch
from tests.children import PATIENCE
from textsearch.runtime.model import WEIGHT_FILES

ROOT = Path(__file__).parents[1]
_SOURCES = {"textsearch": "textsearch", "cli": "textsearch/cli", "indexer": "textsearch/indexer"}
"""Folders of the checkout and what they are called in the wheel."""


# --- names


def test_the_public_names_are_those_of_the_lazy_table() -> None:
    assert textsearch.__all__ == sorted(textsearch._HOMES)
    assert dir(textsearch) == textsearch.__all__


@pytest.mark.parametrize("name", textsearch.__all__)
def test_every_name_loads_from_its_home(name: str) -> None:
    value = getattr(textsearch, name)
    assert value.__module__ == textsearch._HOMES[name]
    assert value.__doc__


def test_an_unknown_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="'textsearch' has no attribute 'serach'"):
        textsearch.serach  # noqa: B018


def test_importing_the_package_costs_nothing() -> None:
    program = (
        "import sys; before = set(sys.modules); import textsearch; textsearch.__all__; dir(textsearch); "
        "print(sorted({name.partition('.')[0] for name in set(sys.modules) - before} - set(sys.stdlib_module_names)))"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True, cwd=ROOT, timeout=PATIENCE
    )
    assert done.stdout == "['textsearch']\n"


# --- the wheel


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """Build the wheel from a copy, so that no build folder is left in the checkout; return its files' names."""
    copy = tmp_path_factory.mktemp("wheel") / "checkout"
    copy.mkdir()
    for name in ("pyproject.toml", "README.md", "LICENSE", "NOTICE"):
        shutil.copy(ROOT / name, copy)
    for name in _SOURCES:
        # The links from textsearch/ to the two other folders are copied as links, as git has them.
        shutil.copytree(ROOT / name, copy / name, symlinks=True, ignore=shutil.ignore_patterns("__pycache__"))
    command = [sys.executable, "-m", "pip", "wheel", "--no-deps", "--no-build-isolation", "--no-index", "--quiet", "."]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=copy, timeout=PATIENCE)
    assert done.returncode == 0, done.stderr
    (built,) = copy.glob("*.whl")
    assert built.name.startswith("scene_textsearch-")
    with ZipFile(built) as archive:
        return [name for name in archive.namelist() if not name.endswith("/")]


def test_the_wheel_takes_one_name_of_other_peoples_python(wheel: list[str]) -> None:
    tops = {PurePosixPath(name).parts[0] for name in wheel}
    assert {top for top in tops if not top.endswith(".dist-info")} == {"textsearch"}


def test_the_wheel_holds_every_module_once(wheel: list[str]) -> None:
    expected = []
    for folder, name in _SOURCES.items():
        modules = [path.relative_to(ROOT / folder) for path in (ROOT / folder).rglob("*.py")]
        # Some versions of Python follow the links from textsearch/ to the two other folders.
        expected += [f"{name}/{module.as_posix()}" for module in modules if module.parts[0] not in _SOURCES]
    assert len(expected) > 50
    assert sorted(name for name in wheel if name.endswith(".py")) == sorted(expected)


@pytest.mark.parametrize("name", ["py.typed", "report.css", *(f"weights/{file}" for file in WEIGHT_FILES)])
def test_the_wheel_holds_the_data(wheel: list[str], name: str) -> None:
    assert f"textsearch/{name}" in wheel


def test_the_wheel_holds_the_licence_and_the_notice(wheel: list[str]) -> None:
    names = {PurePosixPath(name).name for name in wheel if ".dist-info/" in name}
    assert {"LICENSE", "NOTICE", "METADATA", "entry_points.txt"} <= names


def test_the_wheel_holds_nothing_else(wheel: list[str]) -> None:
    inside = [PurePosixPath(name) for name in wheel if name.startswith("textsearch/")]
    knowledge = {path.name for path in (ROOT / "textsearch" / "knowledge" / "data").iterdir()}
    expected = {*WEIGHT_FILES, *knowledge, "classifier.safetensors", "py.typed", "report.css"}
    others = {path.name for path in inside if path.suffix != ".py"} - expected
    assert {name for name in others if not name.endswith(".md")} == set()
    assert not any("test" in part.lower().split("_") for path in inside for part in path.parts)
