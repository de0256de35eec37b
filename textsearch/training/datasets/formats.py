"""Text, XML, JSON and MATLAB files, with errors that name the file and what is wrong with it."""

from __future__ import annotations

import json
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from xml.etree.ElementTree import Element, ParseError, parse

import numpy as np

from textsearch.errors import MissingDependencyError, TextSearchError


def missing(path: Path) -> TextSearchError:
    """Return the error for a file or folder that is not there."""
    return TextSearchError(f"There is no {path}; name the folder of the data set as its publisher packed it.")


def malformed(path: Path, problem: str) -> TextSearchError:
    """Return the error for a file that can be read and is not what it should be."""
    return TextSearchError(f"The annotation {path} is not in its published form: {problem}.")


def read_lines(path: Path) -> list[str]:
    """Return the lines of a text file without those that are blank; UTF-8, with or without a byte order mark.

    Raises:
        TextSearchError: it cannot be read.
    """
    return [line for line in read_text(path).splitlines() if line.strip()]


def read_text(path: Path) -> str:
    """Return a text file, UTF-8, without its byte order mark.

    Raises:
        TextSearchError: it cannot be read.
    """
    try:
        return path.read_text(encoding="utf-8-sig")
    except FileNotFoundError as error:
        raise missing(path) from error
    except (OSError, UnicodeDecodeError) as error:
        raise TextSearchError(f"The annotation {path} cannot be read ({error}); fetch the data set again.") from error


def read_json(path: Path) -> Any:
    """Return what a JSON file holds.

    Raises:
        TextSearchError: it cannot be read.
    """
    try:
        return json.loads(read_text(path))
    except ValueError as error:
        raise TextSearchError(f"The annotation {path} is not JSON ({error}); fetch the data set again.") from error


def read_xml(path: Path) -> Element:
    """Return the root of an XML file.

    Raises:
        TextSearchError: it cannot be read.
    """
    try:
        root: Element = parse(path).getroot()
    except FileNotFoundError as error:
        raise missing(path) from error
    except (OSError, ParseError) as error:
        raise TextSearchError(f"The annotation {path} cannot be read ({error}); fetch the data set again.") from error
    return root


def read_matlab(path: Path, variable: str) -> Any:
    """Return a variable of a MATLAB file.

    Raises:
        MissingDependencyError: SciPy is not installed.
        TextSearchError: the file cannot be read or lacks the variable.
    """
    try:
        from scipy.io import loadmat
        from scipy.io.matlab import MatReadError
    except ModuleNotFoundError as error:
        raise MissingDependencyError(
            'MATLAB files need scipy, which is not installed; run: pip install "scene-textsearch[train]"'
        ) from error
    # SciPy parses the bytes in Python and lets through whatever a damaged file causes.
    damaged = (OSError, ValueError, TypeError, LookupError, NotImplementedError, MatReadError, zlib.error)
    try:
        with path.open("rb") as stream:
            return loadmat(stream, variable_names=[variable])[variable]
    except FileNotFoundError as error:
        raise missing(path) from error
    except damaged as error:
        raise TextSearchError(
            f"The annotation {path} cannot be read as a MATLAB file with the variable {variable} ({error}); fetch the "
            f"data set again."
        ) from error


def strings(value: Any) -> Iterator[str]:
    """Yield the strings in a MATLAB value, in order, however many cells they are wrapped in."""
    if isinstance(value, str):
        yield str(value)
    elif isinstance(value, np.ndarray):
        for item in value.ravel():
            yield from strings(item)
