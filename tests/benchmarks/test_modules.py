"""No program that measures may rot unnoticed: each can be imported, and says how it is called."""

from __future__ import annotations

import pkgutil
from importlib import import_module

import pytest

import benchmarks

MODULES = sorted(module.name for module in pkgutil.iter_modules(benchmarks.__path__))


def test_all_are_looked_at() -> None:
    assert len(MODULES) > 25
    assert {"retrieval", "record", "tables"} < set(MODULES)


@pytest.mark.parametrize("name", MODULES)
def test_it_can_be_imported(name: str) -> None:
    module = import_module(f"benchmarks.{name}")
    assert module.__doc__
    if hasattr(module, "main"):
        assert module.__file__ is not None
        assert f"python -m benchmarks.{name}" in module.__doc__ or name == "contenders"
