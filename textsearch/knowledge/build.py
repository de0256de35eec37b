"""Build the lexicon's file from its sources; needed only when they change.

    python -m textsearch.knowledge.build --nsi DIR --presets DIR --wordnet DIR --imagenet FILE --out lexicon.json.gz

DIR are the unpacked npm packages name-suggestion-index 8.0.20260918 and @openstreetmap/id-tagging-schema 6.19.2 and the
folder /usr/share/wordnet of Debian's wordnet-base 3.0; FILE has the WordNet ids of the 1,000 ImageNet classes, one a
line in class order. The same sources give the same bytes. The hand-written tables lie beside the result in `data`.
"""

from __future__ import annotations

import argparse
import gzip
import json
import math
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from textsearch.alphabet import normalise, words_of
from textsearch.knowledge.lexicon import DATA, SCHEMA, VERSION, pack
from textsearch.knowledge.sources import Brand, WordNet, read_brands, read_presets, read_table
from textsearch.knowledge.spelling import singulars
from textsearch.knowledge.taxonomy import Draft, Taxonomy

NAME, OTHER_NAME, TRANSLATION, POSSESSIVE, SHORT, WORD = 100, 85, 60, 60, 50, 20
"""How strongly a name stands for what it names, percent; a mere word shares its part among all it suggests."""

RARER_SENSE, RAREST_SENSE = 20, 20
"""What a noun's every further sense in WordNet is weaker, and how weak it gets, percent."""

SIDE_LINE = 0.25
"""Weight of a kind of place that a brand runs beside what it is known for: too little to be found by the name alone."""

SIDE_LINES = {
    "amenity/car_wash": ("amenity/fuel", "shop/supermarket", "shop/wholesale"),
    "amenity/fuel": ("shop/supermarket", "shop/department_store", "shop/wholesale"),
    "amenity/pharmacy": ("shop/supermarket", "shop/department_store", "shop/wholesale", "amenity/hospital"),
    "shop/car_repair": ("shop/car",),
}
"""Kinds of place that are side lines where a brand also is one of the kinds named."""

WORD_COUNT = 20
"""How often an English word is taken to occur at least where it competes with a brand of that name: WordNet's texts are
few, and hold no diesel, lime or mango."""

_FREQUENT = 15
"""Occurrences from which on an English word is no foreign name of something else: "pain", "room", "the"."""

DRINK_PRIOR = 0.8
"""How well known a hand-written brand is unless its row says otherwise, as it does for everyday words."""

_PLAIN_COUNT = 1000
"""Stands for "very frequent": WordNet counts no function words and knows no signs."""

_LONGEST_NAME = 5
"""Words of a brand's name at most; longer ones are what its lawyers call it. A category keeps all its names."""


@dataclass(frozen=True)
class Row:
    """An entity on its way into the file.

    Attributes:
        identifier: Wikidata's, or a slug.
        names: its names, the one to show first.
        gloss: one line.
        wikidata: number of its Wikidata item, 0 if unknown.
        categories: identifiers, each with how surely what bears the name is of that kind, 0 to 1, surest first.
        prior: how well known it is, 0 to 1.
    """

    identifier: str
    names: Sequence[str]
    gloss: str
    wikidata: int
    categories: dict[str, float]
    prior: float


def brand_rows(brands: dict[str, Brand]) -> list[Row]:
    """Return the brands of places as entities."""
    rows = []
    for identifier, brand in sorted(brands.items()):
        if names := _distinct(brand.names):
            rows.append(Row(identifier, names, brand.gloss, brand.wikidata, _weights(brand.kinds), _prior(brand)))
        for kind, called in sorted(brand.outlets.items()):
            if names := _distinct(called):
                rows.append(Row(f"{identifier}/{kind}", names, brand.gloss, 0, {kind: 1.0}, _prior(brand)))
    return rows


def _weights(kinds: set[str]) -> dict[str, float]:
    """Return how surely a place is of each kind of its brand: wholly, for it may be of several, unless a side line."""
    weights = {kind: SIDE_LINE if kinds & set(SIDE_LINES.get(kind, ())) else 1.0 for kind in kinds}
    return dict(sorted(weights.items(), key=lambda pair: (-pair[1], pair[0])))


def drink_rows(table: Iterable[dict[str, str]], taxonomy: Taxonomy) -> list[Row]:
    """Return the hand-written brands of drinks as entities."""
    rows = []
    for row in table:
        category = taxonomy.resolve(row["category"])
        names = [row["name"], *filter(None, row["aliases"].split(";"))]
        identifier = row["wikidata"] or f"brand/{'-'.join(words_of(row['name']))}"
        gloss = f"brand of {taxonomy.drafts[category].names[0]}"
        prior = float(row["prior"] or DRINK_PRIOR)
        rows.append(Row(identifier, names, gloss, int(row["wikidata"][1:] or 0), {category: 1.0}, prior))
    return rows


