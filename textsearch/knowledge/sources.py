"""Readers of the public sources the lexicon is built from: WordNet, OpenStreetMap presets, name-suggestion-index."""

from __future__ import annotations

import csv
import json
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from textsearch.alphabet import normalise, words_of

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


_REMARK = re.compile(r"\s*\([^)]*\)")
"""What editors of a map tell each other behind a name: "Hamburguesa (Comida rápida)"; no sign says it."""

_SHORTEST_ALTERNATIVE = 3
"""Letters of a name behind a stroke; what has fewer is an ending, as in "Uhrmacher/in"."""


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
    """The nouns of WordNet 3.0, its other words, and how often words occurred in its tagged texts."""

    def __init__(self, folder: Path) -> None:
        """Read index.noun, cntlist.rev and the data of nouns, adjectives and verbs of a folder."""
        self.synsets = dict(_synsets(folder / "data.noun"))
        self.senses = {
            fields[0]: fields[6 + int(fields[3]) :]
            for line in _lines(folder / "index.noun")
            if (fields := line.split())
        }
        self.counts: dict[str, int] = defaultdict(int)
        for line in (folder / "cntlist.rev").read_text().splitlines():
            sense, _, count = line.split()
            self.counts[sense.partition("%")[0]] += int(count)
        lemmas = {lemma for part in ("noun", "adj", "verb") for lemma in _lemmas(folder / f"data.{part}")}
        self.common_words = {lemma for lemma in lemmas if lemma.isalpha() and lemma.islower()}
        """Nouns, adjectives and verbs of one word, without names of somebody or something: these have capitals."""

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


def _lemmas(path: Path) -> Iterator[str]:
    for line in _lines(path):
        fields = line.split()
        yield from fields[4 : 4 + 2 * int(fields[3], 16) : 2]


def _lines(path: Path) -> Iterator[str]:
    """Yield the lines of a file of WordNet but those of its licence."""
    return (line for line in path.read_text().splitlines() if not line.startswith(" "))


def _synsets(path: Path) -> Iterator[tuple[str, Synset]]:
    for line in _lines(path):
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
                names = preset.names if language == "en" else preset.translations
                names += sign_names(name)
            if language == "en":
                preset.words += [word.strip() for word in entry.get("terms", "").split(",") if word.strip()]
    return {identifier: preset for identifier, preset in sorted(presets.items()) if preset.names}


_SHARED = frozenset(["Exit", "Sector", "Pit", "Complex", "Entrada", "Entrée", "Ingresso", "Ingang"])
"""What stands alone beside a bar and belongs to what is on its other side: the exit of a parking garage."""


def sign_names(name: str) -> list[str]:
    """Return what signs say of a kind of place that editors of a map call by this name, which may hold several."""
    if "=" in name:  # a note about tags in place of a name
        return []
    plain = _REMARK.sub("", name).removesuffix(" Grounds").removesuffix(" Counter")
    parts = [part.strip() for part in re.split(r"[,/]", plain)]
    if len(parts) > 1:
        parts = [part for part in parts if part not in _SHARED and not part.startswith("-")]
    return [part for part in parts if len(part) >= _SHORTEST_ALTERNATIVE and not part.endswith("-")]


@dataclass(frozen=True)
class _Entry:
    """What the name-suggestion-index says of one kind of place of a brand.

    Attributes:
        shown: the name it is listed by, without remarks.
        is_brand: whether such a place is called as the brand is.
        names: every name it is given, `shown` first.
        place: the preset.
        countries: how many countries or regions it is known from; 100 for the whole world.
    """

    shown: str
    is_brand: bool
    names: tuple[str, ...]
    place: str
    countries: int


@dataclass
class Brand:
    """One brand of the name-suggestion-index.

    Attributes:
        wikidata: number of its Wikidata item, 0 if unknown.
        gloss: Wikidata's one-line description, perhaps empty.
        entries: what is known of its places.
    """

    wikidata: int
    gloss: str
    entries: list[_Entry] = field(default_factory=list)

    @property
    def names(self) -> list[str]:
        """Return every name of the brand itself, as often as entries give it."""
        return [name for entry in self._split()[0] for name in entry.names]

    @property
    def kinds(self) -> set[str]:
        """Return the kinds of place that bear the name of the brand and nothing more."""
        return {entry.place for entry in self._split()[0]}

    @property
    def outlets(self) -> dict[str, list[str]]:
        """Return, by kind, the names of places that add something to the brand's name: "Tesco Café" is no Tesco."""
        own = {normalise(name) for name in self.names}
        outlets: dict[str, list[str]] = {}
        for entry in self._split()[1]:
            outlets.setdefault(entry.place, []).extend(name for name in entry.names if normalise(name) not in own)
        return outlets

    @property
    def countries(self) -> int:
        """Return how many countries or regions it is known from; 100 for the whole world."""
        return max(entry.countries for entry in self.entries)

    def _split(self) -> tuple[list[_Entry], list[_Entry]]:
        """Return the entries of the brand as such, and those of its outlets of other kinds."""
        shown = [words_of(entry.shown) for entry in self.entries]
        plain = [entry for entry in self.entries if entry.is_brand and not _is_longer(words_of(entry.shown), shown)]
        if not plain:
            return self.entries, []
        kinds = {entry.place for entry in plain}
        outlets = [entry for entry in self.entries if entry.place not in kinds]
        return [entry for entry in self.entries if entry.place in kinds], outlets


def _is_longer(words: list[str], others: Iterable[list[str]]) -> bool:
    """Return whether words begin with all the words of another name and go on."""
    return any(len(other) < len(words) and words[: len(other)] == other for other in others)


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
            brands[identifier].entries.append(_entry(item, place))
    return brands


def _entry(item: dict[str, Any], place: str) -> _Entry:
    tags, places = item["tags"], item["locationSet"]["include"]
    shown = _REMARK.sub("", item["displayName"])
    name = tags.get("name", shown)
    is_brand = normalise(name) == normalise(tags.get("brand", name))
    return _Entry(shown, is_brand, _names(item, shown), place, 100 if "001" in places else len(places))


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


def _names(item: dict[str, Any], shown: str) -> tuple[str, ...]:
    tags = item["tags"]
    keys = ("name", "brand", "name:en", "brand:en", "short_name", "official_name", "alt_name")
    return (shown, *(tags[key] for key in keys if key in tags), *item.get("matchNames", ()))


def read_table(path: Path) -> list[dict[str, str]]:
    """Return the rows of a tab-separated table with a header."""
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE))


def _json(path: Path) -> dict[str, Any]:
    content: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return content
