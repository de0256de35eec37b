"""Does searching only the likely regions lose anything, and what does it save? At 100,000 regions, with everything on.

    textsearch index PHOTOS --index real
    python -m benchmarks.candidates --source real --output benchmarks/results/candidates.json

The index is filled with regions recombined from those of a real index; see `benchmarks/recombined.py`. Queries are
words it shows (the recogniser may have misread them) and contiguous parts of three to five characters of words of six
or more, drawn at random.

Recall: all photos that the search finds at its default threshold as exact hits (for words), or as exact and partial
hits (for words and for parts), against those that it finds when it scores every region. "mean" is over the queries that
have such hits; "pooled" counts all hits of all queries as one; "top_20" is of the best twenty of each query.

Time: of `Database.search` in process with 20 hits, for each kind of query, and against the search that scores every
region.
"""

from __future__ import annotations

import argparse
import json
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.random import Generator

from benchmarks.latency import milliseconds
from benchmarks.protocol import parts_of
from benchmarks.recombined import WORDS_PER_LINE, Source, made_up_photos, made_up_words
from benchmarks.record import write
from textsearch.database import Database
from textsearch.index.folder import IndexFolder
from textsearch.index.records import ModelIdentity
from textsearch.runtime.model import load_model
from textsearch.types import MatchMode, TextModel

PLACES = 20
_SHORTEST_WORD = 3
_WARM = 5
"""Queries asked before the clock counts."""


def fill(location: Path, source: Path, model: TextModel, count: int, seed: int) -> list[str]:
    """Fill an index with made-up regions; return their words in the order they stand in."""
    generator = np.random.default_rng(seed)
    real = Source.read(source, model)
    words = made_up_words(real, count, generator)
    identity = ModelIdentity(model.name, model.fingerprint, model.dimension)
    with IndexFolder.create_or_open(location, identity) as index, index.writer() as writer:
        for photos in made_up_photos(real, words, model, generator):
            writer.add(photos)
    return words


def sample(candidates: Sequence[str], count: int, generator: Generator) -> list[str]:
    """Return `count` different ones of some words, the frequent ones more probably."""
    shuffled = generator.permutation(np.array(candidates, object)).tolist()
    return list(dict.fromkeys(shuffled))[:count]


def found(database: Database, query: str, match: MatchMode, exhaustive: bool) -> list[Path]:
    """Return all photos that are found, best first."""
    everything = database.status().info.images
    return [hit.path for hit in database.search(query, everything, match=match, exhaustive=exhaustive)]


def recall(database: Database, queries: Sequence[str], match: MatchMode) -> dict[str, Any]:
    """Return how much of what the exhaustive search finds is found without it."""
    top: list[float] = []
    counts: list[int] = []
    shares: dict[str, float] = {}
    missed = 0
    for query in queries:
        wanted = found(database, query, match, exhaustive=True)
        if not wanted:
            continue
        likely = found(database, query, match, exhaustive=False)
        kept = set(likely)
        shares[query] = len(kept.intersection(wanted)) / len(wanted)
        top.append(len(set(likely[:PLACES]).intersection(wanted[:PLACES])) / len(wanted[:PLACES]))
        counts.append(len(wanted))
        missed += len(set(wanted) - kept)
    return {
        "queries": len(shares),
        "without_hits": len(queries) - len(shares),
        "mean": 100 * float(np.mean(list(shares.values()))),
        "pooled": 100 * (1 - missed / sum(counts)),
        "top_20": 100 * float(np.mean(top)),
        "hits_median": float(np.median(counts)),
        "hits_maximum": max(counts),
        "worst": {query: shares[query] for query in sorted(shares, key=shares.__getitem__)[:20] if shares[query] < 1},
    }


def seconds_of(search: Callable[[str], object], queries: Sequence[str]) -> list[float]:
    """Return how long each query takes, after a few that do not count."""
    for query in queries[:_WARM]:
        search(query)
    seconds = []
    for query in queries:
        began = time.perf_counter()
        search(query)
        seconds.append(time.perf_counter() - began)
    return seconds


