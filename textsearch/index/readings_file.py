"""The readings in one file beside the catalog, to be loaded quickly."""

from __future__ import annotations

import json
import zlib
from dataclasses import fields
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

from textsearch.index.derived import Stamp, replace_file
from textsearch.index.readings import Readings

READINGS = "readings.bin"

_MARK = b"TXTSREAD"
_FORMAT = 1
_ALIGNMENT = 64


def save_readings(path: Path, readings: Readings, stamp: Stamp, alphabet: int) -> None:
    """Write readings; at any moment the file is the old one or the new one, whole.

    Args:
        path: the file.
        readings: its content.
        stamp: the state of the catalog that they are of.
        alphabet: checksum of the folding that made letters out of classes.

    Raises:
        IndexWriteError: the file cannot be written.
    """
    arrays = {field.name: np.ascontiguousarray(getattr(readings, field.name)) for field in fields(Readings)}
    checksum = 0
    for array in arrays.values():
        checksum = zlib.crc32(array.data.cast("B") if array.size else b"", checksum)
    header = {
        "format": _FORMAT,
        "identity": stamp.identity.hex(),
        "generation": stamp.generation,
        "highest_id": stamp.highest_id,
        "alphabet": alphabet,
        "arrays": {name: [array.dtype.str, list(array.shape)] for name, array in arrays.items()},
        "checksum": checksum,
    }
    packed = json.dumps(header).encode()

    def write(file: BinaryIO) -> None:
        file.write(_MARK + len(packed).to_bytes(4, "little") + zlib.crc32(packed).to_bytes(4, "little") + packed)
        for array in arrays.values():
            file.write(bytes(-file.tell() % _ALIGNMENT))
            file.write(array.data.cast("B") if array.size else b"")

    replace_file(path, write)


def load_readings(path: Path, alphabet: int) -> tuple[Readings, Stamp] | None:
    """Return what `save_readings` wrote; None if the file is missing, damaged, of another format or alphabet."""
    try:
        data = np.memmap(path, np.uint8, "r")
        header, end = _header(data)
        if header is None or header["alphabet"] != alphabet:
            return None
        arrays, checksum = {}, 0
        for name, (kind, shape) in header["arrays"].items():
            start = end + -end % _ALIGNMENT
            size = int(np.prod(shape)) * np.dtype(kind).itemsize
            end = start + size
            if end > len(data):
                return None
            checksum = zlib.crc32(data[start:end].data, checksum)
            arrays[name] = np.asarray(data[start:end]).view(kind).reshape(shape)
    except (OSError, ValueError):  # no file; an empty file
        return None
    if checksum != header["checksum"] or end != len(data):
        return None
    return Readings(**arrays), _stamp(header)


def stamp_of_readings(path: Path) -> Stamp | None:
    """Return of which state of which catalog a file of readings is; None if it is missing, damaged, another format."""
    try:
        header, _ = _header(np.memmap(path, np.uint8, "r"))
    except (OSError, ValueError):  # no file; an empty file
        return None
    return None if header is None else _stamp(header)


def _stamp(header: dict[str, Any]) -> Stamp:
    return Stamp(bytes.fromhex(header["identity"]), header["generation"], header["highest_id"])


def _header(data: np.memmap[Any, Any]) -> tuple[dict[str, Any] | None, int]:
    """Return the header and where it ends; None if it is not whole or of another format."""
    begin = len(_MARK) + 8
    if data[: len(_MARK)].tobytes() != _MARK:
        return None, 0
    length, checksum = (int(number) for number in data[len(_MARK) : begin].view("<u4"))
    packed = data[begin : begin + length].tobytes()
    if zlib.crc32(packed) != checksum:
        return None, 0
    header: dict[str, Any] = json.loads(packed)
    known = header["format"] == _FORMAT and set(header["arrays"]) == {field.name for field in fields(Readings)}
    return (header, begin + length) if known else (None, 0)
