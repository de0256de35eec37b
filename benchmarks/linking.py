"""How well names are recognised in what was read: drawn misreadings, words that are no names, and photos of products.

    python -m benchmarks.linking --output results.json [--index DIR --labels labels.jsonl]

Drawn readings: names of well-known brands whose letters are confused as recognisers confuse them; in a "soft" error the
lattice still holds the true letter, in a "hard" one it does not. Precision: frequent English words and made-up words,
read with the same errors. Photos: an index of photos whose labels begin with a brand, such as "Arla-Standard-Milk".
"""

from __future__ import annotations

import argparse
import json
import random
import statistics
import time
from collections.abc import Sequence
from importlib.resources import files
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.record import write
from textsearch.alphabet import Alphabet, normalise
from textsearch.index.folder import IndexFolder
from textsearch.knowledge.lexicon import Entity, Lexicon, default_lexicon
from textsearch.knowledge.linker import Link, Linker
from textsearch.knowledge.spans import PlainReading, Reading
from textsearch.lattice import Lattice

CONFUSED = {
    **{"0": "o", "1": "l", "2": "z", "5": "s", "8": "b"},
    **{"a": "o", "b": "8", "c": "e", "d": "o", "e": "c", "f": "t", "g": "q", "h": "b", "i": "l", "j": "i", "k": "x"},
    **{"l": "1", "m": "n", "n": "m", "o": "0", "p": "o", "q": "g", "r": "t", "s": "5", "t": "f", "u": "v", "v": "u"},
    **{"w": "v", "x": "k", "y": "v", "z": "2"},
}
"""For each letter one that recognisers take it for."""

THRESHOLDS = (0.1, 0.3, 0.5)

NAMES = 500


def lattice_of(word: str, errors: Sequence[str], alphabet: Alphabet, source: random.Random) -> Lattice:
    """Return the lattice of a word with errors, each "soft" or "hard", at letters drawn at random."""
    classes = {character: number for number, character in enumerate(alphabet.characters)}
    wrong = dict(zip(source.sample(range(len(word)), min(len(errors), len(word))), errors, strict=False))
    probabilities = np.zeros((2 * len(word) + 1, len(alphabet.characters)), np.float32)
    probabilities[:, 0] = 1.0
    for place, letter in enumerate(word):
        frame = probabilities[2 * place + 1]
        frame[0] = 0.03
        error = wrong.get(place)
        confused = classes.get(CONFUSED.get(letter, "e"), 0)
        frame[classes[letter]] += {None: 0.97, "soft": 0.35, "hard": 0.0}[error]
        if error:
            frame[confused] += 0.97 - frame[classes[letter]]
    return Lattice.from_probabilities(probabilities)


def reading_of(word: str, errors: Sequence[str], alphabet: Alphabet, source: random.Random) -> Reading:
    """Return one region that shows a word, as a recogniser that errs would have read it."""
    lattice = lattice_of(word, errors, alphabet, source)
    text = alphabet.decode(lattice.classes[:, 0].tolist())
    score = float(np.exp(lattice.log_probabilities[1::2, 0]).mean())
    box = np.array([[0, 0], [10 * len(word), 0], [10 * len(word), 20], [0, 20]], np.float32)
    return PlainReading(box, text, score, 0, lattice)


def drawn_names(lexicon: Lexicon, alphabet: Alphabet, source: random.Random) -> list[tuple[str, set[str]]]:
    """Return names of one word with the entities they stand for."""
    names = []
    for number, name in enumerate(lexicon.spelt):
        meant = {m.target.identifier for m in lexicon.meanings_of(number) if isinstance(m.target, Entity)}
        known = max((m.target.prior for m in lexicon.meanings_of(number) if isinstance(m.target, Entity)), default=0)
        if meant and known >= 0.5 and name.isascii() and name.isalnum() and len(name) >= 4 and not name.isdigit():
            names.append((name, meant))
    return source.sample(names, NAMES)