def merge(rows: Iterable[Row]) -> list[Row]:
    """Return the rows with those of one identifier made one, which then is as likely one thing as another.

    What bears the name of a coffee is a café or a package, never both.
    """
    merged: dict[str, Row] = {}
    for row in rows:
        if (first := merged.get(row.identifier)) is not None:
            both = (first.categories, row.categories)
            summed = {kind: sum(part.get(kind, 0.0) for part in both) / 2 for part in both for kind in part}
            categories = dict(sorted(summed.items(), key=lambda pair: -pair[1]))
            names = list(dict.fromkeys((*first.names, *row.names)))
            row = replace(first, names=names, categories=categories, prior=max(first.prior, row.prior))
        merged[row.identifier] = row
    return list(merged.values())


def _prior(brand: Brand) -> float:
    """Return how well known a brand is: by the countries that know it and by how early Wikidata had it."""
    breadth = min(1.0, 0.4 + 0.3 * math.log10(max(1, brand.countries)))
    early = 0.3 if brand.wikidata == 0 else max(0.3, min(1.0, 1.9 - 0.18 * math.log10(brand.wikidata)))
    return round(breadth * early, 2)


def _distinct(spellings: Iterable[str]) -> list[str]:
    """Return the names of a brand, the most frequent Latin one first, without those another one begins."""
    counts = Counter(spelling.strip() for spelling in spellings)
    ranked = sorted(counts, key=lambda name: (not _is_latin(name), name.islower(), -counts[name], len(name), name))
    kept: dict[str, str] = {}
    for name in ranked:
        key = normalise(name)
        if key and not any(key == other or (key.startswith(other) and len(other) > 3) for other in kept):
            kept[key] = name
    return list(kept.values())


def _is_latin(name: str) -> bool:
    return all(ord(character) < 0x250 for character in normalise(name))


class Names:
    """Every name of the lexicon in its normalised form, and what it stands for."""

    def __init__(self) -> None:
        """Start without a name."""
        self._spaced: dict[str, str] = {}
        self._targets: dict[str, dict[int, int]] = defaultdict(dict)

    def add(self, name: str, target: int, strength: int) -> None:
        """Let a name stand for a target; the greatest strength given counts."""
        words = words_of(name)
        key = "".join(words)
        if not key:
            return
        # "Drive in" and "drivein" are one name; where its words end is known from the form with more of them.
        if len(words) > self._spaced.get(key, "").count(" "):
            self._spaced[key] = " ".join(words)
        targets = self._targets[key]
        targets[target] = max(strength, targets.get(target, 0))

    def add_entity(self, names: Sequence[str], target: int) -> None:
        """Add the names of an entity, also without a possessive s, which recognisers and people lose."""
        for place, name in enumerate(names):
            if len(words_of(name)) > _LONGEST_NAME:
                continue
            self.add(name, target, NAME if place == 0 else OTHER_NAME)
            for ending in ("'s", "’s"):
                if name.endswith(ending) and len(name) > 5:
                    self.add(name.removesuffix(ending), target, POSSESSIVE)

    def of_targets(self, end: int) -> list[str]:
        """Return the names of one word, normalised, that stand for a target below a number."""
        named = sorted(key for key, targets in self._targets.items() if min(targets) < end)
        return [key for key in named if self._spaced[key] == key]

    def columns(self) -> dict[str, Any]:
        """Return the names sorted, and for each its targets and strengths as flat lists with ends."""
        keys = sorted(self._targets)
        rows = [sorted(self._targets[key].items()) for key in keys]
        return {
            "spelt": "\n".join(self._spaced[key] for key in keys),
            "ends": pack(np.cumsum([len(row) for row in rows])),
            "targets": pack([target for row in rows for target, _ in row]),
            "strengths": pack([strength for row in rows for _, strength in row]),
        }


