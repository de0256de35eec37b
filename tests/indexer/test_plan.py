"""Moves are ordered so that no content is overwritten while it is still needed."""

from __future__ import annotations

from pathlib import Path

import pytest

from textsearch.index.folder import KnownFile
from textsearch.indexer.plan import Candidate, Move, in_safe_order
from textsearch.indexer.scan import FoundFile


def move(path: str, before: str | None, now: str) -> Move:
    known = None if before is None else KnownFile(Path(path), before, 1, 1, failed=False, reason=None)
    return Move(Candidate(FoundFile(Path(path), 1, 2), known), now, 1, 2)


def lost(moves: list[Move]) -> int:
    """Return how many moves find their content gone, when each overwrites its path at once."""
    held = {m.candidate.found.path: m.candidate.indexed_content for m in moves}
    held[Path("vanished")] = "1"
    missing = 0
    for m in moves:
        if m.sha256 in held.values():
            held[m.candidate.found.path] = m.sha256
        else:
            missing += 1
    return missing


@pytest.mark.parametrize("reverse", [False, True])
def test_renumbered_photos(reverse: bool) -> None:
    moves = [move("2", "2", "1"), move("3", "3", "2"), move("4", "4", "3"), move("5", None, "4")]
    moves = moves[::-1] if reverse else moves
    ordered = in_safe_order(moves)
    assert sorted(m.sha256 for m in ordered) == ["1", "2", "3", "4"]
    assert lost(ordered) == 0


def test_two_files_that_changed_places_cost_one_reading() -> None:
    ordered = in_safe_order([move("a", "1", "2"), move("b", "2", "1")])
    assert len(ordered) == 2


def test_copies_of_one_photo() -> None:
    moves = [move("a", None, "1"), move("b", "2", "1"), move("c", None, "2")]
    assert lost(in_safe_order(moves)) == 0


def test_a_long_chain_needs_no_deep_stack() -> None:
    moves = [move(str(i), str(i), str(i - 1)) for i in range(2, 5000)]
    assert lost(in_safe_order(moves)) == 0