def kinds_of_queries(words: Sequence[str], count: int, generator: Generator) -> dict[str, list[str]]:
    """Return queries of every kind that the language knows, about words that the index shows."""
    usable = [word for word in words if len(word) >= _SHORTEST_WORD]
    starts = generator.permutation(len(words) // WORDS_PER_LINE).tolist()
    pairs = [(words[WORDS_PER_LINE * line], words[WORDS_PER_LINE * line + 1]) for line in starts]
    pairs = [pair for pair in pairs if min(map(len, pair)) >= _SHORTEST_WORD][:count]
    single = sample(usable, count, generator)
    parts = _parts(words, count, generator)
    return {
        "one word": single,
        "misspelt": [_misspelt(word, generator) for word in single],
        "two words": [f"{first} {second}" for first, second in pairs],
        "phrase": [f'"{first} {second}"' for first, second in pairs],
        "either": [f"{first}|{second}" for first, second in pairs],
        "without": [f"{first} -{second}" for first, second in pairs],
        "begins": [f"{word[:3]}*" for word in single],
        "contains": [f"*{part}*" for part in parts],
        "expression": [f"/{word[0]}.{word[2:]}/" for word in single],
    }


def _parts(words: Sequence[str], count: int, generator: Generator) -> list[str]:
    return sample([part for word in words for part in sorted(parts_of(word))], count, generator)


def _misspelt(word: str, generator: Generator) -> str:
    """Return the word with two neighbouring letters exchanged."""
    place = int(generator.integers(len(word) - 1))
    return word[:place] + word[place + 1] + word[place] + word[place + 2 :]


def measure(database: Database, words: Sequence[str], arguments: argparse.Namespace) -> dict[str, Any]:
    """Return recall and times."""
    generator = np.random.default_rng(arguments.seed + 1)
    asked = sample([word for word in words if len(word) >= _SHORTEST_WORD], arguments.queries, generator)
    parts = _parts(words, arguments.queries, generator)
    kinds = kinds_of_queries(words, arguments.timed, generator)
    likely = {kind: seconds_of(lambda query: database.search(query, PLACES), kinds[kind]) for kind in kinds}
    full = {
        kind: seconds_of(
            lambda query: database.search(query, PLACES, exhaustive=True), kinds[kind][: arguments.exhaustive_timed]
        )
        for kind in ("one word", "contains")
    }
    times = {kind: milliseconds(values) for kind, values in likely.items()}
    exhaustive = {kind: milliseconds(values) for kind, values in full.items()}
    return {
        "query_ms": {**times, "all": milliseconds([value for values in likely.values() for value in values])},
        "exhaustive_ms": exhaustive,
        "time_fraction": {kind: times[kind]["p50"] / exhaustive[kind]["p50"] for kind in exhaustive},
        "recall": {
            "words, exact": recall(database, asked, "exact"),
            "words, exact and partial": recall(database, asked, "partial"),
            "parts, exact and partial": recall(database, parts, "partial"),
            "parts with wildcards": recall(database, [f"*{part}*" for part in parts], "partial"),
        },
    }


def main() -> None:
    """Measure and write the JSON."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--source", type=Path, required=True, help="folder of a real index")
    parser.add_argument("--regions", type=int, default=100_000)
    parser.add_argument("--queries", type=int, default=100, help="queries of each sort whose recall is measured")
    parser.add_argument("--timed", type=int, default=100, help="queries of each kind whose time is measured")
    parser.add_argument("--exhaustive-timed", type=int, default=20, help="of them also scored exhaustively")
    parser.add_argument("--seed", type=int, default=11)
    parser.add_argument("--output", type=Path, required=True, help="JSON file to write")
    arguments = parser.parse_args()
    model = load_model()
    with tempfile.TemporaryDirectory() as folder:
        began = time.perf_counter()
        words = fill(Path(folder) / "index", arguments.source, model, arguments.regions, arguments.seed)
        print(f"filled in {time.perf_counter() - began:.0f} s, {len(set(words)):,} different words", flush=True)
        with Database(Path(folder) / "index", model) as database:
            measured = measure(database, words, arguments)
    record = {
        "benchmark": "candidates",
        "regions": len(words),
        "different_words": len(set(words)),
        "seed": arguments.seed,
        **measured,
    }
    write(record, arguments.output)
    print(json.dumps(measured, indent=2))


if __name__ == "__main__":
    main()
