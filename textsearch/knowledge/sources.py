"""Readers of the public sources the lexicon is built from: WordNet, OpenStreetMap presets, name-suggestion-index."""

from __future__ import annotations

import csv
import json
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

PLACE_KEYS = ("amenity", "craft", "education", "healthcare", "leisure", "office", "shop", "tourism")
"""OpenStreetMap keys whose values are places that carry signs."""

LANGUAGES = ("en", "de", "es", "fr", "it", "nl", "pt", "sv")
"""Languages of the presets' names that are kept, English first."""

_NO_SIGN = ("amenity/bench", "amenity/parking_space", "amenity/waste", "amenity/recycling", "amenity/vending_machine/")
"""Street furniture and kinds of vending machine: a sign on them says something else."""

_NOT_A_BRANDED_PLACE = (
    *(f"office/{kind}" for kind in ("association", "government", "political_party", "union")),
    *("amenity/atm", "amenity/bicycle_parking", "amenity/charging_station", "amenity/drinking_water"),
    *("amenity/food_sharing", "amenity/parcel_locker", "amenity/parking", "amenity/payment_centre"),
    *("amenity/payment_terminal", "amenity/photo_booth", "amenity/public_bookcase", "amenity/recycling"),
    *("amenity/social_facility", "amenity/telephone", "amenity/trolley_bay", "amenity/vending_machine"),
    *("amenity/waste_basket", "amenity/weighbridge"),
)
"""Where the brand says nothing about the place: equipment that stands in front of others, and offices of the state."""


@dataclass(frozen=True)
class Synset:
    """One noun sense of WordNet.

    Attributes:
        lemmas: its names, as spelt, best known first.
        parents: offsets of its hypernyms, the main one first.
        children: offsets of its hyponyms.
        gloss: its definition without the examples.
    """

    lemmas: tuple[str, ...]
    parents: tuple[str, ...]
    children: tuple[str, ...]
    gloss: str


class WordNet:
    """The nouns of WordNet 3.0 and how often words occurred in its tagged texts."""

    def __init__(self, folder: Path) -> None:
        """Read data.noun, index.noun and cntlist.rev of a folder."""
        self.synsets = dict(_synsets(folder / "data.noun"))
        self.senses = {
            fields[0]: fields[6 + int(fields[3]) :]
            for line in (folder / "index.noun").read_text().splitlines()
            if not line.startswith(" ") and (fields := line.split())
        }
        self.counts: dict[str, int] = defaultdict(int)
        for line in (folder / "cntlist.rev").read_text().splitlines():
            sense, _, count = line.split()
            self.counts[sense.partition("%")[0]] += int(count)

    def sense(self, reference: str) -> str:
        """Return the offset of `lemma#n`, the n-th noun sense of a lemma.

        Raises:
            ValueError: there is no such sense.
        """
        lemma, _, number = reference.partition("#")
        offsets = self.senses.get(lemma, [])
        if not number.isdigit() or not 0 < int(number) <= len(offsets):
            raise ValueError(f"{reference!r} is no noun sense of WordNet; {lemma!r} has {len(offsets)}")
        return offsets[int(number) - 1]

    def below(self, offset: str) -> set[str]:
        """Return a synset and everything under it."""
        found: set[str] = set()
        waiting = [offset]
        while waiting:
            current = waiting.pop()
            if current not in found:
                found.add(current)
                waiting.extend(self.synsets[current].children)
        return found


def _synsets(path: Path) -> Iterator[tuple[str, Synset]]:
    for line in path.read_text().splitlines():
        if line.startswith(" "):
            continue
        head, _, gloss = line.partition(" | ")
        fields = head.split()
        names = int(fields[3], 16)
        lemmas = tuple(fields[4 + 2 * i].replace("_", " ") for i in range(names))
        start = 5 + 2 * names
        pointers = [fields[start + 4 * i : start + 4 * i + 3] for i in range(int(fields[start - 1]))]
        parents = tuple(to for kind, to, part in pointers if kind in ("@", "@i") and part == "n")
        children = tuple(to for kind, to, part in pointers if kind in ("~", "~i") and part == "n")
        yield fields[0], Synset(lemmas, parents, children, gloss.split('; "')[0].strip())


