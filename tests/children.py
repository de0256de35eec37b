"""Child processes of tests: how long one may take before it is taken for hung."""

from __future__ import annotations

import subprocess
import threading
from typing import AnyStr

PATIENCE = 300.0
"""Seconds: far more than any child needs, also on a busy machine; only a hang is to be cut off."""


def next_line(process: subprocess.Popen[AnyStr]) -> AnyStr:
    """Return the next line that a child says; what was said until then if it is killed for saying nothing."""
    assert process.stdout is not None
    killer = threading.Timer(PATIENCE, process.kill)
    killer.start()
    try:
        return process.stdout.readline()
    finally:
        killer.cancel()
