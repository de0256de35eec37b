"""A process killed at any moment loses no batch it had committed, and leaves an index that opens and goes on."""

from __future__ import annotations

import random
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from tests.children import next_line
from tests.index.samples import IDENTITY, MODEL, vectors_of
from tests.index.test_catalog import check_database
from textsearch.index.folder import IndexFolder

ROOT = Path(__file__).parents[2]
WORDS = 3

# Adds pictures of three words in batches of four, takes one away now and then, and says what is committed.
PROGRAM = """
import sys
from pathlib import Path
from tests.index.samples import encoded
from textsearch.index.folder import IndexFolder

start = int(sys.argv[2])
with IndexFolder.open(Path(sys.argv[1])) as index, index.writer() as writer:
    for number in range(start, start + 4000, 4):
        writer.add([encoded(f"/{n}.jpg", f"one{n}", f"two{n}", f"three{n}") for n in range(number, number + 4)])
        print("added", number + 3, flush=True)
        if number % 12 == 0:
            writer.forget([Path(f"/{number}.jpg")])
            print("forgot", number, flush=True)
        if number % 16 == 0:
            writer.checkpoint()
"""


def run_and_kill(location: Path, start: int, lines: int, delay: float) -> tuple[int, set[int]]:
    """Let the program say a number of lines, kill it a moment later; return the last picture added, and those gone."""
    command = [sys.executable, "-c", PROGRAM, str(location), str(start)]
    last, gone = start - 1, set()
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        said = [next_line(process) for _ in range(lines)]
        time.sleep(delay)
        process.kill()
        said += process.stdout.readlines()
    # Where output is not buffered, the end of a line is written by itself and may be missing.
    for line in (line for line in said if line.endswith("\n")):
        verb, number = line.split()
        if verb == "added":
            last = int(number)
        else:
            gone.add(int(number))
    return last, gone


@pytest.mark.parametrize("seed", [1, 2])
def test_killed_writers_lose_nothing(location: Path, seed: int) -> None:
    IndexFolder.create_or_open(location, IDENTITY).close()
    chance = random.Random(seed)
    expected: set[int] = set()
    start = 0
    for _ in range(2):
        last, gone = run_and_kill(location, start, chance.randint(1, 40), chance.random() / 50)
        expected = (expected | set(range(start, last + 1))) - gone
        check_database(location)
        with IndexFolder.open(location, IDENTITY) as index:
            present = {int(file.path.stem) for file in index.known_files()}
            # The call it was killed in may have been committed or not, but nothing in between.
            in_doubt = present ^ expected
            assert in_doubt in (set(), {last + 1, last + 2, last + 3, last + 4}, {last - 3})
            expected = present
            assert index.info().images == len(present)
            assert index.info().regions == WORDS * len(present)
            check_vectors(index)
        start = (max(present) // 4 + 1) * 4


def check_vectors(index: IndexFolder) -> None:
    """Compare the vectors in memory with the catalog: the same ids, and each with the vector of its own text."""
    ids = np.sort(index.nearest(vectors_of("anything"), 100_000)[0][0])
    ids = ids[ids >= 0]
    regions = index.regions(ids)
    assert [region.region_id for region in regions] == ids.tolist()
    assert len(ids) == index.info().regions
    expected = MODEL.encode_words([region.text for region in regions])
    np.testing.assert_allclose(index.embeddings(ids), expected, atol=1e-3)
    _, similarities = index.nearest(expected[:: len(expected) // 20 + 1], 1)
    np.testing.assert_allclose(similarities, 1, atol=1e-3)
