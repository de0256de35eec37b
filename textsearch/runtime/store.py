"""The one float16 store of all weights, and how to tell that it is whole."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError, safe_open


def content_digest(tensors: Mapping[str, NDArray[Any]]) -> str:
    """Return the SHA-256 of named tensors, as written into the store's header when it is made."""
    digest = hashlib.sha256()
    for name in sorted(tensors):
        tensor = tensors[name]
        digest.update(f"{name} {tensor.dtype} {tensor.shape}".encode())
        digest.update(np.ascontiguousarray(tensor).tobytes())
    return digest.hexdigest()


def header(store: Path) -> bytes:
    """Return the header of a safetensors file: what it holds and, in ours, the digest of its content."""
    with store.open("rb") as file:
        length = int.from_bytes(file.read(8), "little")
        return file.read(length)


def is_whole(store: Path) -> bool:
    """Return whether a store's content still has the digest that its header names; reads all of it."""
    try:
        with safe_open(store, "numpy") as opened:
            recorded = json.loads((opened.metadata() or {})["textsearch"])["digest"]
            tensors = {name: opened.get_tensor(name) for name in opened.keys()}  # noqa: SIM118  (it is no dict)
    except (OSError, SafetensorError, KeyError, ValueError):
        return False
    return bool(content_digest(tensors) == recorded)


def is_complete(store: Path) -> bool:
    """Return whether a safetensors file without a digest holds all that its header names; one that was cut does not."""
    try:
        with safe_open(store, "numpy"):
            return True
    except (OSError, SafetensorError):
        return False
