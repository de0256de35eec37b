"""What the machine has for this process."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path

_LIMITS = (Path("/sys/fs/cgroup/memory.max"), Path("/sys/fs/cgroup/memory/memory.limit_in_bytes"))
"""Where Linux tells how much memory a container may use, in the newer and the older way."""


def usable_cores() -> int:
    """Return how many cores this process may use, which in a container is not how many there are."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def usable_memory() -> int | None:
    """Return how many bytes of memory this process may use, others aside; None where the system does not tell."""
    sizes = []
    with suppress(AttributeError, OSError, ValueError):  # Windows; an unknown name
        sizes.append(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES"))
    for limit in _LIMITS:
        with suppress(OSError, ValueError):  # no container; "max"
            sizes.append(int(limit.read_text()))
    return min((size for size in sizes if size > 0), default=None)
