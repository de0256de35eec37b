"""What the machine has for this process."""

from __future__ import annotations

import math
import os
from contextlib import suppress
from pathlib import Path

_LIMITS = (Path("/sys/fs/cgroup/memory.max"), Path("/sys/fs/cgroup/memory/memory.limit_in_bytes"))
"""Where Linux tells how much memory a container may use, in the newer and the older way."""


_QUOTA = Path("/sys/fs/cgroup/cpu.max")
_OLD_QUOTA = (Path("/sys/fs/cgroup/cpu/cpu.cfs_quota_us"), Path("/sys/fs/cgroup/cpu/cpu.cfs_period_us"))
"""Where Linux tells how much time on all cores a container may use, and in what period."""


def usable_cores() -> int:
    """Return how many cores this process may use, which in a container is not how many there are."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return min(cores, _cores_of_quota() or cores)


def _cores_of_quota() -> int | None:
    """Return how many cores the container's share of time amounts to, rounded up; None if there is no limit."""
    for files in ((_QUOTA,), _OLD_QUOTA):
        with suppress(OSError, ValueError):  # no container; "max"
            quota, period = (int(number) for file in files for number in file.read_text().split())
            return max(1, math.ceil(quota / period)) if quota > 0 and period > 0 else None
    return None


def usable_memory() -> int | None:
    """Return how many bytes of memory this process may use, others aside; None where the system does not tell."""
    sizes = []
    with suppress(AttributeError, OSError, ValueError):  # Windows; an unknown name
        sizes.append(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES"))
    for limit in _LIMITS:
        with suppress(OSError, ValueError):  # no container; "max"
            sizes.append(int(limit.read_text()))
    return min((size for size in sizes if size > 0), default=None)
