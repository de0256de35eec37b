"""Queries over a small index that knows something about its photos."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.children import PATIENCE
from tests.fakes import FakeModel, save_photo
from textsearch.database import Database
from textsearch.errors import QueryError
from textsearch.hits import SearchResult
from textsearch.index.records import PICTURE_WIDTH, Notice, PhotoKnowledge
from textsearch.knowledge.lexicon import default_lexicon
from textsearch.knowledge.question import ask
from textsearch.knowledge.spans import Reading
from textsearch.query import SearchOptions
from textsearch.types import ByteArray, FloatArray

WALGREENS, JAGUAR, BIG_CAT = "Q1591889", "Q21170490", "n02128925"

GALLERY = {
    "walgreens": ("Walgreens", "24", "hours"),
    "pharmacy": ("PHARMACY",),
    "misread": ("FARMACY",),
    "plural": ("PHARMACYX", "garden"),
    "chemist": ("MILLER", "garden"),
    "dealer": ("JAGUAR", "garden"),
    "zoo": ("tickets",),
    "hotel": ("HOTEL", "ROYAL"),
    "climb": ("belay", "here"),
    "blank": (),
}
"""Photos and the words on them."""

NOTICES = {
    "Walgreens": Notice("entity", WALGREENS, 0.95, (0,)),
    "PHARMACY": Notice("entity", "amenity/pharmacy", 0.9, (0,)),
    "MILLER": Notice("category", "amenity/pharmacy", 0.8),
    "JAGUAR": Notice("entity", JAGUAR, 0.6, (0,)),
    "tickets": Notice("scene", BIG_CAT, 0.9),
}
"""What is known about a photo by its first word."""


class FakeDescriber:
    """Knows what the tests say; a picture looks like its first word."""

    maker = "fake"

    def see(self, pixels: ByteArray) -> FloatArray:
        return self.describe(pixels, ()).picture

    def describe(self, pixels: ByteArray, readings: Sequence[Reading]) -> PhotoKnowledge:
        (regions,) = FakeModel().encode_images([pixels])
        first = regions.texts[0] if regions.texts else ""
        picture = np.zeros(PICTURE_WIDTH, np.float32)
        picture[sum(first.encode()) % PICTURE_WIDTH] = 1
        notices = (NOTICES[first],) if first in NOTICES else ()
        return PhotoKnowledge(notices, picture, self.maker)


@pytest.fixture(scope="module")
def database(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Database]:
    folder = tmp_path_factory.mktemp("gallery")
    for name, words in GALLERY.items():
        save_photo(folder / f"{name}.png", *words)
    with Database(folder / ".textsearch", FakeModel(), describer=FakeDescriber()) as opened:
        opened.index(folder)
        yield opened


def test_a_condition_alone_finds_all_that_fulfil_it(database: Database) -> None:
    found = database.search(" ", category="pharmacy")
    assert kinds(found) == dict.fromkeys(("walgreens", "pharmacy", "chemist"), "knowledge")
    scores = [hit.score for hit in found]
    assert scores == sorted(scores, reverse=True)
    assert found.query == "category pharmacy"
    assert {match.text for hit in found for match in hit.matches} == {"Walgreens", "PHARMACY"}
    assert kinds(database.search("", 0, category="pharmacy", scene="big cat")) == {}
    assert kinds(database.search("", 1, scene="big cat")) == {"zoo": "knowledge"}


def test_without_a_condition_there_must_be_a_text(database: Database) -> None:
    with pytest.raises(QueryError, match="is empty"):
        database.search("")


def test_a_condition_alone_is_nothing_that_letters_could_match(database: Database) -> None:
    with pytest.raises(QueryError, match="is empty"):
        database.search("", match="exact", category="pharmacy")
    with pytest.raises(QueryError, match="is empty"):
        database.search("", rerank="none", category="pharmacy")


def kinds(result: SearchResult) -> dict[str, str]:
    return {hit.path.stem: hit.kind for hit in result}


def same(first: SearchResult, second: SearchResult) -> bool:
    return {**first.to_dict(), "took_ms": 0} == {**second.to_dict(), "took_ms": 0}


# --- a category


def test_a_category_finds_photos_that_never_say_it(database: Database) -> None:
    found = kinds(database.search("pharmacy"))
    assert found["walgreens"] == found["chemist"] == "knowledge"
    assert found["pharmacy"] == "exact"
    assert found.keys() & {"zoo", "hotel", "blank"} == set()
    assert kinds(database.search("pharmacies")).keys() >= {"walgreens", "chemist"}


def test_exact_and_partial_hits_stand_before_knowledge_and_similar_ones_give_way(database: Database) -> None:
    names = [hit.path.stem for hit in database.search("pharmacy", min_score=0)]
    assert names[:2] == ["pharmacy", "plural"]
    assert names.index("chemist") < names.index("misread")


def test_a_hit_by_knowledge_says_why(database: Database) -> None:
    hit = next(hit for hit in database.search("pharmacy") if hit.path.stem == "walgreens")
    (fact,) = hit.facts
    assert (fact.kind, fact.identifier, fact.name) == ("entity", WALGREENS, "Walgreens")
    assert fact.path[:2] == ("Pharmacy", "Shop")
    assert fact.gloss
    (match,) = hit.matches
    assert (match.kind, match.text, match.word, match.region_id) == (
        "knowledge",
        "Walgreens",
        "pharmacy",
        *fact.region_ids,
    )
    assert hit.explanation.knowledge == pytest.approx(hit.score / 100)


def test_a_result_with_knowledge_comes_back_from_json(database: Database) -> None:
    result = database.search("pharmacy")
    assert SearchResult.from_dict(result.to_dict()) == result


def test_a_text_hit_of_which_something_is_known_scores_more(database: Database) -> None:
    plain, reranked = (database.search("pharmacy", rerank=how)[0] for how in ("none", "auto"))
    assert (plain.path, plain.matches, plain.kind) == (reranked.path, reranked.matches, reranked.kind)
    assert plain.score < reranked.score <= 100
    assert (plain.facts, plain.explanation.knowledge) == ((), None)


def test_the_first_k_are_the_same_whatever_k_is(database: Database) -> None:
    whole = [hit.path for hit in database.search("pharmacy", 0)]
    assert len(whole) == len(GALLERY)
    for k in (1, 2, 4):
        assert [hit.path for hit in database.search("pharmacy", k, min_score=0)] == whole[:k]


def test_hits_by_knowledge_obey_the_least_score(database: Database) -> None:
    assert "chemist" not in kinds(database.search("pharmacy", min_score=90))


def test_a_higher_least_score_adds_no_hit(database: Database) -> None:
    usual = kinds(database.search("pharmacy"))
    for least in (2.0, 5.0, 20.0, 25.0, 60.0):
        assert kinds(database.search("pharmacy", min_score=least)).items() <= usual.items()
    assert SearchOptions(min_score=5).least_known == SearchOptions().least_known
    assert SearchOptions(min_score=1).least_known == 1
    assert SearchOptions(0).least_known == 0


def test_a_phrase_that_knowledge_raises_above_the_least_score_is_found(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    save_photo(tmp_path / "cat.png", "big", "cat")
    monkeypatch.setitem(NOTICES, "big", Notice("scene", BIG_CAT, 0.9))
    with Database(tmp_path / ".textsearch", FakeModel(), describer=FakeDescriber()) as database:
        database.index(tmp_path)
        by_text, raised = (database.search('"big cat"', rerank=how)[0].score for how in ("none", "auto"))
        assert by_text < raised - 0.1
        (hit,) = database.search('"big cat"', min_score=(by_text + raised) / 2)
        assert (hit.kind, hit.score) == ("exact", raised)


# --- a brand, an ambiguous name


def test_a_brand_brings_no_other_shop_of_its_kind(database: Database) -> None:
    found = database.search("walgreens")
    assert kinds(found) == kinds(database.search("walgreens", rerank="none"))
    assert found[0].path.stem == "walgreens"
    assert found[0].kind == "exact"


def test_an_ambiguous_name_finds_either(database: Database) -> None:
    found = kinds(database.search("jaguar"))
    assert (found["dealer"], found["zoo"]) == ("exact", "knowledge")
    assert "dealer" not in kinds(database.search("big cat"))


# --- where knowledge plays no part


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(
    text=st.lists(
        st.sampled_from(["garden", "hours", "royal", "farmacy", "miller", "here"])
        | st.text("abcdefgho24 ", min_size=1, max_size=9).filter(str.strip),
        min_size=1,
        max_size=3,
    ).map(" ".join),
    k=st.sampled_from([0, 2, 20]),
)
def test_a_query_that_means_nothing_is_answered_the_same_to_the_bit(database: Database, text: str, k: int) -> None:
    if ask(text, default_lexicon()) is None:
        assert same(database.search(text, k), database.search(text, k, rerank="none"))


@pytest.mark.parametrize("text", ["pharmacy -garden", "pharmacy|hotel", "pharmacy*", "/pharmacy/"])
def test_a_query_with_operators_asks_about_text_alone(database: Database, text: str) -> None:
    assert same(database.search(text), database.search(text, rerank="none"))
    assert "knowledge" not in kinds(database.search(text)).values()


@pytest.mark.parametrize("match", ["exact", "partial", "similar"])
def test_another_match_mode_asks_about_text_alone(database: Database, match: str) -> None:
    result = database.search("pharmacy", match=match)  # type: ignore[arg-type]
    assert same(result, database.search("pharmacy", match=match, rerank="none"))  # type: ignore[arg-type]


def test_no_other_reranking(database: Database) -> None:
    with pytest.raises(QueryError, match="no reranking 'best'"):
        database.search("pharmacy", rerank="best")  # type: ignore[arg-type]


def test_an_index_without_knowledge_answers_by_text(tmp_path: Path) -> None:
    save_photo(tmp_path / "pharmacy.png", "PHARMACY")
    with Database(tmp_path / ".textsearch", FakeModel()) as database:
        database.index(tmp_path)
        assert kinds(database.search("pharmacy")) == {"pharmacy": "exact"}
        assert kinds(database.search("pharmacy", category="hotel")) == {}


def test_photos_without_any_text_are_found(tmp_path: Path) -> None:
    save_photo(tmp_path / "wall.png")
    with Database(tmp_path / ".textsearch", FakeModel(), describer=FakeDescriber()) as database:
        database.index(tmp_path)
        database.add_category("climbing wall", examples=[tmp_path / "wall.png"])
        assert kinds(database.search("climbing wall")) == {"wall": "knowledge"}


# --- conditions


def test_a_category_keeps_only_its_photos_and_says_why(database: Database) -> None:
    found = database.search("garden", category="pharmacy")
    assert kinds(found) == {"chemist": "exact"}
    assert [fact.kind for fact in found[0].facts] == ["category"]
    assert kinds(database.search("garden", category="amenity/pharmacy")) == {"chemist": "exact"}
    assert kinds(database.search("garden", 0, category="pharmacy")).keys() == {"chemist", "pharmacy", "walgreens"}


def test_a_condition_holds_for_queries_with_operators_too(database: Database) -> None:
    assert kinds(database.search("garden|hours", category="pharmacy")).keys() == {"chemist", "walgreens"}


def test_an_unknown_category_names_near_ones(database: Database) -> None:
    with pytest.raises(QueryError, match=r"no category 'pharmcy'.*Pharmacy.*textsearch categories"):
        database.search("garden", category="pharmcy")


def test_a_scene_is_a_condition_on_the_picture(database: Database) -> None:
    assert kinds(database.search("tickets", scene="big cat")) == {"zoo": "exact"}
    assert kinds(database.search("jaguar", scene="jaguar")) == {"zoo": "knowledge"}
    assert kinds(database.search("garden", category="pharmacy", scene="big cat")) == {}


# --- categories of the user


def test_words_and_examples_of_an_own_category_find_photos(database: Database, tmp_path: Path) -> None:
    example = save_photo(tmp_path / "example.png")
    database.add_category("climbing hall", ["belay", "top rope"], [example])
    try:
        found = database.search("climbing hall")
        assert kinds(found) == {"climb": "knowledge", "blank": "knowledge"}
        by_word = next(hit for hit in found if hit.path.stem == "climb")
        assert [match.text for match in by_word.matches] == ["belay"]
        assert kinds(database.search("here", category="Climbing Hall")) == {"climb": "exact"}
    finally:
        database.remove_category("climbing hall")
    assert "climb" not in kinds(database.search("climbing hall"))


@pytest.mark.parametrize(
    ("word", "found"),
    [
        ("belay", {"climb": "says"}),
        ("hotel", {"hotel": "says"}),
        ("pharm", {"pharmacy": "holds", "plural": "holds"}),
        ("armacy", {"pharmacy": "holds", "misread": "holds"}),
        ("green", {}),
        ("roy", {}),
        ("gar", {}),
        ("tick", {}),
    ],
)
def test_a_word_of_an_own_category_is_no_accident_of_letters(
    database: Database, word: str, found: dict[str, str]
) -> None:
    """Short words are words of their own; longer ones begin or end a word, as "boulder" begins bouldering."""
    database.add_category("day out", [word])
    try:
        hits = {hit.path.stem: hit.facts[0].gloss.split()[0] for hit in database.search("day out") if hit.facts}
        assert hits == found
    finally:
        database.remove_category("day out")


# --- what it costs


def test_a_query_that_means_something_needs_no_torch(tmp_path: Path) -> None:
    program = (
        "import sys; from tests.fakes import FakeModel; from textsearch.database import Database; "
        "from pathlib import Path; database = Database(Path(sys.argv[1]), FakeModel()); "
        "database.index(Path(sys.argv[2])); database.search('pharmacy', category='shop', scene='volcano'); "
        "print(sorted({'torch', 'transformers', 'cv2'} & set(sys.modules)))"
    )
    save_photo(tmp_path / "photos" / "pharmacy.png", "PHARMACY")
    command = [sys.executable, "-c", program, str(tmp_path / "index"), str(tmp_path / "photos")]
    done = subprocess.run(
        command, capture_output=True, text=True, check=True, cwd=Path(__file__).parents[1], timeout=PATIENCE
    )
    assert done.stdout == "[]\n"
