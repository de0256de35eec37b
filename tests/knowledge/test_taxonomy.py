from __future__ import annotations

from pathlib import Path

import pytest

from textsearch.knowledge.build import NAME, OTHER_NAME, Names, Row, merge
from textsearch.knowledge.sources import Preset, WordNet
from textsearch.knowledge.taxonomy import ROOT, Taxonomy

SYNSETS = {
    "00001740": ("entity", None, "that which is"),
    "00000010": ("food", "00001740", "what is eaten"),
    "00000020": ("food", "00001740", 'solid food; "solid"'),
    "00000030": ("beverage", "00000010", "what is drunk"),
    "00000031": ("root_beer", "00000030", "a soft drink"),
    "00000040": ("place_of_business", "00001740", "where business is done"),
    "00000050": ("building", "00001740", "a structure with a roof"),
    "00000051": ("cafe", "00000050", "a small restaurant"),
    "00000060": ("facility", "00001740", "a place for something"),
}


@pytest.fixture
def wordnet(tmp_path: Path) -> WordNet:
    """Write nine synsets in WordNet's own format and read them."""
    lines = []
    for offset, (lemma, parent, gloss) in SYNSETS.items():
        pointers = [f"@ {parent} n 0000"] if parent else []
        pointers += [f"~ {child} n 0000" for child, (_, above, _) in SYNSETS.items() if above == offset]
        lines.append(f"{offset} 03 n 01 {lemma} 0 {len(pointers):03} {' '.join(pointers)} | {gloss}")
    senses: dict[str, list[str]] = {}
    for offset, (lemma, _, _) in SYNSETS.items():
        senses.setdefault(lemma, []).append(offset)
    index = [f"{lemma} n {len(at)} 1 @ {len(at)} 0 {' '.join(at)}" for lemma, at in senses.items()]
    (tmp_path / "data.noun").write_text("  1 a licence\n" + "\n".join(lines) + "\n")
    (tmp_path / "index.noun").write_text("  1 a licence\n" + "\n".join(index) + "\n")
    (tmp_path / "cntlist.rev").write_text("cafe%1:06:00:: 1 3\ncafe%1:06:01:: 2 2\n")
    return WordNet(tmp_path)


PRESETS = {
    "amenity/cafe": Preset({"amenity": "cafe"}, ["Cafe"], ["Kaffeehaus"], ["espresso"]),
    "amenity/cafe/teahouse": Preset({"amenity": "cafe"}, ["Teahouse"]),
    "shop/shoes": Preset({"shop": "shoes"}, ["Shoe Store"]),
}
PLACES = [
    {"identifier": key, "synset": "", "parent": "place_of_business#1", "names": ""}
    for key in ("amenity", "craft", "education", "healthcare", "leisure", "office", "shop", "tourism")
]
CAFE = {"identifier": "amenity/cafe", "synset": "cafe#1", "parent": "", "names": "coffee shop"}


def own(identifier: str, parent: str, name: str = "", names: str = "") -> dict[str, str]:
    """Return a row of the table of own categories."""
    return {"identifier": identifier, "name": name, "parent": parent, "names": names, "gloss": ""}


def test_counts_of_all_senses_are_added(wordnet: WordNet) -> None:
    assert wordnet.counts["cafe"] == 5
    assert wordnet.synsets["00000020"].gloss == "solid food"


def test_a_place_tied_to_a_synset_is_one_category_with_both_names(wordnet: WordNet) -> None:
    drafts = Taxonomy(wordnet, PRESETS, [*PLACES, CAFE], [], []).drafts
    cafe = drafts["amenity/cafe"]
    assert "n00000051" not in drafts
    assert (cafe.parent, cafe.gloss, cafe.synset) == ("n00000050", "a small restaurant", "00000051")
    assert cafe.names == ["Cafe", "coffee shop", "cafe"]


def test_a_place_stands_under_the_nearest_one_on_its_path(wordnet: WordNet) -> None:
    drafts = Taxonomy(wordnet, PRESETS, [*PLACES, CAFE], [], []).drafts
    assert drafts["amenity/cafe/teahouse"].parent == "amenity/cafe"
    assert drafts["shop/shoes"].parent == "shop"
    assert drafts["shop/shoes"].short == ["shoes", "Shoe"]


def test_own_rows_add_categories_and_move_synsets(wordnet: WordNet) -> None:
    rows = [own("drink/oat-milk", "beverage#1", "oat milk"), own("root_beer#1", "food#2", names="rotbier")]
    drafts = Taxonomy(wordnet, PRESETS, PLACES, rows, ["n00000031"]).drafts
    assert drafts["drink/oat-milk"].parent == "n00000030"
    assert drafts["n00000031"].parent == "n00000020"
    assert drafts["n00000031"].translations == ["rotbier"]
    assert drafts[ROOT].parent == ""


def test_a_row_that_refers_to_nothing_is_refused(wordnet: WordNet) -> None:
    with pytest.raises(ValueError, match="'beverage#2' is no noun sense of WordNet; 'beverage' has 1"):
        Taxonomy(wordnet, PRESETS, PLACES, [own("drink/x", "beverage#2", "x")], [])
    with pytest.raises(ValueError, match="there is no category 'drinks'"):
        Taxonomy(wordnet, PRESETS, PLACES, [own("drink/x", "drinks", "x")], [])


def test_a_circle_is_refused(wordnet: WordNet) -> None:
    rows = [own("drink/x", "drink/y", "x"), own("drink/y", "drink/x", "y")]
    with pytest.raises(ValueError, match="drink/x does not lead to the root: drink/x < drink/y < drink/x"):
        Taxonomy(wordnet, PRESETS, PLACES, rows, [])


def test_a_possessive_is_a_name_without_its_s_too() -> None:
    names = Names()
    names.add_entity(["Barq's", "Barqs Root Beer"], 0)
    assert names.columns()["spelt"].split("\n") == ["barq", "barqs", "barqs root beer"]
    assert NAME > OTHER_NAME


def test_rows_of_one_entity_become_one() -> None:
    place = Row("Q1", ["Lavazza"], "Italian coffee company", 1, {"amenity/cafe": 1.0}, 0.4)
    drink = Row("Q1", ["Lavazza", "Lavazza Oro"], "brand of coffee", 1, {"n07929519": 1.0}, 0.8)
    (merged,) = merge([place, drink])
    assert merged.categories == {"amenity/cafe": 0.5, "n07929519": 0.5}
    assert (merged.names, merged.gloss, merged.prior) == (["Lavazza", "Lavazza Oro"], "Italian coffee company", 0.8)
