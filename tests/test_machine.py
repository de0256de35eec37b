"""A container's limits count, not the machine around it."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from textsearch import machine


def test_a_containers_limit_is_what_may_be_used(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    newer, older = tmp_path / "memory.max", tmp_path / "limit"
    monkeypatch.setattr(machine, "_LIMITS", (newer, older))
    whole = machine.usable_memory()
    assert whole is not None
    newer.write_text("max\n")
    older.write_text(f"{2**63 - 4096}\n")  # as the older way says that there is no limit
    assert machine.usable_memory() == whole
    newer.write_text("1000000\n")
    assert machine.usable_memory() == 1_000_000


@pytest.mark.parametrize(
    ("newer", "older", "cores"),
    [
        ("200000 100000\n", None, 2),
        ("150000 100000\n", None, 2),
        ("10000 100000\n", None, 1),
        ("max 100000\n", None, 64),
        (None, ("250000\n", "100000\n"), 3),
        (None, ("-1\n", "100000\n"), 64),
        (None, None, 64),
    ],
)
def test_a_containers_share_of_time_is_so_many_cores(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    newer: str | None,
    older: tuple[str, str] | None,
    cores: int,
) -> None:
    quota, parts = tmp_path / "cpu.max", (tmp_path / "quota", tmp_path / "period")
    monkeypatch.setattr(machine, "_QUOTA", quota)
    monkeypatch.setattr(machine, "_OLD_QUOTA", parts)
    monkeypatch.setattr(os, "sched_getaffinity", lambda process: set(range(64)), raising=False)
    if newer is not None:
        quota.write_text(newer)
    for part, content in zip(parts, older or (), strict=False):
        part.write_text(content)
    assert machine.usable_cores() == cores


def test_a_system_that_does_not_tell(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(machine, "_LIMITS", (tmp_path / "none",))
    monkeypatch.delattr(os, "sysconf")
    monkeypatch.delattr(os, "sched_getaffinity", raising=False)
    monkeypatch.setattr(os, "cpu_count", lambda: None)
    assert machine.usable_memory() is None
    assert machine.usable_cores() == 1
