from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from tests.cli.conftest import Run
from tests.cli.stub import StubDatabase, a_hit, a_match, a_result
from textsearch.cli import query
from textsearch.errors import QueryError
from textsearch.hits import SearchResult

GALLERY = Path("/g")


@pytest.fixture
def found(database: StubDatabase) -> SearchResult:
    """The query "coca cola" has two hits."""
    hits = (a_hit(1, GALLERY / "a.jpg", a_match("COCA")), a_hit(2, GALLERY / "b é.jpg", kind="similar"))
    database.results["coca cola"] = a_result(*hits)
    return database.results["coca cola"]


@pytest.mark.parametrize(
    "arguments", [("query", "coca cola"), ("query", "coca", "cola"), ("coca cola",), ("coca", "cola")]
)
def test_every_way_to_ask_is_the_same_query(run: Run, found: SearchResult, arguments: tuple[str, ...]) -> None:
    outcome = run(*arguments)
    assert outcome.code == 0
    assert [line.split("\t")[3] for line in outcome.out.splitlines()] == ["/g/a.jpg", "/g/b é.jpg"]
    assert outcome.err == ""


def test_options_may_come_before_the_text(run: Run, found: SearchResult, database: StubDatabase) -> None:
    assert run("-k", "0", "--min-score", "12.5", "-i", "/elsewhere", "coca cola").code == 0
    assert database.asked == [("open", Path("/elsewhere")), ("coca cola", 0, 12.5), "closed"]


def test_a_word_that_names_a_command_can_be_searched(run: Run, database: StubDatabase) -> None:
    assert run("--", "status").code == 1
    assert ("status", 20, None) in database.asked


def test_options_reach_the_search(run: Run, found: SearchResult, database: StubDatabase) -> None:
    assert run("coca cola", "--match", "partial", "--exhaustive").code == 0
    assert database.options.items() >= {"match": "partial", "exhaustive": True, "under": None}.items()
    assert run("coca cola", "--under", "trips").code == 0
    assert database.options["under"] == Path("trips")


def test_what_is_known_counts_as_asked(run: Run, found: SearchResult, database: StubDatabase) -> None:
    run("coca cola")
    assert database.options.items() >= {"rerank": "auto", "category": None, "scene": None}.items()
    assert run("coca cola", "--rerank", "none", "--category", "cafe", "--scene", "a dog").code == 0
    assert database.options.items() >= {"rerank": "none", "category": "cafe", "scene": "a dog"}.items()


def test_a_picture_of_a_word_goes_with_no_condition(run: Run, database: StubDatabase) -> None:
    assert run("query", "--like", "sign.jpg", "--category", "cafe").code == 2


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        (("query", "cola -pepsi"), "cola -pepsi"),
        (("query", "-pepsi cola"), "-pepsi cola"),
        (("-pepsi cola",), "-pepsi cola"),
        (("query", "-k", "3", "-pepsi cola", "--exhaustive"), "-pepsi cola"),
        (("query", "cola", '-"diet cola"'), 'cola -"diet cola"'),
        (("query", "--", "cola", "-pepsi"), "cola -pepsi"),
        (("--", "-pepsi", "cola"), "-pepsi cola"),
        (("query", "cola", "--", "-l"), "cola -l"),
        (("query", "/^re16/"), "/^re16/"),
        (("query", '"coca cola"'), '"coca cola"'),
        (("query", "taxi|cab", "star*"), "taxi|cab star*"),
    ],
)
def test_the_query_language_can_be_typed(
    run: Run, database: StubDatabase, arguments: tuple[str, ...], text: str
) -> None:
    assert run(*arguments).code == 1
    assert next(asked[0] for asked in database.asked if asked[0] not in ("open", "closed")) == text


@pytest.mark.parametrize("word", ["-pepsi", "-5", "-lemon"])
def test_a_word_with_a_dash_that_is_no_option_says_how_to_write_it(run: Run, database: StubDatabase, word: str) -> None:
    outcome = run("query", "cola", word)
    assert (outcome.code, outcome.out) == (2, "")
    assert f"{word} is no option." in outcome.err
    assert database.asked == []


def test_short_options_still_stand_together(run: Run, found: SearchResult, database: StubDatabase) -> None:
    assert run("query", "coca cola", "-l0", "-k2").raw == b"/g/a.jpg\0/g/b \xc3\xa9.jpg\0"
    assert ("coca cola", 2, None) in database.asked


@pytest.mark.parametrize(
    ("value", "path", "box"),
    [
        ("sign.jpg", "sign.jpg", None),
        ("sign.jpg@1,2,30,40.5", "sign.jpg", (1.0, 2.0, 30.0, 40.5)),
        ("me@home.jpg", "me@home.jpg", None),
        ("a@1,2,3.jpg", "a@1,2,3.jpg", None),
    ],
)
def test_a_picture_takes_the_place_of_the_text(
    run: Run, database: StubDatabase, value: str, path: str, box: tuple[float, ...] | None
) -> None:
    assert run("query", "--like", value, "-k", "3", "--under", "trips").code == 1
    assert database.options == {"under": Path("trips")}
    assert (Path(path), box, 3, None) in database.asked


