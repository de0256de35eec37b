"""The tree of categories as it is built: WordNet's nouns, OpenStreetMap's kinds of place and hand-written rows."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field

from textsearch.knowledge.sources import PLACE_KEYS, Preset, WordNet

ROOT = "n00001740"
"""WordNet's "entity"."""

SUBTREES = ("beverage#1", "food#1", "food#2", "place_of_business#1", "building#1")
"""What is taken from WordNet as a whole; of the rest, only what lies above something else."""

_KIND_OF_SHOP = re.compile(r" (store|shop|restaurant|fast food|office|cafe|facility)$", re.IGNORECASE)

_OFFSET = re.compile(r"n\d{8}$")


@dataclass
class Draft:
    """A category on its way into the lexicon.

    Attributes:
        parent: identifier of the category above it, empty for the root.
        names: what it is called in English, best known first.
        translations: what it is called in other languages.
        short: what is left of its names on a sign, such as "shoes" for a shoe shop.
        words: what merely suggests it.
        gloss: its definition.
        synset: WordNet offset of what it is, if WordNet has it.
    """

    parent: str
    names: list[str]
    translations: list[str] = field(default_factory=list)
    short: list[str] = field(default_factory=list)
    words: list[str] = field(default_factory=list)
    gloss: str = ""
    synset: str = ""


_OTHER_THINGS = frozenset(
    ["bowl", "center", "centre", "club", "common", "commons", "green", "house", "lodge", "temple"]
)
"""Nouns that WordNet lists for a kind of place and that signs use for something else: a theater is no coffee house."""


class Taxonomy:
    """All categories by identifier; a table refers to one by its identifier or as `lemma#n`, a sense of WordNet."""

    def __init__(
        self,
        wordnet: WordNet,
        presets: dict[str, Preset],
        places: list[dict[str, str]],
        own: list[dict[str, str]],
        imagenet: Iterable[str],
    ) -> None:
        """Gather the tree.

        Args:
            wordnet: the nouns.
            presets: OpenStreetMap's kinds of place.
            places: rows "identifier, synset, parent, names" that tie presets to synsets and put them in place.
            own: rows "identifier, name, parent, names, gloss" of categories that no source has, and of synsets that
                stand elsewhere in our tree or have further names: in English under "name", several with semicolons
                between, which no other synset then has; in other languages under "names".
            imagenet: synsets such as "n01440764" that must be in the tree.

        Raises:
            ValueError: a row refers to nothing, or a category does not lead to the root.
        """
        self.wordnet = wordnet
        self.drafts: dict[str, Draft] = {}
        self._identifiers: dict[str, str] = {}
        self._moved: dict[str, str] = {}
        self._named: dict[str, list[str]] = {}
        self._called: dict[str, list[str]] = {}
        for row in (*places, *own):
            if "#" in row["identifier"]:
                self._change_synset(wordnet.sense(row["identifier"]), row)
            elif row.get("synset"):
                self._identifiers[wordnet.sense(row["synset"])] = row["identifier"]
        self._add_places(presets, {row["identifier"]: row for row in places})
        self._add_own(own)
        for draft in list(self.drafts.values()):
            draft.parent = self.resolve(draft.parent)
        for subtree in SUBTREES:
            for offset in sorted(wordnet.below(wordnet.sense(subtree))):
                self._add_synset(offset)
        self.imagenet = [self._add_synset(identifier.lstrip("n")) for identifier in imagenet]
        self._check()

    def resolve(self, reference: str) -> str:
        """Return the identifier a reference means.

        Raises:
            ValueError: there is no such category.
        """
        if "#" in reference:
            return self._add_synset(self.wordnet.sense(reference))
        if _OFFSET.match(reference):
            return self._add_synset(reference[1:])
        if reference not in self.drafts:
            raise ValueError(f"there is no category {reference!r}")
        return reference

    def _change_synset(self, offset: str, row: dict[str, str]) -> None:
        if row["parent"]:
            self._moved[offset] = row["parent"]
        self._called[offset] = list(filter(None, row.get("name", "").split(";")))
        self._named[offset] = list(filter(None, row["names"].split(";")))

    def _names_of(self, offset: str) -> list[str]:
        """Return a synset's English names: those that its row gives it, then its lemmas that no other was given."""
        taken = {name for other, names in self._called.items() if other != offset for name in names}
        lemmas = [lemma for lemma in self.wordnet.synsets[offset].lemmas if lemma not in taken]
        return list(dict.fromkeys([*self._called.get(offset, ()), *lemmas]))

    def _add_synset(self, offset: str) -> str:
        """Add a synset and what is above it; return its identifier."""
        identifier = self._identifiers.setdefault(offset, "n" + offset)
        if identifier not in self.drafts:
            synset = self.wordnet.synsets[offset]
            named = self._named.get(offset, [])
            draft = Draft("", self._names_of(offset), named, gloss=synset.gloss, synset=offset)
            self.drafts[identifier] = draft
            if offset in self._moved:
                draft.parent = self.resolve(self._moved[offset])
            elif synset.parents:
                draft.parent = self._add_synset(synset.parents[0])
        return identifier

    def _add_places(self, presets: dict[str, Preset], table: dict[str, dict[str, str]]) -> None:
        presets = {**{key: Preset({}, [key]) for key in PLACE_KEYS}, **presets}
        for identifier, preset in presets.items():
            row = table.get(identifier, {"synset": "", "parent": "", "names": ""})
            names = [*preset.names, *filter(None, row["names"].split(";"))]
            short = _short(identifier, preset.names[0])
            draft = Draft(row["parent"], names, list(preset.translations), short, list(preset.words))
            self.drafts[identifier] = draft
            above = _above(identifier, presets)
            if row["synset"]:
                draft.synset = self.wordnet.sense(row["synset"])
                synset = self.wordnet.synsets[draft.synset]
                draft.names += [lemma for lemma in synset.lemmas if lemma.lower() not in _OTHER_THINGS]
                draft.gloss = synset.gloss
                above = "n" + synset.parents[0] if above in PLACE_KEYS else above
            draft.parent = row["parent"] or above

    def _add_own(self, rows: list[dict[str, str]]) -> None:
        for row in rows:
            if "#" not in row["identifier"]:
                names = [row["name"], *filter(None, row["names"].split(";"))]
                self.drafts[row["identifier"]] = Draft(row["parent"], names, gloss=row["gloss"])

    def _check(self) -> None:
        for identifier in self.drafts:
            seen = [identifier]
            while (parent := self.drafts[seen[-1]].parent) and parent not in seen:
                seen.append(parent)
            if parent or seen[-1] != ROOT:
                raise ValueError(f"{identifier} does not lead to the root: {' < '.join([*seen, parent])}")


def _above(identifier: str, presets: dict[str, Preset]) -> str:
    """Return the nearest preset on a preset's path, empty for a whole key."""
    above = identifier.rpartition("/")[0]
    while above and above not in presets:
        above = above.rpartition("/")[0]
    return above


def _short(identifier: str, name: str) -> list[str]:
    """Return how signs shorten a kind of place: "Shoe Store" (shop/shoes) becomes "shoe" and "shoes"."""
    tail = identifier.rpartition("/")[2].replace("_", " ")
    short = _KIND_OF_SHOP.sub("", name)
    return [word for word in dict.fromkeys((tail, short)) if word.lower() not in (name.lower(), "yes")]