def strangers(lexicon: Lexicon, source: random.Random) -> dict[str, list[str]]:
    """Return words that are no names: frequent English ones, and made-up ones with the letters of names."""
    frequent = [word for word in lexicon.counts if len(word) >= 4 and word.isascii() and word not in lexicon.names]
    made_up: list[str] = []
    spelt = [name for name in lexicon.spelt if name.isascii() and name.isalpha() and 6 <= len(name) <= 12]
    while len(made_up) < NAMES:
        front, back = source.choice(spelt), source.choice(spelt)
        word = front[: len(front) // 2] + back[len(back) // 2 :]
        if word not in lexicon.names:
            made_up.append(word)
    return {"english": source.sample(sorted(frequent), NAMES), "made up": made_up}


def drawn(linker: Linker, lexicon: Lexicon, alphabet: Alphabet) -> dict[str, Any]:
    """Return recall on names by kind of error, and the share of other words that are linked, by threshold."""
    source = random.Random(0)
    names = drawn_names(lexicon, alphabet, source)
    recall = {}
    for errors in ((), ("soft",), ("hard",), ("soft", "soft"), ("soft", "hard")):
        found = []
        for name, meant in names:
            links = linker.link([reading_of(name, errors, alphabet, source)])
            found.append(max((link.weight for link in links if link.target.identifier in meant), default=0.0))
        recall[" + ".join(errors) or "none"] = _by_threshold(found)
    linked = {}
    for kind, words in strangers(lexicon, source).items():
        for errors in ((), ("soft",)):
            heaviest = [
                max((link.weight for link in linker.link([reading_of(word, errors, alphabet, source)])), default=0.0)
                for word in words
            ]
            linked[f"{kind}, errors: {' + '.join(errors) or 'none'}"] = _by_threshold(heaviest)
    return {"names": NAMES, "recall": recall, "linked_though_no_name": linked}


def _by_threshold(weights: Sequence[float]) -> dict[str, float]:
    return {f"{t:.1f}": sum(weight >= t for weight in weights) / len(weights) for t in THRESHOLDS}


def photos(linker: Linker, lexicon: Lexicon, index: Path, labels: Path) -> dict[str, Any]:
    """Return how often the brand in a photo's label is linked, and the category that is heaviest is the label's."""
    coarse = lexicon.labels("grocery", "coarse")
    rows = {Path(row["image"]).name: row for line in labels.read_text().splitlines() if (row := json.loads(line))}
    brands, kinds, seconds, sizes = [], [], [], []
    with IndexFolder.open(index) as folder:
        for file in folder.known_files():
            row, regions = rows.get(file.path.name), folder.regions_of(file.path)
            if row is None or regions is None:
                continue
            started = time.process_time()
            links = linker.link(regions)
            seconds.append(time.process_time() - started)
            sizes.append(len(regions))
            brands.append(_has_brand(links, row["label"]))
            kinds.append(_heaviest_kind(links, lexicon, set(coarse.values())) == coarse[row["coarse"]])
    return {
        "photos": len(brands),
        "brand_linked": sum(brands) / len(brands),
        "coarse_right": sum(kinds) / len(kinds),
        "regions_mean": statistics.mean(sizes),
        "link_cpu_ms_median": 1000 * statistics.median(seconds),
        "link_cpu_ms_p95": 1000 * float(np.percentile(seconds, 95)),
    }


def _has_brand(links: Sequence[Link], label: str) -> bool:
    """Return whether a link names the brand that a label begins with."""
    wanted = normalise(label)
    return any(isinstance(link.target, Entity) and wanted.startswith(normalise(link.target.name)) for link in links)


def _heaviest_kind(links: Sequence[Link], lexicon: Lexicon, kinds: set[str]) -> str | None:
    """Return the one of some categories that the links speak for most."""
    weights = dict.fromkeys(sorted(kinds), 0.0)
    for link in links:
        meant = link.target.categories if isinstance(link.target, Entity) else ((link.target.identifier, 1.0),)
        spoken_for: dict[str, float] = {}
        for identifier, weight in meant:
            above = [category.identifier for category in lexicon.path(identifier) if category.identifier in kinds]
            for kind in above[:1]:
                spoken_for[kind] = max(weight, spoken_for.get(kind, 0.0))
        for kind, weight in spoken_for.items():
            weights[kind] += weight * link.weight
    best = max(weights, key=lambda kind: weights[kind])
    return best if weights[best] > 0 else None


def crowded(linker: Linker, lexicon: Lexicon, alphabet: Alphabet) -> dict[str, float]:
    """Return the milliseconds of processor time for photos of 30 misread regions: names, words and made-up words."""
    source = random.Random(1)
    others = strangers(lexicon, source)
    names = [name for name, _ in drawn_names(lexicon, alphabet, source)]
    pool = [*names, *others["english"], *others["made up"]]
    milliseconds = []
    for _ in range(30):
        readings = [reading_of(word, ("soft",), alphabet, source) for word in source.sample(pool, 30)]
        started = time.process_time()
        linker.link(readings)
        milliseconds.append(1000 * (time.process_time() - started))
    return {"median": statistics.median(milliseconds), "maximum": max(milliseconds)}


def main() -> None:
    """Measure and write the JSON."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--index", type=Path, help="an index of labelled photos")
    parser.add_argument("--labels", type=Path, help="their labels, one JSON object a line")
    parser.add_argument("--output", type=Path, required=True, help="JSON file to write")
    arguments = parser.parse_args()
    started = time.process_time()
    lexicon = default_lexicon()
    loaded = time.process_time() - started
    alphabet = Alphabet(tuple(json.loads((files("textsearch.weights") / "alphabet.json").read_text(encoding="utf-8"))))
    linker = Linker(lexicon, alphabet)
    linker.link([reading_of("starbvcks", (), alphabet, random.Random(0))])
    record: dict[str, Any] = {"benchmark": "linking", "load_cpu_ms": 1000 * loaded}
    record["crowded_cpu_ms"] = crowded(linker, lexicon, alphabet)
    record["drawn"] = drawn(linker, lexicon, alphabet)
    if arguments.index and arguments.labels:
        record["photos"] = photos(linker, lexicon, arguments.index, arguments.labels)
    write(record, arguments.output)
    print(json.dumps(record, indent=2))


if __name__ == "__main__":
    main()