def test_a_file_whose_name_ends_like_a_box_is_that_file(run: Run, database: StubDatabase, tmp_path: Path) -> None:
    path = tmp_path / "sign@1,2,3,4"
    path.touch()
    run("query", "--like", path)
    assert (path, None, 20, None) in database.asked


def test_explain_tells_why(run: Run, found: SearchResult) -> None:
    outcome = run("query", "coca cola", "--explain")
    assert outcome.code == 0
    assert "“coca” is there, letter for letter." in outcome.out
    assert outcome.err == "2 photos of 1,234 in 38 ms\n"


@pytest.mark.parametrize("options", [(), ("-l",), ("--explain",)])
def test_nothing_found_names_the_nearest_words(run: Run, database: StubDatabase, options: tuple[str, ...]) -> None:
    database.results["taxe"] = replace(a_result(query="taxe"), nearest=("TAXI", "TAX\x1b"))
    outcome = run("query", "taxe", *options)
    assert (outcome.code, outcome.out) == (1, "")
    expected = 'Nothing matches \'taxe\'; the nearest words in the gallery: "TAXI", "TAX\\x1b".\n'
    assert outcome.err.endswith(expected)


def test_nothing_found_is_exit_code_1_and_no_output(run: Run) -> None:
    outcome = run("query", "unseen")
    assert (outcome.code, outcome.out, outcome.err) == (1, "", "")


def test_a_bad_query_is_one_sentence_and_exit_code_2(run: Run) -> None:
    outcome = run("query", "!!!")
    assert (outcome.code, outcome.out) == (2, "")
    assert outcome.err == "textsearch: The query has no letter or digit; give at least one.\n"


def test_an_error_that_points_at_the_place_keeps_its_lines(
    run: Run, database: StubDatabase, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(text: str, *_: object, **__: object) -> None:
        raise QueryError(f"This quote is not closed.\n  {text}\n  ^")

    monkeypatch.setattr(database, "search", refuse)
    outcome = run("query", '"coca\x1b')
    assert (outcome.code, outcome.out) == (2, "")
    assert outcome.err == 'textsearch: This quote is not closed.\n  "coca\\x1b\n  ^\n'


def test_json_is_the_schema_and_round_trips(run: Run, found: SearchResult) -> None:
    data = json.loads(run("query", "coca cola", "--json").out)
    assert data["schema"] == "textsearch.hits/1"
    assert data["index"] == {"images": 1234, "regions": 5678, "model": "fake", "generation": 3}
    assert SearchResult.from_dict(data) == found


@pytest.mark.parametrize("option", ["--jsonl", "--nl"])
def test_jsonl_is_one_object_on_one_line(run: Run, found: SearchResult, option: str) -> None:
    outcome = run("query", "coca cola", option)
    assert outcome.out.count("\n") == 1
    assert SearchResult.from_dict(json.loads(outcome.out)) == found


def test_json_of_nothing_found_is_still_json(run: Run) -> None:
    outcome = run("query", "unseen", "--json")
    assert outcome.code == 1
    assert json.loads(outcome.out)["hits"] == []


def test_json_survives_a_name_that_is_no_utf8(run: Run, database: StubDatabase) -> None:
    database.results["x"] = a_result(a_hit(1, Path("/g/caf\udce9.jpg")), query="x")
    data = json.loads(run("query", "x", "--json").raw.decode("utf-8"))
    assert data["hits"][0]["path"] == "/g/caf\udce9.jpg"


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        (["-l"], b"/g/a.jpg\n/g/b \xc3\xa9.jpg\n"),
        (["-l", "-0"], b"/g/a.jpg\0/g/b \xc3\xa9.jpg\0"),
        (["-0"], b"/g/a.jpg\0/g/b \xc3\xa9.jpg\0"),
    ],
)
def test_paths_only(run: Run, found: SearchResult, options: list[str], expected: bytes) -> None:
    assert run("query", "coca cola", *options).raw == expected


def test_csv(run: Run, found: SearchResult) -> None:
    assert run("query", "coca cola", "--csv").out.startswith("rank,score,match,path,x1,y1,x2,y2,text\n1,33.33333")