@dataclass
class Preset:
    """One kind of place of OpenStreetMap.

    Attributes:
        tags: what a place of this kind is tagged with.
        names: its English names.
        translations: its names in the other languages.
        words: English words that suggest it.
    """

    tags: dict[str, str]
    names: list[str] = field(default_factory=list)
    translations: list[str] = field(default_factory=list)
    words: list[str] = field(default_factory=list)


def read_presets(folder: Path) -> dict[str, Preset]:
    """Return the kinds of place with a sign, by identifier such as "amenity/cafe", from the package's folder."""
    presets = {
        identifier: Preset(preset["tags"])
        for identifier, preset in _json(folder / "dist/presets.min.json").items()
        if identifier.split("/")[0] in PLACE_KEYS
        and preset.get("searchable", True)
        and not identifier.startswith(_NO_SIGN)
        and "-" not in identifier.rpartition("/")[2][-3:]
    }
    for language in LANGUAGES:
        translated = _json(folder / f"dist/translations/{language}.min.json")[language]["presets"]["presets"]
        for identifier, preset in presets.items():
            entry = translated.get(identifier, {})
            if name := entry.get("name"):
                short = name.removesuffix(" Grounds").removesuffix(" Counter")
                names = preset.names if language == "en" else preset.translations
                names += [part.strip() for part in short.split(" / ")]
            if language == "en":
                preset.words += [word.strip() for word in entry.get("terms", "").split(",") if word.strip()]
    return {identifier: preset for identifier, preset in sorted(presets.items()) if preset.names}


@dataclass
class Brand:
    """One brand of the name-suggestion-index.

    Attributes:
        names: every name an entry gives it, as often as entries do.
        wikidata: number of its Wikidata item, 0 if unknown.
        gloss: Wikidata's one-line description, perhaps empty.
        kinds: how many entries each kind of place has.
        countries: how many countries or regions it is known from; 100 for the whole world.
    """

    wikidata: int
    gloss: str
    names: list[str] = field(default_factory=list)
    kinds: dict[str, int] = field(default_factory=lambda: defaultdict(int))
    countries: int = 0


def read_brands(folder: Path, presets: dict[str, Preset]) -> dict[str, Brand]:
    """Return the brands that belong to a preset, by identifier, from the package's folder."""
    described = _json(folder / "dist/wikidata/wikidata.min.json")["wikidata"]
    brands: dict[str, Brand] = {}
    for path, group in sorted(_json(folder / "dist/json/nsi.min.json")["nsi"].items()):
        tree, _, kind = path.partition("/")
        if tree != "brands" or kind.split("/")[0] not in PLACE_KEYS or kind in _NOT_A_BRANDED_PLACE:
            continue
        for item in group["items"]:
            tags = item["tags"]
            wikidata = tags.get("brand:wikidata", "")
            identifier = wikidata or "nsi/" + item["id"].rpartition("-")[0]
            place = _most_specific(tags, kind, presets)
            if place is None:
                continue
            if identifier not in brands:
                gloss = described.get(wikidata, {}).get("description") or ""
                brands[identifier] = Brand(int(wikidata[1:] or 0), gloss)
            brand = brands[identifier]
            brand.kinds[place] += 1
            brand.names += _names(item)
            places = item["locationSet"]["include"]
            brand.countries = max(brand.countries, 100 if "001" in places else len(places))
    return brands


def _most_specific(tags: dict[str, str], kind: str, presets: dict[str, Preset]) -> str | None:
    """Return the preset that says most about a tagged place, among those of its kind."""
    general = kind if kind in presets else kind.replace("amenity/", "education/", 1)
    if general not in presets:
        return None
    main = {**tags, "cuisine": tags.get("cuisine", "").split(";")[0]}
    fitting = [
        identifier
        for identifier, preset in presets.items()
        if identifier.startswith(general + "/") and preset.tags.items() <= main.items()
    ]
    return max(fitting, key=lambda identifier: (len(presets[identifier].tags), identifier), default=general)


def _names(item: dict[str, Any]) -> list[str]:
    tags = item["tags"]
    keys = ("name", "brand", "name:en", "brand:en", "short_name", "official_name", "alt_name")
    return [item["displayName"], *(tags[key] for key in keys if key in tags), *item.get("matchNames", ())]


def read_table(path: Path) -> list[dict[str, str]]:
    """Return the rows of a tab-separated table with a header."""
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE))


def _json(path: Path) -> dict[str, Any]:
    content: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return content
