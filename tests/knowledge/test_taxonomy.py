from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from textsearch.knowledge.build import (
    NAME,
    OTHER_NAME,
    SIDE_LINE,
    TRANSLATION,
    WORD_COUNT,
    Names,
    Row,
    brand_rows,
    collect_names,
    merge,
    word_counts,
)
from textsearch.knowledge.lexicon import unpack
from textsearch.knowledge.sources import Preset, WordNet, read_brands, sign_names
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
    (tmp_path / "data.adj").write_text("00000001 00 s 02 starry 0 Starry_Night 0 000 | full of stars\n")
    (tmp_path / "data.verb").write_text("00000002 29 v 01 crush 0 000 01 + 08 00 | press hard\n")
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


def test_words_that_are_names_of_nobody_are_known(wordnet: WordNet) -> None:
    assert {"cafe", "starry", "crush"} <= wordnet.common_words
    assert not {"starry night", "root beer"} & wordnet.common_words


def test_a_brand_of_a_word_competes_with_it_however_rare_it_is_in_the_texts(wordnet: WordNet) -> None:
    wordnet.counts["crush"] = 50
    counts = word_counts(["starry", "crush", "cafes", "starbucks"], wordnet)
    assert counts == {"starry": WORD_COUNT, "crush": 50, "cafes": WORD_COUNT}


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


def test_a_name_given_to_one_synset_is_that_of_no_other(wordnet: WordNet) -> None:
    rows = [own("food#2", "", "food;solids"), own("food#1", "", "nourishment")]
    drafts = Taxonomy(wordnet, PRESETS, PLACES, rows, []).drafts
    assert drafts["n00000020"].names == ["food", "solids"]
    assert drafts["n00000010"].names == ["nourishment"]


def strengths(taxonomy: Taxonomy, name: str) -> list[int]:
    """Return how strongly a name stands for what it names, strongest first."""
    columns = collect_names([], taxonomy).columns()
    place = columns["spelt"].split("\n").index(name)
    ends = [0, *unpack(columns["ends"]).tolist()]
    return sorted(unpack(columns["strengths"])[ends[place] : ends[place + 1]].tolist(), reverse=True)


def test_only_senses_in_the_tree_compete_for_a_name(wordnet: WordNet) -> None:
    wordnet.senses["root_beer"] = ["00000099", "00000098", "00000031"]
    assert strengths(Taxonomy(wordnet, PRESETS, PLACES, [], []), "root beer") == [NAME]


def test_a_translation_that_is_english_for_something_else_is_left_out(wordnet: WordNet) -> None:
    wordnet.counts["pain"] = 57
    rows = [own("root_beer#1", "", names="teahouse;pain;rotbier;beer")]
    taxonomy = Taxonomy(wordnet, PRESETS, PLACES, rows, [])
    assert strengths(taxonomy, "rotbier") == strengths(taxonomy, "beer") == [TRANSLATION]
    assert strengths(taxonomy, "teahouse") == [NAME]
    with pytest.raises(ValueError, match="'pain' is not in list"):
        strengths(taxonomy, "pain")


def test_a_category_keeps_its_longest_name_and_a_brand_does_not(wordnet: WordNet) -> None:
    long = "God Morgon Orange Red Grapefruit Juice"
    taxonomy = Taxonomy(wordnet, PRESETS, PLACES, [own("product/juice", "beverage#1", long)], [])
    assert strengths(taxonomy, long.lower()) == [NAME]
    names = Names()
    names.add_entity(["Barq's", long], 0)
    assert names.columns()["spelt"].split("\n") == ["barq", "barqs"]


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


# --- brands of places


def item(brand: str, name: str, *others: str, **tags: str) -> dict[str, Any]:
    """Return an entry of the name-suggestion-index."""
    tags = {"brand": brand, "brand:wikidata": "Q1", "name": name, **tags}
    return {"id": "x-1", "displayName": name, "tags": tags, "matchNames": others, "locationSet": {"include": ["001"]}}


def rows_of(folder: Path, **groups: list[dict[str, Any]]) -> dict[str, Row]:
    """Return the entities that the name-suggestion-index's entries give, by identifier; "shop_car" stands for a key."""
    presets = {kind: Preset({}, [kind]) for kind in ("shop/supermarket", "amenity/pharmacy", "amenity/cafe")}
    content = {"brands/" + kind.replace("_", "/", 1): {"items": items} for kind, items in groups.items()}
    (folder / "dist/wikidata").mkdir(parents=True)
    (folder / "dist/json").mkdir()
    (folder / "dist/wikidata/wikidata.min.json").write_text(json.dumps({"wikidata": {}}))
    (folder / "dist/json/nsi.min.json").write_text(json.dumps({"nsi": content}))
    return {row.identifier: row for row in brand_rows(read_brands(folder, presets))}


def test_what_adds_to_a_brands_name_is_no_kind_of_the_brand(tmp_path: Path) -> None:
    cafes = [item("Tesco", "Tesco Café", "tesco"), item("Tesco", "Tesco Coffee Shop")]
    rows = rows_of(tmp_path, shop_supermarket=[item("Tesco", "Tesco", "tesco metro")], amenity_cafe=cafes)
    assert rows["Q1"].categories == {"shop/supermarket": 1.0}
    assert rows["Q1"].names == ["Tesco"]
    cafe = rows["Q1/amenity/cafe"]
    assert (cafe.categories, sorted(cafe.names)) == ({"amenity/cafe": 1.0}, ["Tesco Café", "Tesco Coffee Shop"])


def test_how_many_entries_a_kind_has_does_not_count(tmp_path: Path) -> None:
    cafes = [item("Eka", name) for name in ("Eka", "Eka Corner", "Eka Terrace")]
    rows = rows_of(tmp_path, shop_supermarket=[item("Eka", "Eka")], amenity_cafe=cafes)
    assert rows["Q1"].categories == {"amenity/cafe": 1.0, "shop/supermarket": 1.0}


def test_a_side_line_is_not_what_a_brand_is(tmp_path: Path) -> None:
    rows = rows_of(tmp_path, shop_supermarket=[item("Publix", "Publix")], amenity_pharmacy=[item("Publix", "Publix")])
    assert rows["Q1"].categories == {"shop/supermarket": 1.0, "amenity/pharmacy": SIDE_LINE}


def test_a_brand_that_is_never_called_as_it_is_keeps_its_kinds(tmp_path: Path) -> None:
    rows = rows_of(tmp_path, amenity_cafe=[item("Eka Holding", "Eka")])
    assert rows["Q1"].categories == {"amenity/cafe": 1.0}


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("Hospital Grounds", ["Hospital"]),
        ("Hamburguesa (Comida rápida)", ["Hamburguesa"]),
        ("Pub (latam) / Bar (es)", ["Pub", "Bar"]),
        ("Uhrmacher/in (Armbanduhr)", ["Uhrmacher"]),
        ("Rathaus, Gemeindeamt", ["Rathaus", "Gemeindeamt"]),
        ("Ton-/Fernsehstudio", ["Fernsehstudio"]),
        ("Garageneinfahrt/-ausfahrt", ["Garageneinfahrt"]),
        ("Parking Garage Entrance / Exit", ["Parking Garage Entrance"]),
        ("Exit", ["Exit"]),
        ("Obsolète, utiliser healthcare=doctor", []),
    ],
)
def test_what_editors_add_is_on_no_sign(name: str, said: list[str]) -> None:
    assert sign_names(name) == said
