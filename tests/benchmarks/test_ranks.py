"""How a gallery that was searched is scored."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from benchmarks.ranks import ranks_of, scores_by_rank
from tests.cli.stub import a_hit, a_result

FOUND = ((1, "b", 70.0), (2, "a", 0.0), (3, "c", 0.0))


def test_photos_without_any_likeness_are_tied() -> None:
    hits = [replace(a_hit(rank, Path(f"/{name}.jpg")), score=score) for rank, name, score in FOUND]
    ranks = ranks_of(a_result(*hits))
    assert ranks == {"/b.jpg": 1}
    assert scores_by_rank(ranks, ["/a.jpg", Path("/b.jpg"), "/c.jpg"]).tolist() == [-4, -1, -4]


def test_a_copy_has_the_rank_of_its_photo() -> None:
    hit = replace(a_hit(1, Path("/a.jpg")), copies=(Path("/copy.jpg"),))
    assert ranks_of(a_result(hit)) == {"/a.jpg": 1, "/copy.jpg": 1}
