"""Searching over layouts that the fake model does not draw: split and merged words, line breaks, slanted text."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from tests.boxes import word_box
from tests.fakes import FakeModel, certain_lattice
from tests.matching.gallery import MODEL, fill, image_of
from textsearch.errors import QueryError
from textsearch.hits import Hit
from textsearch.query import Searcher, SearchOptions
from textsearch.types import FloatArray, MatchMode

Placed = dict[str, list[tuple[str, FloatArray]]]

SLANT = np.array([[1, 0.5], [-0.5, 1]], np.float32)

GALLERY: Placed = {
    "split plate": [("FORD", word_box(0, 0)), ("RE16", word_box(45, 0)), ("TGK", word_box(90, 0))],
    "merged plate": [("RE16TGK", word_box(0, 0, 80)), ("2016", word_box(90, 0))],
    "far apart": [("RE16", word_box(0, 0)), ("TGK", word_box(200, 150))],
    "coca cola": [("Enjoy", word_box(0, 0)), ("Coca", word_box(45, 0)), ("Cola", word_box(90, 0))],
    "merged cola": [("CocaCola", word_box(0, 0, 80))],
    "cola below": [
        ("Enjoy", word_box(0, 0)),
        ("Coca", word_box(45, 0)),
        ("Cola", word_box(0, 14)),
        ("light", word_box(45, 14)),
    ],
    "slanted cola": [("Coca", word_box(0, 0) @ SLANT), ("Cola", word_box(45, 0) @ SLANT)],
    "cola coca": [("Cola", word_box(0, 0)), ("Coca", word_box(45, 0))],
    "cola far": [("Coca", word_box(0, 0)), ("Cola", word_box(200, 150))],
    "accent": [("Café", word_box(0, 0)), ("Paris", word_box(45, 0))],
    "no accent": [("CAFE", word_box(0, 0)), ("Paris", word_box(45, 0))],
    "sale": [("WHOLESALE", word_box(0, 0, 90))],
    "store": [("Marks", word_box(0, 0)), ("&", word_box(45, 0)), ("Spencer", word_box(90, 0))],
    "start": [("SALEROOM", word_box(0, 0, 80))],
    "street": [("STRAßE", word_box(0, 0, 80))],
    "typed street": [("STRASSE", word_box(0, 0, 80))],
    "split street": [("GROß", word_box(0, 0)), ("STRAßE", word_box(45, 0))],
    "beef": [("Bœuf", word_box(0, 0))],
    "poland": [("ŁODZ", word_box(0, 0))],
    "denmark": [("KØBENHAVN", word_box(0, 0, 80))],
    "turkey": [("ÇıKıŞ", word_box(0, 0))],
}


@pytest.fixture(scope="module")
def searcher(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Searcher]:
    images = [
        image_of(
            f"/{name}.jpg",
            [text for text, _ in words],
            [polygon for _, polygon in words],
            [certain_lattice(text, MODEL.alphabet) for text, _ in words],
        )
        for name, words in GALLERY.items()
    ]
    with fill(tmp_path_factory.mktemp("index") / ".textsearch", images) as index:
        yield Searcher(index, MODEL)


def hits(searcher: Searcher, query: str, match: MatchMode = "auto", k: int = 20) -> dict[str, Hit]:
    return {hit.path.stem: hit for hit in searcher.search(query, SearchOptions(k, match))}


def sure(searcher: Searcher, query: str) -> set[str]:
    return set(hits(searcher, query, "partial"))


# --- words that were merged or split


def test_one_word_is_found_where_it_was_split(searcher: Searcher) -> None:
    found = hits(searcher, "RE16TGK", "partial")
    assert set(found) == {"split plate", "merged plate"}
    assert found["split plate"].kind == "exact"
    assert [(match.text, match.span) for match in found["split plate"].matches] == [("RE16", (0, 4)), ("TGK", (0, 3))]


def test_two_words_are_found_where_they_were_merged(searcher: Searcher) -> None:
    found = hits(searcher, "RE16 TGK", "partial")
    assert set(found) == {"split plate", "merged plate", "far apart"}
    assert [match.word for match in found["merged plate"].matches] == ["re16tgk"]


def test_a_part_that_runs_on_shows_its_letters_in_both_regions(searcher: Searcher) -> None:
    hit = hits(searcher, "E16T", "partial")["split plate"]
    assert hit.kind == "partial"
    first, second = hit.matches
    assert (first.text, first.span) == ("RE16", (1, 4))
    assert (second.text, second.span) == ("TGK", (0, 1))
    left = min(x for x, _ in first.letters)
    assert 45 < left < 60
    assert max(x for x, _ in second.letters) < 115


# --- phrases


@pytest.mark.parametrize("query", ['"coca cola"', "“Coca Cola”"])
def test_a_phrase_is_adjacent_and_in_order(searcher: Searcher, query: str) -> None:
    found = hits(searcher, query)
    assert set(found) == {"coca cola", "merged cola", "cola below", "slanted cola"}
    assert {hit.kind for hit in found.values()} == {"exact"}
    assert found["coca cola"].explanation.phrase == pytest.approx(1)
    assert found["cola below"].explanation.phrase == pytest.approx(0.9)
    assert found["merged cola"].explanation.phrase is None
    assert found["coca cola"].score > found["cola below"].score


def test_words_near_and_in_order_come_first(searcher: Searcher) -> None:
    found = hits(searcher, "coca cola")
    assert {"coca cola", "slanted cola", "merged cola", "cola below", "cola coca", "cola far"} <= set(found)
    assert found["coca cola"].score > found["cola below"].score > found["cola far"].score
    assert found["cola far"].explanation.phrase == 0


def test_a_phrase_may_hold_a_split_word(searcher: Searcher) -> None:
    assert sure(searcher, '"ford re16tgk"') == {"split plate"}


# --- what may and what must not be there


def test_what_is_excluded_is_left_out(searcher: Searcher) -> None:
    assert sure(searcher, "cola -enjoy") == {"merged cola", "slanted cola", "cola coca", "cola far"}
    assert sure(searcher, 'cola -"coca cola"') == {"cola coca", "cola far"}
    assert sure(searcher, "cola -joy|/^cocacola$/") == {"slanted cola", "cola coca", "cola far"}


def test_what_is_excluded_takes_no_place(searcher: Searcher) -> None:
    everything = list(hits(searcher, "cola -enjoy"))
    for k in range(1, len(everything)):
        assert list(hits(searcher, "cola -enjoy", k=k)) == everything[:k]


@pytest.mark.parametrize("match", ["auto", "exact", "partial", "similar"])
@pytest.mark.parametrize("query", ["coca cola", '"coca cola"', "cola -paris|light coca"])
def test_the_first_k_are_the_same_whatever_k_is(searcher: Searcher, query: str, match: MatchMode) -> None:
    everything = list(hits(searcher, query, match))
    for k in range(1, len(everything)):
        assert list(hits(searcher, query, match, k)) == everything[:k]


def test_either_is_enough(searcher: Searcher) -> None:
    assert sure(searcher, "ford|paris") == {"split plate", "accent", "no accent"}
    assert sure(searcher, '"coca cola"|2016 enjoy') == {"coca cola", "cola below"}


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("sale*", {"start"}),
        ("*sale", {"sale"}),
        ("*sale*", {"sale", "start"}),
        ("re16t*", {"split plate", "merged plate"}),
    ],
)
def test_stars(searcher: Searcher, query: str, expected: set[str]) -> None:
    found = hits(searcher, query, "exact")
    assert set(found) == expected


def test_the_letters_of_a_star_are_marked(searcher: Searcher) -> None:
    (match,) = hits(searcher, "*sale")["sale"].matches
    assert match.text[slice(*match.span)] == "SALE"
    assert 45 < min(x for x, _ in match.letters) < 55
    assert max(x for x, _ in match.letters) == 90


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("/^re16/", {"split plate", "merged plate", "far apart"}),
        ("/^RE16$/", {"split plate", "far apart"}),
        ("/coca cola/", {"coca cola", "slanted cola"}),
        ("/R\u00c916$/", {"split plate", "far apart"}),
        (r"/\d{4}/", {"merged plate"}),
        ("/^sale|sale$/", {"start", "sale"}),
        ("/^marks spencer$/", {"store"}),
        ("/x{3}/", set()),
    ],
)
def test_regular_expressions(searcher: Searcher, query: str, expected: set[str]) -> None:
    assert sure(searcher, query) == expected


def test_what_an_expression_matches_is_marked(searcher: Searcher) -> None:
    (match,) = hits(searcher, "/le.ale/")["sale"].matches
    assert (match.word, match.text[slice(*match.span)]) == ("/le.ale/", "LESALE")
    around = hits(searcher, "/ks s/")["store"].matches
    assert [match.text for match in around] == ["Marks", "&", "Spencer"]
    words = hits(searcher, "/ca c/")["coca cola"].matches
    assert [match.text for match in words] == ["Coca", "Cola"]


# --- kinds, order, letters


def test_kinds_are_chosen(searcher: Searcher) -> None:
    assert set(hits(searcher, "sale", "exact")) == set()
    assert set(hits(searcher, "sale", "partial")) == {"sale", "start"}
    assert set(hits(searcher, "sale", "similar")) == set(hits(searcher, "sale"))


def test_the_better_kind_comes_first_unless_the_margin_is_passed(searcher: Searcher) -> None:
    kinds = [hit.kind for hit in hits(searcher, "cola").values()]
    assert kinds == sorted(kinds, key=["exact", "partial", "similar"].index)
    scores = [hit.score for hit in hits(searcher, "cola", "similar").values()]
    assert scores == sorted(scores, reverse=True)


@pytest.mark.parametrize("query", ["/x*/", "/^/", "/(hotel)?/"])
def test_an_expression_that_matches_nothing_shows_nothing(searcher: Searcher, query: str) -> None:
    assert not hits(searcher, query)
    assert len(hits(searcher, f"cola -{query}")) == len(hits(searcher, "cola"))


def test_an_expression_that_can_match_nothing_shows_where_it_matches(searcher: Searcher) -> None:
    found = hits(searcher, "/(ford)?/")
    assert {(hit.path.stem, hit.matches[0].text) for hit in found.values()} == {("split plate", "FORD")}


def test_a_weak_part_does_not_hide_a_sharp_misreading(tmp_path: Path) -> None:
    sharp, blurred = ("RE5TAURANT", word_box(0, 0, 100)), ("RESTAURANTS", word_box(0, 40, 110))
    images = []
    for name, words in (("alone", [sharp]), ("both", [sharp, blurred])):
        lattices = [certain_lattice(text, MODEL.alphabet) for text, _ in words]
        image = image_of(f"/{name}.jpg", [text for text, _ in words], [place for _, place in words], lattices)
        if name == "both":
            scores = np.array([0.9, 0.2], np.float32)
            image = replace(image, regions=replace(image.regions, text_scores=scores))
        images.append(image)
    with fill(tmp_path / ".textsearch", images) as index:
        searcher = Searcher(index, MODEL)
        found = hits(searcher, "restaurant")
        assert found["both"].score >= found["alone"].score - 0.01
        assert hits(searcher, "restaurant", "partial").keys() == {"both"}


def test_an_unknown_mode_is_named() -> None:
    with pytest.raises(QueryError, match="match mode 'fuzzy'; choose one of auto, exact, partial, similar"):
        SearchOptions(match="fuzzy")  # type: ignore[arg-type]


def test_matched_letters_lie_in_the_region(searcher: Searcher) -> None:
    (match,) = hits(searcher, "cola", "partial")["merged cola"].matches
    assert (match.kind, match.text[slice(*match.span)]) == ("partial", "Cola")
    xs = [x for x, _ in match.letters]
    assert 35 < min(xs) < 45
    assert max(xs) == 80
    (whole,) = hits(searcher, "cocacola", "exact")["merged cola"].matches
    assert (whole.letters, whole.span) == (whole.polygon, (0, 8))


def test_the_explanation_tells_the_parts_of_the_score(searcher: Searcher) -> None:
    why = hits(searcher, "sale")["sale"].explanation
    assert why.phrase is None
    assert 0 < why.text < 1
    assert why.similarity is not None and -1 <= why.similarity <= 1
    assert why.lattice is not None and 0 <= why.lattice <= 1


# --- languages


def test_a_typed_accent_comes_first_and_the_other_is_found(searcher: Searcher) -> None:
    typed = list(hits(searcher, "café", "partial").values())
    assert [hit.path.stem for hit in typed] == ["accent", "no accent"]
    assert typed[1].score == pytest.approx(0.9 * typed[0].score)
    plain = hits(searcher, "cafe", "partial")
    assert plain["accent"].score == plain["no accent"].score


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("straße", {"street", "typed street", "split street"}),
        ("strasse", {"street", "typed street", "split street"}),
        ("grossstrasse", {"split street"}),
        ("stras*", {"street", "typed street", "split street"}),
        ("boeuf", {"beef"}),
        ("bœuf", {"beef"}),
        ("lodz", {"poland"}),
        ("łódź", {"poland"}),
        ("kobenhavn", {"denmark"}),
        ("købmand|københavn", {"denmark"}),
    ],
)
@pytest.mark.parametrize("exhaustive", [False, True])
def test_letters_are_found_as_they_are_typed(
    searcher: Searcher, query: str, expected: set[str], exhaustive: bool
) -> None:
    result = searcher.search(query, SearchOptions(match="exact", exhaustive=exhaustive))
    assert {hit.path.stem for hit in result} == expected


def test_whoever_types_half_of_a_letter_finds_it(searcher: Searcher) -> None:
    word = "strasse"
    for start, stop in ((0, 5), (0, 6), (5, 7), (4, 6)):
        assert sure(searcher, word[start:stop]) >= {"street", "typed street", "split street"}
    assert set(hits(searcher, "stras", "exact")) == set()


def test_a_letter_typed_as_two_is_marked(searcher: Searcher) -> None:
    (match,) = hits(searcher, "asse", "partial")["street"].matches
    assert match.text[slice(*match.span)] == "AßE"


def test_without_a_hit_the_nearest_words_are_named(searcher: Searcher) -> None:
    result = searcher.search("slae", SearchOptions(match="exact"))
    assert len(result) == 0
    assert "WHOLESALE" in result.nearest or "SALEROOM" in result.nearest
    assert searcher.search("cola", SearchOptions()).nearest == ()


def test_what_is_excluded_is_not_named_as_nearest(searcher: Searcher) -> None:
    nearest = searcher.search("slae -merged -kobenhavn", SearchOptions(match="exact")).nearest
    assert nearest and "KØBENHAVN" not in nearest


def test_a_blurred_phrase_beside_a_sharp_word_reaches_the_least_score_of_both(tmp_path: Path) -> None:
    texts = ["GRAND", "HOTEL", "PARIS"]
    boxes = [word_box(0, 0), word_box(45, 0), word_box(90, 40)]
    image = image_of("/hotel.jpg", texts, boxes, [certain_lattice(text) for text in texts])
    image.regions.text_scores[:] = (0.3, 0.3, 1.0)
    with fill(tmp_path / ".textsearch", [image]) as index:
        searcher = Searcher(index, MODEL)
        phrase, both = (
            searcher.search(query, SearchOptions())[0] for query in ('"grand hotel"', '"grand hotel" paris')
        )
        assert phrase.score < both.score - 1
        found = searcher.search('"grand hotel" paris', SearchOptions(min_score=both.score - 0.5))
        assert [hit.score for hit in found] == [both.score]


@pytest.mark.parametrize("query", ['"coca cola" enjoy', '"coca cola" paris', "coca cola", '"re16 tgk"', "café paris"])
def test_a_higher_least_score_keeps_all_that_reach_it(searcher: Searcher, query: str) -> None:
    everything = searcher.search(query, SearchOptions(50))
    assert len(everything)
    for least in (2.5, 10.0, 20.0, 40.0, 60.0):
        found = searcher.search(query, SearchOptions(50, min_score=least))
        assert [hit.path for hit in found] == [hit.path for hit in everything if hit.score >= least]


def test_the_time_counts_from_the_text_on(searcher: Searcher, monkeypatch: pytest.MonkeyPatch) -> None:
    def slow(words: Sequence[str]) -> FloatArray:
        time.sleep(0.05)
        return FakeModel().encode_words(words)

    monkeypatch.setattr(MODEL, "encode_words", slow)
    assert searcher.search("cola", SearchOptions()).took_ms >= 50


def test_scoring_everything_finds_the_same(searcher: Searcher) -> None:
    for query in ("cola", '"coca cola"', "*sale", "re16tgk"):
        likely = searcher.search(query, SearchOptions(match="partial"))
        everything = searcher.search(query, SearchOptions(match="partial", exhaustive=True))
        assert [hit.path for hit in likely] == [hit.path for hit in everything]
        assert [hit.score for hit in likely] == pytest.approx([hit.score for hit in everything])


def test_an_index_without_text_has_no_hits(tmp_path: Path) -> None:
    with fill(tmp_path / ".textsearch", [image_of("/blank.jpg", [], [], [])]) as index:
        searcher = Searcher(index, MODEL)
        assert len(searcher.search('cola "a b" /c/', SearchOptions())) == 0
        assert len(searcher.search("cola", SearchOptions(0))) == 1
