"""How long a query takes in process and from a cold start, and how large the index is, at several sizes.

    python -m benchmarks.latency --regions 10000 100000 --output benchmarks/results/latency.json

The index is filled with made-up regions: random words as the recogniser would read them, with the word branch's own
vectors and a little noise, eight to a photo. Nothing is read from photos, so only searching is measured.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.random import Generator

from benchmarks.record import write
from textsearch.database import Database
from textsearch.index.folder import IndexFolder
from textsearch.index.records import EncodedImage, ModelIdentity
from textsearch.lattice import Lattice
from textsearch.runtime.model import OnnxModel, load_model
from textsearch.types import Regions

PER_PHOTO = 8
QUERIES = 200
COLD_STARTS = 11
_SYLLABLES = (
    "ba",
    "co",
    "da",
    "er",
    "fi",
    "gu",
    "ho",
    "in",
    "ju",
    "ka",
    "lo",
    "mar",
    "ne",
    "os",
    "pi",
    "qu",
    "ra",
    "st",
)


def random_word(generator: Generator) -> str:
    """Return a pronounceable word of two to five syllables, sometimes with digits."""
    word = "".join(generator.choice(_SYLLABLES, int(generator.integers(2, 6))))
    return word + str(generator.integers(10, 100)) if generator.random() < 0.1 else word


def read_lattice(word: str, model: OnnxModel, generator: Generator) -> Lattice:
    """Return a lattice of about two frames a letter in which each letter has one or two rivals."""
    classes = len(model.alphabet.characters)
    probabilities = np.zeros((2 * len(word) + 1, classes), np.float32)
    probabilities[:, 0] = 0.99
    for place, letter in enumerate(word):
        row = probabilities[2 * place + 1]
        row[0] = 0.01
        row[model.alphabet.characters.index(letter)] = 0.9
        row[generator.integers(1, classes, 2)] = 0.04
    return Lattice.from_probabilities(probabilities)


def made_up_photos(count: int, model: OnnxModel, generator: Generator) -> Iterator[list[EncodedImage]]:
    """Yield batches of photos with PER_PHOTO regions each, `count` regions in all."""
    for start in range(0, count // PER_PHOTO, 100):
        photos = []
        for number in range(start, min(start + 100, count // PER_PHOTO)):
            words = [random_word(generator) for _ in range(PER_PHOTO)]
            vectors = model.encode_words(words) + generator.normal(0, 0.02, (PER_PHOTO, model.dimension))
            vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
            corners = np.array([[0, 0], [100, 0], [100, 30], [0, 30]], np.float32)
            regions = Regions(
                width=1280,
                height=720,
                polygons=tuple(corners + generator.uniform(0, 600, 2).astype(np.float32) for _ in words),
                scores=np.full(PER_PHOTO, 0.9, np.float32),
                texts=tuple(words),
                text_scores=np.full(PER_PHOTO, 0.9, np.float32),
                lines=np.arange(PER_PHOTO, dtype=np.int32),
                embeddings=vectors.astype(np.float32),
                lattices=tuple(read_lattice(word, model, generator) for word in words),
            )
            digest = hashlib.sha256(str(number).encode()).hexdigest()
            photos.append(EncodedImage(Path(f"/gallery/{number}.jpg"), digest, 1, 1, regions))
        yield photos


def milliseconds(seconds: list[float]) -> dict[str, float]:
    """Return median, 95th percentile and range."""
    values = sorted(1000 * value for value in seconds)
    return {
        "p50": statistics.median(values),
        "p95": values[int(0.95 * (len(values) - 1))],
        "minimum": values[0],
        "maximum": values[-1],
    }


def cold_start(location: Path, query: str) -> float:
    """Return the seconds of one `textsearch query` as a user runs it."""
    began = time.perf_counter()
    program = Path(sys.executable).with_name("textsearch")
    result = subprocess.run([program, "query", query, "--index", location, "-l"], check=True, capture_output=True)
    if not result.stdout:
        raise RuntimeError(f"the query {query!r} found nothing")
    return time.perf_counter() - began


def measure(count: int, location: Path) -> dict[str, Any]:
    """Fill an index with `count` regions and time queries on it."""
    model = load_model()
    generator = np.random.default_rng(count)
    identity = ModelIdentity(model.name, model.fingerprint, model.dimension)
    began = time.perf_counter()
    with IndexFolder.create_or_open(location, identity) as index, index.writer() as writer:
        for photos in made_up_photos(count, model, generator):
            writer.add(photos)
        index.keep_readings(model.alphabet)
    fill = time.perf_counter() - began
    with IndexFolder.open(location, identity) as index:
        sizes, regions = index.sizes(), index.info().regions
        words = [region.text for region in index.regions(generator.integers(1, regions, QUERIES).tolist())]
    single, double = [], []
    with Database(location, model) as database:
        for word in words[:5]:
            database.search(word)
        for word in words:
            began = time.perf_counter()
            database.search(word)
            single.append(time.perf_counter() - began)
        for first, second in zip(words[::2], words[1::2], strict=True):
            began = time.perf_counter()
            database.search(f"{first} {second}")
            double.append(time.perf_counter() - began)
    cold = [cold_start(location, word) for word in words[: COLD_STARTS + 1]][1:]
    return {
        "regions": regions,
        "fill_seconds": fill,
        "one_word_ms": milliseconds(single),
        "two_words_ms": milliseconds(double),
        "cold_command_ms": milliseconds(cold),
        "bytes_per_region": {name: size / regions for name, size in sizes.items()},
    }


def main() -> None:
    """Measure and write the JSON."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--regions", type=int, nargs="+", default=[10_000, 100_000])
    parser.add_argument("--output", type=Path, required=True, help="JSON file to write")
    arguments = parser.parse_args()
    sizes = []
    for count in arguments.regions:
        with tempfile.TemporaryDirectory() as folder:
            sizes.append(measure(count, Path(folder) / "index"))
        print(json.dumps(sizes[-1], indent=2), flush=True)
    write({"benchmark": "latency", "sizes": sizes}, arguments.output)


if __name__ == "__main__":
    main()
