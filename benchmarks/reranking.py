"""What knowledge does to the ranking of photos: queries for categories, for brands, and for words that name nothing.

    python -m benchmarks.reranking --grocery DIR --storefront DIR --street DIR --classifier FILE --index DIR
        --output results.json

The gallery: the development photos of Grocery Store Dataset's packages and of a crawl of shop fronts, and those of
ICDAR 2015 as distractors. Each ranking is of the whole gallery; photos that scored nothing are tied.

Categories: the coarse labels of the packages and the four labels of the shop fronts, typed as a person would ("oat
milk" for "Oat-Milk"). A photo is relevant if it has that label; those of the shop fronts are weak, each a search query.

Brands: the nine brands with which the packages' labels begin, relevant are the photos whose label does; and all legible
words annotated in ICDAR 2015 that the lexicon knows as the name of an entity, relevant are the photos annotated with
it.

Words that name nothing: all annotated words that mean nothing to the lexicon. Their results must be the same to the
bit.

The classifier must not have seen these photos: the packaged one has, so FILE is one trained on split train alone.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import statistics
import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from pathlib import Path
from typing import Any, get_args

import numpy as np

from benchmarks.protocol import Protocol
from benchmarks.ranks import ranks_of, scores_by_rank
from benchmarks.record import write
from textsearch.alphabet import Alphabet
from textsearch.database import Database
from textsearch.hits import SearchResult
from textsearch.images import read_image
from textsearch.index.folder import IndexFolder
from textsearch.index.records import PhotoKnowledge
from textsearch.knowledge.classifier import load_classifier
from textsearch.knowledge.lexicon import Entity, default_lexicon
from textsearch.knowledge.notices import classified, named, shown
from textsearch.knowledge.perception import Perception
from textsearch.knowledge.question import ask
from textsearch.knowledge.spans import Reading
from textsearch.types import ByteArray, FloatArray, Rerank

BRANDS = ("Alpro", "Arla", "Bravo", "Garant", "God Morgon", "Oatly", "Tropicana", "Valio", "Yoggi")
"""With which the labels of the packages begin."""

REPEATS = 20
"""Times that a query is asked for its duration."""

BIN = 20
"""Points of a bin of scores."""

DESCRIBED = 60
"""Photos that are described for the duration of describing one."""

SPLIT = "dev"


class TrainedDescriber:
    """Describes photos as the indexer does, with a classifier from a file."""

    def __init__(self, alphabet: Alphabet, classifier: Path) -> None:
        self.maker = f"benchmark ({hashlib.sha256(classifier.read_bytes()).hexdigest()[:12]})"
        self._perception = Perception(alphabet, load_classifier(classifier))

    def see(self, pixels: ByteArray) -> FloatArray:
        """Return what a picture (H, W, 3) uint8 RGB looks like."""
        return self._perception.see(pixels)

    def describe(self, pixels: ByteArray, readings: Sequence[Reading]) -> PhotoKnowledge:
        """Return what is known about a photo, (H, W, 3) uint8 RGB."""
        found = self._perception.perceive(pixels, readings)
        notices = (
            *named(found.links),
            *classified(found.logits, found.classes),
            *shown(found.scenes, found.scene_categories),
        )
        return PhotoKnowledge(notices, found.picture, self.maker)


class Gallery:
    """The photos with their labels and annotated words.

    Attributes:
        photos: absolute paths.
        labels: label of each photo; empty for a street.
        products: finer label of each photo; empty where there is none.
        words: lower-case annotated words of each photo.
    """

    def __init__(self, grocery: Path, storefront: Path, street: Path) -> None:
        self.photos: list[Path] = []
        self.labels: list[str] = []
        self.products: list[str] = []
        self.words: list[set[str]] = []
        for row in _rows(grocery / "labels.jsonl"):
            if row["group"] == "Packages":
                self._add(grocery / row["image"], _typed(row["coarse"]), row["label"])
        for row in _rows(storefront / "labels.jsonl"):
            self._add(storefront / row["image"], row["label"])
        for row in _rows(street / "words.jsonl"):
            legible = {entry["text"].lower() for entry in row["words"] if entry["text"] and not entry["ignore"]}
            self._add(street / row["image"], "", words=legible)

    def _add(self, photo: Path, label: str, product: str = "", words: Iterable[str] = ()) -> None:
        self.photos.append(photo.absolute())
        self.labels.append(label)
        self.products.append(product)
        self.words.append(set(words))

    def categories(self) -> Protocol:
        """Return the queries for categories."""
        return self._protocol({label: [label == other for other in self.labels] for label in set(self.labels) - {""}})

    def categories_of_labels(self) -> dict[str, str]:
        """Return the lexicon's category of each label."""
        lexicon = default_lexicon()
        known = {_typed(label): category for label, category in lexicon.labels("grocery", "coarse").items()}
        known |= lexicon.labels("storefront")
        return {label: known[label] for label in sorted(set(self.labels) - {""})}

    def brands(self) -> Protocol:
        """Return the queries for brands."""
        relevant = {
            brand.lower(): [product.startswith(brand.replace(" ", "-")) for product in self.products]
            for brand in BRANDS
        }
        for word in self._annotated():
            asked = ask(word, default_lexicon())
            if asked is not None and any(isinstance(sense.target, Entity) for sense in asked.senses):
                relevant[word] = [word in words for words in self.words]
        return self._protocol({query: places for query, places in relevant.items() if any(places)})

    def meaningless(self) -> list[str]:
        """Return the annotated words that mean nothing to the lexicon."""
        return [word for word in self._annotated() if ask(word, default_lexicon()) is None]

    def _annotated(self) -> list[str]:
        words = {word for own in self.words for word in own}
        return sorted(word for word in words if len(word) > 2 and word.isascii() and word.isalnum())

    def _protocol(self, relevant: dict[str, list[bool]]) -> Protocol:
        places = {query: frozenset(np.flatnonzero(flags).tolist()) for query, flags in sorted(relevant.items())}
        return Protocol(tuple(self.photos), places, frozenset(), (), ())


