"""Which of several files with the same content to name first."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path


def present_first(paths: Sequence[Path]) -> tuple[Path, ...]:
    """Return paths with the first that leads to a file before all others; a single one is not even looked for."""
    if len(paths) == 1:
        return tuple(paths)
    present = next((path for path in paths if _is_there(path)), None)
    return tuple(paths) if present is None else (present, *(path for path in paths if path != present))


def _is_there(path: Path) -> bool:
    try:
        return path.is_file()
    except OSError:  # a folder on the way that may not be entered
        return False