def test_color_always_keeps_the_table_in_a_pipe_and_says_how_many(
    run: Run, found: SearchResult, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    outcome = run("query", "coca cola", "--color", "always")
    assert "\x1b[" in outcome.out
    assert outcome.err == "2 photos of 1,234 in 38 ms\n"


@pytest.mark.parametrize(
    "arguments",
    [
        ("query",),
        ("query", "x", "--json", "--csv"),
        ("query", "x", "-k", "-1"),
        ("query", "x", "--min-score", "101"),
        ("query", "x", "--queries", "words.txt"),
        ("query", "--queries", "words.txt", "--json"),
        ("query", "x", "--no-such-option"),
        ("query", "x", "--match", "fuzzy"),
        ("query", "x", "--explain", "--json"),
        ("query", "x", "--like", "a.jpg"),
        ("query", "--like", "a.jpg@9,9,1,1"),
        ("query", "--like", "a.jpg", "--match", "exact"),
        ("query", "--like", "a.jpg", "--queries", "words.txt"),
        ("query", "--like", "a.jpg", "--category", "cafe"),
        ("query", "--category", "cafe", "--match", "exact"),
        ("query", "--scene", "bus", "--rerank", "none"),
        ("query", "cola", "-light"),
        ("-i", "/there", "status"),
        ("-i", "/there", "-k5", "query", "exit"),
    ],
)
def test_misuse_is_exit_code_2(run: Run, database: StubDatabase, arguments: tuple[str, ...]) -> None:
    outcome = run(*arguments)
    assert (outcome.code, outcome.out) == (2, "")
    assert "Error: " in outcome.err
    assert database.asked == []


def test_queries_from_a_file_give_one_object_each_with_the_query_as_given(
    run: Run, found: SearchResult, database: StubDatabase, tmp_path: Path
) -> None:
    words = tmp_path / "words.txt"
    words.write_bytes(b"\xef\xbb\xbfcoca cola\r\n\n  caf\xc3\xa9 \nunseen")
    outcome = run("query", "--queries", words, "-k", "0")
    results = [json.loads(line) for line in outcome.out.splitlines()]
    assert [result["query"] for result in results] == ["coca cola", "  café ", "unseen"]
    assert results[0]["hits"][0]["score"] == 100 / 3
    assert outcome.code == 0
    assert ("unseen", 0, 2.0) in database.asked


def test_all_that_match_and_all_there_are(run: Run, database: StubDatabase) -> None:
    run("query", "exit", "-k", "0")
    run("query", "exit", "-k", "0", "--min-score", "0")
    run("query", "--like", "a.jpg", "-k", "0")
    assert database.asked[1::3] == [("exit", 0, 2.0), ("exit", 0, 0.0), (Path("a.jpg"), None, 0, 2.0)]


def test_a_condition_needs_no_text(run: Run, database: StubDatabase) -> None:
    database.results[""] = a_result(a_hit(1, GALLERY / "a.jpg", kind="knowledge"), query="category cafe")
    outcome = run("--category", "cafe", "-l")
    assert (outcome.code, outcome.out) == (0, "/g/a.jpg\n")
    assert database.options["category"] == "cafe"


def test_queries_from_standard_input_as_json(run: Run, found: SearchResult) -> None:
    outcome = run("query", "--queries", "-", stdin=json.dumps(["two\nlines", "coca cola"]).encode())
    assert [json.loads(line)["query"] for line in outcome.out.splitlines()] == ["two\nlines", "coca cola"]


def test_queries_without_any_hit_are_exit_code_1(run: Run, tmp_path: Path) -> None:
    words = tmp_path / "words.txt"
    words.write_text("unseen\nnever\n")
    outcome = run("query", "--queries", words)
    assert outcome.code == 1
    assert outcome.out.count("\n") == 2


def test_a_bad_query_among_many_keeps_its_place_and_is_exit_code_2(
    run: Run, found: SearchResult, tmp_path: Path
) -> None:
    words = tmp_path / "words.txt"
    words.write_text("!!!\ncoca cola\n")
    outcome = run("query", "--queries", words)
    results = [json.loads(line) for line in outcome.out.splitlines()]
    assert [(result["query"], len(result["hits"])) for result in results] == [("!!!", 0), ("coca cola", 2)]
    assert [result.get("error") for result in results] == ["The query has no letter or digit; give at least one.", None]
    assert outcome.code == 2
    assert outcome.err.startswith("textsearch: '!!!': ")


@pytest.mark.parametrize(
    ("content", "queries"),
    [
        (b"[exit]\nsale\n", ["[exit]", "sale"]),
        (b'["exit"]', ["exit"]),
        ("a\u2028b\nc\x0bd".encode(), ["a\u2028b", "c\x0bd"]),
    ],
)
def test_what_a_file_of_queries_holds(tmp_path: Path, content: bytes, queries: list[str]) -> None:
    path = tmp_path / "words"
    path.write_bytes(content)
    assert query.read_queries(path) == queries


@pytest.mark.parametrize("content", [b"", b" \n\n", b"[]", b"[1, 2]", b'[["exit"]]', b"caf\xe9", None])
def test_a_useless_file_of_queries_is_one_sentence(run: Run, tmp_path: Path, content: bytes | None) -> None:
    path = tmp_path / "words"
    if content is not None:
        path.write_bytes(content)
    outcome = run("query", "--queries", path)
    assert (outcome.code, outcome.out) == (2, "")
    assert outcome.err.startswith("textsearch: The file of queries ")
    assert outcome.err.count("\n") == 1