def _typed(label: str) -> str:
    """Return a label as a person would type it."""
    return label.replace("-", " ").lower()


def _rows(path: Path) -> list[dict[str, Any]]:
    rows = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    return [row for row in rows if row["split"] == SPLIT]


def compare(database: Database, protocol: Protocol) -> dict[str, Any]:
    """Return mAP of the text's ranking and of the reranked one, the gain with its interval, and each query's."""
    search: dict[str, Callable[[str], SearchResult]] = {
        "text": lambda query: database.search(query, 0, rerank="none"),
        "reranked": lambda query: database.search(query, 0),
    }
    scores = {
        name: {query: scores_by_rank(ranks_of(ask_for(query)), protocol.photos) for query in protocol.relevant}
        for name, ask_for in search.items()
    }
    precisions = {name: protocol.precisions(each) for name, each in scores.items()}
    return {
        "queries": len(protocol.relevant),
        **{name: 100 * statistics.mean(each.values()) for name, each in precisions.items()},
        "gain": protocol.gain(scores["reranked"], scores["text"]),
        "each": {
            query: {"relevant": len(places), **{name: 100 * precisions[name][query] for name in search}}
            for query, places in protocol.relevant.items()
        },
    }


def changed(database: Database, queries: Iterable[str]) -> int:
    """Return how many results differ in anything but their duration where knowledge is used."""
    count = 0
    for query in queries:
        plain, reranked = database.search(query, rerank="none").to_dict(), database.search(query).to_dict()
        plain["took_ms"] = reranked["took_ms"] = 0
        count += plain != reranked
    return count


def calibration(database: Database, gallery: Gallery) -> dict[str, dict[str, dict[str, float]]]:
    """Return, by kind of hit and in bins of the score, how many hits show what the query means, in percent.

    Only photos with a label count: of a street nobody said which shops it shows. A pharmacy is a shop.
    """
    found: dict[str, dict[int, list[bool]]] = defaultdict(lambda: defaultdict(list))
    labels = dict(zip(gallery.photos, gallery.labels, strict=True))
    for query, category in gallery.categories_of_labels().items():
        below = default_lexicon().below(category)
        right = {label for label, other in gallery.categories_of_labels().items() if other in below}
        for hit in database.search(query, 0):
            if hit.score > 0 and labels[hit.path]:
                found[hit.kind][min(int(hit.score // BIN), 100 // BIN - 1)].append(labels[hit.path] in right)
    return {
        kind: {
            f"{BIN * low} to {BIN * low + BIN}": {"hits": len(each), "right": 100 * statistics.mean(each)}
            for low, each in sorted(bins.items())
        }
        for kind, bins in found.items()
    }


def durations(database: Database, queries: Sequence[str]) -> dict[str, dict[str, float]]:
    """Return for each query the milliseconds that knowledge adds, and the photos of which something is known."""
    rows = {}
    for query in queries:
        taken: dict[Rerank, float] = {}
        for how in get_args(Rerank):
            database.search(query, rerank=how)
            taken[how] = min(_milliseconds(partial(database.search, query, rerank=how)) for _ in range(REPEATS))
        known = sum(hit.explanation.knowledge is not None for hit in database.search(query, 0))
        rows[query] = {"known": known, "text_ms": taken["none"], "added_ms": taken["auto"] - taken["none"]}
    return rows


def _milliseconds(call: Callable[[], object]) -> float:
    began = time.perf_counter()
    call()
    return 1000 * (time.perf_counter() - began)


def index_milliseconds(index: Path, describer: TrainedDescriber, photos: Sequence[Path]) -> float:
    """Return the median milliseconds of describing an indexed photo, its reading from the disk aside."""
    taken = []
    with IndexFolder.open(index) as folder:
        for photo in photos:
            pixels, readings = read_image(photo), folder.regions_of(photo) or []
            taken.append(_milliseconds(partial(describer.describe, pixels, readings)))
    return statistics.median(taken[1:])


def main() -> None:
    """Fill the index, ask everything and write the result."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name in ("grocery", "storefront", "street", "classifier", "index", "output"):
        parser.add_argument(f"--{name}", type=Path, required=True)
    arguments = parser.parse_args()
    gallery = Gallery(arguments.grocery, arguments.storefront, arguments.street)
    with Database(arguments.index) as database:
        describer = TrainedDescriber(database.alphabet(), arguments.classifier)
    with Database(arguments.index, describer=describer) as database:
        database.index(*gallery.photos)
        categories, brands, meaningless = gallery.categories(), gallery.brands(), gallery.meaningless()
        result = {
            "photos": len(gallery.photos),
            "categories": compare(database, categories),
            "brands": compare(database, brands),
            "meaningless": {"queries": len(meaningless), "changed": changed(database, meaningless)},
            "calibration": calibration(database, gallery),
            "duration": durations(database, list(categories.relevant)),
        }
    every = max(len(gallery.photos) // DESCRIBED, 1)
    result["index_ms"] = index_milliseconds(arguments.index, describer, gallery.photos[::every])
    write(result, arguments.output)


if __name__ == "__main__":
    main()