def collect_names(rows: Sequence[Row], taxonomy: Taxonomy) -> Names:
    """Return all names; entities are numbered first, then categories by sorted identifier."""
    names = Names()
    suggested = Counter(normalise(word) for draft in taxonomy.drafts.values() for word in set(draft.words))
    english = _english(taxonomy)
    in_tree = {draft.synset for draft in taxonomy.drafts.values()}
    for target, row in enumerate(rows):
        names.add_entity(row.names, target)
    for target, (identifier, draft) in enumerate(sorted(taxonomy.drafts.items()), start=len(rows)):
        for place, name in enumerate(draft.names):
            strength = NAME if place == 0 else OTHER_NAME
            # A place's own name is certain whatever else the noun may mean.
            if identifier.startswith("n"):
                senses = taxonomy.wordnet.senses.get(name.lower().replace(" ", "_"), [])
                strength = min(strength, _sense_strength(draft.synset, [sense for sense in senses if sense in in_tree]))
            names.add(name, target, strength)
        for name in _foreign(draft, english):
            names.add(name, target, TRANSLATION)
        for name in draft.short:
            names.add(name, target, SHORT)
        for word in draft.words:
            if WORD // suggested[normalise(word)] >= 3:
                names.add(word, target, WORD // suggested[normalise(word)])
    return names


def _english(taxonomy: Taxonomy) -> set[str]:
    """Return the English names of all categories and the everyday words of English, normalised."""
    names = {normalise(name) for draft in taxonomy.drafts.values() for name in draft.names}
    frequent = {word for word, count in taxonomy.wordnet.counts.items() if count >= _FREQUENT}
    return names | frequent | _plain_words()


def _foreign(draft: Draft, english: set[str]) -> list[str]:
    """Return what a category is called in other languages, without what an English reader takes for something else."""
    # Part of its English name is no other thing: the juice of fruit juice.
    own = {word for name in draft.names for word in words_of(name)}
    return [name for name in draft.translations if normalise(name) in own or normalise(name) not in english]


def _sense_strength(synset: str, senses: Sequence[str]) -> int:
    """Return how likely a noun means a synset: less for every sense of it in the tree that WordNet lists before it."""
    rank = senses.index(synset) if synset in senses else 0
    return max(RAREST_SENSE, NAME - RARER_SENSE * rank)


def word_counts(names: Iterable[str], wordnet: WordNet) -> dict[str, int]:
    """Return how often those names that are English words, also in the plural, are taken to occur, WORD_COUNT or more.

    Args:
        names: normalised.
        wordnet: knows the words.
    """
    counts = {}
    for name in names:
        forms = [form for form in (name, *singulars(name)) if form in wordnet.common_words]
        if forms:
            counts[name] = max(WORD_COUNT, *(wordnet.counts.get(form, 0) for form in forms))
    return counts


def _plain_words() -> set[str]:
    return set((DATA / "plain_words.txt").read_text().split())


def contents(rows: Sequence[Row], taxonomy: Taxonomy, classes: list[dict[str, str]], sources: str) -> dict[str, Any]:
    """Return the whole lexicon as JSON types, column by column."""
    drafts = sorted(taxonomy.drafts.items())
    number = {identifier: place for place, (identifier, _) in enumerate(drafts)}
    labels: dict[str, dict[str, str]] = defaultdict(dict)
    for row in classes:
        labels[f"{row['dataset']}/{row['level']}"][row["label"]] = taxonomy.resolve(row["category"])
    counts = {word: count for word, count in taxonomy.wordnet.counts.items() if count > 1 and word.isalpha()}
    counts |= dict.fromkeys(_plain_words(), _PLAIN_COUNT)
    names = collect_names(rows, taxonomy)
    ordinary = word_counts(names.of_targets(len(rows)), taxonomy.wordnet)
    return {
        "schema": SCHEMA,
        "version": VERSION,
        "sources": sources,
        "categories": {
            "identifiers": "\n".join(identifier for identifier, _ in drafts),
            "names": "\n".join("\t".join(dict.fromkeys((*draft.names, *draft.translations))) for _, draft in drafts),
            "words": "\n".join("\t".join(dict.fromkeys((*draft.short, *draft.words))) for _, draft in drafts),
            "glosses": "\n".join(draft.gloss for _, draft in drafts),
            "synsets": "\n".join(draft.synset and "n" + draft.synset for _, draft in drafts),
            "parents": pack([number.get(draft.parent, -1) for _, draft in drafts]),
        },
        "entities": {
            "identifiers": "\n".join(row.identifier for row in rows),
            "names": "\n".join("\t".join(row.names) for row in rows),
            "glosses": "\n".join(row.gloss for row in rows),
            "wikidata": pack([row.wikidata for row in rows]),
            "ends": pack(np.cumsum([len(row.categories) for row in rows])),
            "categories": pack([number[identifier] for row in rows for identifier in row.categories]),
            "weights": pack([round(100 * weight) for row in rows for weight in row.categories.values()]),
            "priors": pack([round(100 * row.prior) for row in rows]),
        },
        "names": names.columns(),
        "frequent": _counted(counts),
        "ordinary": _counted(ordinary),
        "labels": labels,
        "imagenet": pack([number[identifier] for identifier in taxonomy.imagenet]),
    }


def _counted(counts: dict[str, int]) -> dict[str, str]:
    words = sorted(counts)
    return {"words": " ".join(words), "counts": pack([counts[word] for word in words])}


def main() -> None:
    """Read the sources and write the file."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name in ("nsi", "presets", "wordnet", "imagenet", "out"):
        parser.add_argument(f"--{name}", type=Path, required=True)
    arguments = parser.parse_args()
    presets = read_presets(arguments.presets)
    taxonomy = Taxonomy(
        WordNet(arguments.wordnet),
        presets,
        read_table(DATA / "places.tsv"),
        read_table(DATA / "categories.tsv"),
        arguments.imagenet.read_text().split(),
    )
    places = brand_rows(read_brands(arguments.nsi, presets))
    rows = merge([*places, *drink_rows(read_table(DATA / "drinks.tsv"), taxonomy)])
    sources = "; ".join(_package(folder) for folder in (arguments.nsi, arguments.presets)) + "; WordNet 3.0"
    whole = contents(rows, taxonomy, read_table(DATA / "classes.tsv"), sources)
    text = json.dumps(whole, ensure_ascii=False, separators=(",", ":"), sort_keys=True)
    arguments.out.write_bytes(gzip.compress(text.encode("utf-8"), 9, mtime=0))


def _package(folder: Path) -> str:
    package = json.loads((folder / "package.json").read_text())
    return f"{package['name']} {package['version']}"


if __name__ == "__main__":
    main()
